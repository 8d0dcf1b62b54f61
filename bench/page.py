"""The table of docs/speed.md, written from the results between two marks."""

from __future__ import annotations

from typing import Any

from bench.table import number, verdict

BEGIN, END = "<!-- figures: written by make bench -->", "<!-- end of figures -->"


def table(kept: dict[str, Any]) -> str:
    """Every figure as a line of Markdown."""
    lines = ["| work | ours | beside | ratio | target | |", "|---|---|---|---|---|---|"]
    for one in kept["figures"]:
        if "broken" in one:
            cells = [one["title"], "not measured", "", "", one["target"], verdict(one)]
        else:
            beside = one["yardstick_name"] or ""
            if one["yardstick"] is not None:
                beside += f": {number(one['yardstick'], one['unit'])}"
            elif "absent" in one:
                beside += ": absent"
            ratio = "" if one["ratio"] is None else f"{one['ratio']:.3g}"
            cells = [
                one["title"], number(one["ours"], one["unit"]), beside, ratio,
                one["target"], verdict(one),
            ]  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |".replace("  ", " "))
    return "\n".join(lines)


def runs(kept: dict[str, Any]) -> str:
    """When and on what, a sentence for each run."""
    return "\n".join(
        f"Measured {run['date'][:10]} at revision {run['revision']}, {run['python']}, {run['os']},"
        f" {run['cpu']}, {run['cores']} cores, {run['memory_gb']:g} GB"
        f"{', with a tenth of the work' if run['quick'] else ''}."
        for run in kept["runs"].values()
    )


def filled(page: str, kept: dict[str, Any]) -> str:
    """The page with these results between its marks."""
    head, _, rest = page.partition(BEGIN)
    tail = rest.partition(END)[2]
    return f"{head}{BEGIN}\n{table(kept)}\n\n{runs(kept)}\n{END}{tail}"
