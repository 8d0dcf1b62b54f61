"""Keltner channels, in Linda Raschke's form.

Formula: EMA(n) of the close, and k ATR(m) to each side. Keltner's own form of 1960 takes the simple
averages of the typical price and of high - low; TA-Lib's (listed as `kc`) takes the typical price.

Source: Chester Keltner, How To Make Money in Commodities, 1960; Linda Raschke's change of the
1980s,
https://chartschool.stockcharts.com/table-of-contents/technical-indicators-and-overlays/technical-overlays/keltner-channels,
read 2026-11-24.
"""

from collections.abc import Sequence

import talib

from coinmux import (
    Column,
    Columns,
    IndicatorInfo,
    Output,
    Parameter,
    Values,
    ema_memory,
    hookimpl,
    period,
    wilder_memory,
    within_band,
)


@hookimpl
def indicator_info() -> IndicatorInfo:
    """Keltner(n, m, k); the first value needs one candle more than the longer of n and m."""
    return IndicatorInfo(
        name="keltner-channels",
        title="Keltner Channels",
        group="Overlap Studies",
        label="Keltner",
        inputs=("high", "low", "close"),
        series={"price": "close"},
        parameters=(
            period(20, low=1),
            period(10, name="atr_period", low=1, meaning="Candles of the average true range"),
            Parameter("multiplier", 2.0, 0, 100, description="Average ranges to each side"),
        ),
        outputs=(Output("upper", "upper"), Output("middle"), Output("lower", "lower")),
        minimum=lambda values: max(values["period"], values["atr_period"]) + 1,
        settle=lambda values: max(
            ema_memory(values["period"]), wilder_memory(values["atr_period"])
        ),
        overlay=True,
        reading=within_band("lower", "upper"),
        summary="as charting sites draw them, from the ATR; TA-Lib's are kc",
        also=("kc",),
        formula="EMA(n) of the price, and k ATR(m) to each side",
        source="Chester Keltner, 1960, as changed by Linda Raschke",
    )


@hookimpl
def compute(inputs: Columns, parameters: Values) -> Sequence[Column]:
    """Upper edge, average and lower edge, in price units."""
    middle = talib.EMA(inputs["price"], parameters["period"])
    ranges = talib.ATR(inputs["high"], inputs["low"], inputs["close"], parameters["atr_period"])
    width = ranges * parameters["multiplier"]
    return middle + width, middle, middle - width
