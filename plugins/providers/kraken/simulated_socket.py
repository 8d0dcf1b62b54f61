"""Kraken's end of a connection, for the simulator."""

import json
import zlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal

import msgspec

from coinmux import Symbol
from coinmux.framework.simulator.sockets.speech import (
    BookNow,
    CandleNow,
    FeedKind,
    Follow,
    Levels,
    Row,
    SimulatedSocket,
    TickerNow,
    TradeNow,
    Unfollow,
)
from coinmux.plugins.providers.kraken.spelling import INTERVALS, LIVE

#: It writes decimals as numbers, with all their zeros.
_JSON = msgspec.json.Encoder(decimal_format="number")
_KINDS: Mapping[str, FeedKind] = {
    "ticker": "ticker", "trade": "trades", "book": "order_book", "ohlc": "candles",
}  # fmt: skip
_OURS = {minutes: ours for ours, minutes in INTERVALS.items()}
_DEPTHS = (10, 25, 100, 500, 1000)
#: Decimals of prices and amounts of any pair.
_PRICE, _SIZE = Decimal("1e-10"), Decimal("1e-8")


class Socket(SimulatedSocket):
    """One connection to version 2."""

    def __init__(self, socket: str, pairs: Mapping[str, Symbol]) -> None:
        super().__init__(socket, pairs)
        self._pairs = {LIVE.native(pair): pair for pair in pairs.values()}
        self._names = {pair: name for name, pair in self._pairs.items()}
        self._is_followed = False

    def greeting(self, target: str, now_ms: int) -> Sequence[str | bytes | Follow]:
        """It says first that it is there."""
        row = {
            "system": "online", "api_version": "v2", "connection_id": 1, "version": "2.0.10",
        }  # fmt: skip
        return [_json({"channel": "status", "type": "update", "data": [row]})]

    def heard(self, frame: str | bytes, now_ms: int) -> Sequence[str | bytes | Follow | Unfollow]:
        """An answer for each pair."""
        said = json.loads(frame)
        method, number = said.get("method"), said.get("req_id")
        if method == "ping":
            return [_json({"method": "pong", "req_id": number, **_times(now_ms)})]
        params = said.get("params", {})
        channel, pairs = params.get("channel"), params.get("symbol")
        if method not in ("subscribe", "unsubscribe") or channel not in _KINDS or not pairs:
            return [_refusal(method, number, "Unsupported field or value", None, now_ms)]
        answers: list[str | bytes | Follow | Unfollow] = []
        for name in pairs:
            pair = self._pairs.get(name)
            if pair is None:
                error = f"Currency pair not supported {name}"
                answers.append(_refusal(method, number, error, name, now_ms))
                continue
            follow = self._follow(channel, params, name, pair)
            if isinstance(follow, str):
                answers.append(_refusal(method, number, follow, name, now_ms))
                continue
            result = {"channel": channel, "snapshot": params.get("snapshot", True), "symbol": name}
            result |= {key: params[key] for key in ("depth", "interval") if key in params}
            done = {"method": method, "result": result, "success": True, "req_id": number}
            is_begun = method == "subscribe"
            answers += [
                _json({**done, **_times(now_ms)}),
                follow if is_begun else Unfollow(follow.channel),
            ]
            self._is_followed |= is_begun
        return answers

    def _follow(
        self, channel: str, params: Mapping[str, object], name: str, pair: Symbol
    ) -> Follow | str:
        """What is followed, or why it is not."""
        kind = _KINDS[channel]
        if channel == "book":
            depth = params.get("depth", 10)
            if not isinstance(depth, int) or depth not in _DEPTHS:
                return "Depth not supported"
            # What falls out is not announced: a client cuts its book to the depth.
            return Follow(f"book:{name}", kind, pair, depth=depth, every_ms=100, is_fall_told=False)
        if channel == "ohlc":
            interval = _OURS.get(str(params.get("interval", 1)))
            if interval is None:
                return "Interval not supported"
            return Follow(f"ohlc-{interval}:{name}", kind, pair, interval=interval)
        return Follow(f"{channel}:{name}", kind, pair)

    def tell(self, follow: Follow, row: Row, now_ms: int) -> Sequence[str | bytes]:
        """One message; a book's is a snapshot first."""
        name = self.name_of(follow)
        if isinstance(row, TickerNow):
            return [_data("ticker", [_ticker(name, row)])]
        if isinstance(row, CandleNow):
            return [_data("ohlc", [_candle(name, row)])]
        if isinstance(row, BookNow):
            return [_data("book", [_book(name, row)], is_first=row.is_whole)]
        return [
            _data("trade", [
                {
                    "symbol": name, "side": trade.side, "price": _price(trade.price),
                    "qty": _size(trade.size), "ord_type": "market", "trade_id": trade.id,
                    "timestamp": _time(trade.at_ms),
                }
                for trade in row
            ])
        ]  # fmt: skip

    def idle(self, now_ms: int) -> Sequence[str | bytes]:
        """A heartbeat, once anything is followed."""
        return ['{"channel":"heartbeat"}'] if self._is_followed else []

    def refuse(self, frame: str | bytes, now_ms: int) -> Sequence[str | bytes]:
        """As too many messages are."""
        said = json.loads(frame)
        return [_refusal(said.get("method"), said.get("req_id"), "Exceeded msg rate", None, now_ms)]


def rest_trades(path: str, params: Mapping[str, str], trades: Sequence[TradeNow]) -> object:
    """The latest trades; None for another request."""
    if path.rpartition("/")[2] != "Trades":
        return None
    rows = [
        [
            f"{one.price:f}", f"{one.size:f}", one.at_ms / 1000, one.side[0], "m", "", one.id,
        ]
        for one in trades[-int(params.get("count", 1000)) :]
    ]  # fmt: skip
    return {"error": [], "result": {params["pair"]: rows, "last": "0"}}


def _ticker(name: str, row: TickerNow) -> dict[str, object]:
    average = row.volume_quote / row.volume_base if row.volume_base else row.last
    return {
        "symbol": name, "bid": _price(row.bid), "bid_qty": _size(row.bid_size),
        "ask": _price(row.ask), "ask_qty": _size(row.ask_size), "last": _price(row.last),
        "volume": _size(row.volume_base), "vwap": _price(average), "low": _price(row.low),
        "high": _price(row.high), "change": _price(row.last - row.open),
        "change_pct": round((row.last / row.open - 1) * 100, 2) if row.open else Decimal(),
        "timestamp": _time(row.at_ms),
    }  # fmt: skip


def _candle(name: str, row: CandleNow) -> dict[str, object]:
    average = row.volume_quote / row.volume_base if row.volume_base else row.close
    return {
        "symbol": name, "open": _price(row.open), "high": _price(row.high), "low": _price(row.low),
        "close": _price(row.close), "trades": row.count, "volume": _size(row.volume_base),
        "vwap": _price(average), "interval_begin": f"{_time(row.opens_ms)[:-1]}000Z",
        "interval": int(INTERVALS[row.interval]), "timestamp": _time(row.closes_ms),
    }  # fmt: skip


def _book(name: str, row: BookNow) -> dict[str, object]:
    text = "".join(
        f"{one:f}".replace(".", "").lstrip("0")
        for side in (row.all_asks, row.all_bids)
        for price, size in side[:10]
        for one in (_price(price), _size(size))
    )
    checksum = zlib.crc32(text.encode()) ^ row.is_checksum_wrong
    return {
        "symbol": name, "bids": _levels(row.bids), "asks": _levels(row.asks),
        "checksum": checksum, "timestamp": _time(row.at_ms),
    }  # fmt: skip


def _levels(levels: Levels) -> list[dict[str, object]]:
    return [{"price": _price(price), "qty": _size(size)} for price, size in levels]


def _price(value: Decimal) -> Decimal:
    return value.quantize(_PRICE)


def _size(value: Decimal) -> Decimal:
    return value.quantize(_SIZE)


def _time(at_ms: int) -> str:
    when = datetime.fromtimestamp(at_ms / 1000, UTC)
    return f"{when:%Y-%m-%dT%H:%M:%S}.{at_ms % 1000:03d}000Z"


def _times(now_ms: int) -> dict[str, str]:
    return {"time_in": _time(now_ms), "time_out": _time(now_ms)}


def _data(channel: str, rows: Sequence[object], *, is_first: bool = False) -> str:
    kind = "snapshot" if is_first else "update"
    return _json({"channel": channel, "type": kind, "data": rows})


def _refusal(method: object, number: object, error: str, pair: str | None, now_ms: int) -> str:
    said = {"error": error, "method": method, "req_id": number, "success": False}
    return _json({**said, **({} if pair is None else {"symbol": pair}), **_times(now_ms)})


def _json(said: object) -> str:
    return _JSON.encode(said).decode()
