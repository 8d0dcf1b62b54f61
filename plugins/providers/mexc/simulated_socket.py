"""MEXC's end of its socket, for the simulator."""

import json
from collections.abc import Iterable, Mapping, Sequence
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
from coinmux.plugins.providers.mexc import live

#: Theirs -> ours.
LENGTHS = {theirs: ours for ours, theirs in live.LENGTHS.items()}


def rest_book(path: str, params: Mapping[str, str], book: BookNow) -> Any:
    """The book that differences change."""
    if path != "/api/v3/depth":
        return None
    limit = int(params.get("limit", 100))
    return {
        "lastUpdateId": book.last,
        "bids": [[_text(price), _text(size)] for price, size in book.all_bids[:limit]],
        "asks": [[_text(price), _text(size)] for price, size in book.all_asks[:limit]],
        "timestamp": book.at_ms,
    }


def rest_trades(path: str, params: Mapping[str, str], trades: Sequence[TradeNow]) -> Any:
    """The latest, the newest first, without ids."""
    if path != "/api/v3/trades":
        return None
    return [
        {
            "id": None,
            "price": _text(trade.price),
            "qty": _text(trade.size),
            "quoteQty": _text(trade.price * trade.size),
            "time": trade.at_ms,
            "isBuyerMaker": trade.side == "sell",
            "isBestMatch": True,
        }
        for trade in reversed(trades[-int(params.get("limit", 500)) :])
    ]


class Socket(SimulatedSocket):
    """One connection."""

    def heard(self, frame: str | bytes, now_ms: int) -> Sequence[str | bytes | Follow | Unfollow]:
        said = json.loads(frame)
        if said["method"] == "PING":
            return [_answer("PONG")]
        if said["method"] == "UNSUBSCRIPTION":
            gone = [Unfollow(channel) for channel in said["params"]]
            return [*gone, _answer(",".join(said["params"]))]
        follows = {channel: self._follow(channel) for channel in said["params"]}
        known = [follow for follow in follows.values() if follow is not None]
        unknown = [channel for channel, follow in follows.items() if follow is None]
        made: list[str | bytes | Follow | Unfollow] = []
        if known:
            made.append(_answer(",".join(follow.channel for follow in known)))
        if unknown:
            made.append(_refusal(unknown))
        return [*made, *known]

    def refuse(self, frame: str | bytes, now_ms: int) -> Sequence[str | bytes]:
        return [_refusal(json.loads(frame)["params"])]

    def _follow(self, channel: str) -> Follow | None:
        parts = channel.split("@")
        if len(parts) < 3:
            return None
        kind = parts[1].partition(".v3.")[0]
        aggregated = kind.startswith("public.aggre.")
        pair = self.pairs.get(parts[3 if aggregated and len(parts) > 3 else 2])
        if pair is None:
            return None
        if kind == "public.aggre.deals":
            return Follow(channel, "trades", pair)
        if kind in ("public.miniTicker", "public.aggre.bookTicker"):
            return Follow(channel, "ticker", pair, every_ms=100 if aggregated else 1_000)
        if kind == "public.aggre.depth":
            return Follow(channel, "order_book", pair, every_ms=100)
        if kind == "public.limit.depth":
            depth = int(parts[3])
            return Follow(channel, "order_book", pair, depth=depth, is_whole=True, every_ms=100)
        if kind == "public.kline" and parts[3] in LENGTHS:
            return Follow(channel, "candles", pair, interval=LENGTHS[parts[3]])
        return None

    def tell(self, follow: Follow, row: Row, now_ms: int) -> Sequence[str | bytes]:
        name = self.name_of(follow)
        if isinstance(row, TickerNow):
            kind = live.BEST if "bookTicker" in follow.channel else live.DAY
            part = _best(row) if kind == live.BEST else _day(row, name)
        elif isinstance(row, CandleNow):
            kind, part = live.CANDLE, _candle(row)
        elif isinstance(row, BookNow):
            if row.is_whole and not follow.is_whole:
                return []  # which is by REST
            kind = live.BOOK if follow.is_whole else live.CHANGES
            part = _book(row, follow)
        else:
            if not row:
                return []
            kind, part = live.DEALS, written((1, _deal(trade)) for trade in row)
        return [
            written(
                [
                    (live.CHANNEL, follow.channel),
                    (live.SYMBOL, name),
                    (live.SENT, now_ms),
                    (kind, part),
                ]
            )
        ]


def _answer(text: str) -> str:
    return json.dumps({"id": 0, "code": 0, "msg": text}, separators=(",", ":"))


def _refusal(channels: Sequence[str]) -> str:
    return _answer(f"{live.REFUSAL}! [{','.join(channels)}].  Reason： Blocked! ")  # noqa: RUF001


def written(fields: Iterable[tuple[int, str | int | Decimal | bytes]]) -> bytes:
    """A protobuf message of these fields."""
    made = bytearray()
    for number, value in fields:
        if isinstance(value, int):
            made += _varint(number << 3) + _varint(value)
            continue
        data = value if isinstance(value, bytes) else _text(value).encode()
        made += _varint(number << 3 | 2) + _varint(len(data)) + data
    return bytes(made)


def _varint(value: int) -> bytes:
    made = bytearray()
    while value > 0x7F:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    made.append(value)
    return bytes(made)


def _text(value: str | Decimal) -> str:
    return value if isinstance(value, str) else format(value, "f")


def _best(row: TickerNow) -> bytes:
    return written([(1, row.bid), (2, row.bid_size), (3, row.ask), (4, row.ask_size)])


def _day(row: TickerNow, name: str) -> bytes:
    rate = round(row.last / row.open - 1, 4)
    return written(
        [
            (1, name),
            (2, row.last),
            (3, rate),
            (4, rate),
            (5, row.high),
            (6, row.low),
            (7, row.volume_quote),
            (8, row.volume_base),
        ]
    )


def _candle(row: CandleNow) -> bytes:
    return written(
        [
            (1, live.LENGTHS[row.interval]),
            (2, row.opens_ms // 1000),
            (3, row.open),
            (4, row.close),
            (5, row.high),
            (6, row.low),
            (7, row.volume_base),
            (8, row.volume_quote),
            (9, row.closes_ms // 1000),
        ]
    )


def _deal(trade: TradeNow) -> bytes:
    side = 1 if trade.side == "buy" else 2
    return written([(1, trade.price), (2, trade.size), (3, side), (4, trade.at_ms)])


def _book(row: BookNow, follow: Follow) -> bytes:
    head = "@".join(follow.channel.split("@")[:2])
    numbers: list[tuple[int, str | int | Decimal | bytes]] = (
        [(4, str(row.last))] if follow.is_whole else [(4, str(row.first)), (5, str(row.last))]
    )
    return written([*_levels(1, row.asks), *_levels(2, row.bids), (3, head), *numbers])


def _levels(number: int, levels: Levels) -> Iterable[tuple[int, bytes]]:
    return ((number, written([(1, price), (2, size)])) for price, size in levels)
