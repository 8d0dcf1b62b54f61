"""Markets: tickers, candles, order books, trades, pairs, coins and the whole.

Litestar reads annotations at run time, so this module imports what it names.
"""

import asyncio
from typing import Any

import msgspec
from litestar import Controller, get
from litestar.di import NamedDependency

from coinmux.framework.errors import CoinmuxError, InvalidRequest
from coinmux.framework.models.candles import Candles, CandlesQuery
from coinmux.framework.models.market import (
    Coins,
    CoinsQuery,
    GlobalStats,
    GlobalStatsQuery,
    Markets,
    MarketsQuery,
    OrderBook,
    OrderBookQuery,
    Ticker,
    TickerQuery,
    Trades,
    TradesQuery,
)
from coinmux.server.asgi.problems import problem
from coinmux.server.asgi.query_params import (
    ASK_PARAMETERS,
    QUOTE_FALLBACK,
    QueryReader,
    single_values,
    split_list,
)
from coinmux.server.asgi.request_parts import parts_of
from coinmux.server.asgi.requests import AnyRequest, request_id
from coinmux.server.asgi.responses import Answered, Bytes, joined_tag, tag_of_error
from coinmux.server.asgi.scope import state_of
from coinmux.server.context import ServerContext
from coinmux.server.openapi.document import DOC, RouteDoc
from coinmux.server.openapi.parameters import ASK, parameter
from coinmux.server.openapi.responses import envelope
from coinmux.server.openapi.schemas import Problem

TICKER = QueryReader("ticker", TickerQuery)
CANDLES = QueryReader("candles", CandlesQuery)
ORDER_BOOK = QueryReader("order_book", OrderBookQuery)
TRADES = QueryReader("trades", TradesQuery)
MARKETS = QueryReader("markets", MarketsQuery)
COINS = QueryReader("coins", CoinsQuery)
PAIRS = RouteDoc(Markets, MARKETS, needs=frozenset({"provider"}))
GLOBAL = QueryReader("global_stats", GlobalStatsQuery)

#: Upstream calls one batch may cause (`faults.md` S10).
BATCH_LIMIT = 50
_TICKERS = {
    "type": "object",
    "required": ["tickers"],
    "properties": {
        "tickers": {
            "type": "object",
            "description": "By symbol: the answer, or the error in its place",
            "additionalProperties": {
                "anyOf": [
                    envelope(Ticker),
                    {
                        "type": "object",
                        "required": ["error"],
                        "properties": {
                            "error": {"$ref": f"#/components/schemas/{Problem.__name__}"}
                        },
                    },
                ]
            },
        }
    },
}


class MarketController(Controller):
    """Everything about markets."""

    path = "/api/market"
    tags = ("market",)

    @get("/ticker", operation_id="getTicker", opt={DOC: RouteDoc(Ticker, TICKER)})
    async def ticker(self, request: AnyRequest, desk: NamedDependency[ServerContext]) -> Answered:
        """One market now and over the last 24 hours."""
        return await desk.answer(request, TICKER)

    @get(
        "/tickers",
        operation_id="getTickers",
        opt={
            DOC: RouteDoc(
                Ticker,
                parameters=(
                    parameter(
                        "symbols",
                        "string",
                        f"Up to {BATCH_LIMIT} pairs, comma between.",
                        required=True,
                        examples=["BTC/USDT,ETH/USDT"],
                    ),
                    *ASK,
                ),
                schema=_TICKERS,
                asks="tickers",
            )
        },
    )
    async def tickers(self, request: AnyRequest, desk: NamedDependency[ServerContext]) -> Bytes:
        """Several markets at once; one that fails does not spoil the others."""
        values = single_values(
            request.scope["query_string"], ("symbols", *ASK_PARAMETERS, QUOTE_FALLBACK)
        )
        symbols = split_list(values.pop("symbols", ""), "symbols", "pairs", BATCH_LIMIT)
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(_item(desk, request, {**values, "symbol": symbol}))
                for symbol in symbols
            ]
        parts = [task.result() for task in tasks]
        state_of(request.scope).parts = parts_of("pairs", [error for *_, error in parts])
        items = {name: body for name, body, *_ in parts}
        lines = [b"%b:%b" % (msgspec.json.encode(name), body) for name, body in items.items()]
        return Bytes(
            b'{"tickers":{%b}}' % b",".join(lines),
            [
                (b"content-type", b"application/json"),
                (b"cache-control", b"no-cache"),
                (b"etag", joined_tag(tag for _, _, tag, _ in parts)),
            ],
        )

    @get("/candles", operation_id="getCandles", opt={DOC: RouteDoc(Candles, CANDLES)})
    async def candles(self, request: AnyRequest, desk: NamedDependency[ServerContext]) -> Answered:
        """Open, high, low, close and volume by interval, oldest first."""
        return await desk.answer(request, CANDLES)

    @get("/order-book", operation_id="getOrderBook", opt={DOC: RouteDoc(OrderBook, ORDER_BOOK)})
    async def order_book(
        self, request: AnyRequest, desk: NamedDependency[ServerContext]
    ) -> Answered:
        """The best bids and asks of one market."""
        return await desk.answer(request, ORDER_BOOK)

    @get("/trades", operation_id="getTrades", opt={DOC: RouteDoc(Trades, TRADES)})
    async def trades(self, request: AnyRequest, desk: NamedDependency[ServerContext]) -> Answered:
        """The latest trades of one market, newest last."""
        return await desk.answer(request, TRADES)

    @get(
        "/pairs",
        operation_id="getPairs",
        opt={DOC: RouteDoc(Markets, MARKETS, needs=frozenset({"provider"}))},
    )
    async def pairs(self, request: AnyRequest, desk: NamedDependency[ServerContext]) -> Answered:
        """Every pair one provider lists. `provider` is required: the list is that source's own."""
        if "provider" not in single_values(request.scope["query_string"], MARKETS.parameters):
            raise InvalidRequest(
                "provider is missing", errors=[{"name": "provider", "message": "is missing"}]
            )
        return await desk.answer(request, MARKETS)

    @get("/coins", operation_id="getCoins", opt={DOC: RouteDoc(Coins, COINS)})
    async def coins(self, request: AnyRequest, desk: NamedDependency[ServerContext]) -> Answered:
        """One page of coins, largest market capitalisation first."""
        return await desk.answer(request, COINS)

    @get("/global", operation_id="getGlobalStats", opt={DOC: RouteDoc(GlobalStats, GLOBAL)})
    async def global_stats(
        self, request: AnyRequest, desk: NamedDependency[ServerContext]
    ) -> Answered:
        """The whole market in a few figures."""
        return await desk.answer(request, GLOBAL)


async def _item(
    desk: ServerContext, request: AnyRequest, values: dict[str, Any]
) -> tuple[str, bytes, bytes, CoinmuxError | None]:
    """One symbol's answer or error: the symbol's own name, as bytes, its tag, and that error."""
    name = values["symbol"][:60]
    gateway = desk.gateway
    try:
        question = TICKER.build(values, gateway.parse_symbol)
        name = str(getattr(question.query, "symbol", name))
        trail = state_of(request.scope).trail
        answer = await gateway.fetch(
            question.capability,
            question.query,
            question.ask,
            request_id=request_id(request),
            trail=trail,
        )
    except CoinmuxError as error:
        document = problem(error, request_id(request), gateway.redactor)
        return name, msgspec.json.encode({"error": document}), tag_of_error(error), error
    return name, answer.body, answer.tag, None
