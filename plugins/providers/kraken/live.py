"""Kraken's live feeds, from version 2 of its socket.

A message of data names its pair and, for a candle, its interval, but not the depth of a book:
books of two depths have connections of their own. It ends a connection without a subscription
after a minute; with one there is a heartbeat each second in which nothing else is sent.

Source: https://docs.kraken.com/exchange/api-reference/spot-websocket and its guide to checksums, of
2026.
"""

import json
import zlib
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from coinmux import RateLimit, hookimpl
from coinmux import errors as e
from coinmux import models as m
from coinmux import sockets as s
from coinmux.plugins.providers.kraken.spelling import INTERVALS, LIVE

T = TypeVar("T")
#: Levels of a book on each socket; it cuts a book to them and does not say what falls out.
DEPTHS = {"": 25, "deep": 500}
#: How many of them its checksum is about.
CHECKED = 10
#: Levels whose digits are remembered.
MOST_KNOWN = 1_000
#: The checksum is now and then wrong, as those say who compare it, so one is not acted on.
MISMATCHES = 3
SILENCE_S = 30.0
SOCKETS = {
    name: s.SocketInfo(
        url="wss://ws.kraken.com/v2",
        batch=50,
        # The limit changes and is published nowhere.
        messages=(RateLimit(5, 1),),
        connects=(RateLimit(150, 600),),
        ping_s=20.0,
        silence_s=SILENCE_S,
    )
    for name in DEPTHS
}
DATA = ("ticker", "trade", "book", "ohlc")
#: How most messages begin whose numbers are not needed digit for digit.
NO_BOOK = '{"channel":"t'
#: The taker's, in its words.
SIDES = {"buy": "buy", "sell": "sell"}


class Dialect(s.SocketDialect):
    """Channels are `ticker:BTC/USD`, `book.25:BTC/USD`, `ohlc.1:BTC/USD`.

    One request has the pairs of a kind; each pair is confirmed or refused by itself.
    """

    def __init__(self, depth: int) -> None:
        self._depth = depth
        self._number = 0
        #: Request -> its kind, and the pairs that were not answered yet.
        self._asked: dict[int, tuple[str, list[str]]] = {}
        #: Ended, and not confirmed since: what still comes of them is of before.
        self._ended: set[str] = set()

    def subscribe(self, channels: Sequence[str]) -> Sequence[s.Frame]:
        """See `SocketDialect.subscribe`."""
        return self._requests("subscribe", channels)

    def unsubscribe(self, channels: Sequence[str]) -> Sequence[s.Frame]:
        """See `SocketDialect.unsubscribe`."""
        self._ended.update(channels)
        return self._requests("unsubscribe", channels)

    def _requests(self, method: str, channels: Sequence[str]) -> list[str]:
        kinds: dict[str, list[str]] = {}
        for channel in channels:
            kind, _, pair = channel.partition(":")
            kinds.setdefault(kind, []).append(pair)
        return [self._request(method, kind, pairs) for kind, pairs in kinds.items()]

    def _request(self, method: str, kind: str, pairs: list[str]) -> str:
        self._number += 1
        name, _, size = kind.partition(".")
        params: dict[str, object] = {"channel": name, "symbol": pairs}
        if size:
            params["depth" if name == "book" else "interval"] = int(size)
        if method == "subscribe":
            self._asked[self._number] = (kind, list(pairs))
            if name == "trade":
                params["snapshot"] = False  # those are trades of before
        return json.dumps({"method": method, "params": params, "req_id": self._number})

    def keep_alive(self) -> s.Frame:
        """See `SocketDialect.keep_alive`."""
        return '{"method": "ping"}'

    def read(self, frame: s.Frame) -> Iterable[s.Said]:
        """See `SocketDialect.read`."""
        said = s.read_json(frame, as_written=frame[: len(NO_BOOK)] != NO_BOOK)
        if not isinstance(said, dict):
            raise e.SchemaMismatch("a message of Kraken is an object")
        channel = said.get("channel")
        if channel in DATA:
            return self._data(channel, said)
        if channel == "status":
            return [_status(said)]
        if channel is not None or said.get("method") in ("pong", "unsubscribe"):
            return [s.Alive()]
        if said.get("success") is True:
            channels = self._answered(said)
            self._ended.difference_update(channels)
            return [s.Subscribed(channels)]
        if isinstance(error := said.get("error"), str):
            return [self._refused(said, error)]
        raise e.SchemaMismatch(f"a message of Kraken with {', '.join(map(str, said))[:80]}")

    def _data(self, name: str, said: dict[str, Any]) -> list[s.Said]:
        """The rows of a message by pair, in their order."""
        parts: dict[str, list[Any]] = {}
        rows = said["data"]

        def one(row: Any) -> bool:
            parts.setdefault(self._channel(name, row), []).append(row)
            return True

        if type(rows) is list and len(rows) == 1:
            parts[self._channel(name, rows[0])] = rows
        else:
            m.read_rows(rows, one, kind=f"rows of {name}")
        kind = said.get("type")
        if kind == "snapshot":
            self._ended -= parts.keys()
        return [
            s.Message(channel, (kind, rows))
            for channel, rows in parts.items()
            if channel not in self._ended
        ]

    def _channel(self, name: str, row: Any) -> str:
        if name == "book":
            return f"book.{self._depth}:{row['symbol']}"
        kind = f"ohlc.{row['interval']}" if name == "ohlc" else name
        return f"{kind}:{row['symbol']}"

    def _answered(self, said: dict[str, Any]) -> list[str]:
        """The channels that an answer to a request is about, which are asked no longer."""
        result = said.get("result")
        pair = result.get("symbol") if isinstance(result, dict) else said.get("symbol")
        number = said.get("req_id")
        if not isinstance(number, int) or number not in self._asked:
            return [self._channel(result["channel"], result)] if isinstance(result, dict) else []
        kind, pending = self._asked[number]
        pairs = [one for one in pending if pair in (None, one)]
        self._asked[number] = (kind, [one for one in pending if one not in pairs])
        if not self._asked[number][1]:
            del self._asked[number]
        return [f"{kind}:{one}" for one in pairs]

    def _refused(self, said: dict[str, Any], error: str) -> s.Said:
        pair, channels = said.get("symbol"), self._answered(said)
        if "already subscribed" in error.lower():
            return s.Subscribed(channels)
        if "pair not supported" in error:
            return s.Refused(channels, e.UnknownSymbol(pair, f"Kraken: {error[:120]}"))
        if "rate" in error:
            return s.Refused(channels, e.RateLimited(error[:120]))
        return s.Refused(channels, e.BadStatus(error[:120]))


def _status(said: dict[str, Any]) -> s.Said:
    """What it says of itself, first and when it changes."""
    for row in said["data"]:
        if row.get("system") == "maintenance":
            return s.Failed(e.BadStatus("Kraken is in maintenance"))
    return s.Alive()


def _read(rows: list[Any], one: Callable[[Any], T], kind: str) -> list[T]:
    """Mostly there is one row, which is either read or raises."""
    return [one(rows[0])] if len(rows) == 1 else m.read_rows(rows, one, kind=kind)


@hookimpl
def socket_dialect(socket: str) -> s.SocketDialect:
    """One dialect; sockets differ in the depth of their books."""
    return Dialect(DEPTHS[socket])


@hookimpl
def stream_ticker(query: m.TickerQuery) -> s.Subscription[m.Ticker]:
    """First at once, then with each trade; the volume in quote is that in base at its average."""
    pair = LIVE.native(query.symbol)

    def one(row: Any) -> m.Ticker:
        volume, average = m.optional(row, "volume"), m.optional(row, "vwap")
        both = None if volume is None or average is None else (volume, average)
        return m.Ticker.of(
            query,
            timestamp=m.read_field("timestamp", m.iso_ms, row.get("timestamp")),
            last=row["last"],
            bid=m.optional(row, "bid"),
            ask=m.optional(row, "ask"),
            moved=m.optional(row, "change"),
            high=m.optional(row, "high"),
            low=m.optional(row, "low"),
            change_percent=m.optional(row, "change_pct"),
            volume_base=volume,
            volume_quote=m.read_field("volume_quote", _product, both),
        )

    def read(channel: str, body: Any) -> Iterable[m.Ticker]:
        return _read(body[1], one, "tickers")

    return s.Subscription(channels=(f"ticker:{pair}",), read=read)


def _product(factors: tuple[Any, Any]) -> float:
    one, other = map(m.number, factors)
    if one < 0 or other < 0:
        raise ValueError(f"a volume of {one:g} at {other:g}")
    return one * other


@hookimpl
def stream_trades(query: m.TradesQuery) -> s.Subscription[m.Trade | s.TradeMark]:
    """`side` is the taker's; ids of a pair follow each other."""

    def one(row: Any) -> m.Trade:
        return m.Trade.of(
            id=m.optional(row, "trade_id"),
            timestamp=m.iso_ms(row["timestamp"]),
            side=m.read_word("side", SIDES, m.optional(row, "side")),
            price=row["price"],
            amount=row["qty"],
        )

    def read(channel: str, body: Any) -> Iterable[m.Trade]:
        return _read(body[1], one, "trades")

    pair = LIVE.native(query.symbol)
    return s.Subscription(channels=(f"trade:{pair}",), read=read, ids="successive")


@hookimpl
def stream_order_book(query: m.OrderBookQuery) -> s.Subscription[s.BookChange]:
    """Whole first, then what changed, with a checksum of the best ten levels."""
    socket = next((name for name, depth in DEPTHS.items() if depth >= query.depth), "deep")
    depth = DEPTHS[socket]
    digits = Digits()

    def read(channel: str, body: Any) -> Iterable[s.BookChange]:
        kind, rows = body
        changes = []
        for row in rows:
            bids = [(level["price"], level["qty"]) for level in row["bids"]]
            asks = [(level["price"], level["qty"]) for level in row["asks"]]
            digits.see(bids)
            digits.see(asks)
            changes.append(
                s.BookChange(
                    bids,
                    asks,
                    is_whole=kind == "snapshot",
                    checksum=m.whole_number(row["checksum"]) if "checksum" in row else None,
                    timestamp=m.read_field("timestamp", m.iso_ms, row.get("timestamp")),
                )
            )
        return changes

    return s.Subscription(
        channels=(f"book.{depth}:{LIVE.native(query.symbol)}",),
        read=read,
        socket=socket,
        book=s.BookRules(
            depth=depth,
            checksum=digits.checksum,
            checksum_levels=CHECKED,
            mismatches=MISMATCHES,
        ),
    )


class Digits:
    """With how many decimals a pair's prices and amounts are written.

    The checksum is made of all of them. A number may have lost its last zeros on the way, so they
    are as many as the longest has.
    """

    def __init__(self) -> None:
        self._places = [0, 0]
        #: Digits of levels; most of the best ten are those of the message before.
        self._known: dict[tuple[s.Written, s.Written], str] = {}
        #: The best asks and bids of that message, and their digits.
        self._sides: list[tuple[Sequence[tuple[s.Written, s.Written]], str]] = [((), ""), ((), "")]

    def see(self, levels: Iterable[tuple[s.Written, s.Written]]) -> None:
        """Count those of a message."""
        places = self._places
        for level in levels:
            for at in (0, 1):
                text = _plain(level[at])
                point = text.find(".")
                count = len(text) - point - 1 if point >= 0 else 0
                if count > places[at]:
                    places[at] = count
                    self._known.clear()
                    self._sides = [((), ""), ((), "")]

    def checksum(
        self,
        bids: Sequence[tuple[s.Written, s.Written]],
        asks: Sequence[tuple[s.Written, s.Written]],
    ) -> int:
        """Of the asks, then of the bids: digits without the point and without zeros before."""
        if len(self._known) > MOST_KNOWN:
            self._known.clear()
        sides = self._sides
        for at, side in enumerate((asks, bids)):
            # A tuple that is still the same has the same levels.
            if side is not sides[at][0] or type(side) is not tuple:
                sides[at] = (side, self._text(side))
        return zlib.crc32((sides[0][1] + sides[1][1]).encode())

    def _text(self, side: Sequence[tuple[s.Written, s.Written]]) -> str:
        known, parts = self._known, []
        for price, size in side[:CHECKED]:
            text = known.get((price, size))
            if text is None:
                text = _digits(price, self._places[0]) + _digits(size, self._places[1])
                known[price, size] = text
            parts.append(text)
        return "".join(parts)


def _digits(written: s.Written, places: int) -> str:
    whole, _, fraction = _plain(written).partition(".")
    return (whole + fraction.ljust(places, "0")).lstrip("0")


def _plain(written: s.Written) -> str:
    text = written if type(written) is str else str(written)
    return text if "e" not in text and "E" not in text else f"{Decimal(text):f}"


@hookimpl
def stream_candles(query: m.CandlesQuery) -> s.Subscription[s.LiveCandle]:
    """Those of before first, then with each trade; nothing says that one is closed."""

    def one(row: Any) -> s.LiveCandle:
        return s.LiveCandle(
            timestamp=m.iso_ms(row["interval_begin"]),
            open=row["open"],
            high=row["high"],
            low=row["low"],
            close=row["close"],
            volume=m.optional(row, "volume"),
        )

    def read(channel: str, body: Any) -> Iterable[s.LiveCandle]:
        return _read(body[1], one, "candles")

    channel = f"ohlc.{INTERVALS[query.interval]}:{LIVE.native(query.symbol)}"
    return s.Subscription(channels=(channel,), read=read)
