"""Checks of candles: their spacing, their age, and whether a range is complete."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from coinmux.framework.errors import Implausible
from coinmux.framework.models.base import FUTURE_MS

if TYPE_CHECKING:
    from coinmux.framework.models.candles import Candles, CandlesQuery

_DAY_MS = 86_400_000
#: Shortest month.
_MONTH_MS = 28 * _DAY_MS
#: If every one of at least this many steps is a gap, a lack of trades does not explain it.
_MANY = 9
#: The latest candle is late if it ended more than this many intervals, and more than a day, ago.
_LATE_CANDLES = 3


def is_whole(candles: Candles, query: CandlesQuery, now_ms: int) -> bool:
    """Whether closed `candles` are complete for a range that has ended.

    They are if they have no gap and reach the end of the range, or the requested number. Months
    have no fixed length, so they are never reported as complete.
    """
    width = query.interval.ms
    if query.end is None or query.interval == "1M" or not len(candles):
        return False
    if query.end + width > now_ms:
        return False
    time = candles.timestamp
    if time.size > 1 and (np.diff(time) != width).any():
        return False
    if query.start is None:
        return time.size == query.limit and query.end - int(time[-1]) < width
    from_start = 0 <= int(time[0]) - query.start < width
    to_end = query.end - int(time[-1]) < width
    return from_start and (to_end or time.size == query.limit)


def late_s(candles: Candles, query: CandlesQuery, now_ms: int) -> float | None:
    """Seconds since the latest candle ended; None if that is not late for the range asked for.

    Only an answer that should reach the present can be late: not one with an `end`, nor a page of
    history whose `start` and `limit` are over before now, or that goes on with a next page.
    """
    if query.end is not None or not len(candles):
        return None
    width = query.interval.ms
    if query.start is not None:
        is_past = query.start + query.limit * width <= now_ms
        if is_past or len(candles) >= query.limit or candles.is_cut:
            return None
    late_ms = now_ms - int(candles.timestamp[-1]) - width
    return late_ms / 1000 if late_ms > max(_LATE_CANDLES * width, _DAY_MS) else None


def check_spacing(candles: Candles, query: CandlesQuery, now_ms: int) -> None:
    """Raise `Implausible` unless candles are an interval apart and none opens in the future."""
    time = candles.timestamp
    if time[-1] > now_ms + FUTURE_MS:
        raise Implausible("its last candle opens in the future")
    if time.size < 2:
        return
    gaps = np.diff(time)
    wrong = gaps < _MONTH_MS if query.interval == "1M" else gaps % query.interval.ms != 0
    # Minutes without a trade leave gaps, but not after every candle, and not always of one length.
    longest = 4 * _MONTH_MS // 3 if query.interval == "1M" else query.interval.ms
    if gaps.min() > longest and (gaps.size >= _MANY or (gaps.size > 1 and not np.ptp(gaps))):
        wrong = gaps > longest
    if wrong.any():
        raise Implausible(
            f"asked for {query.interval}, candles stand {int(gaps[wrong][0]) // 1000} s apart"
        )
