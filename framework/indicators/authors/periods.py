"""Days, weeks and months of candles: what sums and levels of a session begin and end with."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Stretch = Literal["day", "week", "month"]

DAY_MS = 86_400_000
#: 1970-01-01 was a Thursday; ISO weeks begin on Monday.
_DAYS_TO_MONDAY = 3
#: The longest each can be.
LONGEST_MS = {"day": DAY_MS, "week": 7 * DAY_MS, "month": 31 * DAY_MS}


def stretches(timestamp: NDArray[np.int64], kind: Stretch) -> NDArray[np.int64]:
    """`(n,)` a number for each candle's UTC day, ISO week or calendar month, one more for the next.

    Args:
        timestamp: `(n,)` Unix ms.
    """
    if kind == "month":
        return timestamp.astype("datetime64[ms]").astype("datetime64[M]").astype(np.int64)
    days = timestamp // DAY_MS
    return days if kind == "day" else (days + _DAYS_TO_MONDAY) // 7


def starts_of(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Indices of the candles that begin a stretch; the first candle is one."""
    return np.flatnonzero(np.diff(numbers, prepend=numbers[0] - 1))
