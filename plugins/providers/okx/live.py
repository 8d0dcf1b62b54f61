"""OKX's live feeds: tickers and books on its public socket, trades and candles on `business`.

Trades are read from `trades-all`, which has each fill as its requests do: `trades` adds several up
under one id. The checksum of books is always 0 since 2026; their numbers tell of a loss.

Source: https://www.okx.com/docs-v5/en/#overview-websocket, read 2026-11-23.
"""

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from coinmux import RateLimit, hookimpl
from coinmux import errors as e
from coinmux import models as m
from coinmux import sockets as s
from coinmux.plugins.providers.okx.spelling import INTERVALS, STYLE, ticker_of, trade_of

_URL = "wss://ws.okx.com:8443/ws/v5"
#: A client that was silent for 30 s is cut off.
_LIMITS: dict[str, Any] = {
    "messages": (RateLimit(480, 3600),),
    "connects": (RateLimit(3, 1),),
    "ping_s": 20,
    "silence_s": 50,
}
SOCKETS = {
    "": s.SocketInfo(url=f"{_URL}/public", **_LIMITS),
    "business": s.SocketInfo(url=f"{_URL}/business", **_LIMITS),
}
#: Of each side of a book.
LEVELS = 400
#: What a message about a book does to it.
WHOLE = {"snapshot": True, "update": False}
WHOLE_ROW = 9
CLOSED = {"0": False, "1": True}
#: Codes of errors: a channel or instrument there is not; too many requests.
UNKNOWN, TOO_MANY = "60018", ("60014", "60023")
#: Of a notice that the connection ends in a minute.
UPGRADE = "64008"
NAMED = re.compile(r"channel:([\w-]+),\s*instId:([\w-]+)")

Row = TypeVar("Row")


class Channel(msgspec.Struct):
    """What a message is about."""

    channel: str
    inst_id: str = msgspec.field(name="instId")


class Body(msgspec.Struct):
    """A message; its data is read by who knows what it is."""

    arg: Channel | None = None
    event: str | None = None
    code: Any = None
    msg: Any = ""
    action: str = ""
    data: msgspec.Raw = msgspec.Raw()


class Book(msgspec.Struct, Generic[Row]):
    """A book, or what changed of it: rows of price, amount, a zero, and orders."""

    bids: list[Row]
    asks: list[Row]
    number: int = msgspec.field(name="seqId")
    previous: int | None = msgspec.field(name="prevSeqId", default=None)
    inst_id: str | None = msgspec.field(name="instId", default=None)
    ts: Any = None


BODY = s.Shape(Body)
BOOKS = s.Shape(list[Book[list[float]]], list[Book[Any]])


@hookimpl
def socket_dialect(socket: str) -> s.SocketDialect:
    """Both sockets speak alike."""
    return Dialect()


class Dialect(s.SocketDialect):
    """Channels are `tickers:BTC-USDT`: a channel of the source, and the instrument."""

    def subscribe(self, channels: Sequence[str]) -> Sequence[s.Frame]:
        """One message; each channel is confirmed or refused alone."""
        return [_message("subscribe", channels)]

    def unsubscribe(self, channels: Sequence[str]) -> Sequence[s.Frame]:
        """One message."""
        return [_message("unsubscribe", channels)]

    def keep_alive(self) -> s.Frame:
        """A text that is no JSON."""
        return "ping"

    def read(self, frame: s.Frame) -> Iterable[s.Said]:
        """Data, or an event."""
        if frame == "pong":
            return [s.Alive()]
        if frame == "ping":
            return [s.Reply("pong")]
        body = BODY.read(frame)
        event = body.event
        if event is None:
            return [s.Message(_channel(body), body)]
        if event == "subscribe":
            return [s.Subscribed([_channel(body)])]
        if event == "error":
            return [_refused(body)]
        if event == "notice" and str(body.code) == UPGRADE:
            return [s.Leaving(str(body.msg)[:200], after_s=30.0)]
        return [s.Alive()]


def _message(kind: str, channels: Sequence[str]) -> str:
    parts = (channel.partition(":") for channel in channels)
    args = [{"channel": name, "instId": instrument} for name, _, instrument in parts]
    return json.dumps({"op": kind, "args": args})


def _channel(body: Body) -> str:
    arg = body.arg
    if arg is None:
        raise e.SchemaMismatch("arg is missing")
    return f"{arg.channel}:{arg.inst_id}"


def _refused(body: Body) -> s.Said:
    """An error names the channel it is about; one that does not is about all of them."""
    code, detail = str(body.code), str(body.msg)[:200]
    named = NAMED.search(detail)
    if code == UNKNOWN and named is not None:
        return s.Refused([":".join(named.groups())], e.UnknownSymbol(named[2], detail))
    if code in TOO_MANY:
        return s.Refused([], e.RateLimited(f"{code}: {detail}"))
    return s.Refused([], e.BadStatus(f"{code}: {detail}"))


@hookimpl
def stream_ticker(query: m.TickerQuery) -> s.Subscription[m.Ticker]:
    """Whole, with the fields of a request's answer, at most each 100 ms."""

    def read(channel: str, body: Body) -> Iterable[m.Ticker]:
        return [ticker_of(row, query) for row in s.read_json(body.data)]

    return s.Subscription(channels=(_native("tickers", query),), read=read)


@hookimpl
def stream_trades(query: m.TradesQuery) -> s.Subscription[m.Trade | s.TradeMark]:
    """Each fill."""

    def one(row: Any) -> m.Trade:
        return trade_of(row, query.symbol)

    def read(channel: str, body: Body) -> Iterable[m.Trade]:
        return m.read_rows(s.read_json(body.data), one, kind="trades")

    channels = (_native("trades-all", query),)
    return s.Subscription(channels=channels, read=read, socket="business", ids="rising")


@hookimpl
def stream_order_book(query: m.OrderBookQuery) -> s.Subscription[s.BookChange]:
    """400 levels a side: whole, then what changed in 100 ms; it does not always name the pair."""

    def read(channel: str, body: Body) -> list[s.BookChange]:
        is_whole, changes = WHOLE[body.action], []
        for book in BOOKS.read(body.data):
            if book.inst_id is not None:
                STYLE.confirm(query.symbol, book.inst_id)
            if book.previous is None and not is_whole:
                raise e.SchemaMismatch("prevSeqId is missing")
            change = s.BookChange(
                book.bids,
                book.asks,
                is_whole,
                last=book.number,
                previous=None if is_whole else book.previous,
                timestamp=m.read_field("timestamp", int, book.ts),
            )
            changes.append(change)
        return changes

    rules = s.BookRules(link="previous", depth=LEVELS)
    return s.Subscription(channels=(_native("books", query),), read=read, book=rules)


@hookimpl
def stream_candles(query: m.CandlesQuery) -> s.Subscription[s.LiveCandle]:
    """Rows of 9, of which the last says whether the candle is closed; older ones had 7."""

    def one(row: Any) -> s.LiveCandle:
        begins, opens, high, low, close, volume = row[:6]
        is_closed = m.read_word("is_closed", CLOSED, row[-1]) if len(row) >= WHOLE_ROW else None
        return s.LiveCandle(int(begins), opens, high, low, close, volume, is_closed)

    def read(channel: str, body: Body) -> Iterable[s.LiveCandle]:
        return m.read_rows(s.read_json(body.data), one, kind="candles")

    channels = (_native(f"candle{INTERVALS[query.interval]}", query),)
    return s.Subscription(channels=channels, read=read, socket="business")


def _native(name: str, query: Any) -> str:
    return f"{name}:{STYLE.native(query.symbol)}"
