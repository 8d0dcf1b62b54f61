"""Gate's end of its socket, for the simulator."""

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
from coinmux.plugins.providers.gateio.spelling import INTERVALS

#: Theirs -> ours.
LENGTHS = {theirs: ours for ours, theirs in INTERVALS.items()}


def rest_trades(path: str, params: Mapping[str, str], trades: Sequence[TradeNow]) -> Any:
    """The latest, the newest first."""
    if not path.endswith("/spot/trades"):
        return None
    name, limit = str(params.get("currency_pair")), int(params.get("limit", 100))
    return [
        # Numbers are texts by REST.
        {**_trade(trade, name), "id": str(trade.id), "create_time": str(trade.at_ms // 1000)}
        for trade in reversed(trades[-limit:])
    ]


class Socket(SimulatedSocket):
    """One connection."""

    def heard(self, frame: str | bytes, now_ms: int) -> Sequence[str | bytes | Follow | Unfollow]:
        said = json.loads(frame)
        channel, event = said["channel"], said.get("event")
        if channel == "spot.ping":
            return [_said(now_ms, channel="spot.pong", event="", error=None, result=None)]
        ok = _answer(said, now_ms, error=None, result={"status": "success"})
        follows = self._follows(channel, said["payload"])
        if event == "unsubscribe":
            return [*(Unfollow(follow.channel) for follow in follows if follow), ok]
        known = [follow for follow in follows if follow is not None]
        if not known or len(known) < len(follows):
            return self.refuse(frame, now_ms)
        return [ok, *known]

    def refuse(self, frame: str | bytes, now_ms: int) -> Sequence[str | bytes]:
        said = json.loads(frame)
        name = _pair_of(said["channel"], said["payload"])
        error = {"code": 2, "message": f"unknown currency pair: {name}"}
        return [_answer(said, now_ms, error=error, result={"status": "fail"})]

    def _follows(self, channel: str, payload: list[str]) -> list[Follow | None]:
        if channel == "spot.candlesticks":
            return [self._follow(channel, ",".join(payload), payload[-1], length=payload[0])]
        if channel == "spot.obu":
            return [self._follow(channel, name, _pair_of(channel, [name])) for name in payload]
        return [self._follow(channel, name, name) for name in payload]

    def _follow(self, channel: str, payload: str, name: str, length: str = "") -> Follow | None:
        pair, key = self.pairs.get(name), f"{channel}:{payload}"
        if pair is None:
            return None
        if channel == "spot.tickers":
            return Follow(key, "ticker", pair)
        if channel == "spot.trades":
            return Follow(key, "trades", pair)
        if channel == "spot.candlesticks" and length in LENGTHS:
            return Follow(key, "candles", pair, interval=LENGTHS[length])
        depth = payload.rpartition(".")[2]
        if channel == "spot.obu" and depth in ("50", "400"):
            every = 20 if depth == "50" else 100
            return Follow(key, "order_book", pair, depth=int(depth), every_ms=every)
        return None

    def tell(self, follow: Follow, row: Row, now_ms: int) -> Sequence[str | bytes]:
        channel, _, payload = follow.channel.partition(":")
        payload = payload.replace(_pair_of(channel, payload.split(",")), self.name_of(follow))
        results: list[Any]
        if isinstance(row, TickerNow):
            results = [_ticker(row, payload)]
        elif isinstance(row, BookNow):
            results = [_book(row, payload)]
        elif isinstance(row, CandleNow):
            results = [_candle(row, payload.replace(",", "_", 1))]
        else:
            results = [_trade(trade, payload) for trade in row]
        return [_said(now_ms, channel=channel, event="update", result=result) for result in results]


def _pair_of(channel: str, payload: list[str]) -> str:
    return payload[-1].split(".")[1] if channel == "spot.obu" else payload[-1]


def _said(now_ms: int, **members: Any) -> str:
    said = {"time": now_ms // 1000, "time_ms": now_ms, **members}
    return json.dumps(said, separators=(",", ":"))


def _answer(said: dict[str, Any], now_ms: int, **members: Any) -> str:
    asked = {name: said[name] for name in ("id", "channel", "event", "payload") if name in said}
    return _said(now_ms, **asked, **members)


def _text(number: Decimal) -> str:
    return format(number, "f")


def _levels(levels: Levels) -> list[list[str]]:
    return [[_text(price), _text(size)] for price, size in levels]


def _ticker(row: TickerNow, name: str) -> dict[str, Any]:
    return {
        "currency_pair": name,
        "last": _text(row.last),
        "lowest_ask": _text(row.ask),
        "highest_bid": _text(row.bid),
        "change_percentage": _text(round((row.last / row.open - 1) * 100, 4)),
        "base_volume": _text(row.volume_base),
        "quote_volume": _text(row.volume_quote),
        "high_24h": _text(row.high),
        "low_24h": _text(row.low),
    }


def _book(row: BookNow, name: str) -> dict[str, Any]:
    number = {"full": True} if row.is_whole else {"U": row.first}
    sides = {"b": _levels(row.bids), "a": _levels(row.asks)}
    return {"t": row.at_ms, "s": name, **number, "u": row.last, **sides}


def _candle(row: CandleNow, name: str) -> dict[str, Any]:
    return {
        "t": str(row.opens_ms // 1000),
        "v": _text(row.volume_quote),
        "c": _text(row.close),
        "h": _text(row.high),
        "l": _text(row.low),
        "o": _text(row.open),
        "n": name,
        "a": _text(row.volume_base),
        "w": row.is_closed,
    }


def _trade(trade: TradeNow, name: str) -> dict[str, Any]:
    return {
        "id": trade.id,
        "create_time": trade.at_ms // 1000,
        "create_time_ms": f"{trade.at_ms}.0",
        "side": trade.side,
        "currency_pair": name,
        "amount": _text(trade.size),
        "price": _text(trade.price),
    }
