"""Gemini's end of a simulated socket, version 3."""

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

NS_OF_MS = 1_000_000
METHODS = ("SUBSCRIBE", "UNSUBSCRIBE")


def rest_trades(path: str, params: Mapping[str, str], trades: Sequence[TradeNow]) -> Any:
    """The latest trades, newest first."""
    if "/v1/trades/" not in path:
        return None
    return [
        {
            "timestamp": trade.at_ms // 1000,
            "timestampms": trade.at_ms,
            "tid": trade.id,
            "price": _text(trade.price),
            "amount": _text(trade.size),
            "exchange": "gemini",
            "type": trade.side,
        }
        for trade in reversed(trades[-int(params.get("limit_trades", 50)) :])
    ]


class Socket(SimulatedSocket):
    """Streams are of a pair; a book comes whole once a connection."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        #: Books of which this connection has had the whole.
        self._whole: set[str] = set()

    def heard(self, frame: s.Frame, now_ms: int) -> Sequence[s.Frame | Follow | Unfollow]:
        """Subscriptions; one bad stream refuses a request."""
        number = None
        try:
            asked = json.loads(frame)
            number, method = asked["id"], asked["method"]
            streams = [str(stream) for stream in asked["params"]]
        except (ValueError, LookupError, TypeError):
            return [_error(number, "Malformed request")]
        if method not in METHODS:
            return [_error(number, f"Unknown method {method}")]
        follows = {stream: self._follow(stream) for stream in streams}
        for stream, follow in follows.items():
            if follow is None:
                return [_error(number, f"Invalid symbol or stream: {stream}")]
        changes = [
            follow if method == METHODS[0] else Unfollow(follow.channel)
            for follow in follows.values()
            if follow is not None
        ]
        return [json.dumps({"id": number, "status": 200}), *changes]

    def _follow(self, stream: str) -> Follow | None:
        native, _, name = stream.partition("@")
        pair = self.pairs.get(native)
        if pair is None:
            return None
        if name == "trade":
            return Follow(stream, "trades", pair)
        if name == "bookTicker":
            return Follow(stream, "ticker", pair, every_ms=100)
        return Follow(stream, "order_book", pair, every_ms=100) if name == "depth@100ms" else None

    def tell(self, follow: Follow, row: Row, now_ms: int) -> Sequence[s.Frame]:
        """A message for each trade."""
        native = self.name_of(follow)
        if isinstance(row, TickerNow):
            return [_best(native, row)]
        if isinstance(row, BookNow):
            return self._book(follow.channel, native, row)
        if isinstance(row, CandleNow):
            return []
        return [_trade(native, one) for one in row]

    def _book(self, stream: str, native: str, row: BookNow) -> Sequence[s.Frame]:
        """A whole book is told once; later ones are asked for by a new connection."""
        if row.is_whole and stream in self._whole:
            return []
        self._whole.add(stream)
        body = {"e": "depthUpdate", "E": row.at_ms * NS_OF_MS, "s": native}
        body |= {"U": row.last if row.is_whole else row.first, "u": row.last}
        return [json.dumps(body | {"b": _rows(row.bids), "a": _rows(row.asks)})]

    def refuse(self, frame: s.Frame, now_ms: int) -> Sequence[s.Frame]:
        """As of streams there are not."""
        asked = json.loads(frame)
        stream = next(iter(asked.get("params", ())), "")
        return [_error(asked.get("id"), f"Invalid symbol or stream: {stream}")]


def _error(number: Any, message: str) -> s.Frame:
    error = {"code": -1121, "msg": message}
    return json.dumps({"id": number, "status": 400, "error": error})


def _best(native: str, row: TickerNow) -> s.Frame:
    body: dict[str, Any] = {"u": row.last_id, "E": row.at_ms * NS_OF_MS, "s": native}
    body |= {"b": _text(row.bid), "B": _text(row.bid_size)}
    return json.dumps(body | {"a": _text(row.ask), "A": _text(row.ask_size)})


def _trade(native: str, trade: TradeNow) -> s.Frame:
    body: dict[str, Any] = {"E": trade.at_ms * NS_OF_MS, "s": native, "t": trade.id}
    body |= {"p": _text(trade.price), "q": _text(trade.size)}
    return json.dumps(body | {"m": trade.side == "sell"})


def _rows(levels: Levels) -> list[list[str]]:
    return [[_text(price), _text(size)] for price, size in levels]


def _text(number: Decimal) -> str:
    return format(number, "f")
