"""Whether a well-formed answer can be true: the right subject, the right time, the right spacing.

What a result can judge by itself (negative prices, seconds for milliseconds) its model refuses;
here it is held against the query and the clock (`faults.md` rows E2 to E8).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from coinmux.framework.errors import Empty, Implausible, PluginError
from coinmux.framework.models.candles import Candles, CandlesQuery
from coinmux.framework.models.chain import ChainHead, Gas
from coinmux.framework.models.market import OrderBook, Ticker, Trades
from coinmux.framework.models.news import News
from coinmux.framework.models.sentiment import Social, SocialQuery
from coinmux.framework.models.text import TextSentiment, TextSentimentQuery
from coinmux.framework.reference.chains import Chain

if TYPE_CHECKING:
    from coinmux.framework.models.base import Query, Result
    from coinmux.framework.models.capability import Capability

#: A clock may be off by so much before its time is called the future (`faults.md` E3).
FUTURE_MS = 60_000
#: Miners may set a block's time up to two hours ahead (Bitcoin Core, MAX_FUTURE_BLOCK_TIME).
BITCOIN_AHEAD_MS = 7_200_000
_DAY_MS = 86_400_000
#: Shortest month.
_MONTH_MS = 28 * _DAY_MS
#: So many gaps in a row are no lack of trades.
_MANY = 9
#: The latest candles may end so many intervals ago, or a day, before they are called late.
_LATE_CANDLES = 3


def check(capability: Capability, query: Query, result: object, now_ms: int) -> Result:
    """`result` if it can be an answer to `query`.

    Raises:
        PluginError: it is not the capability's model.
        Empty: it holds nothing where that is no answer.
        Implausible: it is about something else, from the future, or spaced wrongly.
    """
    if not isinstance(result, capability.result):
        raise PluginError(
            f"{capability.hook} returned {type(result).__name__}, not {capability.result.__name__}"
        )
    if not capability.empty_legal and result.is_empty():
        raise Empty(f"no {capability.name} in the answer")
    asked_of, told_of = query.__dict__, result.__dict__
    for name in _SUBJECT:
        asked = asked_of.get(name)
        if asked is not None:
            said = told_of.get(name)
            if said is not None and said != asked:
                raise Implausible(f"asked for {name} {asked}, the answer is about {str(said)[:40]}")
    if isinstance(result, Social) and isinstance(query, SocialQuery):
        if result.symbol != query.asset:
            raise Implausible(f"asked for {query.asset}, the answer is about {result.symbol[:40]}")
    elif isinstance(result, TextSentiment) and isinstance(query, TextSentimentQuery):
        if len(result.results) != len(query.texts):
            raise Implausible(f"{len(result.results)} readings of {len(query.texts)} texts")
    elif isinstance(result, News):
        return _without_future(result, now_ms)
    if isinstance(result, Candles) and isinstance(query, CandlesQuery):
        _check_spacing(result, query, now_ms)
    else:
        newest = own_time(result)
        if newest is not None and newest > now_ms + _ahead_ms(result):
            raise Implausible(f"its time is {(newest - now_ms) / 1000:.0f} s in the future")
    return result


_SUBJECT = ("symbol", "interval", "chain", "address", "metric", "asset", "page")


def _ahead_ms(result: Result) -> int:
    """How far ahead of our clock its time may be."""
    if isinstance(result, ChainHead) and result.chain is Chain.BITCOIN:
        return BITCOIN_AHEAD_MS
    return FUTURE_MS


def own_time(result: Result) -> int | None:
    """The data's own time in Unix ms, None where it has none."""
    if isinstance(result, Trades):
        return result.trades[-1].timestamp if result.trades else None
    time = result.__dict__.get("timestamp")
    return time if type(time) is int else None


def _without_future(news: News, now_ms: int) -> News:
    """A date that is to come is a slip of the publisher's: the item stays, its date does not."""
    if all((item.published_at or 0) <= now_ms + FUTURE_MS for item in news.items):
        return news
    items = [
        item.model_copy(update={"published_at": None})
        if (item.published_at or 0) > now_ms + FUTURE_MS
        else item
        for item in news.items
    ]
    items.sort(key=lambda item: -(item.published_at or 0))
    return news.model_copy(update={"items": tuple(items)})


def is_whole(candles: Candles, query: CandlesQuery, now_ms: int) -> bool:
    """Whether closed `candles` are all there can be of a range that is over: as many as asked for,
    without a gap, up to its end. Months are of no fixed length, and never called whole.
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
    """Seconds the latest candles end before now, where that is no market without trades."""
    if query.end is not None or not len(candles):
        return None
    late_ms = now_ms - int(candles.timestamp[-1]) - query.interval.ms
    return late_ms / 1000 if late_ms > max(_LATE_CANDLES * query.interval.ms, _DAY_MS) else None


def age_s(result: Result, now_ms: int) -> float | None:
    """Seconds since the data's own time, for the kinds whose age matters; else None."""
    if isinstance(result, (Ticker, OrderBook, Gas)):
        time = own_time(result)
        return None if time is None else (now_ms - time) / 1000
    return None


def _check_spacing(candles: Candles, query: CandlesQuery, now_ms: int) -> None:
    time = candles.timestamp
    if time[-1] > now_ms + FUTURE_MS:
        raise Implausible("its last candle opens in the future")
    if time.size < 2:
        return
    gaps = np.diff(time)
    wrong = gaps < _MONTH_MS if query.interval == "1M" else gaps % query.interval.ms != 0
    # Minutes without a trade leave gaps, but not between all of many, nor ever the same one.
    longest = 4 * _MONTH_MS // 3 if query.interval == "1M" else query.interval.ms
    if gaps.min() > longest and (gaps.size >= _MANY or (gaps.size > 1 and not np.ptp(gaps))):
        wrong = gaps > longest
    if wrong.any():
        raise Implausible(
            f"asked for {query.interval}, candles stand {int(gaps[wrong][0]) // 1000} s apart"
        )
