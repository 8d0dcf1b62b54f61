"""What a source's messages mean for one kind of feed: data that is told, and what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import msgspec

from coinmux.framework.errors import CoinmuxError
from coinmux.framework.models.candles import Candles, CandlesQuery
from coinmux.framework.models.market import (
    OrderBookQuery,
    Ticker,
    Trades,
    TradesQuery,
)
from coinmux.framework.streams.book_line import BookLine, BookState
from coinmux.framework.streams.candle_line import CandleLine
from coinmux.framework.streams.trade_candles import TradeCandles
from coinmux.framework.streams.trade_line import TradeLine

if TYPE_CHECKING:
    from coinmux.framework.clock import Clock
    from coinmux.framework.models.base import Query, Result
    from coinmux.framework.models.live import BookChange, TradeMark
    from coinmux.framework.models.market import Trade
    from coinmux.framework.plugins.socket_dialect import Subscription
    from coinmux.framework.streams.candle_told import CandleRow

#: Trades of a snapshot, and candles.
SNAPSHOT_ROWS = 200


class Told(msgspec.Struct, frozen=True, gc=False):
    """What a message changed.

    Attributes:
        replaces: as of `LiveEvent`.
    """

    data: Result
    replaces: object = None


class Lane(Protocol):
    """One source's messages about one question, made into data.

    Attributes:
        keeps_told: whether what was told last is still true where `snapshot` knows nothing.
        tells_at_once: whether a source says something as soon as it is followed, however quiet
            the market.
    """

    keeps_told: ClassVar[bool]
    tells_at_once: ClassVar[bool]

    def begin(self, subscription: Subscription[Any]) -> None:
        """On a new connection."""
        ...

    def renew(self, subscription: Subscription[Any]) -> None:
        """On another connection, and nothing was missed; the last moments may come again."""
        ...

    def hear(self, said: Sequence[Any]) -> Iterable[Told]:
        """What a message changes.

        Raises:
            BrokenFeed: what is known is not true any more.
            ProviderError: it cannot be read.
        """
        ...

    def unreadable(self, error: CoinmuxError) -> None:
        """A message could not be read.

        Raises:
            BrokenFeed: without it nothing is known any more.
        """
        ...

    def tick(self) -> Iterator[Told]:
        """What the passing of time changes."""
        ...

    def snapshot(self) -> Result | None:
        """The state as a whole; None while it is not known."""
        ...

    def asks(self) -> Query | None:
        """What must be asked by REST: what is missing, or where it begins; None for nothing."""
        ...

    def answered(self, result: Result, by: str) -> Iterator[Told]:
        """What the answer changes."""
        ...

    def give_up(self) -> str | None:
        """Forget what is missing, as it will not come; what it was, in words."""
        ...

    def lost_before(self, time_ms: int) -> str | None:
        """What is missing from before a time, in words: no other source is asked for that."""
        ...

    def resume(self, since_ms: int | None) -> None:
        """Forget all: readers were told by others, up to a time as of `lane_for`."""
        ...


class TickerLane:
    """Prices: the newest is all there is."""

    keeps_told: ClassVar[bool] = True
    tells_at_once: ClassVar[bool] = True

    def __init__(self) -> None:
        self._last: Ticker | None = None

    def begin(self, subscription: Subscription[Any]) -> None:
        self._last = None

    def renew(self, subscription: Subscription[Any]) -> None:
        pass

    def hear(self, said: Sequence[Ticker]) -> Iterable[Told]:
        self._last = said[-1]
        return (Told(self._last, "ticker"),)

    def unreadable(self, error: CoinmuxError) -> None:
        pass

    def tick(self) -> Iterator[Told]:
        yield from ()

    def snapshot(self) -> Result | None:
        return self._last

    def asks(self) -> Query | None:
        return None

    def answered(self, result: Result, by: str) -> Iterator[Told]:
        yield from ()

    def give_up(self) -> str | None:
        return None

    def lost_before(self, time_ms: int) -> str | None:
        return None

    def resume(self, since_ms: int | None) -> None:
        pass


class BookLane:
    """An order book, as deep as it was asked for."""

    keeps_told: ClassVar[bool] = False
    tells_at_once: ClassVar[bool] = True

    def __init__(self, query: OrderBookQuery) -> None:
        self._query = query
        self._line: BookLine | None = None
        self._version = -1

    @property
    def line(self) -> BookLine:
        """The line of the connection."""
        assert self._line is not None
        return self._line

    def begin(self, subscription: Subscription[Any]) -> None:
        if self._line is None:
            self._line = BookLine(self._query.symbol, subscription.book)
        self._line.begin()

    def renew(self, subscription: Subscription[Any]) -> None:
        if subscription.book is None or subscription.book.snapshot is None:
            self.begin(subscription)  # the whole book comes first
        elif self._line is not None:
            self._line.renew()

    def hear(self, said: Sequence[BookChange]) -> Iterable[Told]:
        line = self._line
        assert line is not None
        for change in said:
            line.apply(change)
        return self._changed(line)

    def unreadable(self, error: CoinmuxError) -> None:
        if self._line is not None:
            self._line.missed(error.detail)

    def tick(self) -> Iterator[Told]:
        yield from ()

    def snapshot(self) -> Result | None:
        if self._line is None or self._line.state is not BookState.TRUE:
            return None
        return self._line.book(self._query.depth)

    def take(self, change: BookChange) -> Iterable[Told]:
        """Take the whole book that was asked for."""
        self.line.snapshot(change)
        return self._changed(self.line)

    def asks(self) -> Query | None:
        return None

    def answered(self, result: Result, by: str) -> Iterator[Told]:
        yield from ()

    def give_up(self) -> str | None:
        return None

    def lost_before(self, time_ms: int) -> str | None:
        return None

    def resume(self, since_ms: int | None) -> None:
        pass

    def _changed(self, line: BookLine) -> Iterable[Told]:
        if line.version == self._version or line.state is not BookState.TRUE:
            return ()
        self._version = line.version
        return (Told(line.book(self._query.depth), "order_book"),)


class TradesLane:
    """Trades, each once.

    Args:
        since_ms: the time of the newest trade that readers have from another source.
    """

    keeps_told: ClassVar[bool] = True
    tells_at_once: ClassVar[bool] = False

    def __init__(self, query: TradesQuery, since_ms: int | None = None) -> None:
        self._query = query
        self._since_ms = since_ms
        self._line: TradeLine | None = None
        self._is_seeded = False

    def begin(self, subscription: Subscription[Any]) -> None:
        if self._line is None:
            self._line = TradeLine(self._query.symbol, subscription.ids)
        self._line.begin(self._since_ms)
        self._since_ms = None

    def renew(self, subscription: Subscription[Any]) -> None:
        assert self._line is not None
        self._line.renew()

    def hear(self, said: Sequence[Trade | TradeMark]) -> Iterable[Told]:
        line = self._line
        assert line is not None
        new = line.hear(said)
        return (Told(line.told(new)),) if new else ()

    def unreadable(self, error: CoinmuxError) -> None:
        if self._line is not None:
            self._line.unsure()

    def tick(self) -> Iterator[Told]:
        yield from ()

    def snapshot(self) -> Result | None:
        if self._line is None:
            return None
        return self._line.latest(SNAPSHOT_ROWS)

    def asks(self) -> Query | None:
        if self._line is None:
            return None
        if self._line.is_missing:
            return self._query.model_copy(update={"limit": 1_000})
        if not self._is_seeded:
            return self._query.model_copy(update={"limit": SNAPSHOT_ROWS})
        return None

    def answered(self, result: Result, by: str) -> Iterator[Told]:
        assert self._line is not None
        assert isinstance(result, Trades)
        self._is_seeded = True
        filled = self._line.fill(result.trades, by)
        if filled.trades:
            yield Told(self._line.told(filled.trades))
        if self._line.newest is None:
            self._line.seed(result.trades)

    def give_up(self) -> str | None:
        if self._line is None:
            return None
        self._is_seeded = True
        return "; ".join(map(str, self._line.give_up())) or None

    def lost_before(self, time_ms: int) -> str | None:
        missing = () if self._line is None else self._line.missing()
        lost = [one for one in missing if one.until_ms is not None and one.until_ms <= time_ms]
        return "; ".join(map(str, lost)) or None

    def resume(self, since_ms: int | None) -> None:
        self._line, self._since_ms, self._is_seeded = None, since_ms, False


class CandlesLane:
    """Candles, closed once.

    Args:
        after_ms: the opening time of the last closed candle that readers have.
    """

    keeps_told: ClassVar[bool] = True
    tells_at_once: ClassVar[bool] = True

    def __init__(self, query: CandlesQuery, clock: Clock, after_ms: int | None = None) -> None:
        self._query = query
        self._clock = clock
        self._after_ms = after_ms
        self._line: CandleLine | None = None
        self._is_seeded = False

    def begin(self, subscription: Subscription[Any]) -> None:
        if self._line is None:
            self._line = CandleLine(
                self._query.symbol, self._query.interval, after_ms=self._after_ms,
                settles_s=subscription.settles_s,
            )  # fmt: skip
        self._line.begin()

    def renew(self, subscription: Subscription[Any]) -> None:
        pass  # what is told again changes nothing

    def hear(self, said: Sequence[Any]) -> Iterator[Told]:
        assert self._line is not None
        now_ms = self._clock.wall_ms()
        for candle in said:
            yield from _told_candles(self._line, self._line.hear(candle, now_ms))

    def unreadable(self, error: CoinmuxError) -> None:
        if self._line is not None:
            self._line.unsure()

    def tick(self) -> Iterator[Told]:
        if self._line is not None:
            yield from _told_candles(self._line, self._line.tick(self._clock.wall_ms()))

    def snapshot(self) -> Result | None:
        if self._line is None:
            return None
        found = self._line.latest(SNAPSHOT_ROWS)
        return found if len(found) else None

    def asks(self) -> Query | None:
        return _missing_candles(self._line, self._query, is_seeded=self._is_seeded)

    def answered(self, result: Result, by: str) -> Iterator[Told]:
        assert self._line is not None
        assert isinstance(result, Candles)
        yield from _told_candles(self._line, self._line.fill(result, by).rows)
        if not self._is_seeded:
            self._is_seeded = True
            self._line.seed(result, with_open=False)

    def give_up(self) -> str | None:
        if self._line is None:
            return None
        self._is_seeded = True
        return "; ".join(map(str, self._line.give_up())) or None

    def lost_before(self, time_ms: int) -> str | None:
        missing = () if self._line is None else self._line.missing()
        return "; ".join(str(one) for one in missing if one.last_ms <= time_ms) or None

    def resume(self, since_ms: int | None) -> None:
        self._line, self._after_ms, self._is_seeded = None, since_ms, False


class MadeCandlesLane(CandlesLane):
    """Candles of a source that sends none, made of its trades."""

    tells_at_once: ClassVar[bool] = False
    _trades: TradeLine | None = None
    _made: TradeCandles | None = None

    def begin(self, subscription: Subscription[Any]) -> None:
        now_ms = self._clock.wall_ms()
        if self._trades is None or self._made is None:
            self._trades = TradeLine(self._query.symbol, subscription.ids)
            self._line = self._made = TradeCandles(
                self._query.symbol, self._query.interval, since_ms=now_ms, after_ms=self._after_ms
            )
        self._trades.begin()
        if lost := self._trades.give_up():
            self._made.lost(lost, now_ms)

    def renew(self, subscription: Subscription[Any]) -> None:
        assert self._trades is not None
        self._trades.renew()

    def hear(self, said: Sequence[Any]) -> Iterator[Told]:
        assert self._trades is not None
        assert self._made is not None
        now_ms = self._clock.wall_ms()
        new = self._trades.hear(said)
        if lost := self._trades.give_up():
            self._made.lost(lost, now_ms)
        yield from _told_candles(self._made, self._made.trade(new, (), now_ms))

    def unreadable(self, error: CoinmuxError) -> None:
        if self._trades is not None:
            self._trades.unsure()

    def resume(self, since_ms: int | None) -> None:
        super().resume(since_ms)
        self._trades = self._made = None

    def answered(self, result: Result, by: str) -> Iterator[Told]:
        assert self._made is not None
        assert isinstance(result, Candles)
        self._made.complete(result)
        yield from super().answered(result, by)


def _missing_candles(
    line: CandleLine | None, query: CandlesQuery, *, is_seeded: bool
) -> Query | None:
    if line is None:
        return None
    if missing := line.missing():
        count = (missing[-1].last_ms - missing[0].first_ms) // query.interval.ms + 2
        return query.model_copy(
            update={
                "start": missing[0].first_ms,
                "end": missing[-1].last_ms,
                "limit": min(max(count, 1), 1_000),
            }
        )
    return None if is_seeded else query.model_copy(update={"limit": SNAPSHOT_ROWS})


def _told_candles(line: CandleLine | None, rows: Sequence[CandleRow]) -> Iterator[Told]:
    """Closed candles together, then the open one, which the next replaces."""
    assert line is not None
    closed = [row for row in rows if row.is_closed]
    opened = [row for row in rows if not row.is_closed]
    if closed:
        yield Told(line.told(closed))
    if opened:
        yield Told(line.told(opened[-1:]), ("open", opened[-1].timestamp))


def lane_for(
    capability: str, query: Query, clock: Clock, since_ms: int | None, *, is_made: bool
) -> Lane:
    """The lane of one source for a question.

    Args:
        since_ms: the newest that readers have from another source: a trade's time, the opening
            time of a closed candle.
        is_made: whether candles are made of trades.
    """
    if isinstance(query, OrderBookQuery):
        return BookLane(query)
    if isinstance(query, TradesQuery):
        return TradesLane(query, since_ms)
    if isinstance(query, CandlesQuery):
        kind = MadeCandlesLane if is_made else CandlesLane
        return kind(query, clock, since_ms)
    return TickerLane()


def newest_of(data: Result) -> int | None:
    """The newest that readers have by `data`: a trade's time, a closed candle's opening time."""
    if isinstance(data, Trades):
        return data.trades[-1].timestamp if data.trades else None
    if isinstance(data, Candles) and len(data):
        closed = len(data) - (1 if data.last_closed is False else 0)
        return int(data.timestamp[closed - 1]) if closed else None
    return None


def answers(data: Result, query: Query) -> bool:
    """Whether `data` is all that a request for `query` would give."""
    return not isinstance(data, Candles) or len(data) >= query.__dict__.get("limit", 0)


def made_of(query: Query, follow: Mapping[str, object], capability: str) -> Query | None:
    """The trades that candles are made of, where the source sends no candles; else None."""
    if isinstance(query, CandlesQuery) and capability not in follow:
        return TradesQuery(symbol=query.symbol)
    return None


def subject_of(query: Query) -> str:
    """What a question is about, as readers know it."""
    symbol = str(query.__dict__["symbol"])
    return f"{symbol} {query.interval}" if isinstance(query, CandlesQuery) else symbol


def beside_pair(query: Query) -> dict[str, str | int | float]:
    """What is asked for beside the pair: the interval of candles, the depth of a book."""
    fields = query.__dict__
    return {
        name: str(value) if name == "interval" else value
        for name in ("interval", "depth")
        if (value := fields.get(name)) is not None
    }
