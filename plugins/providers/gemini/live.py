"""Gemini's live feed, version 3: trades, best levels and books; no figures of a day, no candles.

Times are in nanoseconds. With `snapshot=-1` the first message about a book is the whole of it, once
a connection, and nothing marks it: a fresh whole book takes a new connection.

Source: https://developer.gemini.com/websocket/overview/introduction, read 2026-11-23.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from coinmux import HTTPClient, hookimpl
from coinmux import errors as e
from coinmux import models as m
from coinmux import sockets as s
from coinmux.plugins.providers.gemini.spelling import STYLE

SOCKETS = {"": s.SocketInfo(url="wss://ws.gemini.com?snapshot=-1", ping_s=20)}
WHOLE = "snapshot=-1"
NS_OF_MS = 1_000_000
#: Members that tell messages apart, which have no name of a channel.
TRADE = frozenset("tpqm")
BEST = frozenset("bBaA")
#: Whether the buyer was the maker -> the taker's side.
TAKER = {True: "sell", False: "buy"}
#: From this status on an answer is a refusal; too many requests.
REFUSED, TOO_MANY = 400, 429


@hookimpl
def socket_dialect(socket: str) -> s.SocketDialect:
    """There is one socket."""
    return Dialect()


class Dialect(s.SocketDialect):
    """Channels are its streams, such as `btcusd@trade`."""

    def __init__(self) -> None:
        self._number = 0
        #: Streams of each request that is not answered yet.
        self._asked: dict[int, list[str]] = {}
        #: Books that were sent whole on this connection, and whether one is wanted again.
        self._whole: set[str] = set()
        self._is_over = False

    async def address(self, http: HTTPClient, url: str) -> str:
        """Books begin whole only where the address says so."""
        if WHOLE in url:
            return url
        return f"{url}{'&' if '?' in url else '?'}{WHOLE}"

    def subscribe(self, channels: Sequence[str]) -> Sequence[s.Frame]:
        """One request; the answer has its number."""
        self._is_over = self._is_over or not self._whole.isdisjoint(channels)
        self._number += 1
        self._asked[self._number] = list(channels)
        return [_request("SUBSCRIBE", channels, self._number)]

    def unsubscribe(self, channels: Sequence[str]) -> Sequence[s.Frame]:
        """One request."""
        self._number += 1
        return [_request("UNSUBSCRIBE", channels, self._number)]

    def read(self, frame: s.Frame) -> Iterable[s.Said]:
        """Data by its members, else an answer."""
        body = s.read_object(frame)
        name = body.get("s")
        said = self._data(name.lower(), body) if isinstance(name, str) else self._answer(body)
        if self._is_over:
            self._is_over = False
            return [s.Leaving("a whole book comes once a connection", after_s=0.0), *said]
        return said

    def _data(self, native: str, body: Any) -> Iterable[s.Said]:
        if body.get("e") == "depthUpdate":
            channel = f"{native}@depth@100ms"
            is_whole = channel not in self._whole
            self._whole.add(channel)
            return [s.Message(channel, (is_whole, body))]
        if body.keys() >= TRADE:
            return [s.Message(f"{native}@trade", body)]
        if body.keys() >= BEST:
            return [s.Message(f"{native}@bookTicker", body)]
        raise e.SchemaMismatch(f"a message of {native} is of no known kind")

    def _answer(self, body: Any) -> Iterable[s.Said]:
        number, status, error = body.get("id"), body.get("status"), body.get("error")
        asked = self._asked.pop(number, []) if isinstance(number, int) else []
        if not error and not (isinstance(status, int) and status >= REFUSED):
            return [s.Subscribed(asked) if asked else s.Alive()]
        if len(asked) > 1 and status != TOO_MANY:
            # It does not say which of them it refuses.
            frames = [frame for channel in asked for frame in self.subscribe([channel])]
            return [s.Reply(frame) for frame in frames]
        return [s.Refused(asked, _refusal(asked, status, json.dumps(error)[:200]))]


def _request(method: str, channels: Sequence[str], number: int) -> str:
    return json.dumps({"method": method, "params": list(channels), "id": number})


def _refusal(channels: Sequence[str], status: Any, detail: str) -> e.CoinmuxError:
    if status == TOO_MANY:
        return e.RateLimited(detail)
    if channels and "symbol" in detail.lower():
        return e.UnknownSymbol(channels[0].partition("@")[0], detail)
    return e.BadStatus(detail, status=status if isinstance(status, int) else None)


def _at_ms(body: Any) -> int:
    """The time of a message, which is in nanoseconds."""
    return int(body["E"]) // NS_OF_MS


@hookimpl
def stream_ticker(query: m.TickerQuery) -> s.Subscription[m.Ticker]:
    """The last trade and the best levels; the figures of a day are null."""
    native = STYLE.native(query.symbol)
    trades = f"{native}@trade"
    known: dict[str, Any] = {}

    def read(channel: str, body: Any) -> Iterable[m.Ticker]:
        STYLE.confirm(query.symbol, body["s"])
        if channel == trades:
            known["last"] = body["p"]
        else:
            known.update(bid=body["b"], ask=body["a"])
        if "last" in known:
            at = m.read_field("timestamp", _at_ms, body)
            yield m.Ticker.of(
                query, timestamp=at, last=known["last"], bid=known.get("bid"), ask=known.get("ask")
            )

    return s.Subscription(channels=(trades, f"{native}@bookTicker"), read=read)


@hookimpl
def stream_trades(query: m.TradesQuery) -> s.Subscription[m.Trade | s.TradeMark]:
    """One trade a message."""

    def read(channel: str, body: Any) -> Iterable[m.Trade]:
        STYLE.confirm(query.symbol, body["s"])
        yield m.Trade.of(
            id=m.optional(body, "t"),
            timestamp=_at_ms(body),
            side=m.read_field("side", _side, m.optional(body, "m")),
            price=body["p"],
            amount=body["q"],
        )

    return s.Subscription(
        channels=(f"{STYLE.native(query.symbol)}@trade",), read=read, ids="rising"
    )


def _side(is_buyer_maker: Any) -> str:
    if not isinstance(is_buyer_maker, bool):
        raise ValueError("takes true or false")
    return TAKER[is_buyer_maker]


@hookimpl
def stream_order_book(query: m.OrderBookQuery) -> s.Subscription[s.BookChange]:
    """Whole, then what changed in 100 ms."""

    def read(channel: str, body: Any) -> Iterable[s.BookChange]:
        is_whole, book = body
        STYLE.confirm(query.symbol, book["s"])
        yield s.BookChange(
            book["b"],
            book["a"],
            is_whole=is_whole,
            first=int(book["U"]),
            last=int(book["u"]),
            timestamp=m.read_field("timestamp", _at_ms, book),
        )

    return s.Subscription(
        channels=(f"{STYLE.native(query.symbol)}@depth@100ms",),
        read=read,
        book=s.BookRules(link="adjacent"),
    )
