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
    """The query for candles of `interval` that cover `query`, at most `most` of them."""
    factor = query.interval.seconds // interval.seconds
    update: dict[str, object] = {
        "interval": interval,
        "limit": min(query.limit * factor, most),
    }
    if query.start is not None:
        update["start"] = -(-query.start // query.interval.ms) * query.interval.ms
    if query.end is not None:
        update["end"] = query.end // query.interval.ms * query.interval.ms + query.interval.ms - 1
    return query.model_copy(update=update)


def aggregate(candles: AnyCandles, query: CandlesQuery) -> AnyCandles:
    """`candles` combined into `query.interval`; an incomplete first window is dropped."""
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
    return type(candles)(
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
