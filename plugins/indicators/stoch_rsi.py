"""Stochastic RSI, as charting sites draw it.

Formula: the position of the RSI between its lowest and highest value of the last n candles: `raw =
100 * (rsi - low) / (high - low)`; %K is the simple average of raw over k, %D that of %K over d.
TA-Lib's own STOCHRSI (listed as `stochrsi`) calls raw %K. If the RSI has not moved over n candles
(because prices only rise, or do not move), raw is 0/0 and has no value; TA-Lib gives 0, which would
mean oversold.

Source: Tushar Chande and Stanley Kroll, The New Technical Trader, 1994; the defaults 14, 14, 3, 3
and the smoothing of TradingView's built-in Stoch RSI,
https://www.tradingview.com/support/solutions/43000502333-stochastic-rsi-stoch-rsi/, read
2026-11-24.
"""

from collections.abc import Callable, Sequence
from inspect import unwrap

import numpy as np
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
_sma: Callable[..., Column] = unwrap(talib.SMA)
_stochf: Callable[..., Sequence[Column]] = unwrap(talib.STOCHF)

#: With the default parameters, the API contract requires more candles than the first value needs.
_DEFAULT_MINIMUM = 50
_DEFAULTS = (14, 14, 3, 3)


def _sizes(values: Values) -> tuple[int, ...]:
    return tuple(int(values[name]) for name in ("rsi_period", "stoch_period", "k", "d"))


def _minimum(values: Values) -> int:
    sizes = _sizes(values)
    # n + 1 candles for an RSI, then each window adds its length less one.
    return _DEFAULT_MINIMUM if sizes == _DEFAULTS else sum(sizes) - 2


@hookimpl
def indicator_info() -> IndicatorInfo:
    """%K and %D; with the defaults 50 candles, else as many as the parameters need."""
    return IndicatorInfo(
        name="stoch-rsi",
        title="Stochastic RSI",
        group="Momentum Indicators",
        label="StochRSI",
        series={"price": "close"},
        parameters=(
            period(14, name="rsi_period", meaning="Candles of the RSI"),
            period(14, name="stoch_period", meaning="Candles its highest and lowest are sought in"),
            period(3, name="k", low=1, meaning="Candles %K is averaged over"),
            period(3, name="d", low=1, meaning="Candles %D is averaged over"),
        ),
        outputs=(Output("k"), Output("d", "dashed")),
        minimum=_minimum,
        settle=lambda values: wilder_memory(values["rsi_period"]),
        levels=(20, 80),
        reading=between("k", 20, 80),
        summary="as charting sites draw it; TA-Lib's, without the average, is stochrsi",
        also=("stochrsi",),
        formula="where RSI stands between its extremes of n candles, averaged over k and then d",
        source="T. Chande and S. Kroll, The New Technical Trader, 1994; TradingView's Stoch RSI",
    )


@hookimpl
def compute(inputs: Columns, parameters: Values) -> Sequence[Column]:
    """%K and %D, 0 to 100."""
    stoch_period, k, d = parameters["stoch_period"], parameters["k"], parameters["d"]
    rsi = _rsi(inputs["price"], parameters["rsi_period"])
    raw, _ = _stochf(rsi, rsi, rsi, stoch_period, 1)
    # If the RSI did not move over a window, it did not move between any two of its candles.
    if (rsi[1:] == rsi[:-1]).any():
        flat = talib.MAX(rsi, stoch_period) == talib.MIN(rsi, stoch_period)
        if flat.any():
            raw[flat] = np.nan
            fast = _averaged(raw, k)
            return fast, _averaged(fast, d)
    fast = _sma(raw, k)
    return fast, _sma(fast, d)


def _averaged(values: Column, size: int) -> Column:
    """The simple average; nan if one of its values is nan. TA-Lib would give nan from there on."""
    windows = np.lib.stride_tricks.sliding_window_view(values, size)
    return np.concatenate((np.full(size - 1, np.nan), windows.mean(axis=1)))
