"""Bollinger bands.

Formula: the simple average of n prices, and k standard deviations of the same n prices (of the
population, divided by n, as Bollinger defines it) above and below.

Source: John Bollinger, Bollinger on Bollinger Bands, 2001; TA-Lib BBANDS,
https://ta-lib.org/functions/bbands/, read 2026-11-24.
"""

from collections.abc import Callable, Sequence
from inspect import unwrap

import talib

from coinmux import (
    Column,
    Columns,
    IndicatorInfo,
    Output,
    Parameter,
    Values,
    hookimpl,
    period,
    within_band,
)

# Where pandas or polars is installed TA-Lib wraps each function to look for their series.
_bbands: Callable[..., Sequence[Column]] = unwrap(talib.BBANDS)


@hookimpl
def indicator_info() -> IndicatorInfo:
    """Bollinger(n, k), from n candles on."""
    return IndicatorInfo(
        name="bollinger-bands",
        title="Bollinger Bands",
        group="Overlap Studies",
        label="Bollinger",
        series={"price": "close"},
        parameters=(
            period(20),
            Parameter("deviations", 2.0, 0, 100, description="Standard deviations to each side"),
        ),
        outputs=(Output("upper", "upper"), Output("middle"), Output("lower", "lower")),
        minimum=lambda values: values["period"],
        overlay=True,
        reading=within_band("lower", "upper"),
        summary="as charting sites draw them (20, 2); TA-Lib's, with other averages, are bbands",
        also=("bbands",),
        formula="SMA(n), and k population standard deviations of the same prices to each side",
        source="John Bollinger, Bollinger on Bollinger Bands, 2001; TA-Lib BBANDS",
    )


@hookimpl
def compute(inputs: Columns, parameters: Values) -> Sequence[Column]:
    """Upper band, average and lower band, in price units."""
    width = parameters["deviations"]
    return _bbands(inputs["price"], parameters["period"], width, width)
