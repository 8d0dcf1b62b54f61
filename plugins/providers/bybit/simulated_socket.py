"""Bybit's end of a simulated socket."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from coinmux import sockets as s
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
from coinmux.plugins.providers.bybit import spelling

#: Their spelling of intervals -> ours.
INTERVALS = {theirs: ours for ours, theirs in spelling.INTERVALS.items()}
CONNECTION = "2324d924-aa4d-45b0-a858-7b8be29ab52b"
SIDES = {"buy": "Buy", "sell": "Sell"}
MOST_TOPICS = 10


def rest_trades(path: str, params: Mapping[str, str], trades: Sequence[TradeNow]) -> Any:
    """The latest trades, newest first."""
    if not path.endswith("/market/recent-trade"):
        return None
    rows = [
        {
            "execId": str(trade.id),
            "symbol": params["symbol"],
            "price": _text(trade.price),
            "size": _text(trade.size),
            "side": SIDES[trade.side],
            "time": str(trade.at_ms),
            "isBlockTrade": False,
            "isRPITrade": False,
        }
        for trade in reversed(trades[-int(params.get("limit", 60)) :])
    ]
    result = {"category": "spot", "list": rows}
    now_ms = trades[-1].at_ms if trades else 0
    return {"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}, "time": now_ms}


class Socket(SimulatedSocket):
    """One bad topic refuses a request."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        #: Of each book: the number of its last message, and of the last change it held.
        self._numbers: dict[str, tuple[int, int]] = {}

    def heard(self, frame: s.Frame, now_ms: int) -> Sequence[s.Frame | Follow | Unfollow]:
        """Pings and subscriptions; anything else is an error."""
        try:
            asked = json.loads(frame)
            kind, number = asked["op"], asked.get("req_id", "")
            topics = [str(topic) for topic in asked.get("args", ())]
        except (ValueError, LookupError, TypeError, AttributeError):
            return [_answer("", "", "error:invalid op", success=False)]
        if kind == "ping":
            return [_answer("ping", number, "pong")]
        if kind not in ("subscribe", "unsubscribe"):
            return [_answer(kind, number, "error:invalid op", success=False)]
        if len(topics) > MOST_TOPICS:
            return [_answer(kind, number, "args size >10", success=False)]
        follows = {topic: self._follow(topic) for topic in topics}
        for topic, follow in follows.items():
            if follow is None:
                return [_unknown(kind, number, topic)]
        changes = [
            follow if kind == "subscribe" else Unfollow(follow.channel)
            for follow in follows.values()
            if follow is not None
        ]
        return [_answer(kind, number, kind), *changes]

    def _follow(self, topic: str) -> Follow | None:
        name, *middle, native = topic.split(".")
        pair = self.pairs.get(native)
        if pair is None:
            return None
        if not middle:
            if name == "tickers":
                return Follow(topic, "ticker", pair, every_ms=100)
            return Follow(topic, "trades", pair) if name == "publicTrade" else None
        if name == "kline" and middle[0] in INTERVALS:
            interval = INTERVALS[middle[0]]
            return Follow(topic, "candles", pair, interval=interval, every_ms=1_000)
        if name == "orderbook" and middle[0] in ("1", "50", "200", "1000"):
            depth = int(middle[0])
            is_whole = depth == 1
            return Follow(topic, "order_book", pair, depth=depth, is_whole=is_whole, every_ms=100)
        return None

    def tell(self, follow: Follow, row: Row, now_ms: int) -> Sequence[s.Frame]:
        """Tickers, books and candles one a message, trades together."""
        topic = follow.channel
        body: dict[str, Any] = {"topic": topic, "ts": now_ms, "type": "snapshot"}
        native = self.name_of(follow)
        if isinstance(row, TickerNow):
            body |= {"cs": now_ms, "data": _ticker(native, row)}
        elif isinstance(row, BookNow):
            body |= {"type": "snapshot" if row.is_whole else "delta", "cts": row.at_ms}
            body["data"] = self._book(topic, native, row)
        elif isinstance(row, CandleNow):
            body["data"] = [_candle(row)]
        else:
            body["data"] = [_trade(native, one) for one in row]
        return [json.dumps(body)] if body["data"] else []

    def _book(self, topic: str, native: str, row: BookNow) -> dict[str, Any]:
        """`u` counts messages: one that follows another goes on, one that does not skips some."""
        number, last = self._numbers.get(topic, (100, row.previous))
        follows = row.is_whole or row.previous == last
        number += 1 if follows else 1 + row.previous - last
        self._numbers[topic] = (number, row.last)
        bids, asks = _rows(row.bids), _rows(row.asks)
        return {"s": native, "b": bids, "a": asks, "u": number, "seq": row.last}

    def refuse(self, frame: s.Frame, now_ms: int) -> Sequence[s.Frame]:
        """As of topics there are not."""
        asked = json.loads(frame)
        topics = asked.get("args") or [""]
        return [_unknown(asked["op"], asked.get("req_id", ""), topics[0])]


def _answer(kind: str, number: str, message: str, *, success: bool = True) -> s.Frame:
    body = {"success": success, "ret_msg": message, "conn_id": CONNECTION, "op": kind}
    return json.dumps(body | {"req_id": number})


def _unknown(kind: str, number: str, topic: str) -> s.Frame:
    return _answer(kind, number, f"error:handler not found,topic:{topic}", success=False)


def _ticker(native: str, row: TickerNow) -> dict[str, str]:
    change = row.last / row.open - 1 if row.open else Decimal(0)
    return {
        "symbol": native,
        "lastPrice": _text(row.last),
        "highPrice24h": _text(row.high),
        "lowPrice24h": _text(row.low),
        "prevPrice24h": _text(row.open),
        "volume24h": _text(row.volume_base),
        "turnover24h": _text(row.volume_quote),
        "price24hPcnt": _text(change.quantize(Decimal("0.0001"))),
        "usdIndexPrice": "",
    }


def _trade(native: str, trade: TradeNow) -> dict[str, Any]:
    return {
        "T": trade.at_ms,
        "s": native,
        "S": SIDES[trade.side],
        "v": _text(trade.size),
        "p": _text(trade.price),
        "i": str(trade.id),
        "BT": False,
        "RPI": False,
        "seq": trade.id,
    }


def _candle(row: CandleNow) -> dict[str, Any]:
    return {
        "start": row.opens_ms,
        "end": row.closes_ms - 1,
        "interval": spelling.INTERVALS[row.interval],
        "open": _text(row.open),
        "close": _text(row.close),
        "high": _text(row.high),
        "low": _text(row.low),
        "volume": _text(row.volume_base),
        "turnover": _text(row.volume_quote),
        "confirm": row.is_closed,
        "timestamp": row.at_ms,
    }


def _rows(levels: Levels) -> list[list[str]]:
    return [[_text(price), _text(size)] for price, size in levels]


def _text(number: Decimal) -> str:
    return format(number, "f")
