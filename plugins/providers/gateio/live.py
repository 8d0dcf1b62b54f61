"""Gate's socket: one message for each subscription, as one bad pair refuses a whole message.

A channel of ours is its channel and the payload: `spot.candlesticks:1m,BTC_USDT`.

Source: https://www.gate.com/docs/developers/apiv4/ws/en/, read 2026-11-28.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from coinmux import HTTPClient, hookimpl
from coinmux import errors as e
from coinmux import models as m
from coinmux import sockets as s
from coinmux.plugins.providers.gateio.spelling import INTERVALS, STYLE

#: Levels of each side of its books.
BOOKS = (50, 400)
#: Its channels -> the member that says which payload a row belongs to.
NAMED_BY = {
    "spot.tickers": "currency_pair",
    "spot.trades": "currency_pair",
    "spot.candlesticks": "n",
}
BOOK = "spot.obu"

#: A listed pair always has orders that move, so that prices or a book that are silent are none.
SILENCE_S = 60.0

Row = TypeVar("Row")


class Body(msgspec.Struct):
    """A message; its result is read by who knows what it is."""

    event: str | None = None
    channel: str | None = None
    time_ms: Any = None
    result: msgspec.Raw = msgspec.Raw()
    id: Any = None
    error: Any = None


class Book(msgspec.Struct, Generic[Row]):
    """A book, or what changed of it, where a side that did not change may be left out."""

    name: str = msgspec.field(name="s")
    last: int = msgspec.field(name="u")
    first: int | None = msgspec.field(name="U", default=None)
    is_whole: bool = msgspec.field(name="full", default=False)
    timestamp: Any = msgspec.field(name="t", default=None)
    bids: list[Row] = msgspec.field(name="b", default_factory=list)
    asks: list[Row] = msgspec.field(name="a", default_factory=list)


BODY = s.Shape(Body)
ONE = s.Shape(Book[list[float]], Book[Any])
SEVERAL = s.Shape(list[Book[list[float]]], list[Book[Any]])


class Dialect(s.SocketDialect):
    """One connection; it wants to know the time of each request."""

    def __init__(self) -> None:
        self._http: HTTPClient | None = None
        self._last_id = 0
        #: The messages that are not answered yet -> their channels.
        self._asked: dict[int, str] = {}

    async def address(self, http: HTTPClient, url: str) -> str:
        self._http = http
        return url

    def subscribe(self, channels: Sequence[str]) -> Sequence[s.Frame]:
        return [self._ask("subscribe", channel) for channel in channels]

    def unsubscribe(self, channels: Sequence[str]) -> Sequence[s.Frame]:
        return [self._ask("unsubscribe", channel) for channel in channels]

    def keep_alive(self) -> s.Frame:
        return f'{{"time":{self._now_s()},"channel":"spot.ping"}}'

    def _now_s(self) -> int:
        return 0 if self._http is None else self._http.now_ms() // 1000

    def _ask(self, event: str, channel: str) -> s.Frame:
        self._last_id += 1
        if event == "subscribe":
            self._asked[self._last_id] = channel
        name, _, payload = channel.partition(":")
        return json.dumps(
            {
                "time": self._now_s(),
                "id": self._last_id,
                "channel": name,
                "event": event,
                "payload": payload.split(","),
            },
            separators=(",", ":"),
        )

    def read(self, frame: s.Frame) -> Iterable[s.Said]:
        said = BODY.read(frame)
        if said.event == "update":
            return _books(said) if said.channel == BOOK else _messages(said)
        if said.error is not None:
            return [self._refusal(said)]
        if said.event == "subscribe":
            number = said.id
            channel = self._asked.pop(number, None) if type(number) is int else None
            if channel is not None:
                return [s.Subscribed([channel])]
        return [s.Alive()]

    def _refusal(self, said: Body) -> s.Said:
        told = said.error if isinstance(said.error, dict) else {}
        code, text = str(told.get("code"))[:20], str(told.get("message"))[:200]
        number = said.id
        channel = self._asked.pop(number, None) if type(number) is int else None
        if channel is None:
            return s.Alive()
        error: e.CoinmuxError
        if "unknown currency pair" in text.lower():
            error = e.UnknownSymbol(channel.partition(":")[2], f"Gate: {text}")
        else:
            error = e.BadStatus(f"Gate: {text} ({code})")
        return s.Refused([channel], error)


def _books(said: Body) -> Iterable[s.Said]:
    """The books of a message, each under its channel."""
    is_list = bytes(memoryview(said.result)[:1]) == b"["
    books = SEVERAL.read(said.result) if is_list else [ONE.read(said.result)]
    return [s.Message(f"{BOOK}:{book.name}", book) for book in books]


def _messages(said: Body) -> Iterable[s.Said]:
    """The rows of a message, which may be one or a list, each under its channel."""
    name, at = said.channel, said.time_ms
    member = None if name is None else NAMED_BY.get(name)
    if member is None:
        return [s.Alive()]
    rows = s.read_json(said.result)
    found: dict[str, list[Any]] = {}
    for row in rows if isinstance(rows, list) else [rows]:
        payload = row.get(member) if isinstance(row, dict) else None
        if not isinstance(payload, str):
            raise e.SchemaMismatch(f"a row of {name} has no {member}")
        if member == "n":
            payload = payload.replace("_", ",", 1)
        found.setdefault(f"{name}:{payload}", []).append(row)
    return [s.Message(channel, {"time_ms": at, "rows": rows}) for channel, rows in found.items()]


@hookimpl
def socket_dialect(socket: str) -> s.SocketDialect:
    """Its only socket."""
    return Dialect()


@hookimpl
def stream_ticker(query: m.TickerQuery) -> s.Subscription[m.Ticker]:
    """Whole tickers; the time is the message's."""
    pair = STYLE.native(query.symbol)

    def read(channel: str, body: Any) -> Iterable[m.Ticker]:
        for row in body["rows"]:
            yield m.Ticker.of(
                query,
                timestamp=body["time_ms"],
                last=row["last"],
                bid=m.optional(row, "highest_bid"),
                ask=m.optional(row, "lowest_ask"),
                high=m.optional(row, "high_24h"),
                low=m.optional(row, "low_24h"),
                change_percent=m.optional(row, "change_percentage"),
                volume_base=m.optional(row, "base_volume"),
                volume_quote=m.optional(row, "quote_volume"),
            )

    return s.Subscription(channels=(f"spot.tickers:{pair}",), read=read, silence_s=SILENCE_S)


@hookimpl
def stream_trades(query: m.TradesQuery) -> s.Subscription[m.Trade | s.TradeMark]:
    """Trades one by one or in lists; the time is in milliseconds with a fraction."""
    pair = STYLE.native(query.symbol)

    def one(row: Any) -> m.Trade:
        return m.Trade.of(
            id=m.optional(row, "id"),
            timestamp=row["create_time_ms"],
            side=m.optional(row, "side"),
            price=row["price"],
            amount=row["amount"],
        )

    def read(channel: str, body: Any) -> Iterable[m.Trade]:
        return m.read_rows(body["rows"], one, kind="trades")

    return s.Subscription(channels=(f"spot.trades:{pair}",), read=read, ids="rising")


@hookimpl
def stream_order_book(query: m.OrderBookQuery) -> s.Subscription[s.BookChange]:
    """The whole book of 50 or 400 levels a side at first, then each change of it."""
    pair = STYLE.native(query.symbol)
    levels = next((levels for levels in BOOKS if levels >= query.depth), BOOKS[-1])

    def read(channel: str, body: Book[Any]) -> list[s.BookChange]:
        is_whole, first = body.is_whole, body.first
        if first is None and not is_whole:
            raise e.SchemaMismatch("U is missing")
        change = s.BookChange(
            body.bids,
            body.asks,
            is_whole,
            first=None if is_whole else first,
            last=body.last,
            timestamp=body.timestamp,
        )
        return [change]

    return s.Subscription(
        channels=(f"spot.obu:ob.{pair}.{levels}",),
        read=read,
        silence_s=SILENCE_S,
        book=s.BookRules(link="adjacent", depth=levels),
    )


@hookimpl
def stream_candles(query: m.CandlesQuery) -> s.Subscription[s.LiveCandle]:
    """`v` is the volume in the quote, `a` in the base; `w` says whether it is closed, where it is
    there.
    """
    pair, length = STYLE.native(query.symbol), INTERVALS[query.interval]

    def read(channel: str, body: Any) -> Iterable[s.LiveCandle]:
        for row in body["rows"]:
            closed = row.get("w")
            yield s.LiveCandle(
                int(row["t"]) * 1000,
                row["o"],
                row["h"],
                row["l"],
                row["c"],
                m.optional(row, "a"),
                is_closed=closed if isinstance(closed, bool) else None,
            )

    return s.Subscription(channels=(f"spot.candlesticks:{length},{pair}",), read=read)
