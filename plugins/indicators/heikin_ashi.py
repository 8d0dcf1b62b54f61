"""Heikin-Ashi candles.

Formula: `close = (open + high + low + close) / 4`; `open` is the mean of the previous Heikin-Ashi
open and close, starting with (open + close) / 2; `high` and `low` are the extremes of the candle's
own high or low and these two. With each candle, the weight of the first open is halved.

Source: Munehisa Homma's average bar, as described by Dan Valcu, Using the Heikin-Ashi Technique,
Stocks & Commodities, 2004; TA-Lib HA, https://ta-lib.org/functions/, read 2026-11-24.
"""

from collections.abc import Sequence

import talib

from coinmux import Column, Columns, IndicatorInfo, Latest, Output, Values, hookimpl

#: After this many halvings, the weight of the first open is one millionth.
_HALVINGS = 20


def _reading(latest: Latest) -> str | None:
    begin, end = latest.values["open"], latest.values["close"]
    if begin is None or end is None:
        return None
    if begin == end:
        return f"flat: open {begin:.8g} = close {end:.8g}"
    word, sign = ("rising", "<") if begin < end else ("falling", ">")
    return f"{word}: open {begin:.8g} {sign} close {end:.8g}"


@hookimpl
def indicator_info() -> IndicatorInfo:
    """The four prices, from the first candle on."""
    return IndicatorInfo(
        name="heikin-ashi",
        title="Heikin-Ashi",
        group="Price Transform",
        label="Heikin-Ashi",
        inputs=("open", "high", "low", "close"),
        outputs=tuple(Output(name, "candle") for name in ("open", "high", "low", "close")),
        minimum=lambda _: 1,
        settle=lambda _: _HALVINGS,
        reading=_reading,
        summary="as charting sites draw them; TA-Lib's are ha",
        also=("ha",),
        formula="close is the mean of four prices, open the middle of the average candle before",
        source="Dan Valcu, Stocks & Commodities, 2004; TA-Lib HA",
    )


@hookimpl
def compute(inputs: Columns, parameters: Values) -> Sequence[Column]:
    """Open, high, low and close, in price units."""
    return talib.HA(inputs["open"], inputs["high"], inputs["low"], inputs["close"])
