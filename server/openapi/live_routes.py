"""What the routes of live feeds take and send, for OpenAPI."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coinmux.framework.models.candles import Candles
from coinmux.framework.models.indicator_values import IndicatorValues
from coinmux.framework.models.market import OrderBook, Ticker, Trades
from coinmux.framework.streams.explanation import FeedExplanation
from coinmux.server.asgi.live_params import FOLLOWED, INDICATOR, MOST_SYMBOLS
from coinmux.server.openapi.document import RouteDoc
from coinmux.server.openapi.parameters import ASK, own_parameters, parameter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coinmux.framework.models.base import Result

#: What is followed, to the model of `data` in its events.
RESULTS: Mapping[str, type[Result]] = {
    "ticker": Ticker,
    "trades": Trades,
    "order_book": OrderBook,
    "candles": Candles,
    INDICATOR: IndicatorValues,
}
_HOW = {"provider", "strategy"}
#: Statuses of what is refused before the first event, beside those of each route that asks.
_REFUSED = (400, 404, 409, 429, 502, 503, 504)


def _doc(capability: str) -> RouteDoc:
    reader, fields = FOLLOWED[capability]
    own = [one for one in own_parameters(reader) if one["name"] in fields]
    how = [one for one in ASK if one["name"] in _HOW]
    return RouteDoc(
        parameters=(_SYMBOLS, *own, *how),
        errors=_REFUSED,
        media_type="text/event-stream",
        asks=capability,
    )


_SYMBOLS: dict[str, Any] = parameter(
    "symbols",
    "string",
    f"Up to {MOST_SYMBOLS} pairs, comma between.",
    required=True,
    examples=["BTC/USDT,ETH/USDT"],
)
TICKER, TRADES = _doc("ticker"), _doc("trades")
ORDER_BOOK, CANDLES = _doc("order_book"), _doc("candles")
EXPLAIN = RouteDoc(
    FeedExplanation,
    parameters=(
        parameter(
            "capability",
            "string",
            "What would be followed.",
            required=True,
            enum=list(FOLLOWED),
            examples=["ticker"],
        ),
        parameter("symbol", "string", "A pair.", required=True, examples=["BTC/USDT"]),
        parameter("interval", "string", "Of candles."),
        parameter("depth", "integer", "Of order books.", minimum=1),
        *(one for one in ASK if one["name"] in _HOW),
    ),
    errors=(404, 409),
)
