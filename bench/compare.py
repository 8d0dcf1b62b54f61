"""Two revisions on one machine: `python -m bench.compare OLD [NEW]`, a round of each in turn.

The figures are of this work tree; the product they measure is that of each revision, from a work
tree of its own in a temporary folder. Without NEW it is this work tree as it stands.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.figures import FIGURES
from bench.processes import ROOT
from bench.results import spread
from bench.rounds import in_turn
from bench.runner import chosen
from bench.table import digits, number

#: A figure is slower that much beyond the spread.
THRESHOLD = 0.10
_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Change:
    """One figure of both revisions.

    Attributes:
        old, new: one value a round.
        better: which values are better.
    """

    name: str
    unit: str
    better: str
    old: list[float]
    new: list[float]

    @property
    def ratio(self) -> float:
        """New by old, of the medians."""
        return statistics.median(self.new) / statistics.median(self.old)

    def is_slower(self, threshold: float) -> bool:
        """Whether it is worse by more than the threshold, and by more than both spread.

        The quartiles must not meet: a figure that varies by a third says nothing of a tenth.
        """
        old, new = spread(self.old), spread(self.new)
        if self.better == "less":
            return self.ratio > 1 + threshold and new["q1"] > old["q3"]
        return self.ratio < 1 / (1 + threshold) and new["q3"] < old["q1"]


@contextmanager
def checked_out(revision: str | None, folder: Path) -> Iterator[Path]:
    """The work tree of a revision; this one for None."""
    if revision is None:
        yield ROOT
        return
    git = ("git", "-C", str(ROOT), "worktree")
    subprocess.run((*git, "add", "--detach", "--quiet", str(folder), revision), check=True)
    try:
        yield folder
    finally:
        subprocess.run((*git, "remove", "--force", str(folder)), check=True)


def one_round(product: Path, given: argparse.Namespace, out: Path) -> dict[str, Any]:
    """Measure the product of a work tree once; its results by figure."""
    command = [sys.executable, "-m", "bench", "--ours-only", "--no-peers", "--rounds", "1"]
    for name in given.only:
        command += ["--only", name]
    if given.quick:
        command.append("--quick")
    out.unlink(missing_ok=True)
    path = os.pathsep.join((str(product / "src"), str(ROOT)))
    subprocess.run(
        [*command, "--out", str(out)], cwd=ROOT, env={**os.environ, "PYTHONPATH": path},
        check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    if not out.exists():
        return {}
    return {one["name"]: one for one in json.loads(out.read_text())["figures"]}


def changes(rounds: dict[str, list[dict[str, Any]]]) -> tuple[list[Change], list[str]]:
    """Figures that both revisions have, and what is to be said of the others."""
    found, remarks = [], []
    seen = set()
    for figure in FIGURES:
        values: dict[str, list[float]] = {"old": [], "new": []}
        why = ""
        for side, told in rounds.items():
            for one in told:
                result = one.get(figure.name)
                if result is not None and "broken" in result:
                    why = f"{figure.name} cannot be measured in the {side} one: {result['broken']}"
                elif result is not None:
                    values[side].append(result["ours"])
        # Figures that differ in their yardstick alone are one here.
        if (figure.measure, figure.ours) in seen:
            continue
        if values["old"] and values["new"]:
            seen.add((figure.measure, figure.ours))
            found.append(
                Change(figure.name, figure.unit, figure.better, values["old"], values["new"])
            )
        elif why:
            remarks.append(why)
    return found, remarks


def shown(found: list[Change], threshold: float, title: str) -> Table:
    """A row for each figure."""
    table = Table(title=title)
    for column in ("figure", "old", "quartiles", "new", "quartiles", "new / old", ""):
        table.add_column(column)
    for one in found:
        old, new = spread(one.old), spread(one.new)
        table.add_row(
            one.name,
            number(old["median"], one.unit), f"{digits(old['q1'])} to {digits(old['q3'])}",
            number(new["median"], one.unit), f"{digits(new['q1'])} to {digits(new['q3'])}",
            f"{one.ratio:.3f}", "SLOWER" if one.is_slower(threshold) else "",
        )  # fmt: skip
    return table


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.compare", description=__doc__)
    parser.add_argument("old")
    parser.add_argument("new", nargs="?")
    parser.add_argument("--only", action="append", default=[], metavar="NAME")
    parser.add_argument("--rounds", type=int, default=_ROUNDS)
    parser.add_argument("--quick", action="store_true", help="a tenth of the work")
    parser.add_argument("--threshold", type=float, default=THRESHOLD, help="0.1 is a tenth")
    given = parser.parse_args()
    try:
        chosen(FIGURES, given.only)
    except ValueError as error:
        parser.error(str(error))
    folder = Path(tempfile.mkdtemp(prefix="coinmux-compare-"))
    rounds: dict[str, list[dict[str, Any]]] = {"old": [], "new": []}
    try:
        with (
            checked_out(given.old, folder / "old") as old,
            checked_out(given.new, folder / "new") as new,
        ):
            products = {"old": old, "new": new}
            for at, side in enumerate(in_turn(("old", "new"), given.rounds)):
                print(f"round {at // 2 + 1} of {given.rounds}, {side}", file=sys.stderr, flush=True)
                rounds[side].append(one_round(products[side], given, folder / "results.json"))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    found, remarks = changes(rounds)
    title = (
        f"{given.old} and {given.new or 'this work tree'}, {given.rounds} rounds of each in turn"
    )
    Console(width=max(120, Console().width)).print(shown(found, given.threshold, title))
    for remark in remarks:
        print(remark)
    if not found:
        print("nothing could be compared")
        return 2
    return any(one.is_slower(given.threshold) for one in found)


if __name__ == "__main__":
    raise SystemExit(main())
