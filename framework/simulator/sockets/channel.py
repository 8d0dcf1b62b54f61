"""One channel that a client follows: what is to be told of it next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coinmux.framework.simulator.sockets.live_book import Levels, changes
from coinmux.framework.simulator.sockets.live_market import opening_ms
from coinmux.framework.simulator.sockets.speech import BookNow

if TYPE_CHECKING:
    from coinmux.framework.simulator.sockets.live_market import LiveMarket
    from coinmux.framework.simulator.sockets.speech import CandleNow, Follow, Row


class Channel:
    """What a client has been told, and what comes next.

    Args:
        follow: as the exchange's module understood the client.
        market: of its pair.
        now_ms: since when it is followed.
    """

    def __init__(self, follow: Follow, market: LiveMarket, now_ms: int) -> None:
        self.follow = follow
        self._market = market
        self._due_ms = now_ms
        self._trade_id = market.newest(now_ms).id
        self._past = follow.past
        self._opens_ms = opening_ms(follow.interval, now_ms) if follow.interval else 0
        self._book: tuple[int, Levels, Levels] | None = None

    def rows(self, now_ms: int) -> list[Row]:
        """What is to be told now, in order."""
        if self.follow.kind == "trades":
            return self._trades(now_ms)
        # A clock that is set back makes no silence,
        if 0 < self._due_ms - now_ms <= self.follow.every_ms:
            return []
        # and one that jumps no flood: it is not counted from the last time.
        self._due_ms = now_ms + self.follow.every_ms
        if self.follow.kind == "ticker":
            return [self._market.ticker(now_ms)]
        if self.follow.kind == "candles":
            return list(self._candles(now_ms))
        return self._changes(now_ms)

    def _trades(self, now_ms: int) -> list[Row]:
        found: list[Row] = []
        if self._past:
            past = self._market.trades(self._trade_id - self._past, now_ms)
            found.append([trade for trade in past if trade.id <= self._trade_id])
            self._past = 0
        new = self._market.trades(self._trade_id, now_ms)
        if new:
            self._trade_id = new[-1].id
            found.append(new)
        return found

    def _candles(self, now_ms: int) -> list[CandleNow]:
        interval = self.follow.interval
        now = self._market.candle(interval, now_ms)
        if now.opens_ms == self._opens_ms:
            return [now]
        self._opens_ms = now.opens_ms
        return [self._market.closed(interval, now_ms), now]

    def _changes(self, now_ms: int) -> list[Row]:
        number = self._market.book.number(now_ms)
        full_bids, full_asks = self._market.levels(now_ms)
        depth = self.follow.depth
        bids, asks = full_bids[:depth], full_asks[:depth]
        told = self._book
        previous, old_bids, old_asks = told if told is not None else (number, [], [])
        if number < previous:
            return []  # what was told is not taken back
        is_whole = told is None or self.follow.is_whole
        is_fall_told = self.follow.is_fall_told
        if is_whole:
            new_bids, new_asks = bids, asks
        else:
            new_bids = changes(old_bids, bids, is_fall_told=is_fall_told, full=full_bids)
            new_asks = changes(old_asks, asks, is_fall_told=is_fall_told, full=full_asks)
            if not new_bids and not new_asks:
                return []
        self._book = (number, bids, asks)
        return [
            BookNow(
                pair=self.follow.pair,
                at_ms=now_ms,
                first=number if told is None else previous + 1,
                last=number,
                previous=previous,
                is_whole=is_whole,
                bids=new_bids,
                asks=new_asks,
                all_bids=bids,
                all_asks=asks,
            )
        ]
