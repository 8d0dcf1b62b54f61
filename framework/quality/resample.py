"""Longer candles from shorter ones, where that is exact."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from coinmux.framework.models.candles import MOST_CANDLES, Candles, CandlesQuery
from coinmux.framework.reference.intervals import INTERVALS, Interval

#: Longest interval whose windows all begin at a multiple of its length since 1970 (a week begins
#: on a Monday, a month anywhere, three days wherever a source chose).
_ALIGNED_S = 86_400


def finer(interval: Interval, offered: Iterable[str]) -> Interval | None:
    """The longest offered interval `interval` is a whole multiple of; None if there is none."""
    if interval.seconds > _ALIGNED_S:
        return None
    fits = [
        name
        for name in offered
        if INTERVALS[name] < interval.seconds and interval.seconds % INTERVALS[name] == 0
    ]
    return Interval(max(fits, key=INTERVALS.__getitem__)) if fits else None


def finer_query(query: CandlesQuery, interval: Interval, most: int) -> CandlesQuery:
    """The question in `interval` whose answer covers `query`, within `most` rows of one call."""
    factor = query.interval.seconds // interval.seconds
    update: dict[str, object] = {
        "interval": interval,
        "limit": min(query.limit * factor, most, MOST_CANDLES),
    }
    if query.start is not None:
        update["start"] = -(-query.start // query.interval.ms) * query.interval.ms
    if query.end is not None:
        update["end"] = query.end // query.interval.ms * query.interval.ms + query.interval.ms - 1
    return query.model_copy(update=update)


def aggregate(candles: Candles, query: CandlesQuery) -> Candles:
    """`candles` gathered into `query.interval`; a first window that is not whole is dropped."""
    width = query.interval.ms
    windows = candles.timestamp // width * width
    starts = np.flatnonzero(np.concatenate(([True], windows[1:] != windows[:-1])))
    if starts.size and candles.timestamp[0] != windows[0] and starts.size > 1:
        starts = starts[1:]
    ends = np.append(starts[1:], windows.size) - 1
    if not starts.size:
        return candles.model_copy(update={"interval": query.interval})
    first = starts[0]
    offset = starts - first
    kept = slice(-query.limit, None) if query.start is None else slice(None, query.limit)
    return Candles(
        symbol=query.symbol,
        interval=query.interval,
        timestamp=windows[starts][kept],
        open=candles.open[starts][kept],
        high=np.maximum.reduceat(candles.high[first:], offset)[kept],
        low=np.minimum.reduceat(candles.low[first:], offset)[kept],
        close=candles.close[ends][kept],
        volume=np.add.reduceat(candles.volume[first:], offset)[kept],
        notes=(*candles.notes, f"gathered from {candles.interval} candles"),
    )
