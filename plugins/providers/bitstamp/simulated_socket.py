"""Bitstamp's end of a connection, for the simulator."""

import json
from collections.abc import Mapping, Sequence

import msgspec

from coinmux import Symbol
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

#: It writes amounts as numbers and as text.
_JSON = msgspec.json.Encoder(decimal_format="number")
_LEVELS = 100
_TRADES, _BOOK = "live_trades_", "order_book_"


class Socket(SimulatedSocket):
    """One connection."""

    def heard(self, frame: str | bytes, now_ms: int) -> Sequence[str | bytes | Follow | Unfollow]:
        """A channel of an unknown pair is confirmed and silent; one of no kind is refused."""
        said = json.loads(frame)
        event = said.get("event")
        if event == "bts:heartbeat":
            return [_said("bts:heartbeat", "", {"status": "success"})]
        channel = said.get("data", {}).get("channel", "")
        if event not in ("bts:subscribe", "bts:unsubscribe") or not channel.startswith(
            (_TRADES, _BOOK)
        ):
            return self.refuse(frame, now_ms)
        follow = self._follow(channel)
        if event == "bts:unsubscribe":
            done = _said("bts:unsubscription_succeeded", channel, {})
            return [done] if follow is None else [Unfollow(channel), done]
        done = _said("bts:subscription_succeeded", channel, {})
        return [done] if follow is None else [done, follow]

    def _follow(self, channel: str) -> Follow | None:
        pair: Symbol | None = self.pairs.get(channel.rpartition("_")[2])
        if pair is None:
            return None
        if channel.startswith(_TRADES):
            return Follow(channel, "trades", pair)
        return Follow(channel, "order_book", pair, depth=_LEVELS, is_whole=True, every_ms=200)

    def tell(self, follow: Follow, row: Row, now_ms: int) -> Sequence[str | bytes]:
        """Each trade by itself, and whole books."""
        if isinstance(row, BookNow):
            book = {**_times(row.at_ms), "bids": _levels(row.bids), "asks": _levels(row.asks)}
            return [_said("data", follow.channel, book)]
        if isinstance(row, TickerNow | CandleNow):
            return []
        return [
            _said("trade", follow.channel, {
                "id": trade.id, **_times(trade.at_ms), "amount": trade.size,
                "amount_str": f"{trade.size:.8f}", "price": trade.price,
                "price_str": f"{trade.price:f}", "type": 0 if trade.side == "buy" else 1,
                "buy_order_id": 2 * trade.id, "sell_order_id": 2 * trade.id + 1,
            })
            for trade in row
        ]  # fmt: skip

    def refuse(self, frame: str | bytes, now_ms: int) -> Sequence[str | bytes]:
        """As a channel is that it cannot read; it does not name it."""
        return [_said("bts:error", "", {"code": None, "message": "Bad subscription string."})]


def _times(at_ms: int) -> Mapping[str, str]:
    return {"timestamp": str(at_ms // 1000), "microtimestamp": str(at_ms * 1000)}


def _levels(levels: Levels) -> list[list[str]]:
    return [[f"{price:f}", f"{size:.8f}"] for price, size in levels]


def _said(event: str, channel: str, data: object) -> str:
    return _JSON.encode({"event": event, "channel": channel, "data": data}).decode()


def rest_trades(path: str, params: Mapping[str, str], trades: Sequence[TradeNow]) -> object:
    """The trades of the last hour, newest first; None for another request."""
    if "/transactions/" not in path:
        return None
    return [
        {
            "date": str(one.at_ms // 1000), "tid": str(one.id), "amount": f"{one.size:.8f}",
            "type": "0" if one.side == "buy" else "1", "price": f"{one.price:f}",
        }
        for one in reversed(trades)
    ]  # fmt: skip
