"""Candles of a market that never was, the same for the same seed: for tests, pictures, benches."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from coinmux.framework.models.candles import Candles
from coinmux.framework.reference.intervals import Interval
from coinmux.framework.reference.symbols import Symbol

#: Of the newest candle: 2025-11-24 16:00 UTC.
_NEWEST_MS = 1_764_000_000_000
#: Standard deviation of one candle's change.
_STEP = 0.01


def random_candles(
    count: int,
    *,
    seed: int = 1,
    symbol: str = "BTC/USDT",
    interval: str = "1h",
    without_volume: Sequence[int] = (),
) -> Candles:
    """A geometric random walk with spikes of volume; each candle opens where the last closed.

    Args:
        without_volume: places of candles whose volume is not known.
    """
    random = np.random.default_rng(seed)
    length = Interval(interval)
    steps = random.normal(0, _STEP, count)
    close = 100 * np.exp(np.cumsum(steps))
    opened = np.concatenate(([100.0], close[:-1]))
    high = np.maximum(opened, close) * (1 + np.abs(random.normal(0, _STEP / 3, count)))
    low = np.minimum(opened, close) / (1 + np.abs(random.normal(0, _STEP / 3, count)))
    volume = random.lognormal(3, 0.5, count) * (1 + 40 * np.abs(steps))
    volume[list(without_volume)] = np.nan
    newest = _NEWEST_MS // length.ms * length.ms
    return Candles(
        symbol=Symbol(symbol),
        interval=length,
        timestamp=newest - np.arange(count - 1, -1, -1, dtype=np.int64) * length.ms,
        open=opened,
        high=high,
        low=low,
        close=close,
        volume=volume,
        last_closed=False,
    )
