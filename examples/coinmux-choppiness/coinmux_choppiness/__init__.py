"""Choppiness index: how much of n candles' travel was to and fro.

Formula: `100 * log10(sum of true ranges / (highest high - lowest low)) / log10(n)`, over the last n
candles. 100 is all to and fro, 0 a straight way.

Source: E. W. Dreiss; TradingView, "Choppiness Index (CHOP)".
"""

import numpy as np

from coinmux import (
    Column,
    Columns,
    IndicatorInfo,
    Output,
    Values,
    between,
    hookimpl,
    period,
)

COINMUX_API = 1


@hookimpl
def indicator_info() -> IndicatorInfo:
    return IndicatorInfo(
        name="choppiness",
        title="Choppiness Index",
        group="Volatility Indicators",
        label="CHOP",
        inputs=("high", "low", "close"),
        parameters=(period(14),),
        outputs=(Output("choppiness"),),
        minimum=lambda values: values["period"] + 1,
        levels=(38.2, 61.8),
        reading=between("choppiness", 38.2, 61.8, below="trending", above="choppy"),
        formula="100 x log10(sum of true ranges / range of all) / log10(n)",
        source="E. W. Dreiss; TradingView",
    )


@hookimpl
def compute(inputs: Columns, parameters: Values) -> Column:
    size = parameters["period"]
    high, low, before = inputs["high"][1:], inputs["low"][1:], inputs["close"][:-1]
    travel = np.maximum(high, before) - np.minimum(low, before)
    windows = np.lib.stride_tricks.sliding_window_view
    total = windows(travel, size).sum(axis=1)
    reach = windows(high, size).max(axis=1) - windows(low, size).min(axis=1)
    values = np.full(inputs["high"].size, np.nan)
    moved = reach > 0
    values[size:][moved] = 100 * np.log10(total[moved] / reach[moved]) / np.log10(size)
    return values
