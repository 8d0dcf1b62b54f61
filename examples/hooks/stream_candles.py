"""The source says with each candle whether it is closed."""

from collections.abc import Iterable
from typing import Any

from coinmux import CandlesQuery, SymbolStyle, hookimpl, sockets


@hookimpl
def stream_candles(query: CandlesQuery) -> sockets.Subscription[sockets.LiveCandle]:
    pair = SymbolStyle(separator="-").native(query.symbol)
    step = {"1m": "1min", "1h": "60min"}[query.interval]
    return sockets.Subscription(channels=(f"candles:{pair}:{step}",), read=read)


def read(channel: str, body: dict[str, Any]) -> Iterable[sockets.LiveCandle]:
    yield sockets.LiveCandle(
        timestamp=body["from"],
        open=body["o"],
        high=body["h"],
        low=body["l"],
        close=body["c"],
        volume=body["v"],
        is_closed=body["final"],
    )
