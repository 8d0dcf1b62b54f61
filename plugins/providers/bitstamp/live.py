"""Bitstamp's live feeds: trades, and whole books of a hundred levels.

It has neither a ticker nor candles there. A channel of a pair that is not listed is confirmed and
stays silent. A refusal names no channel: it is about the oldest that was not answered yet.

Source: clients that work with it in 2026, of the page https://www.bitstamp.net/websocket/v2/.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from coinmux import RateLimit, hookimpl
from coinmux import errors as e
from coinmux import models as m
from coinmux import sockets as s
from coinmux.plugins.providers.bitstamp.rows import SIDES, from_micro
from coinmux.plugins.providers.bitstamp.spelling import STYLE

SOCKETS = {
    "": s.SocketInfo(
        url="wss://ws.bitstamp.net",
        # It publishes no limits; these are modest.
        subscriptions=100,
        batch=10,
        messages=(RateLimit(10, 1),),
        ping_s=30.0,
        silence_s=70.0,
    )
}
#: A listed pair always has orders that move.
SILENCE_S = 60.0
#: It closes the connection soon after it asks for another.
LEAVES_S = 5.0


class Dialect(s.SocketDialect):
    """One channel a message."""

    def __init__(self) -> None:
        #: Channels that were not answered yet, oldest first.
        self._asked: list[str] = []

    def subscribe(self, channels: Sequence[str]) -> Sequence[s.Frame]:
        """See `SocketDialect.subscribe`."""
        self._asked += channels
        return [_request("bts:subscribe", channel) for channel in channels]

    def unsubscribe(self, channels: Sequence[str]) -> Sequence[s.Frame]:
        """See `SocketDialect.unsubscribe`."""
        self._asked = [one for one in self._asked if one not in channels]
        return [_request("bts:unsubscribe", channel) for channel in channels]

    def keep_alive(self) -> s.Frame:
        """See `SocketDialect.keep_alive`."""
        return '{"event": "bts:heartbeat"}'

    def read(self, frame: s.Frame) -> Iterable[s.Said]:
        """See `SocketDialect.read`."""
        said = s.read_json(frame)
        if not isinstance(said, dict):
            raise e.SchemaMismatch("a message of Bitstamp is an object")
        event, channel = said.get("event"), said.get("channel")
        if event in ("trade", "data") and isinstance(channel, str):
            return [s.Message(channel, said["data"])]
        if event == "bts:subscription_succeeded" and isinstance(channel, str):
            if channel in self._asked:
                self._asked.remove(channel)
            return [s.Subscribed([channel])]
        if event == "bts:error":
            return [self._refused(said)]
        if event == "bts:request_reconnect":
            return [s.Leaving("Bitstamp asks for a new connection", LEAVES_S)]
        if event in ("bts:heartbeat", "bts:unsubscription_succeeded"):
            return [s.Alive()]
        raise e.SchemaMismatch(f"a message of Bitstamp of the kind {str(event)[:40]!r}")

    def _refused(self, said: dict[str, Any]) -> s.Said:
        data = said.get("data")
        words = str(data.get("message") if isinstance(data, dict) else data)[:120]
        channel = said.get("channel") or (self._asked[0] if self._asked else None)
        channels = [channel] if isinstance(channel, str) else []
        self._asked = [one for one in self._asked if one not in channels]
        if channels and "subscription string" in words:
            pair = channels[0].rpartition("_")[2]
            return s.Refused(channels, e.UnknownSymbol(pair, f"Bitstamp: {words}"))
        return s.Refused(channels, e.BadStatus(words))


def _request(event: str, channel: str) -> str:
    return json.dumps({"event": event, "data": {"channel": channel}})


@hookimpl
def socket_dialect(socket: str) -> s.SocketDialect:
    """One socket for all channels."""
    return Dialect()


@hookimpl
def stream_trades(query: m.TradesQuery) -> s.Subscription[m.Trade | s.TradeMark]:
    """Each trade by itself; `type` is the taker's side."""
    return s.Subscription(
        channels=(f"live_trades_{STYLE.native(query.symbol)}",), read=_read_trade, ids="rising"
    )


def _read_trade(channel: str, body: Any) -> Iterable[m.Trade]:
    micro = body.get("microtimestamp")
    trade = m.Trade.of(
        id=m.optional(body, "id"),
        timestamp=m.seconds_ms(body["timestamp"]) if micro is None else from_micro(micro),
        side=m.read_word("side", SIDES, m.optional(body, "type")),
        price=_figure(body, "price"),
        amount=_figure(body, "amount"),
    )
    return [trade]


def _figure(body: Any, name: str) -> Any:
    """A figure, which is there as a number and as text."""
    figure = body.get(name)
    return body[f"{name}_str"] if figure is None else figure


@hookimpl
def stream_order_book(query: m.OrderBookQuery) -> s.Subscription[s.BookChange]:
    """The best hundred levels of each side, in each message."""
    return s.Subscription(
        channels=(f"order_book_{STYLE.native(query.symbol)}",),
        read=_read_book,
        silence_s=SILENCE_S,
        book=s.BookRules(),
    )


def _read_book(channel: str, body: Any) -> Iterable[s.BookChange]:
    time = m.read_field("timestamp", from_micro, m.optional(body, "microtimestamp"))
    yield s.BookChange(body["bids"], body["asks"], is_whole=True, timestamp=time)
