"""Whether a well-formed answer can be true: the right subject, the right time, the right spacing.

What a result can judge by itself (negative prices, seconds for milliseconds) its model refuses;
here it is held against the query and the clock (`faults.md` rows E2 to E8).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from framework.chains import Chain
from framework.errors import Empty, Implausible, PluginError
from framework.models.chain import ChainHead, Gas
from framework.models.market import Candles, CandlesQuery, OrderBook, Ticker, Trades

if TYPE_CHECKING:
    from framework.capabilities import Capability
    from framework.models.base import Query, Result

#: A clock may be off by so much before its time is called the future (`faults.md` E3).
FUTURE_MS = 60_000
#: Miners may set a block's time up to two hours ahead (Bitcoin Core, MAX_FUTURE_BLOCK_TIME).
BITCOIN_AHEAD_MS = 7_200_000
#: Shortest month.
_MONTH_MS = 28 * 86_400_000


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
    if isinstance(result, Candles) and isinstance(query, CandlesQuery):
        _check_spacing(result, query, now_ms)
    else:
        newest = own_time(result)
        if newest is not None and newest > now_ms + _ahead_ms(result):
            raise Implausible(f"its time is {(newest - now_ms) / 1000:.0f} s in the future")
    return result


_SUBJECT = ("symbol", "interval", "chain", "address", "metric")


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
    if wrong.any():
        raise Implausible(
            f"asked for {query.interval}, candles stand {int(gaps[wrong][0]) // 1000} s apart"
        )
