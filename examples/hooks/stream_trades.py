"""Trades come in lists; a heartbeat says which was the last, so that a lost one is missed."""

from collections.abc import Iterable
from typing import Any

from coinmux import SymbolStyle, Trade, TradesQuery, hookimpl, sockets


@hookimpl
def stream_trades(query: TradesQuery) -> sockets.Subscription[Trade | sockets.TradeMark]:
    pair = SymbolStyle(separator="-").native(query.symbol)
    return sockets.Subscription(channels=(f"trades:{pair}",), read=read)


def read(channel: str, body: dict[str, Any]) -> Iterable[Trade | sockets.TradeMark]:
    for row in body["trades"]:
        yield Trade(
            id=row["id"], timestamp=row["at"], side=row["side"], price=row["p"], amount=row["q"]
        )
    if "newest" in body:
        yield sockets.TradeMark(str(body["newest"]))
