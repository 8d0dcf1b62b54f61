"""Bitfinex's end of a connection, for the simulator."""

import json
import zlib
from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec

from coinmux import Symbol
from coinmux.framework.simulator.sockets.speech import (
    BookNow,
    CandleNow,
    Follow,
    Row,
    SimulatedSocket,
    TickerNow,
    TradeNow,
    Unfollow,
)
from coinmux.plugins.providers.bitfinex.spelling import INTERVALS

_TIMESTAMP, _SEQ_ALL, _CHECKSUM, _BULK = 32_768, 65_536, 131_072, 536_870_912
_OURS = {theirs: ours for ours, theirs in INTERVALS.items()}
_BEAT_MS = 15_000
_CHANNELS = 25
#: Trades of before that are told first, newest first.
_PAST = 30
#: Levels that the checksum is about.
_CHECKED = 25
#: Numbers smaller than this power of ten are written with an exponent, as JavaScript does.
_SMALL = -6


class Socket(SimulatedSocket):
    """One connection to version 2.

    Bitfinex numbers channels anew on each connection, so that of a `Follow` is named by what was
    asked for: `ticker:tBTCUSD`, `book-100:tBTCUSD`, `candles:trade:1m:tBTCUSD`.
    """

    def __init__(self, socket: str, pairs: Mapping[str, Symbol]) -> None:
        super().__init__(socket, pairs)
        self._flags = 0
        self._number = 0
        self._next = 1
        self._told_ms: dict[int, int] = {}
        #: The channel of each number.
        self._channels: dict[int, str] = {}
        self._begun: set[int] = set()

    def greeting(self, target: str, now_ms: int) -> Sequence[str | bytes | Follow]:
        """It says first that it works."""
        return [
            _json({
                "event": "info", "version": 2, "serverId": "simulated", "platform": {"status": 1},
            })
        ]  # fmt: skip

    def heard(self, frame: str | bytes, now_ms: int) -> Sequence[str | bytes | Follow | Unfollow]:
        """One channel a message."""
        said = json.loads(frame)
        event = said.get("event")
        if event == "conf":
            self._flags = said["flags"]
            return [_json({"event": "conf", "status": "OK", "flags": self._flags})]
        if event == "ping":
            return [_json({"event": "pong", "ts": now_ms, "cid": said.get("cid")})]
        if event == "unsubscribe" and said.get("chanId") in self._channels:
            number = said["chanId"]
            del self._told_ms[number]
            done = {"event": "unsubscribed", "status": "OK", "chanId": number}
            return [Unfollow(self._channels.pop(number)), _json(done)]
        if event != "subscribe":
            return [_json({"event": "error", "msg": "unknown event", "code": 10000})]
        return self._subscribed(said, now_ms)

    def _subscribed(
        self, said: dict[str, str], now_ms: int
    ) -> Sequence[str | bytes | Follow | Unfollow]:
        """The answer, and what is followed by it."""
        asked = {name: text for name, text in said.items() if name != "event"}
        follow = self._follow(asked)
        if follow is None:
            what = "key" if "key" in asked else "symbol"
            return [_error(asked, 10300, f"{what}: invalid")]
        if follow.channel in self._channels.values():
            return [_error(asked, 10301, "subscribe: dup")]
        if len(self._channels) >= _CHANNELS:
            return [_error(asked, 10305, "subscribe: limit")]
        number, self._next = self._next, self._next + 1
        self._channels[number], self._told_ms[number] = follow.channel, now_ms
        done = {"event": "subscribed", "chanId": number, **asked}
        return [_json(done), follow]

    def _follow(self, asked: Mapping[str, str]) -> Follow | None:
        kind, key, symbol = asked.get("channel"), asked.get("key", ""), asked.get("symbol", "")
        _, interval, of_key = key.split(":", 2) if key.count(":") > 1 else ("", "", "")
        pair = self.pairs.get(of_key if kind == "candles" else symbol)
        if pair is None:
            return None
        if kind == "ticker":
            return Follow(f"ticker:{symbol}", "ticker", pair)
        if kind == "trades":
            return Follow(f"trades:{symbol}", "trades", pair, past=_PAST)
        if kind == "candles" and interval in _OURS:
            return Follow(f"candles:{key}", "candles", pair, interval=_OURS[interval])
        length = asked.get("len", "25")
        if kind == "book" and length in ("1", "25", "100", "250"):
            channel = f"book-{length}:{symbol}"
            return Follow(channel, "order_book", pair, depth=int(length), every_ms=100)
        return None

    def tell(self, follow: Follow, row: Row, now_ms: int) -> Sequence[str | bytes]:
        """Arrays, with what the client configured at their end."""
        numbers = {channel: number for number, channel in self._channels.items()}
        number = numbers[follow.channel]
        if isinstance(row, TickerNow):
            return [self._data(number, _ticker(row), now_ms)]
        if isinstance(row, CandleNow):
            is_begun, candle = number in self._begun, _candle(row)
            self._begun.add(number)
            return [self._data(number, candle if is_begun else [candle], now_ms)]
        if isinstance(row, BookNow):
            return self._book(number, row, now_ms)
        if number not in self._begun:
            self._begun.add(number)
            past = [_told_trade(trade) for trade in reversed(row)]
            return [self._data(number, past, now_ms)]
        return [
            self._array(number, [word, _told_trade(trade)], now_ms)
            for trade in row
            for word in ("te", "tu")
        ]

    def _book(self, number: int, row: BookNow, now_ms: int) -> list[str]:
        """The whole book first; then what changed, at once or one by one; then the checksum."""
        rows = [
            _level(price, size, sign)
            for side, sign in ((row.bids, 1), (row.asks, -1))
            for price, size in side
        ]
        is_one = row.is_whole or (rows and self._flags & _BULK)
        told = [self._data(number, one, now_ms) for one in ([rows] if is_one else rows)]
        return [*told, *self._checksum(number, row, now_ms)]

    def _checksum(self, number: int, row: BookNow, now_ms: int) -> list[str]:
        if not self._flags & _CHECKSUM:
            return []
        parts: list[str] = []
        for at in range(_CHECKED):
            for side, sign in ((row.all_bids, ""), (row.all_asks, "-")):
                if at < len(side):
                    price, size = side[at]
                    parts += (_text(price), f"{sign}{_text(size)}")
        made = zlib.crc32(":".join(parts).encode()) ^ row.is_checksum_wrong
        signed = made - 2**32 if made >= 2**31 else made
        return [self._array(number, ["cs", signed], now_ms)]

    def idle(self, now_ms: int) -> Sequence[str | bytes]:
        """Each channel beats that told nothing for 15 seconds."""
        silent = [one for one, told in self._told_ms.items() if now_ms - told >= _BEAT_MS]
        return [self._array(number, ["hb"], now_ms) for number in silent]

    def refuse(self, frame: str | bytes, now_ms: int) -> Sequence[str | bytes]:
        """As too many are."""
        asked = {name: text for name, text in json.loads(frame).items() if name != "event"}
        return [_error(asked, 11010, "ERR_RATE_LIMIT")]

    def _data(self, number: int, data: object, now_ms: int) -> str:
        return self._array(number, [data], now_ms)

    def _array(self, number: int, parts: Sequence[object], now_ms: int) -> str:
        self._told_ms[number] = now_ms
        array = [number, *parts]
        if self._flags & _SEQ_ALL:
            self._number += 1
            array.append(self._number)
        if self._flags & _TIMESTAMP:
            array.append(now_ms)
        return _json(array)


def _ticker(row: TickerNow) -> list[object]:
    moved = row.last - row.open
    share = round(moved / row.open, 8) if row.open else Decimal()
    figures = (
        row.bid, row.bid_size, row.ask, row.ask_size, moved, share, row.last, row.volume_base,
        row.high, row.low,
    )  # fmt: skip
    return [_number(figure) for figure in figures]


def _candle(row: CandleNow) -> list[object]:
    figures = (row.open, row.close, row.high, row.low, row.volume_base)
    return [row.opens_ms, *map(_number, figures)]


def _told_trade(trade: TradeNow) -> list[object]:
    """Its amount is negative where the taker sold."""
    size = trade.size if trade.side == "buy" else -trade.size
    return [trade.id, trade.at_ms, _number(size), _number(trade.price)]


def _level(price: Decimal, size: Decimal, sign: int) -> list[object]:
    return [_number(price), 1 if size else 0, _number(size * sign if size else Decimal(sign))]


def _number(value: Decimal) -> msgspec.Raw:
    return msgspec.Raw(_text(value).encode())


def _text(value: Decimal) -> str:
    """The shortest form, as JavaScript writes a number."""
    short = value.normalize()
    if not short or short.adjusted() >= _SMALL:
        return f"{short:f}"
    return f"{short.scaleb(-short.adjusted()):f}e{short.adjusted()}"


def _error(asked: Mapping[str, str], code: int, text: str) -> str:
    return _json({"event": "error", "msg": text, "code": code, **asked})


def _json(said: object) -> str:
    return msgspec.json.encode(said).decode()


def rest_trades(path: str, params: Mapping[str, str], trades: Sequence[TradeNow]) -> object:
    """The latest trades, newest first; None for another request."""
    if "/trades/" not in path:
        return None
    latest = trades[-int(params.get("limit", 125)) :]
    return [
        [one.id, one.at_ms, float(one.size if one.side == "buy" else -one.size), float(one.price)]
        for one in reversed(latest)
    ]
