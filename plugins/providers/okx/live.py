"""OKX's live feeds: tickers and books on its public socket, trades and candles on `business`.

Trades are read from `trades-all`, which has each fill as its requests do: `trades` adds several up
under one id. The checksum of books is always 0 since 2026; their numbers tell of a loss.

Source: https://www.okx.com/docs-v5/en/#overview-websocket, read 2026-11-23.
"""

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

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
        body = s.read_object(frame)
        event = body.get("event")
        if event is None:
            return [s.Message(_channel(body), body)]
        if event == "subscribe":
            return [s.Subscribed([_channel(body)])]
        if event == "error":
            return [_refused(body)]
        if event == "notice" and str(body.get("code")) == UPGRADE:
            return [s.Leaving(str(body.get("msg", ""))[:200], after_s=30.0)]
        return [s.Alive()]


def _message(kind: str, channels: Sequence[str]) -> str:
    parts = (channel.partition(":") for channel in channels)
    args = [{"channel": name, "instId": instrument} for name, _, instrument in parts]
    return json.dumps({"op": kind, "args": args})


def _channel(body: Any) -> str:
    arg = body.get("arg")
    if type(arg) is dict and "channel" in arg and "instId" in arg:
        return f"{arg['channel']}:{arg['instId']}"
    return f"{m.required(body, 'arg', 'channel')}:{m.required(body, 'arg', 'instId')}"


def _refused(body: Any) -> s.Said:
    """An error names the channel it is about; one that does not is about all of them."""
    code, detail = str(body.get("code")), str(body.get("msg"))[:200]
    named = NAMED.search(detail)
    if code == UNKNOWN and named is not None:
        return s.Refused([":".join(named.groups())], e.UnknownSymbol(named[2], detail))
    if code in TOO_MANY:
        return s.Refused([], e.RateLimited(f"{code}: {detail}"))
    return s.Refused([], e.BadStatus(f"{code}: {detail}"))


@hookimpl
def stream_ticker(query: m.TickerQuery) -> s.Subscription[m.Ticker]:
    """Whole, with the fields of a request's answer, at most each 100 ms."""

    def read(channel: str, body: Any) -> Iterable[m.Ticker]:
        return [ticker_of(row, query) for row in body["data"]]

    return s.Subscription(channels=(_native("tickers", query),), read=read)


@hookimpl
def stream_trades(query: m.TradesQuery) -> s.Subscription[m.Trade | s.TradeMark]:
    """Each fill."""

    def one(row: Any) -> m.Trade:
        return trade_of(row, query.symbol)

    def read(channel: str, body: Any) -> Iterable[m.Trade]:
        return m.read_rows(body["data"], one, kind="trades")

    channels = (_native("trades-all", query),)
    return s.Subscription(channels=channels, read=read, socket="business", ids="rising")


@hookimpl
def stream_order_book(query: m.OrderBookQuery) -> s.Subscription[s.BookChange]:
    """400 levels a side: whole, then what changed in 100 ms; it does not always name the pair."""

    def read(channel: str, body: Any) -> Iterable[s.BookChange]:
        is_whole = WHOLE[body["action"]]
        for book in body["data"]:
            if "instId" in book:
                STYLE.confirm(query.symbol, book["instId"])
            yield s.BookChange(
                book["bids"],
                book["asks"],
                is_whole=is_whole,
                last=int(book["seqId"]),
                previous=None if is_whole else int(book["prevSeqId"]),
                timestamp=m.read_field("timestamp", int, m.optional(book, "ts")),
            )

    rules = s.BookRules(link="previous", depth=LEVELS)
    return s.Subscription(channels=(_native("books", query),), read=read, book=rules)


@hookimpl
def stream_candles(query: m.CandlesQuery) -> s.Subscription[s.LiveCandle]:
    """Rows of 9, of which the last says whether the candle is closed; older ones had 7."""

    def one(row: Any) -> s.LiveCandle:
        begins, opens, high, low, close, volume = row[:6]
        is_closed = m.read_word("is_closed", CLOSED, row[-1]) if len(row) >= WHOLE_ROW else None
        return s.LiveCandle(int(begins), opens, high, low, close, volume, is_closed)

    def read(channel: str, body: Any) -> Iterable[s.LiveCandle]:
        return m.read_rows(body["data"], one, kind="candles")

    channels = (_native(f"candle{INTERVALS[query.interval]}", query),)
    return s.Subscription(channels=channels, read=read, socket="business")


def _native(name: str, query: Any) -> str:
    return f"{name}:{STYLE.native(query.symbol)}"
