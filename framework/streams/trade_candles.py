"""Candles made of the trades of a live feed, for sources that send none. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from coinmux.framework.models.live import LiveCandle
from coinmux.framework.streams.candle_line import CandleLine
from coinmux.framework.streams.candle_times import next_open, open_of
from coinmux.framework.streams.candle_told import rows_of

if TYPE_CHECKING:
    from coinmux.framework.models.candles import Candles
    from coinmux.framework.models.market import Trade
    from coinmux.framework.reference.intervals import Interval
    from coinmux.framework.reference.symbols import Symbol
    from coinmux.framework.streams.candle_told import CandleRow
    from coinmux.framework.streams.trade_gaps import MissingTrades

#: How long after its end trades of a candle may come.
_SETTLES_S = 1.0


@dataclass(slots=True)
class _Sum:
    """The trades of one candle, added up.

    Attributes:
        first, last: the places of the trades that are `open` and `close`.
    """

    first: tuple[int, int]
    last: tuple[int, int]
    open: float
    high: float
    low: float
    close: float
    volume: float

    @classmethod
    def of(cls, trade: Trade) -> _Sum:
        place, price = _place(trade), trade.price
        return cls(place, place, price, price, price, price, trade.amount)

    def add(self, trade: Trade) -> None:
        """Add a trade; of two whose order nothing tells, the one that comes later is later."""
        place, price = _place(trade), trade.price
        if place < self.first:
            self.first, self.open = place, price
        if place >= self.last:
            self.last, self.close = place, price
        self.high, self.low = max(self.high, price), min(self.low, price)
        self.volume += trade.amount


def _place(trade: Trade) -> tuple[int, int]:
    """By which trades are in order: time, then a number that is an id."""
    id_ = trade.id
    return trade.timestamp, int(id_) if id_ is not None and id_.isdecimal() else 0


class TradeCandles(CandleLine):
    """The candles of one market and interval, made of its trades.

    A candle is whole if trades were heard from its beginning to its end and none is missing. Others
    are told while they are open, marked, and are missing when they are over.

    Args:
        since_ms: the time from which every trade is heard, or was asked for and told to `trade`.

    Attributes:
        late: trades of candles that were closed already.
    """

    def __init__(
        self,
        symbol: Symbol,
        interval: Interval,
        *,
        since_ms: int,
        after_ms: int | None = None,
        settles_s: float = _SETTLES_S,
    ) -> None:
        super().__init__(symbol, interval, after_ms=after_ms, settles_s=settles_s)
        self.late = 0
        self._since = since_ms
        self._sums: dict[int, _Sum] = {}
        #: What a request told of a candle whose beginning was not heard.
        self._begun: dict[int, CandleRow] = {}
        #: Trades that are missing, and those that will not come any more.
        self._holes: tuple[MissingTrades, ...] = ()
        self._lost: list[MissingTrades] = []

    def begin(self) -> None:
        """Nothing is void: what was not heard meanwhile is among the missing trades."""

    def trade(
        self, trades: Iterable[Trade], missing: Sequence[MissingTrades], now_ms: int
    ) -> list[CandleRow]:
        """What new trades change.

        Args:
            trades: as `TradeLine` tells them.
            missing: the trades that are missing now.
        """
        self._holes = tuple(missing)
        opens = set()
        for trade in trades:
            time = open_of(self._interval, trade.timestamp)
            if self._done is not None and time <= self._done:
                self.late += time not in self._missing
                continue
            known = self._sums.get(time)
            if known is None:
                self._sums[time] = _Sum.of(trade)
            else:
                known.add(trade)
            opens.add(time)
        told: list[CandleRow] = []
        for time in sorted(opens):
            told += self.hear(self._candle(time), now_ms)
        self._forget_done()
        return told

    def lost(self, missing: Iterable[MissingTrades], now_ms: int) -> None:
        """Trades that were missing and will not come: their candles are not whole."""
        self._holes = ()
        self._lost += [
            hole if hole.until_ms is not None else replace(hole, until_ms=now_ms)
            for hole in missing
        ]

    def complete(self, candles: Candles) -> None:
        """Take the beginning of a candle that was not seen whole from what a request gave."""
        for row in rows_of(candles):
            if row.timestamp in self._sums and self._is_partial(row.timestamp):
                self._begun[row.timestamp] = row

    def _candle(self, time: int) -> LiveCandle:
        made, begun = self._sums[time], self._begun.get(time)
        if begun is None:
            return LiveCandle(time, made.open, made.high, made.low, made.close, made.volume)
        # Which trades are in both is not known, so the volume is not.
        high, low = max(made.high, begun.high), min(made.low, begun.low)
        return LiveCandle(time, begun.open, high, low, made.close)

    def _is_partial(self, open_ms: int) -> bool:
        return open_ms < self._since or self._has_hole(open_ms)

    def _is_empty(self, open_ms: int) -> bool:
        return not self._is_partial(open_ms)

    def _has_hole(self, open_ms: int) -> bool:
        end = next_open(self._interval, open_ms)
        return any(
            hole.since_ms < end and (hole.until_ms is None or hole.until_ms >= open_ms)
            for hole in (*self._holes, *self._lost)
        )

    def _forget_done(self) -> None:
        done = self._done
        if done is None or not self._sums:
            return
        for time in [time for time in self._sums if time <= done]:
            del self._sums[time]
            self._begun.pop(time, None)
        if self._lost:
            self._lost = [hole for hole in self._lost if (hole.until_ms or 0) > done]
