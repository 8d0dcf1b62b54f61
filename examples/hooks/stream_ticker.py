"""A message has only what changed since the last one, so the hook keeps what it knows."""

from collections.abc import Iterable
from typing import Any

from coinmux import SymbolStyle, Ticker, TickerQuery, hookimpl, sockets


@hookimpl
def stream_ticker(query: TickerQuery) -> sockets.Subscription[Ticker]:
    known: dict[str, Any] = {}

    def read(channel: str, body: dict[str, Any]) -> Iterable[Ticker]:
        known.update(body)
        if "last" in known:
            yield Ticker.of(
                query, last=known["last"], bid=known.get("bid"), timestamp=known.get("at")
            )

    pair = SymbolStyle(separator="-").native(query.symbol)
    return sockets.Subscription(channels=(f"ticker:{pair}",), read=read)
