"""Checks of candles: their spacing, their age, and whether a range is complete."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from coinmux.framework.errors import Implausible
from coinmux.framework.models.base import FUTURE_MS
from coinmux.framework.reference.rows import row_left_out

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from coinmux.framework.models.candles import Candles, CandlesQuery

_DAY_MS = 86_400_000
#: Shortest month.
_MONTH_MS = 28 * _DAY_MS
_MEAN_MONTH_MS = 30.44 * _DAY_MS
#: What has a chance of less than one in 256 is not explained by a lack of trades.
_CERTAIN = math.log(256)
#: The latest candle is late if it ended more than this many intervals, and more than a day, ago.
_LATE_CANDLES = 3


def sound(
    open_: NDArray[np.float64],
    high: NDArray[np.float64],
    low: NDArray[np.float64],
    close: NDArray[np.float64],
    volume: NDArray[np.float64],
) -> NDArray[np.bool_]:
    """Which candles hang together: low and high bound the others, and no volume is negative."""
    # The larger and the smaller of nan and a number are nan, and a comparison with nan is false, so
    # these conditions refuse nan; a volume may be nan.
    return (
        (low > 0)
        & (np.minimum(open_, close) >= low)
        & (np.maximum(open_, close) <= high)
        & ~(volume < 0)
    )


def contradiction(open_: float, high: float, low: float, close: float, volume: float) -> str | None:
    """Why a candle does not hang together; None if it does."""
    if volume < 0:
        return "a candle of negative volume"
    if low > 0 and low <= open_ <= high and low <= close <= high:
        return None
    return f"open {open_:g} high {high:g} low {low:g} close {close:g}"


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


def stands_right(candles: Candles, query: CandlesQuery, now_ms: int) -> bool:
    """Whether each candle follows the one before at once, and none opens in the future.

    Most answers do, and need no closer look at their places and spacing.
    """
    time, width = candles.timestamp, query.interval.ms
    return (
        time.size > 1
        and query.interval != "1M"
        and bool((time[1:] - time[:-1] == width).all())
        and int(time[-1]) <= now_ms + FUTURE_MS
    )


def in_place(candles: Candles, query: CandlesQuery, now_ms: int) -> NDArray[np.bool_] | None:
    """Which candles stand on the grid of the others and not in the future; None if all do.

    Raises:
        Implausible: fewer than half do.
    """
    time = candles.timestamp
    future = time > now_ms + FUTURE_MS
    wrong, reason = future, "it opens in the future"
    if not future.any():
        if query.interval == "1M" or not (np.diff(time) % query.interval.ms).any():
            return None
        phase = time % query.interval.ms
        phases, counts = np.unique(phase, return_counts=True)
        wrong, reason = phase != phases[counts.argmax()], "it stands between the others"
    count = int(wrong.sum())
    if count > time.size - count:
        raise Implausible(
            "its last candle opens in the future" if future.any() else _apart(time, query)
        )
    row_left_out("candles", reason, count)
    return ~wrong


def _apart(time: NDArray[np.int64], query: CandlesQuery) -> str:
    gaps = np.diff(time)
    odd = gaps[gaps % query.interval.ms != 0]
    return _said_apart(query, int(odd[0]))


def _said_apart(query: CandlesQuery, gap_ms: int) -> str:
    return f"asked for {query.interval}, candles stand {gap_ms // 1000} s apart"


def check_spacing(candles: Candles, query: CandlesQuery) -> None:
    """Raise `Implausible` if the gaps show that the candles are of another interval.

    Minutes without a trade leave gaps of any length. Another interval shows in the greatest common
    divisor of all gaps, in units of the asked interval: by chance it is `k` in one of `k` to the
    number of gaps less one.
    """
    time = candles.timestamp
    if time.size < 2:
        return
    gaps = np.diff(time)
    if query.interval == "1M":
        if (gaps < _MONTH_MS).any():
            raise Implausible(_said_apart(query, int(gaps.min())))
        steps = np.rint(gaps / _MEAN_MONTH_MS).astype(np.int64)
    else:
        if (gaps % query.interval.ms).any():
            raise Implausible(_apart(time, query))
        steps = gaps // query.interval.ms
    common = int(np.gcd.reduce(steps))
    if common < 2 or gaps.size < 2:
        return
    if not np.ptp(steps) or (gaps.size - 1) * math.log(common) >= _CERTAIN:
        raise Implausible(_said_apart(query, int(gaps.min())))
