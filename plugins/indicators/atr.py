"""Average true range, by Wilder's smoothing.

Formula: the true range is the greatest of high - low, |high - close before| and |low - close
before|; the average starts with the mean of the first n ranges and continues as `a[t] = (a[t-1] *
(n - 1) + range[t]) / n`.

Source: J. Welles Wilder, New Concepts in Technical Trading Systems, 1978, section III; TA-Lib ATR,
https://ta-lib.org/functions/atr/, read 2026-11-24.
"""

from collections.abc import Callable
from inspect import unwrap

import talib

from coinmux import (
    Column,
    Columns,
    IndicatorInfo,
    Latest,
    Output,
    Values,
    hookimpl,
    period,
    wilder_memory,
)

# Where pandas or polars is installed TA-Lib wraps each function to look for their series.
_atr: Callable[..., Column] = unwrap(talib.ATR)


def _reading(latest: Latest) -> str | None:
    value, before, close = latest.values["atr"], latest.previous["atr"], latest.close
    if value is None or not close:
        return None
    word = "range" if before is None else "widening" if value > before else "not widening"
    return f"{word}: atr {value:.6g} is {100 * value / close:.2f} % of close {close:.8g}"


@hookimpl
def indicator_info() -> IndicatorInfo:
    """ATR(n), from n + 1 candles on."""
    return IndicatorInfo(
        name="atr",
        title="Average True Range",
        group="Volatility Indicators",
        inputs=("high", "low", "close"),
        parameters=(period(14, low=1),),
        outputs=(Output("atr"),),
        minimum=lambda values: values["period"] + 1,
        settle=lambda values: wilder_memory(values["period"]),
        reading=_reading,
        formula="Wilder's average of the true range",
        source="J. Welles Wilder, New Concepts in Technical Trading Systems, 1978; TA-Lib ATR",
    )


@hookimpl
def compute(inputs: Columns, parameters: Values) -> Column:
    """The average range, in price units."""
    return _atr(inputs["high"], inputs["low"], inputs["close"], parameters["period"])
