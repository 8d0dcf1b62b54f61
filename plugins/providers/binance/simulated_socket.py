"""Binance's end of a connection, for the simulator."""

import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

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
from coinmux.plugins.providers.binance.spelling import INTERVALS

_STREAM = re.compile(
    r"(?P<pair>[a-z0-9]+)@(?:(?P<ticker>ticker)|(?P<trade>trade)|kline_(?P<interval>\w+)"
    r"|depth(?P<depth>5|10|20)?(?P<fast>@100ms)?)"
)


class Socket(SimulatedSocket):
    """One connection to `/stream`."""

    def greeting(self, target: str, now_ms: int) -> Sequence[str | bytes | Follow]:
        """Streams may be named in the address."""
        streams = parse_qs(urlsplit(target).query).get("streams", [""])[0]
        return self._follows(streams.split("/") if streams else [])

    def heard(self, frame: str | bytes, now_ms: int) -> Sequence[str | bytes | Follow | Unfollow]:
        """A stream of an unknown pair is accepted and silent; one of no kind is refused."""
        said = json.loads(frame)
        method, params, number = said.get("method"), said.get("params", []), said.get("id")
        if method not in ("SUBSCRIBE", "UNSUBSCRIBE"):
            return [_error(number, "Invalid request: unknown variant")]
        if not all(isinstance(stream, str) and _STREAM.fullmatch(stream) for stream in params):
            return [_error(number, "Invalid request: invalid stream")]
        done = json.dumps({"result": None, "id": number})
        if method == "UNSUBSCRIBE":
            return [*map(Unfollow, params), done]
        return [done, *self._follows(params)]

    def _follows(self, streams: Sequence[str]) -> list[Follow]:
        return [made for stream in streams if (made := self._follow(stream)) is not None]

    def _follow(self, stream: str) -> Follow | None:
        found = _STREAM.fullmatch(stream)
        if found is None or (pair := self.pairs.get(found["pair"].upper())) is None:
            return None
        if found["ticker"]:
            return Follow(stream, "ticker", pair)
        if found["trade"]:
            return Follow(stream, "trades", pair)
        if (interval := found["interval"]) is not None:
            if interval not in INTERVALS:
                return None
            return Follow(stream, "candles", pair, interval=interval, every_ms=2_000)
        every_ms = 100 if found["fast"] else 1_000
        depth = found["depth"]
        return Follow(
            stream,
            "order_book",
            pair,
            depth=None if depth is None else int(depth),
            is_whole=depth is not None,
            every_ms=every_ms,
        )

    def tell(self, follow: Follow, row: Row, now_ms: int) -> Sequence[str | bytes]:
        """Each event wrapped in its stream."""
        name = self.name_of(follow)
        if isinstance(row, TickerNow):
            return [_wrapped(follow, _ticker(name, row, now_ms))]
        if isinstance(row, CandleNow):
            return [_wrapped(follow, _candle(name, row, now_ms))]
        if not isinstance(row, BookNow):
            return [
                _wrapped(follow, {
                    "e": "trade", "E": now_ms, "s": name, "t": trade.id, "p": f"{trade.price:f}",
                    "q": f"{trade.size:f}", "T": trade.at_ms, "m": trade.side == "sell", "M": True,
                })
                for trade in row
            ]  # fmt: skip
        if follow.is_whole:
            return [_wrapped(follow, _whole(row))]
        if row.is_whole:
            return []  # differences alone are sent; the whole is asked for by REST
        return [
            _wrapped(follow, {
                "e": "depthUpdate", "E": now_ms, "s": name, "U": row.first, "u": row.last,
                "b": _levels(row.bids), "a": _levels(row.asks),
            })
        ]  # fmt: skip

    def refuse(self, frame: str | bytes, now_ms: int) -> Sequence[str | bytes]:
        """As too many requests are."""
        return [_error(json.loads(frame).get("id"), "Too many requests", -1003)]


def rest_book(path: str, params: Mapping[str, str], book: BookNow) -> Any:
    """The snapshot that differences begin from; None for another request."""
    if path.rpartition("/")[2] != "depth":
        return None
    limit = int(params.get("limit", 100))
    return {
        "lastUpdateId": book.last,
        "bids": _levels(book.all_bids[:limit]),
        "asks": _levels(book.all_asks[:limit]),
    }


def rest_trades(path: str, params: Mapping[str, str], trades: Sequence[TradeNow]) -> object:
    """The latest trades; None for another request."""
    if path.rpartition("/")[2] != "trades":
        return None
    return [
        {
            "id": one.id, "price": f"{one.price:f}", "qty": f"{one.size:f}",
            "quoteQty": f"{one.price * one.size:f}", "time": one.at_ms,
            "isBuyerMaker": one.side == "sell", "isBestMatch": True,
        }
        for one in trades[-int(params.get("limit", 500)) :]
    ]  # fmt: skip


def _ticker(name: str, row: TickerNow, now_ms: int) -> dict[str, object]:
    moved = row.last - row.open
    percent = moved / row.open * 100 if row.open else Decimal()
    average = row.volume_quote / row.volume_base if row.volume_base else row.last
    return {
        "e": "24hrTicker", "E": now_ms, "s": name, "p": f"{moved:f}", "P": f"{percent:.3f}",
        "w": f"{average:.8f}", "x": f"{row.open:f}", "c": f"{row.last:f}",
        "Q": f"{row.last_size:f}", "b": f"{row.bid:f}", "B": f"{row.bid_size:f}",
        "a": f"{row.ask:f}", "A": f"{row.ask_size:f}", "o": f"{row.open:f}", "h": f"{row.high:f}",
        "l": f"{row.low:f}", "v": f"{row.volume_base:f}", "q": f"{row.volume_quote:f}",
        "O": row.at_ms - 86_400_000, "C": row.at_ms, "F": 0, "L": row.last_id, "n": row.last_id + 1,
    }  # fmt: skip


def _candle(name: str, row: CandleNow, now_ms: int) -> dict[str, object]:
    return {
        "e": "kline", "E": now_ms, "s": name,
        "k": {
            "t": row.opens_ms, "T": row.closes_ms - 1, "s": name, "i": row.interval,
            "o": f"{row.open:f}", "c": f"{row.close:f}", "h": f"{row.high:f}", "l": f"{row.low:f}",
            "v": f"{row.volume_base:f}", "n": row.count, "x": row.is_closed,
            "q": f"{row.volume_quote:f}",
        },
    }  # fmt: skip


def _whole(row: BookNow) -> dict[str, object]:
    return {"lastUpdateId": row.last, "bids": _levels(row.bids), "asks": _levels(row.asks)}


def _levels(levels: Levels) -> list[list[str]]:
    return [[f"{price:f}", f"{size:f}"] for price, size in levels]


def _wrapped(follow: Follow, data: object) -> str:
    return json.dumps({"stream": follow.channel, "data": data})


def _error(number: object, text: str, code: int = 2) -> str:
    return json.dumps({"error": {"code": code, "msg": text}, "id": number})
