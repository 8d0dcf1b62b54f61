"""Pivot points: levels for a day, week or month from the prices of the previous one.

Formula, from the previous period (high H, low L, close C, range R = H - L):
- classic: P = (H + L + C) / 3; r1 = 2P - L, s1 = 2P - H; r2 = P + R, s2 = P - R;
  r3 = H + 2 (P - L), s3 = L - 2 (H - P)
- fibonacci: the same P, and 0.382, 0.618 and 1.000 R to each side
- camarilla: the same P; r = C + 1.1 R / 12, / 6, / 4, and s = C minus the same amounts
- woodie: P = (H + L + 2C) / 4; r and s are computed as the classic ones
Periods are UTC days, ISO weeks or calendar months. A period gives levels only if the history
includes its beginning.

Source: John Person, A Complete Guide to Technical Trading Tactics, 2004, chapter 6; Camarilla by
Nick Scott, 1989; https://www.tradingview.com/support/solutions/43000521824-pivot-points-standard/,
read 2026-11-24.
"""

from collections.abc import Sequence

import numpy as np

from coinmux import (
    LONGEST_MS,
    Column,
    Columns,
    IndicatorInfo,
    Latest,
    Output,
    Parameter,
    Stretch,
    Values,
    hookimpl,
    starts_of,
    stretches,
)

_LEVELS = ("pivot", "r1", "r2", "r3", "s1", "s2", "s3")


def _reading(latest: Latest) -> str | None:
    close = latest.close
    levels = [(value, name) for name, value in latest.values.items() if value is not None]
    if close is None or not levels:
        return None
    below = max(((v, n) for v, n in levels if v <= close), default=None)
    above = min(((v, n) for v, n in levels if v > close), default=None)
    if below is None:
        return f"below every level: close {close:.8g} < s3 {min(levels)[0]:.8g}"
    if above is None:
        return f"above every level: close {close:.8g} >= r3 {max(levels)[0]:.8g}"
    return (
        f"between {below[1]} and {above[1]}: {below[0]:.8g} <= close {close:.8g} < {above[0]:.8g}"
    )


@hookimpl
def indicator_info() -> IndicatorInfo:
    """Seven levels, from the second period of the history on."""
    return IndicatorInfo(
        name="pivot-points",
        title="Pivot Points",
        group="Overlap Studies",
        label="Pivots",
        inputs=("timestamp", "high", "low", "close"),
        parameters=(
            Parameter(
                "kind",
                "classic",
                choices=("classic", "fibonacci", "camarilla", "woodie"),
                description="Which levels",
            ),
            Parameter(
                "anchor",
                "day",
                choices=("day", "week", "month"),
                description="The stretch they are of, in UTC",
            ),
        ),
        outputs=tuple(Output(name, "dots") for name in _LEVELS),
        minimum=lambda _: 2,
        # Time for one whole previous period, wherever in a period the history begins.
        span_ms=lambda values: 2 * LONGEST_MS[values["anchor"]],
        overlay=True,
        reading=_reading,
        formula="levels from the high, low and close of the day, week or month before",
        source="John Person, A Complete Guide to Technical Trading Tactics, 2004; Nick Scott, 1989",
    )


@hookimpl
def compute(inputs: Columns, parameters: Values) -> Sequence[Column]:
    """Pivot, three resistances and three supports, in price units."""
    time, anchor = inputs["timestamp"], parameters["anchor"]
    stretch = stretches(time, anchor)
    starts = starts_of(stretch)
    high = np.maximum.reduceat(inputs["high"], starts)
    low = np.minimum.reduceat(inputs["low"], starts)
    close = inputs["close"][np.append(starts[1:], time.size) - 1]
    levels = np.array(_levels(str(parameters["kind"]), high, low, close))
    if not _is_start(int(time[0]), anchor):
        levels[:, 0] = np.nan
    # Each candle gets the levels of the period before its own, unless a period between is missing.
    of = np.searchsorted(starts, np.arange(time.size), side="right") - 2
    follows = (of >= 0) & (stretch[starts[np.maximum(of, 0)]] == stretch - 1)
    return [np.where(follows, row[np.maximum(of, 0)], np.nan) for row in levels]


def _is_start(time_ms: int, anchor: Stretch) -> bool:
    before = stretches(np.array([time_ms - 1, time_ms]), anchor)
    return bool(before[0] != before[1])


def _levels(kind: str, high: Column, low: Column, close: Column) -> Sequence[Column]:
    span = high - low
    pivot = (high + low + 2 * close) / 4 if kind == "woodie" else (high + low + close) / 3
    if kind == "fibonacci":
        steps = [0.382 * span, 0.618 * span, span]
        return [pivot, *(pivot + step for step in steps), *(pivot - step for step in steps)]
    if kind == "camarilla":
        steps = [1.1 * span / part for part in (12, 6, 4)]
        return [pivot, *(close + step for step in steps), *(close - step for step in steps)]
    return [
        pivot,
        2 * pivot - low,
        pivot + span,
        high + 2 * (pivot - low),
        2 * pivot - high,
        pivot - span,
        low - 2 * (high - pivot),
    ]
