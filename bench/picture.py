"""The results in one picture: how much of its limit each figure uses."""

from __future__ import annotations

from typing import Any

from bench.svg import Drawing
from bench.table import number

_ROW, _TOP, _BAR = 26, 78, 14
_WIDTH, _LEFT, _SCALE = 1060, 320, 150
#: Shares beyond are cut off.
_MOST = 2.0


def _words(figure: dict[str, Any]) -> str:
    told = number(figure["ours"], figure["unit"])
    if figure["yardstick"] is not None:
        told += f"; {figure['ratio']:.3g} x {figure['yardstick_name']}"
    return f"{told}; target {figure['target']}"


def draw(kept: dict[str, Any]) -> str:
    """An SVG of the figures that have a limit."""
    figures = [one for one in kept["figures"] if one["target"]]
    height = _TOP + _ROW * len(figures) + 30
    drawing = Drawing(_WIDTH, height, "How much of its limit each figure uses")
    drawing.text(20, 30, "coinmux: how much of its limit each figure uses", "head")
    drawing.text(20, 50, _run(kept), "small quiet")
    bottom = _TOP + _ROW * len(figures)
    for share in (0, 0.5, 1.5, 2):
        drawing.line(_LEFT + share * _SCALE, _TOP - 6, _LEFT + share * _SCALE, bottom, "grid")
    for share in (0, 0.5, 1, 1.5, 2):
        drawing.text(
            _LEFT + share * _SCALE, bottom + 16, f"{share:g}", "small quiet", anchor="middle"
        )
    for at, figure in enumerate(figures):
        _row(drawing, figure, _TOP + at * _ROW)
    drawing.line(_LEFT + _SCALE, _TOP - 6, _LEFT + _SCALE, bottom, "limit")
    return drawing.render()


def _row(drawing: Drawing, figure: dict[str, Any], top: float) -> None:
    middle = top + _BAR - 2
    drawing.text(_LEFT - 12, middle, figure["title"], "small", anchor="end")
    used = figure.get("used")
    if used is None:
        why = figure.get("broken") or figure.get("absent") or "not measured"
        drawing.text(_LEFT + 8, middle, why, "small quiet")
        return
    missed = used > 1
    width = min(used, _MOST) * _SCALE
    drawing.bar(_LEFT, top, width, _BAR, "missed" if missed else "held")
    said = ("missed: " if missed else "") + _words(figure)
    drawing.text(_LEFT + _MOST * _SCALE + 14, middle, said, "small")


def _run(kept: dict[str, Any]) -> str:
    if not kept["runs"]:
        return ""
    run = kept["runs"][max(kept["runs"])]
    return (
        f"1 is the limit. {run['date'][:10]}, revision {run['revision']}, {run['python']},"
        f" {run['cpu']}, {run['cores']} cores"
    )
