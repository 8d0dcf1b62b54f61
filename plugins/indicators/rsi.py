"""Relative strength index, by Wilder's smoothing.

Formula: `100 - 100 / (1 + gain / loss)`, gain and loss being the averages of the rises and falls
between closes. They start with the mean of the first n changes and are then smoothed by `a[t] =
(a[t-1] * (n - 1) + x[t]) / n` (Wilder's average; Cutler's variant takes plain means). If prices
have not moved at all, the index is 0, as in TA-Lib.

Source: J. Welles Wilder, New Concepts in Technical Trading Systems, 1978, section VI; TA-Lib RSI,
https://ta-lib.org/functions/rsi/, read 2026-11-24.
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
    between,
    hookimpl,
    period,
    wilder_memory,
)

# Where pandas or polars is installed TA-Lib wraps each function to look for their series.
_rsi: Callable[..., Column] = unwrap(talib.RSI)


@hookimpl
def indicator_info() -> IndicatorInfo:
    """RSI(n), from n + 1 candles on."""
    return IndicatorInfo(
        name="rsi",
        title="Relative Strength Index",
        group="Momentum Indicators",
        series={"price": "close"},
        parameters=(period(14),),
        outputs=(Output("rsi"),),
        minimum=lambda values: values["period"] + 1,
        settle=lambda values: wilder_memory(values["period"]),
        levels=(30, 70),
        reading=between("rsi", 30, 70),
        formula="100 - 100 / (1 + average rise / average fall), averages by Wilder's smoothing",
        source="J. Welles Wilder, New Concepts in Technical Trading Systems, 1978; TA-Lib RSI",
    )


@hookimpl
def compute(inputs: Columns, parameters: Values) -> Column:
    """The index, 0 to 100."""
    return _rsi(inputs["price"], parameters["period"])
