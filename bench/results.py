"""What was found, as numbers: median, spread, ratio, and a file that keeps the last of each."""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Any

from bench.figure import Reading
from bench.runner import Found

#: Digits that mean anything.
_DIGITS = 5


def _short(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")


def spread(values: list[float]) -> dict[str, float]:
    """Least, lower quartile, median, upper quartile, most."""
    quartiles = [min(values), statistics.median(values), max(values)]
    if len(values) > 1:
        quartiles = statistics.quantiles(values, n=4, method="inclusive")
    five = (min(values), *quartiles, max(values))
    names = ("min", "q1", "median", "q3", "max")
    return {name: _short(value) for name, value in zip(names, five, strict=True)}


def side(readings: list[Reading]) -> dict[str, Any]:
    """One side: its spread, and the medians of CPU and wall time of a call beside it."""
    told: dict[str, Any] = spread([one.value for one in readings])
    for name in ("cpu_us", "wall_us"):
        values = [value for one in readings if (value := getattr(one, name)) is not None]
        if values:
            told[name] = _short(statistics.median(values))
    return told


def result(found: Found) -> dict[str, Any]:
    """A figure as it is stored."""
    figure, series = found.figure, found.series
    told: dict[str, Any] = {"name": figure.name, "title": figure.title, "unit": figure.unit}
    told |= {"target": figure.target(), "better": figure.better, "yardstick_name": figure.yardstick}
    ours = series.readings.get(figure.ours, [])
    theirs = series.readings.get(figure.yardstick, []) if figure.yardstick else []
    if found.broken is not None or not ours:
        told["broken"] = found.broken or series.absent.get(figure.ours, "was not measured")
        return told
    # The nth of each were measured one after the other, under the same load.
    pairs = [mine.value / other.value for mine, other in zip(ours, theirs, strict=False)]
    ratio = statistics.median(pairs) if pairs else None
    value = statistics.median(one.value for one in ours)
    used = figure.used(value, ratio)
    told |= {
        "ours": _short(value),
        "yardstick": _short(statistics.median(one.value for one in theirs)) if theirs else None,
        "ratio": None if ratio is None else _short(ratio),
        "holds": figure.holds(value, ratio),
        "used": None if used is None else _short(used),
        "rounds": len(ours),
        "spread": {"ours": side(ours)},
    }
    if theirs:
        told["spread"] |= {"yardstick": side(theirs), "ratio": spread(pairs)}
    if figure.yardstick in series.absent:
        told["absent"] = series.absent[figure.yardstick]
    return told


def load(path: Path) -> dict[str, Any]:
    """What the file has; nothing where there is none."""
    if not path.exists():
        return {"runs": {}, "figures": []}
    held: dict[str, Any] = json.loads(path.read_text())
    return held


def merged(
    held: dict[str, Any], run: dict[str, Any], results: list[dict[str, Any]], order: list[str]
) -> dict[str, Any]:
    """What is kept: the new results, and those of former runs that were not measured anew.

    Each figure names its run, so that none of an older run passes for one of this.

    Args:
        run: machine, versions and moment of the new results.
        order: names of all figures there are; others are dropped.
    """
    figures = {figure["name"]: figure for figure in held["figures"]}
    figures |= {figure["name"]: {**figure, "run": run["date"]} for figure in results}
    kept = [figures[name] for name in order if name in figures]
    used = {figure["run"] for figure in kept}
    runs = {**held["runs"], run["date"]: run}
    return {
        "runs": {date: one for date, one in sorted(runs.items()) if date in used},
        "figures": kept,
    }


def save(path: Path, kept: dict[str, Any]) -> None:
    path.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")
