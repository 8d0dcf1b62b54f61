"""Bybit's live feed of spot: tickers with their best levels, trades, books and candles.

A ticker of spot has neither bid nor ask, so that it is read together with a book of one level.

Source: https://bybit-exchange.github.io/docs/v5/ws/connect, read 2026-11-23.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from coinmux import RateLimit, hookimpl
from coinmux import errors as e
from coinmux import models as m
from coinmux import sockets as s
from coinmux.plugins.providers.bybit.spelling import INTERVALS, SIDES, STYLE, ticker_of

SOCKETS = {
    "": s.SocketInfo(
        url="wss://stream.bybit.com/v5/public/spot",
        # 21,000 characters of topics.
        subscriptions=400,
        batch=10,
        connects=(RateLimit(500, 300),),
        ping_s=20,
        silence_s=50,
    )
}
#: Levels a side of its books, smallest first; that of one level is the ticker's.
DEPTHS = (50, 200, 1000)
#: What a refusal of a topic there is not says.
UNKNOWN = ("symbol", "topic", "handler not found")
#: What a message about a book does to it.
WHOLE = {"snapshot": True, "delta": False}
#: A number with which a service that began anew sends the whole book, whatever it calls it.
RESTARTED = 1

Row = TypeVar("Row")


class Body(msgspec.Struct):
    """A message; its data is read by who knows what it is."""

    topic: str | None = None
    type: str = ""
    ts: Any = None
    cts: Any = None
    data: msgspec.Raw = msgspec.Raw()
    success: bool | None = None
    op: str | None = None
    req_id: Any = None
    ret_msg: Any = None


class Book(msgspec.Struct, Generic[Row]):
    """A book, or what changed of it: rows of price and amount."""

    symbol: str = msgspec.field(name="s")
    bids: list[Row] = msgspec.field(name="b")
    asks: list[Row] = msgspec.field(name="a")
    number: int = msgspec.field(name="u")


BODY = s.Shape(Body)
BOOK = s.Shape(Book[list[float]], Book[Any])


@hookimpl
def socket_dialect(socket: str) -> s.SocketDialect:
    """There is one socket."""
    return Dialect()


class Dialect(s.SocketDialect):
    """Channels are its topics, such as `tickers.BTCUSDT`."""

    def __init__(self) -> None:
        self._number = 0
        #: Topics of each request that is not answered yet.
        self._asked: dict[str, list[str]] = {}

    def subscribe(self, channels: Sequence[str]) -> Sequence[s.Frame]:
        """One request; the answer has its number and no topics."""
        self._number += 1
        number = str(self._number)
        self._asked[number] = list(channels)
        return [json.dumps({"op": "subscribe", "args": list(channels), "req_id": number})]

    def unsubscribe(self, channels: Sequence[str]) -> Sequence[s.Frame]:
        """One request."""
        self._number += 1
        args = list(channels)
        return [json.dumps({"op": "unsubscribe", "args": args, "req_id": str(self._number)})]

    def keep_alive(self) -> s.Frame:
        """The answer is one of the same kind."""
        return '{"op":"ping"}'

    def read(self, frame: s.Frame) -> Iterable[s.Said]:
        """Data has a topic, an answer an operation."""
        body = BODY.read(frame)
        if body.topic is not None:
            return [s.Message(body.topic, body)]
        if body.success is False:
            return self._refused(body)
        if body.op == "subscribe":
            asked = self._asked.pop(str(body.req_id), None)
            return [s.Subscribed(asked) if asked else s.Alive()]
        if body.op is None and body.success is None:
            raise e.SchemaMismatch("a message has neither topic nor op")
        return [s.Alive()]

    def _refused(self, body: Body) -> Iterable[s.Said]:
        """One bad topic refuses a request; the others of it are asked for again."""
        asked = self._asked.pop(str(body.req_id), [])
        detail = str(body.ret_msg)[:200]
        words = set(detail.replace(",", " ").replace(":", " ").replace("[", " ").split())
        words |= {word.rstrip("].") for word in words}
        bad = [topic for topic in asked if topic in words]
        if len(asked) == 1 or not asked:
            bad = asked
        rest = [topic for topic in asked if topic not in bad]
        # Where it names none, each is asked for alone.
        requests = [rest] if bad else [[topic] for topic in rest]
        again = [
            s.Reply(frame) for topics in requests if topics for frame in self.subscribe(topics)
        ]
        if asked and not bad:
            return again
        return [s.Refused(bad, _refusal(bad, detail)), *again]


def _refusal(topics: Sequence[str], detail: str) -> e.CoinmuxError:
    if topics and any(word in detail.lower() for word in UNKNOWN):
        return e.UnknownSymbol(topics[0].rpartition(".")[2], detail)
    return e.BadStatus(detail)


@hookimpl
def stream_ticker(query: m.TickerQuery) -> s.Subscription[m.Ticker]:
    """The ticker and the best levels, each whole, are told together."""
    native = STYLE.native(query.symbol)
    tickers = f"tickers.{native}"
    row: dict[str, Any] = {}
    best: dict[str, Any] = {}

    def read(channel: str, body: Body) -> Iterable[m.Ticker]:
        data, known = s.read_json(body.data), row if channel == tickers else best
        STYLE.confirm(query.symbol, data["symbol" if channel == tickers else "s"])
        if WHOLE[body.type]:
            known.clear()
        if channel == tickers:
            row.update(data)
        else:
            best.update((side, price) for side in "ba" for price in _best(data[side]))
        if row:
            yield ticker_of(row, query, timestamp=body.ts, bid=best.get("b"), ask=best.get("a"))

    return s.Subscription(channels=(tickers, f"orderbook.1.{native}"), read=read)


def _best(levels: Sequence[Sequence[Any]]) -> Iterable[Any]:
    """The price of a side of one level; none where it has none."""
    return [price for price, size, *_ in levels if float(size)][:1]


@hookimpl
def stream_trades(query: m.TradesQuery) -> s.Subscription[m.Trade | s.TradeMark]:
    """Up to 1,024 in a message; their ids tell nothing."""

    def one(row: Any) -> m.Trade:
        STYLE.confirm(query.symbol, row["s"])
        return m.Trade.of(
            id=m.optional(row, "i"),
            timestamp=row["T"],
            side=m.read_word("side", SIDES, m.optional(row, "S")),
            price=row["p"],
            amount=row["v"],
        )

    def read(channel: str, body: Body) -> Iterable[m.Trade]:
        return m.read_rows(s.read_json(body.data), one, kind="trades")

    return s.Subscription(channels=(f"publicTrade.{STYLE.native(query.symbol)}",), read=read)


@hookimpl
def stream_order_book(query: m.OrderBookQuery) -> s.Subscription[s.BookChange]:
    """Whole, then what changed; `u` counts the messages."""

    def read(channel: str, body: Body) -> list[s.BookChange]:
        book = BOOK.read(body.data)
        STYLE.confirm(query.symbol, book.symbol)
        number, matched = book.number, body.ts if body.cts is None else body.cts
        change = s.BookChange(
            book.bids,
            book.asks,
            WHOLE[body.type] or number == RESTARTED,
            first=number,
            last=number,
            timestamp=m.read_field("timestamp", int, matched),
        )
        return [change]

    depth = next(depth for depth in DEPTHS if depth >= query.depth)
    channel = f"orderbook.{depth}.{STYLE.native(query.symbol)}"
    return s.Subscription(
        channels=(channel,), read=read, book=s.BookRules(link="adjacent", depth=depth)
    )


@hookimpl
def stream_candles(query: m.CandlesQuery) -> s.Subscription[s.LiveCandle]:
    """The topic alone names the pair."""
    native = STYLE.native(query.symbol)
    channel = f"kline.{INTERVALS[query.interval]}.{native}"
    return s.Subscription(channels=(channel,), read=_candles)


def _candles(channel: str, body: Body) -> Iterable[s.LiveCandle]:
    return m.read_rows(s.read_json(body.data), _candle, kind="candles")


def _candle(row: Any) -> s.LiveCandle:
    return s.LiveCandle(
        timestamp=int(row["start"]),
        open=row["open"],
        high=row["high"],
        low=row["low"],
        close=row["close"],
        volume=m.optional(row, "volume"),
        is_closed=m.read_field("is_closed", _flag, m.optional(row, "confirm")),
    )


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("takes true or false")
    return value
