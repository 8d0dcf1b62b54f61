"""How many candles a recursive average takes to forget where its history began."""

from __future__ import annotations

import math

#: Share of the beginning that may be left in a value that counts as settled.
LEFT = 1e-6


def ema_memory(period: int) -> int:
    """Candles after which an exponential average of weight `2 / (period + 1)` has forgotten.

    The weight of what was before `k` candles is `(1 - weight) ** k`.
    """
    return _steps(2 / (period + 1))


def wilder_memory(period: int) -> int:
    """The same for Wilder's average, of weight `1 / period`."""
    return _steps(1 / period)


def _steps(weight: float) -> int:
    return 0 if weight >= 1 else math.ceil(math.log(LEFT) / math.log1p(-weight))
