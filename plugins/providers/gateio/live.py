"""Gate's socket: one message for each subscription, as one bad pair refuses a whole message.

A channel of ours is its channel and the payload: `spot.candlesticks:1m,BTC_USDT`.

Source: https://www.gate.com/docs/developers/apiv4/ws/en/, read 2026-11-28.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

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
    "spot.obu": "s",
}

#: A listed pair always has orders that move, so that prices or a book that are silent are none.
SILENCE_S = 60.0


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
        said = s.read_json(frame)
        if type(said) is not dict:
            raise e.SchemaMismatch("a message is an object")
        event = said.get("event")
        if event == "update":
            return _messages(said)
        if said.get("error") is not None:
            return [self._refusal(said)]
        if event == "subscribe":
            number = said.get("id")
            channel = self._asked.pop(number, None) if type(number) is int else None
            if channel is not None:
                return [s.Subscribed([channel])]
        return [s.Alive()]

    def _refusal(self, said: dict[str, Any]) -> s.Said:
        told = said["error"] if isinstance(said["error"], dict) else {}
        code, text = str(told.get("code"))[:20], str(told.get("message"))[:200]
        number = said.get("id")
        channel = self._asked.pop(number, None) if type(number) is int else None
        if channel is None:
            return s.Alive()
        error: e.CoinmuxError
        if "unknown currency pair" in text.lower():
            error = e.UnknownSymbol(channel.partition(":")[2], f"Gate: {text}")
        else:
            error = e.BadStatus(f"Gate: {text} ({code})")
        return s.Refused([channel], error)


def _messages(said: dict[str, Any]) -> Iterable[s.Said]:
    """The rows of a message, which may be one or a list, each under its channel."""
    name, rows = said.get("channel"), said.get("result")
    member = NAMED_BY.get(name) if isinstance(name, str) else None
    if member is None:
        return [s.Alive()]
    at = said.get("time_ms")
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

    def read(channel: str, body: Any) -> Iterable[s.BookChange]:
        for row in body["rows"]:
            is_whole = row.get("full") is True
            yield s.BookChange(
                # A side that did not change may be left out.
                _levels(row, "b"),
                _levels(row, "a"),
                is_whole=is_whole,
                first=None if is_whole else _number(row["U"]),
                last=_number(row["u"]),
                timestamp=m.optional(row, "t"),
            )

    return s.Subscription(
        channels=(f"spot.obu:ob.{pair}.{levels}",),
        read=read,
        silence_s=SILENCE_S,
        book=s.BookRules(link="adjacent", depth=levels),
    )


def _levels(row: dict[str, Any], side: str) -> list[Any]:
    levels = row.get(side, [])
    if not isinstance(levels, list):
        raise e.SchemaMismatch(f"{side} takes a list")
    return levels


def _number(value: Any) -> int:
    if type(value) is not int:
        raise e.SchemaMismatch(f"the number of a change is a whole one, not {str(value)[:40]!r}")
    return value


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
