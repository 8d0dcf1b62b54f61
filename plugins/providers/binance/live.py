"""Binance's live feeds, from its socket for market data alone.

One connection takes 1,024 streams and five messages a second, pongs among them, and ends after a
day. A stream of a pair that is not listed is accepted and stays silent.

Source: https://github.com/binance/binance-spot-api-docs, its page of streams of July 2026.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from coinmux import RateLimit, hookimpl
from coinmux import errors as e
from coinmux import models as m
from coinmux import sockets as s
from coinmux.plugins.providers.binance.spelling import STYLE

SOCKETS = {
    "": s.SocketInfo(
        url="wss://data-stream.binance.vision/stream",
        subscriptions=1024,
        batch=100,
        # One of the five is left for a pong.
        messages=(RateLimit(4, 1),),
        connects=(RateLimit(300, 300),),
        # It pings every 20 seconds.
        silence_s=60.0,
        life_s=86_400.0,
    )
}
#: Levels of the deepest book it sends whole, and how many its snapshot by REST is asked for.
WHOLE_BOOK, SNAPSHOT = 20, 1000
SNAPSHOT_WEIGHT = 50
#: A listed pair always has orders that move, so that a quote or a book that is silent is none.
SILENCE_S = 60.0
TOO_MANY = (-1003, 429)


class Dialect(s.SocketDialect):
    """Each request has a number, which its answer repeats; data come wrapped in their stream."""

    def __init__(self) -> None:
        self._number = 0
        self._asked: dict[int, tuple[str, ...]] = {}

    def subscribe(self, channels: Sequence[str]) -> Sequence[s.Frame]:
        """See `SocketDialect.subscribe`."""
        frame = self._request("SUBSCRIBE", channels)
        self._asked[self._number] = tuple(channels)
        return [frame]

    def unsubscribe(self, channels: Sequence[str]) -> Sequence[s.Frame]:
        """See `SocketDialect.unsubscribe`."""
        return [self._request("UNSUBSCRIBE", channels)]

    def _request(self, method: str, channels: Sequence[str]) -> str:
        self._number += 1
        return json.dumps({"method": method, "params": list(channels), "id": self._number})

    def read(self, frame: s.Frame) -> Iterable[s.Said]:
        """See `SocketDialect.read`."""
        said = s.read_json(frame)
        if not isinstance(said, dict):
            raise e.SchemaMismatch("a message of Binance is an object")
        stream, data = said.get("stream"), said.get("data", said)
        if (isinstance(data, dict) and data.get("e") == "serverShutdown") or (
            stream == "!serverShutdown"
        ):
            return [s.Leaving("Binance shuts this server down")]
        if isinstance(stream, str) and "data" in said:
            return [s.Message(stream, data)]
        error = said.get("error", said)
        if isinstance(error, dict) and "code" in error:
            return [self._refused(said.get("id"), error)]
        if "result" in said and "id" in said:
            asked = self._asked.pop(said["id"], None) if isinstance(said["id"], int) else None
            return [s.Alive() if asked is None else s.Subscribed(asked)]
        raise e.SchemaMismatch(f"a message of Binance with {', '.join(map(str, said))[:80]}")

    def _refused(self, number: Any, error: dict[str, Any]) -> s.Said:
        asked = self._asked.pop(number, ()) if isinstance(number, int) else ()
        words = f"{error['code']}: {str(error.get('msg'))[:120]}"
        if error["code"] in TOO_MANY:
            return s.Refused(asked, e.RateLimited(words))
        return s.Refused(asked, e.BadStatus(words))


@hookimpl
def socket_dialect(socket: str) -> s.SocketDialect:
    """One socket for all streams."""
    return Dialect()


@hookimpl
def stream_ticker(query: m.TickerQuery) -> s.Subscription[m.Ticker]:
    """Every second, as far as it changed."""
    native = STYLE.native(query.symbol)

    def read(channel: str, body: Any) -> Iterable[m.Ticker]:
        if body["s"] != native:
            STYLE.confirm(query.symbol, body["s"])
        ticker = m.Ticker.of(
            query,
            timestamp=m.optional(body, "C"),
            last=body["c"],
            bid=m.optional(body, "b"),
            ask=m.optional(body, "a"),
            open=m.optional(body, "o"),
            high=m.optional(body, "h"),
            low=m.optional(body, "l"),
            change_percent=m.optional(body, "P"),
            volume_base=m.optional(body, "v"),
            volume_quote=m.optional(body, "q"),
        )
        return [ticker]

    channel = f"{_lower(query.symbol)}@ticker"
    return s.Subscription(channels=(channel,), read=read, silence_s=SILENCE_S)


@hookimpl
def stream_trades(query: m.TradesQuery) -> s.Subscription[m.Trade | s.TradeMark]:
    """Each trade by itself; where the buyer was the maker, the taker sold."""
    native = STYLE.native(query.symbol)

    def read(channel: str, body: Any) -> Iterable[m.Trade]:
        if body["s"] != native:
            STYLE.confirm(query.symbol, body["s"])
        trade = m.Trade.of(
            id=m.optional(body, "t"),
            timestamp=body["T"],
            side=m.read_field("side", _taker, m.optional(body, "m")),
            price=body["p"],
            amount=body["q"],
        )
        return [trade]

    channel = f"{_lower(query.symbol)}@trade"
    return s.Subscription(channels=(channel,), read=read, ids="successive")


def _taker(is_buyer_maker: Any) -> Literal["buy", "sell"]:
    if not isinstance(is_buyer_maker, bool):
        raise ValueError("m takes true or false")
    return "sell" if is_buyer_maker else "buy"


@hookimpl
def stream_order_book(query: m.OrderBookQuery) -> s.Subscription[s.BookChange]:
    """Whole up to a depth of 20; beyond it the differences, from a snapshot by REST on."""
    if query.depth <= WHOLE_BOOK:
        return s.Subscription(
            channels=(f"{_lower(query.symbol)}@depth{WHOLE_BOOK}@100ms",),
            read=_read_whole,
            silence_s=SILENCE_S,
            book=s.BookRules(),
        )
    native = STYLE.native(query.symbol)

    def read(channel: str, body: Any) -> Iterable[s.BookChange]:
        if body["s"] != native:
            STYLE.confirm(query.symbol, body["s"])
        change = s.BookChange(
            bids=body["b"],
            asks=body["a"],
            first=m.whole_number(body["U"]),
            last=m.whole_number(body["u"]),
            timestamp=m.read_field("timestamp", m.whole_number, m.optional(body, "E")),
        )
        return [change]

    async def snapshot(http: s.HTTPClient) -> s.BookChange:
        params: dict[str, str | int] = {"symbol": native, "limit": SNAPSHOT}
        body = await http.get_json("/api/v3/depth", params, weight=SNAPSHOT_WEIGHT)
        return _whole(body)

    return s.Subscription(
        channels=(f"{_lower(query.symbol)}@depth@100ms",),
        read=read,
        silence_s=SILENCE_S,
        book=s.BookRules(link="adjacent", snapshot=snapshot, snapshot_levels=SNAPSHOT),
    )


def _read_whole(channel: str, body: Any) -> Iterable[s.BookChange]:
    """It names no pair: the stream does."""
    yield _whole(body)


def _whole(body: Any) -> s.BookChange:
    return s.BookChange(
        bids=body["bids"],
        asks=body["asks"],
        is_whole=True,
        last=m.whole_number(body["lastUpdateId"]),
    )


@hookimpl
def stream_candles(query: m.CandlesQuery) -> s.Subscription[s.LiveCandle]:
    """Every two seconds, and once more when it is closed."""
    native = STYLE.native(query.symbol)
    interval = str(query.interval)

    def read(channel: str, body: Any) -> Iterable[s.LiveCandle]:
        row = body["k"]
        if body["s"] != native:
            STYLE.confirm(query.symbol, body["s"])
        if row["i"] != interval:
            raise e.OtherSubject(f"asked for {interval}, the candle is one of {str(row['i'])[:10]}")
        yield s.LiveCandle(
            timestamp=row["t"],
            open=row["o"],
            high=row["h"],
            low=row["l"],
            close=row["c"],
            volume=m.optional(row, "v"),
            is_closed=row["x"] is True,
        )

    return s.Subscription(channels=(f"{_lower(query.symbol)}@kline_{interval}",), read=read)


def _lower(symbol: m.Symbol) -> str:
    return STYLE.native(symbol).lower()
