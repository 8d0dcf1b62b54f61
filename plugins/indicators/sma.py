"""Simple moving average.

Formula: the mean of the last n prices, each of the same weight. It uses n candles only, so its
first value is exact.

Source: TA-Lib SMA, https://ta-lib.org/functions/sma/, read 2026-11-24.
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
    hookimpl,
    period,
)

# Where pandas or polars is installed TA-Lib wraps each function to look for their series.
_sma: Callable[..., Column] = unwrap(talib.SMA)


@hookimpl
def indicator_info() -> IndicatorInfo:
    """SMA(n), from n candles on."""
    return IndicatorInfo(
        name="sma",
        title="Simple Moving Average",
        group="Overlap Studies",
        series={"price": "close"},
        parameters=(period(20, low=1),),
        outputs=(Output("sma"),),
        minimum=lambda values: values["period"],
        overlay=True,
        reading=against_price("sma"),
        formula="mean of the last n prices",
        source="TA-Lib SMA, https://ta-lib.org/functions/sma/",
    )


@hookimpl
def compute(inputs: Columns, parameters: Values) -> Column:
    """The mean of the last `period` prices."""
    return _sma(inputs["price"], parameters["period"])
