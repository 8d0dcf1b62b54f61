"""Volume-weighted average price, of the session, of a window, or of all candles given.

Formula: `sum(typical * volume) / sum(volume)`, typical being (high + low + close) / 3. The sums
start again with each UTC day, ISO week or calendar month (`anchor`), or run over the last n candles
(`rolling`), or from the first candle on (`all`, TA-Lib's VWAP). If the volume is 0, there is no
value.

Source: Berkowitz, Logue and Noser, The Total Cost of Transactions on the NYSE, Journal of Finance,
1988; sessions as charting sites draw them, a crypto day being the UTC day.
"""

import numpy as np

from coinmux import (
    LONGEST_MS,
    Column,
    Columns,
    IndicatorInfo,
    Output,
    Parameter,
    Stretch,
    Values,
    against_price,
    hookimpl,
    period,
    starts_of,
    stretches,
)

_STRETCH: dict[str, Stretch] = {"session": "day", "week": "week", "month": "month"}


@hookimpl
def indicator_info() -> IndicatorInfo:
    """The anchored VWAP, from the first candle on, or the rolling VWAP, from n candles on."""
    return IndicatorInfo(
        name="vwap",
        title="Volume Weighted Average Price",
        group="Volume Indicators",
        inputs=("timestamp", "high", "low", "close", "volume"),
        parameters=(
            Parameter(
                "anchor",
                "session",
                choices=("session", "week", "month", "rolling", "all"),
                description="Where its sums begin: a UTC day, ISO week or month, n candles "
                "back, or the first candle",
            ),
            period(20, low=1, meaning="Candles of the rolling sums; read by anchor=rolling alone"),
        ),
        outputs=(Output("vwap"),),
        minimum=lambda values: values["period"] if values["anchor"] == "rolling" else 1,
        settle=lambda values: None if values["anchor"] == "all" else 0,
        span_ms=lambda values: LONGEST_MS.get(_STRETCH.get(values["anchor"], ""), 0),
        overlay=True,
        reading=against_price("vwap"),
        formula="sum of (high + low + close) / 3 x volume over sum of volume, since the anchor",
        source="Berkowitz, Logue and Noser, Journal of Finance, 1988",
    )


@hookimpl
def compute(inputs: Columns, parameters: Values) -> Column:
    """The average, in price units."""
    volume = inputs["volume"]
    money = (inputs["high"] + inputs["low"] + inputs["close"]) / 3 * volume
    if parameters["anchor"] == "rolling":
        size = int(parameters["period"])
        totals = _rolling(money, size), _rolling(volume, size)
    else:
        starts = _starts(inputs["timestamp"], str(parameters["anchor"]))
        totals = _since(money, starts), _since(volume, starts)
    average = np.full(volume.size, np.nan)
    np.divide(totals[0], totals[1], out=average, where=totals[1] > 0)
    return average


def _rolling(values: Column, size: int) -> Column:
    """Sums over `size` values; each window is added separately, so that no precision is lost."""
    sums = np.full(values.size, np.nan)
    sums[size - 1 :] = np.lib.stride_tricks.sliding_window_view(values, size).sum(axis=1)
    return sums


def _starts(time_ms: Column, anchor: str) -> Column:
    """Indices of the first candle of each period."""
    if anchor == "all":
        return np.zeros(1, dtype=np.int64)
    return starts_of(stretches(time_ms, _STRETCH[anchor]))


def _since(values: Column, starts: Column) -> Column:
    """Running sums that start at 0 with each period."""
    ends = np.append(starts[1:], values.size)
    return np.concatenate([np.cumsum(values[a:b]) for a, b in zip(starts, ends, strict=True)])
