"""Build longer candles from shorter ones, where that is exact."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from coinmux.framework.models.candles import Candles, CandlesQuery
    from coinmux.framework.reference.intervals import Interval

AnyQuery = TypeVar("AnyQuery", bound="CandlesQuery")
AnyCandles = TypeVar("AnyCandles", bound="Candles")


def finer_query(query: AnyQuery, interval: Interval, most: int) -> AnyQuery:
    """The query for candles of `interval` that cover `query`, at most `most` of them.

    Their number is a multiple of how many make one longer candle, so that an answer cut by its
    count does not end within one.
    """
    factor = query.interval.seconds // interval.seconds
    update: dict[str, object] = {
        "interval": interval,
        "limit": min(query.limit, most // factor) * factor,
    }
    if query.start is not None:
        update["start"] = aligned_start(query)
    if query.end is not None:
        update["end"] = query.end // query.interval.ms * query.interval.ms + query.interval.ms - 1
    return query.model_copy(update=update)


def aligned_start(query: CandlesQuery) -> int:
    """The first opening time at or after `query.start`, of an interval that divides a day."""
    assert query.start is not None
    return -(-query.start // query.interval.ms) * query.interval.ms


def ends_whole(candles: Candles, query: CandlesQuery) -> bool:
    """Whether the last of the shorter `candles` ends where the last longer candle does."""
    if not len(candles):
        return False
    return (int(candles.timestamp[-1]) + candles.interval.ms) % query.interval.ms == 0


def aggregate(candles: AnyCandles, query: CandlesQuery) -> AnyCandles:
    """`candles` combined into `query.interval`; the windows at both ends only if they are whole.

    A first window counts as whole if the candles begin where it does, or where `query` starts.
    A last window whose end is missing is left out if the answer was cut by its count; without a
    `start` it is the newest one, and still open. Where rows could not be read, a window with too
    few of them is left out too.
    """
    width = query.interval.ms
    factor = query.interval.seconds // candles.interval.seconds
    windows = candles.timestamp // width * width
    starts = np.flatnonzero(np.concatenate(([True], windows[1:] != windows[:-1])))
    if not candles.timestamp.size:
        return candles.model_copy(update={"interval": query.interval})
    ends = np.append(starts[1:], windows.size)
    whole = np.ones(starts.size, dtype=np.bool_)
    begins_whole = candles.timestamp[0] == windows[0] or (
        query.start is not None and windows[0] == aligned_start(query)
    )
    if not begins_whole and starts.size > 1:
        whole[0] = False
    is_cut = candles.is_cut or len(candles) >= query.limit * factor
    if query.start is not None and is_cut and not ends_whole(candles, query):
        whole[-1] = False
    if candles.rows_left_out:
        # The newest window may be open, and is not called closed.
        whole[:-1] &= (ends - starts)[:-1] >= factor
    made = {
        "timestamp": windows[starts],
        "open": candles.open[starts],
        "high": np.maximum.reduceat(candles.high, starts),
        "low": np.minimum.reduceat(candles.low, starts),
        "close": candles.close[ends - 1],
        "volume": np.add.reduceat(candles.volume, starts),
    }
    kept = slice(-query.limit, None) if query.start is None else slice(None, query.limit)
    notes = (*candles.notes, f"gathered from {candles.interval} candles")
    lost = (~whole[:-1] if query.start is not None or candles.rows_left_out else whole[:0]).sum()
    if lost:
        notes = (*notes, f"{lost} {query.interval} candles left out, as parts of them are missing")
    return type(candles)(
        symbol=query.symbol,
        interval=query.interval,
        **{name: column[whole][kept] for name, column in made.items()},
        notes=notes,
        rows_left_out=candles.rows_left_out,
        is_cut=candles.is_cut,
    )
