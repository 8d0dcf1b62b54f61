"""Bitfinex's live feeds, from version 2 of its socket.

A subscription is confirmed with a number, under which its messages come: arrays, read by place from
the front, as more may be appended. By our configuration each array ends in its number among all of
the connection's and its time, a book's changes come together, and its checksum after them.

Source: https://docs.bitfinex.com/docs/ws-general, ws-public and ws-websocket-checksum, of
2026.
"""

import json
import zlib
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from coinmux import RateLimit, hookimpl
from coinmux import errors as e
from coinmux import models as m
from coinmux import sockets as s
from coinmux.plugins.providers.bitfinex.rows import ticker_of, trade_of
from coinmux.plugins.providers.bitfinex.spelling import INTERVALS, STYLE

TIMESTAMP, SEQ_ALL, OB_CHECKSUM, BULK_UPDATES = 32_768, 65_536, 131_072, 536_870_912
#: Levels of a side of a book.
BOOKS = (25, 100, 250)
#: How many of them its checksum is about.
CHECKED = 25
#: How long a candle may still change after the next has begun.
SETTLES_S = 5.0
SOCKETS = {
    "": s.SocketInfo(
        url="wss://api-pub.bitfinex.com/ws/2",
        subscriptions=25,
        batch=25,
        connects=(RateLimit(20, 60),),
        # Each channel beats every 15 seconds.
        silence_s=40.0,
    )
}
NO_PAIR, DUPLICATE = 10300, 10301
RESTARTS, BEGINS, IS_OVER = 20051, 20060, 20061
#: A number above it is a time.
MOST_NUMBERED = 10**12
#: Before the data of a message: a trade, the same once it is booked, a checksum.
WORDS = ("te", "tu", "cs")


class Told(NamedTuple):
    """A message of a channel.

    Attributes:
        word: `te`, `tu` or `cs`; "" for data alone.
        data: a row, or a list of rows.
        is_first: whether it is the first since the channel was confirmed.
        at_ms: when it was sent.
    """

    word: str
    data: Any
    is_first: bool
    at_ms: int | None


class Dialect(s.SocketDialect):
    """Channels are `ticker:tBTCUSD`, `book-100:tBTCUSD`, `candles:trade:1m:tBTCUSD`."""

    def __init__(self) -> None:
        self._is_ready = False
        self._channels: dict[int, str] = {}
        self._begun: set[int] = set()
        #: How the messages of books begin.
        self._books: tuple[str, ...] = ()
        #: Ended before they were confirmed.
        self._unwanted: set[str] = set()
        self._last: int | None = None

    def opening(self) -> Sequence[s.Frame]:
        """See `SocketDialect.opening`."""
        flags = TIMESTAMP + SEQ_ALL + OB_CHECKSUM + BULK_UPDATES
        return [json.dumps({"event": "conf", "flags": flags})]

    def is_ready(self) -> bool:
        """Whether it said that it works."""
        return self._is_ready

    def subscribe(self, channels: Sequence[str]) -> Sequence[s.Frame]:
        """See `SocketDialect.subscribe`."""
        self._unwanted.difference_update(channels)
        return [json.dumps({"event": "subscribe", **_subject(channel)}) for channel in channels]

    def unsubscribe(self, channels: Sequence[str]) -> Sequence[s.Frame]:
        """See `SocketDialect.unsubscribe`."""
        numbers = {channel: number for number, channel in self._channels.items()}
        self._unwanted.update(channel for channel in channels if channel not in numbers)
        ended = [numbers[channel] for channel in channels if channel in numbers]
        for number in ended:
            del self._channels[number]  # what still comes of it is of before
        self._note_books()
        return list(map(_unsubscribe, ended))

    def read(self, frame: s.Frame) -> Iterable[s.Said]:
        """See `SocketDialect.read`."""
        # A book's checksum is made of what is written.
        is_book = not isinstance(frame, str) or frame.startswith(self._books)
        said = s.read_json(frame, as_written=is_book)
        if isinstance(said, list) and len(said) > 1:
            return [self._data(said)]
        if isinstance(said, dict):
            return self._event(said)
        raise e.SchemaMismatch("a message of Bitfinex is an array or an object")

    def _data(self, said: list[Any]) -> s.Said:
        word = said[1] if type(said[1]) is str else ""
        place = 3 if word in WORDS else 2
        tail = [one for one in said[place : place + 2] if type(one) is int]
        if tail and tail[0] < MOST_NUMBERED:
            number = tail.pop(0)
            last, self._last = self._last, number
            if last is not None and number != last + 1:
                if number > last:
                    return s.Failed(e.Disconnected(f"message {last + 1} of Bitfinex did not come"))
                self._last = last
                return s.Alive()  # it was sent before
        own = said[0]
        channel = self._channels.get(own) if type(own) is int else None
        if channel is None or word == "hb":
            return s.Alive()
        is_first = own not in self._begun
        if is_first:
            self._begun.add(own)
        data = m.required(said, place - 1)
        return s.Message(channel, Told(word, data, is_first, tail[0] if tail else None))

    def _event(self, said: dict[str, Any]) -> list[s.Said]:
        event = said.get("event")
        if event == "subscribed":
            channel, number = _channel(said), said["chanId"]
            if type(number) is not int:
                raise e.SchemaMismatch("the number of a channel is no number")
            self._channels = {at: one for at, one in self._channels.items() if one != channel}
            self._channels[number] = channel
            self._note_books()
            self._begun.discard(number)
            if channel in self._unwanted:
                self._unwanted.discard(channel)
                return [s.Reply(_unsubscribe(number))]
            return [s.Subscribed([channel])]
        if event == "error":
            return [self._refused(said)]
        if event == "info":
            return [self._info(said)]
        if event is None:
            raise e.SchemaMismatch("a message of Bitfinex without its event")
        return [s.Alive()]

    def _note_books(self) -> None:
        books = [number for number, name in self._channels.items() if name.startswith("book")]
        self._books = tuple(f"[{number}," for number in books)

    def _refused(self, said: dict[str, Any]) -> s.Said:
        words, code = str(said.get("msg"))[:120], said.get("code")
        try:
            channels = [_channel(said)]
        except (LookupError, TypeError):
            channels = []
        if code == DUPLICATE and channels and channels[0] in self._channels.values():
            return s.Subscribed(channels)
        if "rate" in words.lower():
            return s.Refused(channels, e.RateLimited(words))
        if code == NO_PAIR and channels and words.startswith(("symbol", "key", "pair")):
            pair = channels[0].rpartition(":t")[2]
            return s.Refused(channels, e.UnknownSymbol(pair, f"Bitfinex: {words}"))
        return s.Refused(channels, e.BadStatus(f"{code}: {words}"))

    def _info(self, said: dict[str, Any]) -> s.Said:
        code, platform = said.get("code"), said.get("platform")
        if code in (RESTARTS, IS_OVER):
            return s.Leaving(str(said.get("msg") or "Bitfinex asks for a new connection")[:120])
        if code == BEGINS or (isinstance(platform, dict) and platform.get("status") == 0):
            return s.Failed(e.BadStatus("Bitfinex is in maintenance"))
        if "version" in said:
            self._is_ready = True
        return s.Alive()


def _subject(channel: str) -> dict[str, str]:
    kind, _, subject = channel.partition(":")
    name, _, length = kind.partition("-")
    if name == "candles":
        return {"channel": name, "key": subject}
    if name == "book":
        return {"channel": name, "symbol": subject, "prec": "P0", "freq": "F0", "len": length}
    return {"channel": name, "symbol": subject}


def _channel(said: dict[str, Any]) -> str:
    name = said["channel"]
    if name == "book":
        return f"book-{said['len']}:{said['symbol']}"
    return f"{name}:{said['key' if name == 'candles' else 'symbol']}"


def _unsubscribe(number: int) -> str:
    return json.dumps({"event": "unsubscribe", "chanId": number})


@hookimpl
def socket_dialect(socket: str) -> s.SocketDialect:
    """One socket for all channels."""
    return Dialect()


@hookimpl
def stream_ticker(query: m.TickerQuery) -> s.Subscription[m.Ticker]:
    """First at once, then when it changes; its time is that of the message."""

    def read(channel: str, body: Told) -> Iterable[m.Ticker]:
        return [ticker_of(body.data, query, body.at_ms)]

    return s.Subscription(channels=(f"ticker:{STYLE.native(query.symbol)}",), read=read)


@hookimpl
def stream_trades(query: m.TradesQuery) -> s.Subscription[m.Trade | s.TradeMark]:
    """The latest first, then each as it is executed; that it was booked is told once more."""

    def read(channel: str, body: Told) -> Iterable[m.Trade]:
        if body.word == "tu":
            return ()
        if body.word == "te":
            return [trade_of(body.data)]
        rows = _newest_last(body.data)
        return m.read_rows(rows, trade_of, kind="trades")

    channel = f"trades:{STYLE.native(query.symbol)}"
    return s.Subscription(channels=(channel,), read=read, ids="rising")


@hookimpl
def stream_order_book(query: m.OrderBookQuery) -> s.Subscription[s.BookChange]:
    """Whole first, then what changed; levels that fall out of it are told too."""
    length = next((length for length in BOOKS if length >= query.depth), BOOKS[-1])
    channel = f"book-{length}:{STYLE.native(query.symbol)}"
    rules = s.BookRules(checksum=checksum, checksum_levels=CHECKED)
    return s.Subscription(channels=(channel,), read=_read_book, book=rules)


def _read_book(channel: str, body: Told) -> Iterable[s.BookChange]:
    data, at_ms = body.data, body.at_ms
    if body.word == "cs":
        if type(data) is not int:
            raise e.SchemaMismatch("a checksum is a number")
        yield s.BookChange((), (), checksum=data, timestamp=at_ms)
        return
    is_list = not data or isinstance(data[0], list)
    bids: list[tuple[str, str]] = []
    asks: list[tuple[str, str]] = []
    for price, count, amount, *_ in data if is_list else [data]:
        m.number(amount)
        if type(count) is not int:
            raise e.SchemaMismatch("a number of orders is a number")
        text = str(amount)
        # Without orders the amount, 1 or -1, only says of which side it was.
        side, size = (asks, text[1:]) if text.startswith("-") else (bids, text)
        side.append((str(price), size if count else "0"))
    yield s.BookChange(bids, asks, is_whole=body.is_first and is_list, timestamp=at_ms)


def checksum(
    bids: Sequence[tuple[s.Written, s.Written]], asks: Sequence[tuple[s.Written, s.Written]]
) -> int:
    """Of the levels by turns, as they are written, the asks negative; signed."""
    parts: list[str] = []
    for at in range(max(len(bids), len(asks))):
        if at < len(bids):
            parts += map(str, bids[at])
        if at < len(asks):
            price, size = asks[at]
            parts += (str(price), f"-{size}")
    made = zlib.crc32(":".join(parts).encode())
    return made - 2**32 if made >= 2**31 else made


@hookimpl
def stream_candles(query: m.CandlesQuery) -> s.Subscription[s.LiveCandle]:
    """Those of before first; a message may concern the candle before the newest."""

    def one(row: Any) -> s.LiveCandle:
        opens, open_, close, high, low, volume = row[:6]
        return s.LiveCandle(opens, open_, high, low, close, volume)

    def read(channel: str, body: Told) -> Iterable[s.LiveCandle]:
        return m.read_rows(_newest_last(body.data), one, kind="candles")

    channel = f"candles:trade:{INTERVALS[query.interval]}:{STYLE.native(query.symbol)}"
    return s.Subscription(channels=(channel,), read=read, settles_s=SETTLES_S)


def _newest_last(data: Any) -> list[Any]:
    """The rows of a list in order of time, or the one row."""
    if not isinstance(data, list):
        raise e.SchemaMismatch("data of Bitfinex are arrays")
    return data[::-1] if not data or isinstance(data[0], list) else [data]
