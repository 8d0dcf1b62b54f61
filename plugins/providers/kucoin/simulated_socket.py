"""KuCoin's end of its classic socket, for the simulator."""

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
from coinmux.plugins.providers.kucoin.spelling import INTERVALS

#: Theirs -> ours.
LENGTHS = {theirs: ours for ours, theirs in INTERVALS.items()}
DEPTHS = {"/spotMarket/level2Depth5": 5, "/spotMarket/level2Depth50": 50}
PING_MS, PATIENCE_MS = 18_000, 10_000


def rest_address(path: str) -> Any:
    """The token and the endpoint; None for another request."""
    if path != "/api/v1/bullet-public":
        return None
    server = {
        "endpoint": "wss://ws-api-spot.kucoin.com/",
        "encrypt": True,
        "protocol": "websocket",
        "pingInterval": PING_MS,
        "pingTimeout": PATIENCE_MS,
    }
    return {"code": "200000", "data": {"token": "simulated", "instanceServers": [server]}}


def rest_trades(path: str, params: Mapping[str, str], trades: Sequence[TradeNow]) -> Any:
    """The latest hundred, the newest first."""
    if path != "/api/v1/market/histories":
        return None
    return {"code": "200000", "data": [_trade(trade) for trade in reversed(trades[-100:])]}


class Socket(SimulatedSocket):
    """One connection."""

    def greeting(self, target: str, now_ms: int) -> Sequence[str | bytes | Follow]:
        return [_json({"id": str(now_ms), "type": "welcome"})]

    def heard(self, frame: str | bytes, now_ms: int) -> Sequence[str | bytes | Follow | Unfollow]:
        said = json.loads(frame)
        number, kind = said.get("id"), said["type"]
        if kind == "ping":
            return [_json({"id": number, "type": "pong", "timestamp": now_ms * 1000})]
        topic, _, names = said["topic"].partition(":")
        channels = [f"{topic}:{name}" for name in names.split(",")]
        ack = _json({"id": number, "type": "ack"})
        if kind == "unsubscribe":
            return [*(Unfollow(channel) for channel in channels), ack]
        follows = [self._follow(topic, channel) for channel in channels]
        known = [follow for follow in follows if follow is not None]
        if len(known) < len(follows):
            return self.refuse(frame, now_ms)
        return [ack, *known]

    def refuse(self, frame: str | bytes, now_ms: int) -> Sequence[str | bytes]:
        said = json.loads(frame)
        text = f"topic {said['topic']} is not found"
        return [_json({"id": said["id"], "type": "error", "code": 404, "data": text})]

    def _follow(self, topic: str, channel: str) -> Follow | None:
        name, _, length = channel.partition(":")[2].partition("_")
        pair = self.pairs.get(name)
        if pair is None:
            return None
        if topic == "/market/match":
            return Follow(channel, "trades", pair)
        if topic == "/market/snapshot":
            return Follow(channel, "ticker", pair, every_ms=2_000)
        if topic == "/market/ticker":
            return Follow(channel, "ticker", pair, every_ms=100)
        if topic in DEPTHS:
            depth = DEPTHS[topic]
            return Follow(channel, "order_book", pair, depth=depth, is_whole=True, every_ms=100)
        if topic == "/market/candles" and length in LENGTHS:
            return Follow(channel, "candles", pair, interval=LENGTHS[length])
        return None

    def tell(self, follow: Follow, row: Row, now_ms: int) -> Sequence[str | bytes]:
        topic, name = follow.channel.partition(":")[0], self.name_of(follow)
        if isinstance(row, TickerNow):
            if topic == "/market/ticker":
                return [_message(follow, "trade.ticker", _best(row))]
            day = {"sequence": str(row.at_ms), "data": _day(row, name)}
            return [_message(follow, "trade.snapshot", day)]
        if isinstance(row, BookNow):
            book = {
                "asks": _levels(row.asks),
                "bids": _levels(row.bids),
                "timestamp": row.at_ms,
            }
            return [_message(follow, "level2", book)]
        if isinstance(row, CandleNow):
            candle = {"symbol": name, "candles": _candle(row), "time": row.at_ms * 1_000_000}
            return [_message(follow, "trade.candles.update", candle)]
        return [
            _message(
                follow,
                "trade.l3match",
                {**_trade(trade), "symbol": name, "type": "match", "tradeId": str(trade.id)},
            )
            for trade in row
        ]


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def _text(number: Decimal) -> str:
    return format(number, "f")


def _message(follow: Follow, subject: str, data: Any) -> str:
    return _json({"topic": follow.channel, "type": "message", "subject": subject, "data": data})


def _levels(levels: Levels) -> list[list[str]]:
    return [[_text(price), _text(size)] for price, size in levels]


def _best(row: TickerNow) -> dict[str, Any]:
    return {
        "bestAsk": _text(row.ask),
        "bestAskSize": _text(row.ask_size),
        "bestBid": _text(row.bid),
        "bestBidSize": _text(row.bid_size),
        "price": _text(row.last),
        "sequence": str(row.last_id),
        "size": _text(row.last_size),
        "time": row.at_ms,
    }


def _day(row: TickerNow, name: str) -> dict[str, Any]:
    """Numbers, unlike most of its messages."""
    return {
        "trading": True,
        "symbol": name,
        "buy": float(row.bid),
        "sell": float(row.ask),
        "lastTradedPrice": float(row.last),
        "high": float(row.high),
        "low": float(row.low),
        "vol": float(row.volume_base),
        "volValue": float(row.volume_quote),
        "changePrice": float(row.last - row.open),
        "changeRate": round(float(row.last / row.open - 1), 4),
        "datetime": row.at_ms,
    }


def _candle(row: CandleNow) -> list[str]:
    figures = (row.open, row.close, row.high, row.low, row.volume_base, row.volume_quote)
    return [str(row.opens_ms // 1000), *map(_text, figures)]


def _trade(trade: TradeNow) -> dict[str, str]:
    """As REST tells it too."""
    return {
        "sequence": str(trade.id),
        "price": _text(trade.price),
        "size": _text(trade.size),
        "side": trade.side,
        "time": str(trade.at_ms * 1_000_000),
    }
