"""A small picture of an indicator over sample candles, as SVG."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from coinmux.framework.indicators.frame import Frame
from coinmux.framework.testing.random_candles import random_candles

if TYPE_CHECKING:
    from coinmux.framework.indicators.plan import Plan
    from coinmux.framework.indicators.result import IndicatorResult

_WIDTH, _HEIGHT, _EDGE = 480, 150, 8
#: Candles the sample market has, and of them shown; patterns are seen from nearer.
_SAMPLE, _SHOWN, _NEAR = 3_000, 120, 40
_LINES = ("#2563eb", "#d97706", "#059669", "#db2777", "#7c3aed", "#0891b2", "#65a30d")
_INK, _FAINT, _UP, _DOWN = "#475569", "#cbd5e1", "#059669", "#dc2626"


def plot(plan: Plan) -> str:
    """The latest values over the candles they are drawn with; the same for the same plan."""
    computed = plan.run(Frame.of(random_candles(_SAMPLE, seed=7)))
    draws = [output.draw for output in plan.info.outputs]
    marked = _last_mark(computed) if draws == ["marks"] else None
    end = _SAMPLE if marked is None else min(_SAMPLE, marked + _NEAR // 3)
    begin = end - (_NEAR if draws == ["marks"] else _SHOWN)
    return _Picture(computed, begin, end).drawn()


def _last_mark(computed: IndicatorResult) -> int | None:
    found = np.flatnonzero(np.nan_to_num(computed.outputs[0]))
    return int(found[-1]) if found.size else None


class _Picture:
    """One picture: what is drawn in it sets its scale."""

    def __init__(self, computed: IndicatorResult, begin: int, end: int) -> None:
        self._info = computed.info
        self._shown = slice(begin, end)
        self._prices = {
            name: computed.frame.columns[name][self._shown]
            for name in ("open", "high", "low", "close")
        }
        self._values = {name: column[self._shown] for name, column in computed.values.items()}
        self._draw = {output.name: output.draw for output in self._info.outputs}
        self._step = (_WIDTH - 2 * _EDGE) / (end - begin)
        scaled = [
            column[np.isfinite(column)]
            for name, column in self._values.items()
            if self._draw[name] != "marks"
        ]
        if self._info.overlay:
            scaled += [self._prices["high"], self._prices["low"]]
        else:
            scaled.append(np.array(self._info.levels, dtype=float))
        joined = np.concatenate(scaled) if scaled else np.zeros(0)
        low, high = (joined.min(), joined.max()) if joined.size else (0.0, 1.0)
        if low == high:
            low, high = low - 1, high + 1
        self._low, self._span = float(low), float(high - low)

    def drawn(self) -> str:
        parts: list[str] = []
        if self._info.overlay:
            parts += self._candles(self._prices)
        for level in self._info.levels if not self._info.overlay else ():
            y = self._y(level)
            parts.append(
                f'<path d="M{_EDGE} {y:.1f}H{_WIDTH - _EDGE}" stroke="{_FAINT}"'
                ' stroke-dasharray="3 3"/>'
            )
        if "candle" in self._draw.values():
            parts += self._candles(self._values)
        else:
            for at, (name, column) in enumerate(self._values.items()):
                parts += self._series(self._draw[name], column, _LINES[at % len(_LINES)])
        title = f"{self._info.title} over sample candles"
        body = "".join(parts)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
            f' width="{_WIDTH}" height="{_HEIGHT}" role="img">'
            f"<title>{_text(title)}</title>"
            f'<rect width="{_WIDTH}" height="{_HEIGHT}" rx="6" fill="#ffffff"/>'
            f'<g fill="none" stroke-width="1.4">{body}</g></svg>\n'
        )

    def _series(self, draw: str, column: Any, colour: str) -> list[str]:
        if draw == "marks":
            return self._marks(column)
        if draw == "histogram":
            return [self._bars(column)]
        if draw == "dots":
            dots = "".join(
                f"M{self._x(at):.1f} {self._y(value):.1f}h0"
                for at, value in enumerate(column)
                if np.isfinite(value)
            )
            return [f'<path d="{dots}" stroke="{colour}" stroke-width="2" stroke-linecap="round"/>']
        dashes = ' stroke-dasharray="4 3"' if draw == "dashed" else ""
        return [f'<path d="{self._line(column)}" stroke="{colour}"{dashes}/>']

    def _line(self, column: Any) -> str:
        path, is_down = [], False
        for at, value in enumerate(column):
            if np.isfinite(value):
                path.append(f"{'L' if is_down else 'M'}{self._x(at):.1f} {self._y(value):.1f}")
            is_down = bool(np.isfinite(value))
        return "".join(path)

    def _bars(self, column: Any) -> str:
        zero = self._y(min(max(0.0, self._low), self._low + self._span))
        path = "".join(
            f"M{self._x(at):.1f} {zero:.1f}V{self._y(value):.1f}"
            for at, value in enumerate(column)
            if np.isfinite(value)
        )
        return f'<path d="{path}" stroke="{_INK}" stroke-width="{self._step * 0.6:.1f}"/>'

    def _marks(self, column: Any) -> list[str]:
        """A triangle under a rise, over a fall, where the mark begins."""
        found = []
        before = 0.0
        for at, value in enumerate(np.nan_to_num(column)):
            if value != before and value != 0:
                up = value > 0
                price = self._prices["low" if up else "high"][at]
                y = self._y(float(price)) + (7 if up else -7)
                tip = -5 if up else 5
                found.append(
                    f'<path d="M{self._x(at):.1f} {y:.1f}l4 {-tip}h-8z"'
                    f' fill="{_UP if up else _DOWN}"/>'
                )
            before = value
        return found

    def _candles(self, prices: dict[str, Any]) -> list[str]:
        paths = {_UP: "", _DOWN: ""}
        bodies = {_UP: "", _DOWN: ""}
        rows = zip(prices["open"], prices["high"], prices["low"], prices["close"], strict=True)
        for at, (begin, high, low, end) in enumerate(rows):
            colour = _UP if end >= begin else _DOWN
            x = self._x(at)
            paths[colour] += f"M{x:.1f} {self._y(high):.1f}V{self._y(low):.1f}"
            bodies[colour] += f"M{x:.1f} {self._y(begin):.1f}V{self._y(end) - 0.1:.1f}"
        width = self._step * 0.7
        faint = (
            ' opacity="0.45"' if self._info.overlay and "marks" not in self._draw.values() else ""
        )
        return [
            f'<g{faint}><path d="{paths[colour]}" stroke="{colour}" stroke-width="0.8"/>'
            f'<path d="{bodies[colour]}" stroke="{colour}" stroke-width="{width:.1f}"/></g>'
            for colour in (_UP, _DOWN)
        ]

    def _x(self, at: int) -> float:
        return _EDGE + (at + 0.5) * self._step

    def _y(self, value: float) -> float:
        share = (float(value) - self._low) / self._span
        return _HEIGHT - 14 - share * (_HEIGHT - 28)


def _text(value: str) -> str:
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
