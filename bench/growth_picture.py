"""Growth in one picture: a panel for each thing that grows, both axes logarithmic."""

from __future__ import annotations

import math
from typing import Any

from bench.svg import Drawing

_WIDTH, _HEIGHT, _TOP = 1000, 640, 60
_PANEL, _TALL = (_WIDTH - 60) / 2, (_HEIGHT - _TOP - 20) / 2
_LEFT, _RIGHT, _HEAD, _FOOT = 64, 30, 34, 46


def draw(kept: dict[str, Any]) -> str:
    """An SVG of two panels by two."""
    drawing = Drawing(_WIDTH, _HEIGHT, "What a request costs as things grow")
    run = kept["run"]
    drawing.text(20, 28, "coinmux: what a request costs as things grow", "head")
    drawing.text(
        20, 47,
        f"Medians and quartiles of CPU, both axes logarithmic. {run['date'][:10]}, revision"
        f" {run['revision']}, {run['python']}, {run['cpu']}, {run['cores']} cores",
        "small quiet",
    )  # fmt: skip
    for at, panel in enumerate(kept["panels"]):
        _panel(drawing, panel, 20 + at % 2 * (_PANEL + 20), _TOP + at // 2 * _TALL)
    return drawing.render()


def short(value: float) -> str:
    """A number in four signs or so: 1.5M, 20k, 3.7."""
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}"


def _panel(drawing: Drawing, panel: dict[str, Any], left: float, top: float) -> None:
    drawing.text(left + 10, top + 18, f"{panel['title']}, µs a request", "")
    points = panel["points"]
    begin, end = left + _LEFT, left + _PANEL - _RIGHT
    high, low = top + _HEAD, top + _TALL - _FOOT
    if not points:
        drawing.text(begin, (high + low) / 2, "not measured on this machine", "small quiet")
        return
    least = math.floor(math.log10(min(one["min"] for one in points)))
    most = max(math.ceil(math.log10(max(one["max"] for one in points))), least + 1)
    first, last = math.log(points[0]["at"]), math.log(points[-1]["at"])

    def x(at: float) -> float:
        share = (math.log(at) - first) / (last - first) if last > first else 0.5
        return begin + share * (end - begin)

    def y(value: float) -> float:
        return low - (math.log10(value) - least) / (most - least) * (low - high)

    for power in range(least, most + 1):
        drawing.line(begin, y(10**power), end, y(10**power), "grid")
        drawing.text(begin - 8, y(10**power) + 4, short(10**power), "small quiet", anchor="end")
    drawing.path([(x(one["at"]), y(one["median"])) for one in points], "line")
    for one in points:
        here = x(one["at"])
        drawing.line(here, y(one["q1"]), here, y(one["q3"]), "range")
        drawing.dot(here, y(one["median"]), "held")
        drawing.text(here, y(one["median"]) - 9, short(one["median"]), "small", anchor="middle")
        drawing.text(here, low + 16, short(one["at"]), "small quiet", anchor="middle")
    drawing.text((begin + end) / 2, low + 32, panel["grows"], "small quiet", anchor="middle")
