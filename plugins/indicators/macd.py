"""Moving average convergence and divergence.

Formula: `macd = EMA(fast) - EMA(slow)` of the price, `signal = EMA(macd)`, `histogram = macd -
signal`. The fast average starts at the same candle as the slow one, as in TA-Lib.

Source: Gerald Appel, The Moving Average Convergence-Divergence Trading Method, 1979; TA-Lib MACD,
https://ta-lib.org/functions/macd/, read 2026-11-24.
"""

from collections.abc import Callable, Sequence
from inspect import unwrap

import talib

from coinmux import (
    Column,
    Columns,
    IndicatorInfo,
    Output,
    Values,
    crossing,
    ema_memory,
    hookimpl,
    period,
)

# Where pandas or polars is installed TA-Lib wraps each function to look for their series.
_macd: Callable[..., Sequence[Column]] = unwrap(talib.MACD)


def _check(values: Values) -> str | None:
    if values["fast"] >= values["slow"]:
        return f"fast: takes less than slow, which is {values['slow']}"
    return None


@hookimpl
def indicator_info() -> IndicatorInfo:
    """MACD(fast, slow, signal), from slow + signal candles on."""
    return IndicatorInfo(
        name="macd",
        title="Moving Average Convergence/Divergence",
        group="Momentum Indicators",
        series={"price": "close"},
        parameters=(
            period(12, name="fast", meaning="Candles of the fast average"),
            period(26, name="slow", meaning="Candles of the slow average"),
            period(9, name="signal", low=1, meaning="Candles of the signal line"),
        ),
        outputs=(Output("macd"), Output("signal", "dashed"), Output("histogram", "histogram")),
        minimum=lambda values: values["slow"] + values["signal"],
        settle=lambda values: ema_memory(values["slow"]) + ema_memory(values["signal"]),
        check=_check,
        levels=(0,),
        reading=crossing("macd", "signal"),
        formula="EMA(fast) - EMA(slow); the signal line is its EMA, the histogram their distance",
        source="Gerald Appel, 1979; TA-Lib MACD, https://ta-lib.org/functions/macd/",
    )


@hookimpl
def compute(inputs: Columns, parameters: Values) -> Sequence[Column]:
    """Line, signal and histogram, in price units."""
    return _macd(inputs["price"], parameters["fast"], parameters["slow"], parameters["signal"])
