"""The first message is the whole book; each later one says which number it follows."""

from collections.abc import Iterable
from typing import Any

from coinmux import OrderBookQuery, SymbolStyle, hookimpl, sockets


@hookimpl
def stream_order_book(query: OrderBookQuery) -> sockets.Subscription[sockets.BookChange]:
    pair = SymbolStyle(separator="-").native(query.symbol)
    return sockets.Subscription(
        channels=(f"book:{pair}",), read=read, book=sockets.BookRules(link="previous")
    )


def read(channel: str, body: dict[str, Any]) -> Iterable[sockets.BookChange]:
    yield sockets.BookChange(
        bids=body["bids"],
        asks=body["asks"],
        is_whole=body["whole"],
        last=body["number"],
        previous=body.get("after"),
        timestamp=body["at"],
    )
