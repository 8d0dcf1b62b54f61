"""MEXC's socket: requests and their answers are JSON, data is protobuf.

A refusal has no code of its own and says "Blocked" of whatever it does not give.

Source: https://www.mexc.com/api-docs/spot-v3/websocket-market-streams, read 2026-11-28.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from coinmux import HTTPClient, hookimpl
from coinmux import errors as e
from coinmux import models as m
from coinmux import sockets as s
from coinmux.plugins.providers.mexc import protobuf as pb
from coinmux.plugins.providers.mexc.spelling import STYLE

#: Ours -> theirs on the socket, which spells them otherwise than by REST.
LENGTHS = {
    "1m": "Min1", "5m": "Min5", "15m": "Min15", "30m": "Min30", "1h": "Min60", "4h": "Hour4",
    "8h": "Hour8", "1d": "Day1", "1w": "Week1", "1M": "Month1",
}  # fmt: skip
#: Levels of each side of its whole books, and of the book by REST that differences change.
BOOKS, SNAPSHOT = (5, 10, 20), 1000
#: Numbers of the fields of every message.
CHANNEL, SYMBOL, CREATED, SENT = 1, 3, 5, 6
BOOK, CANDLE, DAY, CHANGES, DEALS, BEST = 303, 308, 309, 313, 314, 315
#: How the answer to a refused request begins; it names the channels in brackets.
REFUSAL = "Not Subscribed successfully"
SIDES = {"1": "buy", "2": "sell"}

#: A listed pair always has orders that move, so that prices or a book that are silent are none.
SILENCE_S = 60.0


class Dialect(s.SocketDialect):
    """One connection; an answer names the channels it is about."""

    def __init__(self) -> None:
        #: Channels that are not answered yet.
        self._asked: list[str] = []

    def subscribe(self, channels: Sequence[str]) -> Sequence[s.Frame]:
        self._asked += channels
        return [_request("SUBSCRIPTION", channels)]

    def unsubscribe(self, channels: Sequence[str]) -> Sequence[s.Frame]:
        return [_request("UNSUBSCRIPTION", channels)]

    def keep_alive(self) -> s.Frame:
        return '{"method":"PING"}'

    def read(self, frame: s.Frame) -> Iterable[s.Said]:
        if isinstance(frame, bytes):
            message = pb.fields(frame)
            return [s.Message(pb.text(message, CHANNEL), message)]
        said = s.read_json(frame)
        if type(said) is not dict:
            raise e.SchemaMismatch("a message is an object")
        if said.get("method") == "PING":
            return [s.Reply('{"method":"PONG"}')]
        text = said.get("msg")
        if not isinstance(text, str):
            return [s.Alive()]
        named = [channel for channel in self._asked if channel in _names(text)]
        self._asked = [channel for channel in self._asked if channel not in named]
        if text.startswith(REFUSAL):
            error = e.NotOffered(f"MEXC: {text[:200].strip()}")
            return [s.Refused(named, error)] if named else [s.Alive()]
        if said.get("code") not in (0, None):
            return [s.Refused(named, e.BadStatus(f"MEXC: {text[:200]}"))]
        return [s.Subscribed(named)] if named else [s.Alive()]


def _request(method: str, channels: Sequence[str]) -> s.Frame:
    names = ",".join(f'"{channel}"' for channel in channels)
    return f'{{"method":"{method}","params":[{names}]}}'


def _names(text: str) -> list[str]:
    """The channels a text names, between brackets or as they are."""
    inner = text.partition("[")[2].partition("]")[0] if "[" in text else text
    return [name.strip() for name in inner.split(",")]


@hookimpl
def socket_dialect(socket: str) -> s.SocketDialect:
    """Its only socket."""
    return Dialect()


def _part(body: Any, symbol: m.Symbol, number: int) -> pb.Fields:
    """The message of a kind within a message about `symbol`.

    Raises:
        OtherSubject: it is about another pair.
        SchemaMismatch: it is of another kind.
    """
    STYLE.confirm(symbol, pb.text(body, SYMBOL))
    part = body.get(number, (None,))[-1]
    if not isinstance(part, bytes):
        raise e.SchemaMismatch(f"protobuf: field {number} takes a message")
    return pb.fields(part)


def _time(body: Any) -> int | None:
    return pb.whole(body, SENT) or pb.whole(body, CREATED)


def _given(part: pb.Fields, number: int, name: str) -> str | None:
    """The text of a figure that may be missing."""
    values = part.get(number)
    return None if values is None else m.read_field(name, bytes.decode, values[-1])


@hookimpl
def stream_ticker(query: m.TickerQuery) -> s.Subscription[m.Ticker]:
    """Figures of 24 hours with the last price, and the best prices as they change."""
    pair = STYLE.native(query.symbol)
    day = f"spot@public.miniTicker.v3.api.pb@{pair}@UTC+0"
    best = f"spot@public.aggre.bookTicker.v3.api.pb@100ms@{pair}"
    known: dict[str, Any] = {}

    def read(channel: str, body: Any) -> Iterable[m.Ticker]:
        if channel == day:
            part = _part(body, query.symbol, DAY)
            known.update(
                last=pb.text(part, 2),
                change_fraction=_given(part, 3, "change_percent"),
                high=_given(part, 5, "high"),
                low=_given(part, 6, "low"),
                volume_quote=_given(part, 7, "volume_quote"),
                volume_base=_given(part, 8, "volume_base"),
            )
        else:
            part = _part(body, query.symbol, BEST)
            known.update(bid=_given(part, 1, "bid"), ask=_given(part, 3, "ask"))
        at = m.read_field("timestamp", _time, body)
        known["timestamp"] = max(at or 0, known.get("timestamp") or 0) or None
        if "last" in known:
            yield m.Ticker.of(query, **known)

    return s.Subscription(channels=(day, best), read=read, silence_s=SILENCE_S)


@hookimpl
def stream_trades(query: m.TradesQuery) -> s.Subscription[m.Trade | s.TradeMark]:
    """Lists of trades, which have no ids, each 100 ms."""
    pair = STYLE.native(query.symbol)

    def one(row: pb.Fields) -> m.Trade:
        return m.Trade.of(
            timestamp=pb.whole(row, 4),
            side=m.read_word("side", SIDES, m.read_field("side", lambda at: pb.whole(row, at), 3)),
            price=pb.text(row, 1),
            amount=pb.text(row, 2),
        )

    def read(channel: str, body: Any) -> Iterable[m.Trade]:
        rows = pb.messages(_part(body, query.symbol, DEALS), 1)
        return m.read_rows(rows, one, kind="trades")

    channel = f"spot@public.aggre.deals.v3.api.pb@100ms@{pair}"
    return s.Subscription(channels=(channel,), read=read)


@hookimpl
def stream_order_book(query: m.OrderBookQuery) -> s.Subscription[s.BookChange]:
    """Whole books of up to 20 levels a side; for more, differences of one asked for by REST."""
    pair = STYLE.native(query.symbol)
    levels = next((levels for levels in BOOKS if levels >= query.depth), None)

    def read_whole(channel: str, body: Any) -> Iterable[s.BookChange]:
        part = _part(body, query.symbol, BOOK)
        yield s.BookChange(
            pb.pairs(part, 2),
            pb.pairs(part, 1),
            is_whole=True,
            last=m.read_field("version", int, _given(part, 4, "version")),
            timestamp=m.read_field("timestamp", _time, body),
        )

    if levels is not None:
        channel = f"spot@public.limit.depth.v3.api.pb@{pair}@{levels}"
        return s.Subscription(channels=(channel,), read=read_whole, silence_s=SILENCE_S)

    def read_changes(channel: str, body: Any) -> Iterable[s.BookChange]:
        part = _part(body, query.symbol, CHANGES)
        change = s.BookChange(
            pb.pairs(part, 2),
            pb.pairs(part, 1),
            first=_number(pb.text(part, 4)),
            last=_number(pb.text(part, 5)),
            timestamp=m.read_field("timestamp", _time, body),
        )
        return [change]

    async def snapshot(http: HTTPClient) -> s.BookChange:
        body = await http.get_json("/api/v3/depth", {"symbol": pair, "limit": SNAPSHOT})
        last = _number(m.required(body, "lastUpdateId"))
        return s.BookChange(body["bids"], body["asks"], is_whole=True, last=last)

    return s.Subscription(
        channels=(f"spot@public.aggre.depth.v3.api.pb@100ms@{pair}",),
        read=read_changes,
        silence_s=SILENCE_S,
        book=s.BookRules(link="adjacent", snapshot=snapshot, snapshot_levels=SNAPSHOT),
    )


def _number(value: Any) -> int:
    if not str(value).isdecimal():
        raise e.SchemaMismatch(f"the number of a change takes digits, not {str(value)[:40]!r}")
    return int(value)


@hookimpl
def stream_candles(query: m.CandlesQuery) -> s.Subscription[s.LiveCandle]:
    """Times in seconds; nothing says that a candle is closed."""
    pair, length = STYLE.native(query.symbol), LENGTHS[query.interval]

    def read(channel: str, body: Any) -> Iterable[s.LiveCandle]:
        part = _part(body, query.symbol, CANDLE)
        at = pb.whole(part, 2)
        if at is None:
            raise e.SchemaMismatch("a candle has no time")
        opened, close, high, low = (pb.text(part, number) for number in (3, 4, 5, 6))
        yield s.LiveCandle(at * 1000, opened, high, low, close, _given(part, 7, "volume"))

    return s.Subscription(channels=(f"spot@public.kline.v3.api.pb@{pair}@{length}",), read=read)
