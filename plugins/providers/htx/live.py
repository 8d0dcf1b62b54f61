"""HTX's sockets: gzip in every frame it sends, and a ping of its own each five seconds.

Books by differences are on a socket of their own, where the whole book is asked for too.

Source: https://huobiapi.github.io/docs/spot/v1/en/#websocket-market-data, read 2026-11-28.
"""

import zlib
from collections.abc import Iterable, Sequence
from typing import Any

from coinmux import errors as e
from coinmux import hookimpl
from coinmux import models as m
from coinmux import sockets as s
from coinmux.plugins.providers.htx.spelling import INTERVALS, STYLE

#: The socket of books by differences.
FEED = "feed"
#: Levels of each side of its whole books, and of those it tells the differences of.
BOOKS, CHANGED_BOOKS = (5, 10, 20), (150, 400)
#: Most bytes a frame may have once decoded: a book of 400 levels takes some 30 thousand.
FRAME_BYTES = 2_097_152
#: What zlib takes for gzip.
_GZIP = 16 + zlib.MAX_WBITS

#: A listed pair always has orders that move, so that prices or a book that are silent are none.
SILENCE_S = 60.0


class Dialect(s.SocketDialect):
    """One connection; requests are text, what comes is packed."""

    def __init__(self) -> None:
        self._last_id = 0
        #: The messages that are not answered yet -> their channels.
        self._asked: dict[str, str] = {}

    def subscribe(self, channels: Sequence[str]) -> Sequence[s.Frame]:
        frames = []
        for channel in channels:
            number = self._next_id()
            self._asked[number] = channel
            frames.append(f'{{"sub":"{channel}","id":"{number}"}}')
            if is_changed_book(channel):
                frames.append(f'{{"req":"{channel}","id":"{self._next_id()}"}}')
        return frames

    def unsubscribe(self, channels: Sequence[str]) -> Sequence[s.Frame]:
        return [f'{{"unsub":"{channel}","id":"{self._next_id()}"}}' for channel in channels]

    def _next_id(self) -> str:
        self._last_id += 1
        return str(self._last_id)

    def read(self, frame: s.Frame) -> Iterable[s.Said]:
        said = s.read_json(unpacked(frame) if isinstance(frame, bytes) else frame)
        if type(said) is not dict:
            raise e.SchemaMismatch("a message is an object")
        channel = said.get("ch")
        if type(channel) is str and "tick" in said:
            return [s.Message(channel, said)]
        if "ping" in said:
            number = said["ping"]
            if type(number) is not int:
                raise e.SchemaMismatch("a ping takes a number")
            return [s.Reply(f'{{"pong":{number}}}')]
        if said.get("status") == "error":
            return [self._refusal(said)]
        if "rep" in said:
            if not isinstance(said["rep"], str):
                raise e.SchemaMismatch("a channel takes a text")
            return [s.Message(said["rep"], said)]
        if "subbed" in said:
            channel = self._asked.pop(str(said.get("id")), None)
            if channel is not None:
                return [s.Subscribed([channel])]
        if "ch" in said:
            raise e.SchemaMismatch("a message has a channel and a tick")
        return [s.Alive()]

    def _refusal(self, said: dict[str, Any]) -> s.Said:
        code, text = str(said.get("err-code"))[:40], str(said.get("err-msg"))[:200]
        channel = self._asked.pop(str(said.get("id")), None)
        if channel is None:
            # A request for a book was refused: without it the feed finds no beginning.
            return s.Alive()
        error: e.CoinmuxError
        if "invalid" in text and ("symbol" in text or "topic" in text):
            error = e.UnknownSymbol(channel.split(".")[1], f"HTX: {text}")
        elif "too many" in text or "too-many" in code:
            error = e.RateLimited(f"HTX: {text}")
        else:
            error = e.BadStatus(f"HTX: {text} ({code})")
        return s.Refused([channel], error)


def is_changed_book(channel: str) -> bool:
    """Whether it tells differences of a book that has to be asked for."""
    return ".mbp." in channel and ".refresh." not in channel


def unpacked(frame: bytes) -> bytes:
    """The text of a frame.

    Raises:
        BadEncoding: it is no gzip, cut off, or has more after its end.
        TooLarge: it would have more bytes than any of its messages.
    """
    stream = zlib.decompressobj(_GZIP)
    try:
        plain = stream.decompress(frame, FRAME_BYTES + 1)
    except zlib.error as error:
        raise e.BadEncoding(f"gzip: {error}") from None
    if len(plain) > FRAME_BYTES:
        raise e.TooLarge(f"a frame of more than {FRAME_BYTES} bytes once decoded")
    if not stream.eof or stream.unused_data:
        raise e.BadEncoding("gzip: it does not end where the frame ends")
    return plain


@hookimpl
def socket_dialect(socket: str) -> s.SocketDialect:
    """Both of its sockets speak alike."""
    return Dialect()


def _rows(tick: Any, side: str) -> list[Any]:
    rows = tick[side]
    if not isinstance(rows, list):
        raise e.SchemaMismatch(f"{side} take a list")
    return rows


@hookimpl
def stream_ticker(query: m.TickerQuery) -> s.Subscription[m.Ticker]:
    """Figures of 24 hours with the last price, and the best prices as they change."""
    pair = STYLE.native(query.symbol)
    day, best = f"market.{pair}.detail", f"market.{pair}.bbo"
    known: dict[str, Any] = {}

    def read(channel: str, body: Any) -> Iterable[m.Ticker]:
        tick = body["tick"]
        if channel == day:
            known.update(
                last=tick["close"],
                open=m.optional(tick, "open"),
                high=m.optional(tick, "high"),
                low=m.optional(tick, "low"),
                volume_base=m.optional(tick, "amount"),
                volume_quote=m.optional(tick, "vol"),
            )
        else:
            STYLE.confirm(query.symbol, tick["symbol"])
            known.update(bid=m.optional(tick, "bid"), ask=m.optional(tick, "ask"))
        at = m.read_field("timestamp", int, m.optional(body, "ts"))
        known["timestamp"] = max(at or 0, known.get("timestamp") or 0) or None
        if "last" in known:
            yield m.Ticker.of(query, **known)

    return s.Subscription(channels=(day, best), read=read, silence_s=SILENCE_S)


@hookimpl
def stream_trades(query: m.TradesQuery) -> s.Subscription[m.Trade | s.TradeMark]:
    """Lists of trades; `id` is longer than a number can be, `tradeId` is what REST has too."""
    pair = STYLE.native(query.symbol)

    def one(row: Any) -> m.Trade:
        return m.Trade.of(
            id=m.optional(row, "tradeId"),
            timestamp=row["ts"],
            side=m.optional(row, "direction"),
            price=row["price"],
            amount=row["amount"],
        )

    def read(channel: str, body: Any) -> Iterable[m.Trade]:
        return m.read_rows(_rows(body["tick"], "data"), one, kind="trades")

    return s.Subscription(channels=(f"market.{pair}.trade.detail",), read=read, ids="rising")


@hookimpl
def stream_order_book(query: m.OrderBookQuery) -> s.Subscription[s.BookChange]:
    """Whole books of up to 20 levels a side; for more, differences of up to 400."""
    pair = STYLE.native(query.symbol)
    levels = next((levels for levels in BOOKS if levels >= query.depth), None)

    def read_whole(channel: str, body: Any) -> Iterable[s.BookChange]:
        tick = body["tick"]
        yield s.BookChange(
            _rows(tick, "bids"),
            _rows(tick, "asks"),
            is_whole=True,
            last=m.read_field("seqNum", _number, tick.get("seqNum")),
            timestamp=m.optional(body, "ts"),
        )

    if levels is not None:
        channel = f"market.{pair}.mbp.refresh.{levels}"
        return s.Subscription(channels=(channel,), read=read_whole, silence_s=SILENCE_S)
    levels = next((levels for levels in CHANGED_BOOKS if levels >= query.depth), CHANGED_BOOKS[-1])

    def read_changes(channel: str, body: Any) -> Iterable[s.BookChange]:
        is_whole = "rep" in body
        tick = body["data" if is_whole else "tick"]
        yield s.BookChange(
            # A side that did not change may be left out.
            _rows(tick, "bids") if is_whole or "bids" in tick else [],
            _rows(tick, "asks") if is_whole or "asks" in tick else [],
            is_whole=is_whole,
            last=_number(tick["seqNum"]),
            previous=None if is_whole else _number(tick["prevSeqNum"]),
            timestamp=m.optional(body, "ts"),
        )

    return s.Subscription(
        channels=(f"market.{pair}.mbp.{levels}",),
        read=read_changes,
        socket=FEED,
        silence_s=SILENCE_S,
        book=s.BookRules(link="previous", depth=levels),
    )


def _number(value: Any) -> int:
    if type(value) is not int:
        raise e.SchemaMismatch(f"the number of a change is a whole one, not {str(value)[:40]!r}")
    return value


@hookimpl
def stream_candles(query: m.CandlesQuery) -> s.Subscription[s.LiveCandle]:
    """`id` is the opening time in seconds, `amount` in the base; nothing says that it is closed."""
    pair, length = STYLE.native(query.symbol), INTERVALS[query.interval]

    def read(channel: str, body: Any) -> Iterable[s.LiveCandle]:
        tick = body["tick"]
        yield s.LiveCandle(
            _number(tick["id"]) * 1000,
            tick["open"],
            tick["high"],
            tick["low"],
            tick["close"],
            m.optional(tick, "amount"),
        )

    return s.Subscription(channels=(f"market.{pair}.kline.{length}",), read=read)
