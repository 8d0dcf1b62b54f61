"""The table of results for a terminal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.table import Table

from bench.figure import shown


def digits(value: float) -> str:
    """As many as mean anything."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def number(value: float, unit: str) -> str:
    """A value with its unit."""
    unit = shown(unit)
    return f"{digits(value)}{unit}" if unit.startswith("/") else f"{digits(value)} {unit}"


def verdict(figure: dict[str, Any]) -> str:
    """One word: whether the target holds."""
    if "broken" in figure:
        return "BROKEN"
    if figure["holds"] is None:
        return "absent" if "absent" in figure and figure["target"] else ""
    return "holds" if figure["holds"] else "MISSED"


def within(figure: dict[str, Any]) -> str:
    """The quartiles of what is judged: of the ratio, or of ours where nothing is beside it."""
    spread = figure["spread"].get("ratio") or figure["spread"]["ours"]
    return f"{digits(spread['q1'])} to {digits(spread['q3'])}"


def table(figures: Iterable[dict[str, Any]], title: str) -> Table:
    """A row for each figure."""
    made = Table(title=title)
    for column in ("figure", "work", "ours", "beside", "ratio", "quartiles", "target", ""):
        made.add_column(column, overflow="fold")
    for figure in figures:
        if "broken" in figure:
            made.add_row(
                figure["name"], figure["title"], figure["broken"], "", "", "", figure["target"],
                verdict(figure),
            )  # fmt: skip
            continue
        beside = figure["yardstick_name"] or ""
        if figure["yardstick"] is not None:
            beside = f"{beside} {number(figure['yardstick'], figure['unit'])}"
        elif "absent" in figure:
            beside = f"{beside}: {figure['absent']}"
        ratio = "" if figure["ratio"] is None else f"{figure['ratio']:.3g}"
        made.add_row(
            figure["name"], figure["title"], number(figure["ours"], figure["unit"]), beside, ratio,
            within(figure), figure["target"], verdict(figure),
        )  # fmt: skip
    return made
