"""KuCoin's classic socket: a token by REST, then topics, each of which names its pair.

One message subscribes to one topic, so that a pair it lacks costs no other. Its best levels come
whole, 50 of each side: of the whole book it tells differences to everybody, but the book they
belong to only to who has a key.

Source: https://www.kucoin.com/docs-new/websocket-api/base-info/introduction, read 2026-11-28.
"""

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

from coinmux import HTTPClient, hookimpl
from coinmux import errors as e
from coinmux import models as m
from coinmux import sockets as s
from coinmux.plugins.providers.kucoin.spelling import INTERVALS, STYLE

#: Where the endpoint it names may be.
HOSTS = ("ws-api-spot.kucoin.com", "ws-api.kucoin.com", "push-private.kucoin.com")
#: Levels of each side of its whole books.
BOOKS = (5, 50)
#: Its codes of refusals: no such topic; too many of them; a token that is over.
NOT_FOUND, TOO_MANY, BAD_TOKEN = 404, 509, 401
NS_OF_MS = 1_000_000

#: A listed pair always has orders that move, so that prices or a book that are silent are none.
SILENCE_S = 60.0


class Dialect(s.SocketDialect):
    """One connection; it greets before it listens."""

    def __init__(self) -> None:
        self._is_welcome = False
        self._last_id = 0
        #: The messages that are not answered yet -> their topics.
        self._asked: dict[str, str] = {}

    async def address(self, http: HTTPClient, url: str) -> str:
        """Its endpoint with a token, which lasts a day; weight 10."""
        body = await http.post_json("/api/v1/bullet-public", {}, weight=10)
        token = _text(m.required(body, "data", "token"), "data.token")
        endpoint = url
        if not endpoint:
            place = ("data", "instanceServers", 0, "endpoint")
            endpoint = _text(m.required(body, *place), "data.instanceServers.0.endpoint")
        return f"{endpoint}{'&' if '?' in endpoint else '?'}token={quote(token, safe='')}"

    def is_ready(self) -> bool:
        return self._is_welcome

    def subscribe(self, channels: Sequence[str]) -> Sequence[s.Frame]:
        return [self._ask("subscribe", channel) for channel in channels]

    def unsubscribe(self, channels: Sequence[str]) -> Sequence[s.Frame]:
        return [self._ask("unsubscribe", channel) for channel in channels]

    def keep_alive(self) -> s.Frame:
        return f'{{"id":"{self._next_id()}","type":"ping"}}'

    def _ask(self, kind: str, topic: str) -> s.Frame:
        number = self._next_id()
        if kind == "subscribe":
            self._asked[number] = topic
        return f'{{"id":"{number}","type":"{kind}","topic":"{topic}","response":true}}'

    def _next_id(self) -> str:
        self._last_id += 1
        return str(self._last_id)

    def read(self, frame: s.Frame) -> Iterable[s.Said]:
        said = s.read_json(frame)
        if type(said) is not dict:
            raise e.SchemaMismatch("a message is an object")
        kind = said.get("type")
        if kind == "message":
            topic = said.get("topic")
            if not isinstance(topic, str) or "data" not in said:
                raise e.SchemaMismatch("a message has a topic and data")
            return [s.Message(topic, said["data"])]
        if kind == "welcome":
            self._is_welcome = True
        elif kind == "ack":
            topic = self._asked.pop(str(said.get("id")), None)
            if topic is not None:
                return [s.Subscribed([topic])]
        elif kind == "error":
            return [self._refusal(said)]
        return [s.Alive()]

    def _refusal(self, said: dict[str, Any]) -> s.Said:
        code = said.get("code")
        if code == BAD_TOKEN:
            # Its own words may hold the token.
            return s.Failed(e.BadStatus("KuCoin does not take its token any more"))
        topic = self._asked.pop(str(said.get("id")), None)
        text = str(said.get("data"))[:200]
        error: e.CoinmuxError
        if code == NOT_FOUND:
            error = e.UnknownSymbol(_pair(topic or ""), f"KuCoin: {text}")
        elif code == TOO_MANY:
            error = e.RateLimited(f"KuCoin: {text}")
        else:
            error = e.BadStatus(f"KuCoin: {text} ({str(code)[:20]})")
        # An answer to nothing that was asked is about the connection.
        return s.Failed(error) if topic is None else s.Refused([topic], error)


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str) or not value:
        raise e.SchemaMismatch(f"{name} takes a text")
    return value


def _pair(topic: str) -> str:
    return topic.partition(":")[2].partition("_")[0]


@hookimpl
def socket_dialect(socket: str) -> s.SocketDialect:
    """Its only socket."""
    return Dialect()


@hookimpl
def stream_ticker(query: m.TickerQuery) -> s.Subscription[m.Ticker]:
    """Figures of 24 hours each two seconds, and the best prices as they change."""
    pair = STYLE.native(query.symbol)
    day, best = f"/market/snapshot:{pair}", f"/market/ticker:{pair}"
    known: dict[str, Any] = {}

    def read(channel: str, body: Any) -> Iterable[m.Ticker]:
        if channel == day:
            row = body["data"]
            STYLE.confirm(query.symbol, row["symbol"])
            known.update(
                moved=m.optional(row, "changePrice"),
                high=m.optional(row, "high"),
                low=m.optional(row, "low"),
                change_fraction=m.optional(row, "changeRate"),
                volume_base=m.optional(row, "vol"),
                volume_quote=m.optional(row, "volValue"),
            )
            now = (m.optional(row, "datetime"), row["lastTradedPrice"],
                   m.optional(row, "buy"), m.optional(row, "sell"))  # fmt: skip
        else:
            now = (m.optional(body, "time"), body["price"],
                   m.optional(body, "bestBid"), m.optional(body, "bestAsk"))  # fmt: skip
        if not _is_older(now[0], known.get("timestamp")):
            known.update(zip(("timestamp", "last", "bid", "ask"), now, strict=True))
        if "high" in known:
            yield m.Ticker.of(query, **known)

    return s.Subscription(channels=(day, best), read=read, silence_s=SILENCE_S)


def _is_older(time: Any, than: Any) -> bool:
    return type(time) is int and type(than) is int and time < than


@hookimpl
def stream_trades(query: m.TradesQuery) -> s.Subscription[m.Trade | s.TradeMark]:
    """Each trade by itself, with the number that it has by REST too."""
    pair = STYLE.native(query.symbol)

    def read(channel: str, body: Any) -> Iterable[m.Trade]:
        STYLE.confirm(query.symbol, body["symbol"])
        trade = m.Trade.of(
            id=m.optional(body, "sequence"),
            timestamp=int(body["time"]) // NS_OF_MS,
            side=m.optional(body, "side"),
            price=body["price"],
            amount=body["size"],
        )
        return [trade]

    return s.Subscription(channels=(f"/market/match:{pair}",), read=read, ids="rising")


@hookimpl
def stream_order_book(query: m.OrderBookQuery) -> s.Subscription[s.BookChange]:
    """Whole books of 5 or 50 levels a side; it tells no more without a key."""
    pair = STYLE.native(query.symbol)
    levels = next((levels for levels in BOOKS if levels >= query.depth), BOOKS[-1])

    def read(channel: str, body: Any) -> Iterable[s.BookChange]:
        at = m.optional(body, "timestamp")
        yield s.BookChange(body["bids"], body["asks"], is_whole=True, timestamp=at)

    return s.Subscription(
        channels=(f"/spotMarket/level2Depth{levels}:{pair}",), read=read, silence_s=SILENCE_S
    )


@hookimpl
def stream_candles(query: m.CandlesQuery) -> s.Subscription[s.LiveCandle]:
    """Rows with close before high and low; nothing says that one is closed."""
    pair, step = STYLE.native(query.symbol), INTERVALS[query.interval]

    def read(channel: str, body: Any) -> Iterable[s.LiveCandle]:
        STYLE.confirm(query.symbol, body["symbol"])
        at, opened, close, high, low, volume = body["candles"][:6]
        yield s.LiveCandle(int(at) * 1000, opened, high, low, close, volume)

    return s.Subscription(channels=(f"/market/candles:{pair}_{step}",), read=read)
