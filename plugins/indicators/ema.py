"""Exponential moving average.

Formula: `e[t] = e[t-1] + (price[t] - e[t-1]) * 2 / (n + 1)`, starting with the mean of the first n
prices (the classic start of TA-Lib and of most charting sites). The weight of the start shrinks
with each candle: after `log(1e-6) / log(1 - 2 / (n + 1))` candles it is one millionth.

Source: TA-Lib EMA, https://ta-lib.org/functions/ema/, read 2026-11-24.
"""

from collections.abc import Callable
from inspect import unwrap

import talib

from coinmux import (
    Column,
    Columns,
    IndicatorInfo,
    Output,
    Values,
    against_price,
    ema_memory,
    hookimpl,
    period,
)

# Where pandas or polars is installed TA-Lib wraps each function to look for their series.
_ema: Callable[..., Column] = unwrap(talib.EMA)


@hookimpl
def indicator_info() -> IndicatorInfo:
    """EMA(n), from n + 1 candles on."""
    return IndicatorInfo(
        name="ema",
        title="Exponential Moving Average",
        group="Overlap Studies",
        series={"price": "close"},
        parameters=(period(20, low=1),),
        outputs=(Output("ema"),),
        minimum=lambda values: values["period"] + 1,
        settle=lambda values: ema_memory(values["period"]),
        overlay=True,
        reading=against_price("ema"),
        formula="the average before, moved towards the price by 2 / (n + 1) of their distance",
        source="TA-Lib EMA, https://ta-lib.org/functions/ema/",
    )


@hookimpl
def compute(inputs: Columns, parameters: Values) -> Column:
    """The exponential average of the prices."""
    return _ema(inputs["price"], parameters["period"])
