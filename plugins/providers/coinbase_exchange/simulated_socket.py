"""Coinbase Exchange's end of a simulated socket."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
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

#: Channels of the market; `heartbeat` is told each second.
FOLLOWS = ("ticker", "matches", "level2_batch")
MAKER = {"buy": "sell", "sell": "buy"}
SIDES = {"bids": "buy", "asks": "sell"}


def rest_trades(path: str, params: Mapping[str, str], trades: Sequence[TradeNow]) -> Any:
    """The latest trades, newest first; the side is the maker's."""
    if not path.endswith("/trades"):
        return None
    latest = trades[-int(params.get("limit", 1000)) :]
    return [
        {
            "trade_id": trade.id,
            "side": MAKER[trade.side],
            "size": _text(trade.size),
            "price": _text(trade.price),
            "time": _time(trade.at_ms),
        }
        for trade in reversed(latest)
    ]


class Socket(SimulatedSocket):
    """One bad product fails a message; each answer lists all channels."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        #: Channel -> products, in the order they were asked for.
        self._listed: dict[str, list[str]] = {}
        #: Product -> its newest trade.
        self._newest: dict[str, int] = {}
        self._sequence = 0

    def heard(self, frame: s.Frame, now_ms: int) -> Sequence[s.Frame | Follow | Unfollow]:
        """Subscriptions; anything else is an error."""
        try:
            asked = json.loads(frame)
            kind, wanted = asked["type"], list(_wanted(asked))
        except (ValueError, LookupError, TypeError, AttributeError):
            return [_error("Failed to parse message", "Malformed JSON")]
        if kind not in ("subscribe", "unsubscribe"):
            return [_error("Failed to subscribe", f"{kind} is not a valid type")]
        for name, product in wanted:
            if name not in FOLLOWS and name != "heartbeat":
                return [_error("Failed to subscribe", f"{name} is not a valid channel")]
            if product not in self.pairs:
                return [_error("Failed to subscribe", f"{product} is not a valid product")]
        said: list[s.Frame | Follow | Unfollow] = []
        for name, product in wanted:
            listed = self._listed.setdefault(name, [])
            if kind == "subscribe" and product not in listed:
                listed.append(product)
                said += self._follow(name, product)
            elif kind == "unsubscribe" and product in listed:
                listed.remove(product)
                if name in FOLLOWS:
                    said.append(Unfollow(f"{name}:{product}"))
        return [self._subscriptions(), *said]

    def _follow(self, name: str, product: str) -> Sequence[Follow]:
        if name == "heartbeat":
            return ()
        channel, pair = f"{name}:{product}", self.pairs[product]
        if name == "ticker":
            return [Follow(channel, "ticker", pair, every_ms=100)]
        if name == "matches":
            return [Follow(channel, "trades", pair)]
        return [Follow(channel, "order_book", pair, every_ms=100)]

    def _subscriptions(self) -> s.Frame:
        channels = [
            {"name": name, "product_ids": products}
            for name, products in self._listed.items()
            if products
        ]
        return json.dumps({"type": "subscriptions", "channels": channels})

    def tell(self, follow: Follow, row: Row, now_ms: int) -> Sequence[s.Frame]:
        """A message for each trade."""
        product = self.name_of(follow)
        if isinstance(row, TickerNow):
            return [self._ticker(product, row)]
        if isinstance(row, BookNow):
            return [self._book(product, row)]
        if isinstance(row, CandleNow):
            return []
        return [self._match(product, one) for one in row]

    def _ticker(self, product: str, row: TickerNow) -> s.Frame:
        self._sequence += 1
        return json.dumps(
            {
                "type": "ticker",
                "sequence": self._sequence,
                "product_id": product,
                "price": _text(row.last),
                "open_24h": _text(row.open),
                "volume_24h": _text(row.volume_base),
                "low_24h": _text(row.low),
                "high_24h": _text(row.high),
                "volume_30d": _text(row.volume_base * 30),
                "best_bid": _text(row.bid),
                "best_bid_size": _text(row.bid_size),
                "best_ask": _text(row.ask),
                "best_ask_size": _text(row.ask_size),
                "side": "buy",
                "time": _time(row.at_ms),
                "trade_id": row.last_id,
                "last_size": _text(row.last_size),
            }
        )

    def _match(self, product: str, trade: TradeNow) -> s.Frame:
        self._sequence += 1
        self._newest[product] = trade.id
        return json.dumps(
            {
                "type": "match",
                "trade_id": trade.id,
                "maker_order_id": f"00000000-0000-4000-8000-{trade.id:012x}",
                "taker_order_id": f"00000000-0000-4000-9000-{trade.id:012x}",
                "side": MAKER[trade.side],
                "size": _text(trade.size),
                "price": _text(trade.price),
                "product_id": product,
                "sequence": self._sequence,
                "time": _time(trade.at_ms),
            }
        )

    def _book(self, product: str, row: BookNow) -> s.Frame:
        if row.is_whole:
            body: dict[str, Any] = {"type": "snapshot", "product_id": product}
            return json.dumps(body | {"asks": _rows(row.asks), "bids": _rows(row.bids)})
        changes = [
            [SIDES[side], *level]
            for side, levels in (("bids", row.bids), ("asks", row.asks))
            for level in _rows(levels)
        ]
        body = {"type": "l2update", "product_id": product, "changes": changes}
        return json.dumps(body | {"time": _time(row.at_ms)})

    def idle(self, now_ms: int) -> Sequence[s.Frame]:
        """A heartbeat of each product."""
        self._sequence += 1
        return [
            json.dumps(
                {
                    "type": "heartbeat",
                    "sequence": self._sequence,
                    "last_trade_id": self._newest.get(product, 0),
                    "product_id": product,
                    "time": _time(now_ms),
                }
            )
            for product in self._listed.get("heartbeat", ())
        ]

    def refuse(self, frame: s.Frame, now_ms: int) -> Sequence[s.Frame]:
        """As of products that are not listed."""
        _, product = next(iter(_wanted(json.loads(frame))), ("", ""))
        return [_error("Failed to subscribe", f"{product} is not a valid product")]


def _wanted(asked: Any) -> Iterable[tuple[str, str]]:
    """Channels and products: of the whole message, or of each channel alone."""
    for channel in asked["channels"]:
        named = channel if isinstance(channel, dict) else {"name": channel}
        for product in named.get("product_ids", asked.get("product_ids", ())):
            yield str(named["name"]), str(product)


def _error(message: str, reason: str) -> s.Frame:
    return json.dumps({"type": "error", "message": message, "reason": reason})


def _text(number: Decimal) -> str:
    return format(number, "f")


def _rows(levels: Levels) -> list[list[str]]:
    return [[_text(price), _text(size)] for price, size in levels]


def _time(at_ms: int) -> str:
    at = datetime.fromtimestamp(at_ms / 1000, UTC)
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
