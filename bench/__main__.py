"""`python -m bench`: every figure of docs/speed.md beside its yardstick, in one run."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from rich.console import Console

from bench import machine, page, picture, results
from bench.figure import Plan
from bench.figures import FIGURES
from bench.processes import ROOT, loopback_source
from bench.runner import chosen, run
from bench.table import table

RESULTS = ROOT / "bench" / "results.json"
PICTURE = ROOT / "docs" / "images" / "speed.svg"
PAGE = ROOT / "docs" / "speed.md"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the work, for a look")
    parser.add_argument(
        "--only", action="append", default=[], metavar="NAME",
        help="figures whose names begin so; may be given more than once",
    )  # fmt: skip
    parser.add_argument("--list", action="store_true", help="the names of all figures")
    parser.add_argument("--no-peers", action="store_true", help="without LiteLLM and OpenBB")
    parser.add_argument("--rounds", type=int, help="at most so many rounds")
    parser.add_argument("--ours-only", action="store_true", help="without any yardstick")
    parser.add_argument(
        "--out", type=Path, help="where results go; bench/results.json, and nowhere with --quick"
    )
    return parser.parse_args()


def main() -> int:
    given = _arguments()
    try:
        figures = chosen(FIGURES, given.only)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    if given.list:
        for figure in figures:
            print(f"{figure.name:28} {figure.title}; {figure.target() or 'no target'}")
        return 0
    begun = time.monotonic()
    with loopback_source() as upstream:
        plan = Plan(upstream, quick=given.quick, most_rounds=given.rounds, peers=not given.no_peers)
        measured = run(figures, plan, _progress, ours_only=given.ours_only)
        found = [results.result(one) for one in measured]
    taken = time.monotonic() - begun
    title = f"coinmux beside its yardsticks: medians of one run, {taken / 60:.1f} minutes"
    Console(width=max(140, Console().width)).print(table(found, title))
    out = given.out or (None if given.quick or given.rounds or given.ours_only else RESULTS)
    if out is not None:
        order = [figure.name for figure in FIGURES]
        kept = results.merged(results.load(out), machine.run(quick=given.quick), found, order)
        results.save(out, kept)
        if out.resolve() == RESULTS:
            PICTURE.write_text(picture.draw(kept))
            PAGE.write_text(page.filled(PAGE.read_text(), kept))
    return any("broken" in figure for figure in found)


def _progress(names: str) -> None:
    print(f"measuring {names}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
