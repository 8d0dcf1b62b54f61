"""Donchian channels.

Formula: the highest high and the lowest low of the last n candles, this one included, and their
middle.

Source: Richard Donchian's four-week rule, Commodities Magazine, 1970s; TA-Lib DONCHIAN,
https://ta-lib.org/functions/, read 2026-11-24.
"""

from collections.abc import Sequence

import talib

from coinmux import Column, Columns, IndicatorInfo, Latest, Output, Values, hookimpl, period


def _reading(latest: Latest) -> str | None:
    high, low, close = latest.values["upper"], latest.values["lower"], latest.close
    if high is None or low is None or close is None:
        return None
    if close >= high:
        return f"at the high: close {close:.8g} >= upper {high:.8g}"
    if close <= low:
        return f"at the low: close {close:.8g} <= lower {low:.8g}"
    return f"within the channel: lower {low:.8g} < close {close:.8g} < upper {high:.8g}"


@hookimpl
def indicator_info() -> IndicatorInfo:
    """Donchian(n), from n candles on."""
    return IndicatorInfo(
        name="donchian-channels",
        title="Donchian Channels",
        group="Overlap Studies",
        label="Donchian",
        inputs=("high", "low"),
        parameters=(period(20),),
        outputs=(Output("upper", "upper"), Output("middle"), Output("lower", "lower")),
        minimum=lambda values: values["period"],
        overlay=True,
        reading=_reading,
        summary="as charting sites draw them, over 20 candles; TA-Lib's are donchian",
        also=("donchian",),
        formula="highest high and lowest low of n candles, and their middle",
        source="Richard Donchian; TA-Lib DONCHIAN",
    )


@hookimpl
def compute(inputs: Columns, parameters: Values) -> Sequence[Column]:
    """Upper edge, middle and lower edge, in price units."""
    return talib.DONCHIAN(inputs["high"], inputs["low"], parameters["period"])
