"""HTX's end of its sockets, for the simulator."""

import gzip
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from coinmux.framework.simulator.sockets.speech import (
    BookNow,
    CandleNow,
    Follow,
    Levels,
    Row,
    SimulatedSocket,
    TickerNow,
    TradeNow,
    Unfollow,
)
from coinmux.plugins.providers.htx import live
from coinmux.plugins.providers.htx.spelling import INTERVALS

#: Theirs -> ours.
LENGTHS = {theirs: ours for ours, theirs in INTERVALS.items()}
PING_MS = 5_000


def rest_trades(path: str, params: Mapping[str, str], trades: Sequence[TradeNow]) -> Any:
    """The latest, each in a group of its own, the newest first."""
    if path != "/market/history/trade":
        return None
    name, size = str(params.get("symbol")), int(params.get("size", 1))
    groups = []
    for trade in reversed(trades[-size:]):
        row = _trade(trade)
        row["trade-id"] = row.pop("tradeId")
        groups.append({"id": trade.id, "ts": trade.at_ms, "data": [row]})
    at = trades[-1].at_ms if trades else 0
    return {"ch": f"market.{name}.trade.detail", "status": "ok", "ts": at, "data": groups}


class Socket(SimulatedSocket):
    """One connection."""

    def __init__(self, socket: str, pairs: Mapping[str, Any]) -> None:
        super().__init__(socket, pairs)
        self._pinged_ms = 0
        #: Channels whose whole book was asked for -> the number of the request.
        self._books: dict[str, str] = {}

    def heard(self, frame: str | bytes, now_ms: int) -> Sequence[str | bytes | Follow | Unfollow]:
        said = json.loads(frame)
        number = said.get("id")
        if "sub" in said:
            follow = self._follow(said["sub"])
            if follow is None:
                return self.refuse(frame, now_ms)
            ok = {"id": number, "status": "ok", "subbed": follow.channel, "ts": now_ms}
            return [_packed(ok), follow]
        if "unsub" in said:
            channel = said["unsub"]
            self._books.pop(channel, None)
            ok = {"id": number, "status": "ok", "unsubbed": channel, "ts": now_ms}
            return [Unfollow(channel), _packed(ok)]
        if "req" in said:
            # Told with the next change, when the book is at hand.
            self._books[said["req"]] = number
        return []

    def refuse(self, frame: str | bytes, now_ms: int) -> Sequence[str | bytes]:
        said = json.loads(frame)
        channel = str(said.get("sub", said.get("req")))
        name = [*channel.split("."), ""][1]
        return [
            _packed(
                {
                    "status": "error",
                    "ts": now_ms,
                    "id": said.get("id"),
                    "err-code": "bad-request",
                    "err-msg": f"invalid symbol {name}",
                }
            )
        ]

    def idle(self, now_ms: int) -> Sequence[str | bytes]:
        if now_ms - self._pinged_ms < PING_MS:
            return []
        self._pinged_ms = now_ms
        return [_packed({"ping": now_ms})]

    def _follow(self, channel: str) -> Follow | None:
        parts = channel.split(".")
        if len(parts) < 3 or parts[0] != "market":
            return None
        pair, kind, rest = self.pairs.get(parts[1]), parts[2], parts[3:]
        if pair is None or (self.socket == live.FEED) is not live.is_changed_book(channel):
            return None
        if kind == "detail" or kind == "bbo":
            return Follow(channel, "ticker", pair, every_ms=1_000 if kind == "detail" else 100)
        if kind == "trade" and rest == ["detail"]:
            return Follow(channel, "trades", pair)
        if kind == "kline" and len(rest) == 1 and rest[0] in LENGTHS:
            return Follow(channel, "candles", pair, interval=LENGTHS[rest[0]])
        if kind == "mbp" and rest and rest[-1].isdecimal():
            depth, is_whole = int(rest[-1]), rest[0] == "refresh"
            return Follow(channel, "order_book", pair, depth=depth, is_whole=is_whole, every_ms=100)
        return None

    def tell(self, follow: Follow, row: Row, now_ms: int) -> Sequence[str | bytes]:
        if isinstance(row, BookNow):
            return self._book(follow, row, now_ms)
        if isinstance(row, TickerNow):
            is_day = follow.channel.endswith(".detail")
            tick = _day(row) if is_day else _best(row, follow.channel.split(".")[1])
        elif isinstance(row, CandleNow):
            tick = _candle(row)
        elif row:
            data = [_trade(trade) for trade in row]
            tick = {"id": row[-1].id, "ts": row[-1].at_ms, "data": data}
        else:
            return []
        return [_packed({"ch": follow.channel, "ts": now_ms, "tick": tick})]

    def _book(self, follow: Follow, row: BookNow, now_ms: int) -> Sequence[str | bytes]:
        channel, frames = follow.channel, []
        tick = {"seqNum": row.last, "bids": _levels(row.bids), "asks": _levels(row.asks)}
        if follow.is_whole:
            return [_packed({"ch": channel, "ts": now_ms, "tick": tick})]
        if not row.is_whole:
            tick = {**tick, "prevSeqNum": row.previous}
            frames.append(_packed({"ch": channel, "ts": now_ms, "tick": tick}))
        number = self._books.pop(channel, None)
        if number is not None:
            data = {
                "seqNum": row.last,
                "bids": _levels(row.all_bids[: follow.depth]),
                "asks": _levels(row.all_asks[: follow.depth]),
            }
            answer = {"id": number, "rep": channel, "status": "ok", "ts": now_ms, "data": data}
            frames.append(_packed(answer))
        return frames


def _packed(value: Any) -> bytes:
    return gzip.compress(json.dumps(value, separators=(",", ":")).encode(), mtime=0)


def _levels(levels: Levels) -> list[list[float]]:
    return [[float(price), float(size)] for price, size in levels]


def _day(row: TickerNow) -> dict[str, Any]:
    return {
        "id": row.last_id,
        "open": float(row.open),
        "close": float(row.last),
        "high": float(row.high),
        "low": float(row.low),
        "amount": float(row.volume_base),
        "vol": float(row.volume_quote),
        "count": 1000,
        "version": row.last_id,
    }


def _best(row: TickerNow, name: str) -> dict[str, Any]:
    return {
        "seqId": row.last_id,
        "ask": float(row.ask),
        "askSize": float(row.ask_size),
        "bid": float(row.bid),
        "bidSize": float(row.bid_size),
        "quoteTime": row.at_ms,
        "symbol": name,
    }


def _candle(row: CandleNow) -> dict[str, Any]:
    return {
        "id": row.opens_ms // 1000,
        "open": float(row.open),
        "close": float(row.close),
        "low": float(row.low),
        "high": float(row.high),
        "amount": float(row.volume_base),
        "vol": float(row.volume_quote),
        "count": row.count,
    }


def _trade(trade: TradeNow) -> dict[str, Any]:
    return {
        # Longer than a number can be, as theirs.
        "id": int(Decimal(trade.id) * 10**13 + trade.at_ms),
        "ts": trade.at_ms,
        "tradeId": trade.id,
        "amount": float(trade.size),
        "price": float(trade.price),
        "direction": trade.side,
    }
