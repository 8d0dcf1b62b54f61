"""Coinbase Exchange's live feed: tickers, trades, and whole books with what changes of them.

Keyless are `level2_batch`, `matches`, `ticker` and `heartbeat`; `level2` and `full` are not. There
are no candles. Changes of a book have no number, so that only the connection tells of a loss.

Source: https://docs.cdp.coinbase.com/exchange/websocket-feed/channels, read 2026-11-23.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from coinmux import RateLimit, hookimpl
from coinmux import errors as e
from coinmux import models as m
from coinmux import sockets as s
from coinmux.plugins.providers.coinbase_exchange.spelling import STYLE, trade_of

SOCKETS = {
    "": s.SocketInfo(
        url="wss://ws-feed.exchange.coinbase.com",
        connects=(RateLimit(8, 1),),
        ping_s=20,
        # The first message about a book is the whole of it.
        frame_bytes=16_777_216,
    )
}
#: The type of a message -> the channel it belongs to.
CHANNELS = {
    "ticker": "ticker",
    "match": "matches",
    "snapshot": "level2_batch",
    "l2update": "level2_batch",
    "heartbeat": "heartbeat",
}
#: A heartbeat comes each second.
SILENCE_S = 15.0
#: How a change of a book begins, which comes most.
CHANGE_BEGINS = '{"type":"l2update"', '{"type": "l2update"'

Price = TypeVar("Price")


class Changes(msgspec.Struct, Generic[Price]):
    """What changed of a book: side, price and amount."""

    type: str
    product_id: str
    changes: list[tuple[str, Price, Price]]
    time: Any = None


CHANGES = s.Shape(Changes[float], Changes[Any])


@hookimpl
def socket_dialect(socket: str) -> s.SocketDialect:
    """There is one socket."""
    return Dialect()


class Dialect(s.SocketDialect):
    """Channels are `ticker:BTC-USD`: a channel of the source, and the product."""

    def __init__(self) -> None:
        #: The channels of each message that is not answered yet, oldest first.
        self._asked: list[list[str]] = []

    def subscribe(self, channels: Sequence[str]) -> Sequence[s.Frame]:
        """A message for each channel of the source."""
        messages = _by_name(channels)
        self._asked += messages.values()
        return [_message("subscribe", name, asked) for name, asked in messages.items()]

    def unsubscribe(self, channels: Sequence[str]) -> Sequence[s.Frame]:
        """As `subscribe`."""
        self._forget(channels)
        messages = _by_name(channels)
        return [_message("unsubscribe", name, asked) for name, asked in messages.items()]

    def read(self, frame: s.Frame) -> Iterable[s.Said]:
        """Data of a channel is its confirmation too."""
        if isinstance(frame, str) and frame.startswith(CHANGE_BEGINS) and not self._asked:
            changes = CHANGES.read(frame)
            return [s.Message(f"level2_batch:{changes.product_id}", changes)]
        body = s.read_object(frame)
        kind = body.get("type")
        name = CHANNELS.get(kind) if isinstance(kind, str) else None
        if name is not None:
            channel = f"{name}:{m.required(body, 'product_id')}"
            said = s.Message(channel, body)
            if self._asked and self._forget([channel]):
                return [s.Subscribed([channel]), said]
            return [said]
        if kind == "subscriptions":
            return self._confirmed(body)
        if kind == "error":
            return self._refused(body)
        if not isinstance(kind, str):
            raise e.SchemaMismatch("a message has no type")
        # `last_match` is the trade before the subscription.
        return [s.Alive()]

    def _forget(self, channels: Iterable[str]) -> list[str]:
        """Those of the channels that were not confirmed yet, which they are no more."""
        if not self._asked:
            return []
        known = set(channels)
        found = [one for asked in self._asked for one in asked if one in known]
        left = ([one for one in asked if one not in known] for asked in self._asked)
        self._asked = [asked for asked in left if asked]
        return found

    def _confirmed(self, body: Any) -> Iterable[s.Said]:
        """The list is always that of all channels."""
        listed = []
        for row in _list(m.required(body, "channels")):
            products = _list(m.required(row, "product_ids"))
            listed += [f"{m.required(row, 'name')}:{product}" for product in products]
        return [s.Subscribed(found) if (found := self._forget(listed)) else s.Alive()]

    def _refused(self, body: Any) -> Iterable[s.Said]:
        """One bad product fails a message; the other channels of it are asked for again."""
        reason = f"{body.get('message')}: {body.get('reason')}"[:200]
        words = set(reason.split())
        for asked in self._asked:
            bad = [one for one in asked if _product(one) in words]
            if bad:
                self._forget(asked)
                refused = e.UnknownSymbol(_product(bad[0]), reason)
                rest = [one for one in asked if one not in bad]
                again = self.subscribe(rest) if rest else ()
                return [s.Refused(bad, refused), *map(s.Reply, again)]
        error: e.CoinmuxError = e.BadStatus(reason)
        if "rate limit" in reason.lower():
            error = e.RateLimited(reason)
        if not self._asked:
            return [s.Failed(error)]
        pending = self._forget([one for asked in self._asked for one in asked])
        return [s.Refused(pending, error)]


def _by_name(channels: Sequence[str]) -> dict[str, list[str]]:
    """Channels by the source's name of them."""
    found: dict[str, list[str]] = {}
    for channel in channels:
        found.setdefault(channel.partition(":")[0], []).append(channel)
    return found


def _message(kind: str, name: str, channels: Sequence[str]) -> str:
    products = [_product(channel) for channel in channels]
    return json.dumps({"type": kind, "product_ids": products, "channels": [name]})


def _product(channel: str) -> str:
    return channel.partition(":")[2]


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise e.SchemaMismatch(f"takes a list, not {type(value).__name__}")
    return value


@hookimpl
def stream_ticker(query: m.TickerQuery) -> s.Subscription[m.Ticker]:
    """A message with each trade, whole."""
    native = STYLE.native(query.symbol)

    def read(channel: str, body: Any) -> Iterable[m.Ticker]:
        STYLE.confirm(query.symbol, body["product_id"])
        ticker = m.Ticker.of(
            query,
            timestamp=m.read_field("timestamp", m.iso_ms, m.optional(body, "time")),
            last=body["price"],
            bid=m.optional(body, "best_bid"),
            ask=m.optional(body, "best_ask"),
            open=m.optional(body, "open_24h"),
            high=m.optional(body, "high_24h"),
            low=m.optional(body, "low_24h"),
            volume_base=m.optional(body, "volume_24h"),
        )
        return [ticker]

    return s.Subscription(channels=(f"ticker:{native}",), read=read)


@hookimpl
def stream_trades(query: m.TradesQuery) -> s.Subscription[m.Trade | s.TradeMark]:
    """The heartbeat tells the newest trade each second, so that a lost one is missed."""
    native = STYLE.native(query.symbol)

    def read(channel: str, body: Any) -> Iterable[m.Trade | s.TradeMark]:
        STYLE.confirm(query.symbol, body["product_id"])
        if body["type"] == "match":
            return [trade_of(body)]
        if newest := body["last_trade_id"]:
            at = m.read_field("timestamp", m.iso_ms, m.optional(body, "time"))
            return [s.TradeMark(str(int(newest)), at)]
        return []

    channels = (f"matches:{native}", f"heartbeat:{native}")
    return s.Subscription(channels=channels, read=read, silence_s=SILENCE_S, ids="successive")


@hookimpl
def stream_order_book(query: m.OrderBookQuery) -> s.Subscription[s.BookChange]:
    """The whole book first, then what changed in 50 ms, without a number."""
    native = STYLE.native(query.symbol)

    def read(channel: str, body: Any) -> Iterable[s.BookChange]:
        if type(body) is dict:
            if body["type"] == "snapshot":
                STYLE.confirm(query.symbol, body["product_id"])
                at = m.read_field("timestamp", m.iso_ms, body.get("time"))
                bids, asks = _list(body["bids"]), _list(body["asks"])
                return [s.BookChange(bids, asks, is_whole=True, timestamp=at)]
            body = CHANGES.of(body)
        STYLE.confirm(query.symbol, body.product_id)
        at = m.read_field("timestamp", m.iso_ms, body.time)
        sides: dict[str, list[Any]] = {"buy": [], "sell": []}
        for change in body.changes:
            sides[change[0]].append(change[1:])
        return [s.BookChange(sides["buy"], sides["sell"], timestamp=at)]

    return s.Subscription(channels=(f"level2_batch:{native}",), read=read, book=s.BookRules())
