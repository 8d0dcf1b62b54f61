"""TradingView's UDF: what its charting library, and all that speaks its protocol, asks a server.

Litestar reads annotations at run time, so this module imports what it names.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import numpy as np
from litestar import Controller, get
from litestar.di import NamedDependency

from coinmux.framework.cache.answer import Answer
from coinmux.framework.errors import CoinmuxError, UnknownSymbol
from coinmux.framework.models.base import Query, R_co
from coinmux.framework.models.candles import CandlesQuery
from coinmux.framework.reference.intervals import Interval
from coinmux.framework.routing.options import RequestOptions
from coinmux.server.asgi.problems import problem
from coinmux.server.asgi.query_params import pairs_of, split_list
from coinmux.server.asgi.request_parts import parts_of
from coinmux.server.asgi.requests import AnyRequest, request_id
from coinmux.server.asgi.responses import NO_STORE, Bytes, as_json
from coinmux.server.asgi.scope import state_of
from coinmux.server.context import ServerContext
from coinmux.server.openapi.document import DOC
from coinmux.server.openapi.udf_routes import CONFIG, HISTORY, QUOTES, SEARCH, SYMBOLS, TIME
from coinmux.server.pages.pair_search import pairs_of_source
from coinmux.server.udf.history import history, read_number
from coinmux.server.udf.quotes import MOST_QUOTES, quote_of
from coinmux.server.udf.resolutions import RESOLUTIONS
from coinmux.server.udf.symbols import ROUTED, described, exchanges, listed, market_of

_DAY = Interval("1d")
#: Markets of a search that says no number.
_SEARCHED = 30


class UdfController(Controller):
    """Markets and bars for charts. What is wrong is said within an answer of status 200."""

    path = "/udf"
    tags = ("market",)

    @get("/config", operation_id="getUdfConfig", opt={DOC: CONFIG})
    async def config(self, desk: NamedDependency[ServerContext]) -> Bytes:
        """What a chart may ask for: lengths of bars, and the sources it may choose."""
        known = exchanges(desk.gateway)
        return as_json(
            {
                "supports_search": True,
                "supports_group_request": False,
                "supports_marks": False,
                "supports_timescale_marks": False,
                "supports_time": True,
                "supported_resolutions": RESOLUTIONS,
                "exchanges": [
                    {"value": "", "name": "All", "desc": "Whichever source can answer best"},
                    *(
                        {"value": name.upper(), "name": title, "desc": title}
                        for name, title in known.items()
                    ),
                ],
                "symbols_types": [
                    {"name": "All", "value": ""},
                    {"name": "Crypto", "value": "crypto"},
                ],
            }
        )

    @get("/time", operation_id="getUdfTime", opt={DOC: TIME})
    async def time(self, desk: NamedDependency[ServerContext]) -> Bytes:
        """The server's time in seconds, as bare text."""
        seconds = desk.gateway.clock.wall_ms() // 1000
        return Bytes(
            b"%d" % seconds, [(b"content-type", b"text/plain"), (b"cache-control", NO_STORE)]
        )

    @get("/search", operation_id="searchUdf", opt={DOC: SEARCH})
    async def search(self, request: AnyRequest, desk: NamedDependency[ServerContext]) -> Bytes:
        """Markets by a part of the name, of one source or of any."""
        values = _values(request)

        async def answer() -> list[dict[str, Any]]:
            limit = read_number(values, "limit", 1, 1000) or _SEARCHED
            if values.get("type", "").strip().lower() not in ("", "crypto"):
                return []
            exchange = values.get("exchange", "").strip().lower()
            name = None if exchange in ("", ROUTED) else exchange
            pairs = pairs_of_source(desk.gateway, values.get("query", "")[:60], name)
            return listed(desk.gateway, pairs[:limit], name)

        return await _answered(desk, request, answer)

    @get("/symbols", operation_id="getUdfSymbol", opt={DOC: SYMBOLS})
    async def symbols(self, request: AnyRequest, desk: NamedDependency[ServerContext]) -> Bytes:
        """One market: how its price is written, and which bars it has."""
        values = _values(request)

        async def answer() -> dict[str, Any]:
            market = market_of(desk.gateway, values.get("symbol", ""))
            query = CandlesQuery(symbol=market.symbol, interval=_DAY, limit=2)
            found = await _ask(desk, request, query, RequestOptions(provider=market.provider))
            candles = found.data
            if not candles.close.size:
                raise UnknownSymbol(f"{market.symbol} has no candles of a day")
            return described(
                desk.gateway,
                market,
                float(candles.close[-1]),
                has_volume=not bool(np.isnan(candles.volume).any()),
            )

        return await _answered(desk, request, answer)

    @get("/history", operation_id="getUdfHistory", opt={DOC: HISTORY})
    async def history(self, request: AnyRequest, desk: NamedDependency[ServerContext]) -> Bytes:
        """Bars of a market as columns; `countback` of them before `to`, or those of a range."""
        values = _values(request)

        async def answer() -> dict[str, Any]:
            return await history(desk.gateway, values, partial(_ask, desk, request))

        return await _answered(desk, request, answer)

    @get("/quotes", operation_id="getUdfQuotes", opt={DOC: QUOTES})
    async def quotes(self, request: AnyRequest, desk: NamedDependency[ServerContext]) -> Bytes:
        """Prices of several markets now; one that fails does not spoil the others."""
        values = _values(request)

        async def answer() -> dict[str, Any]:
            tickers = split_list(values.get("symbols", ""), "symbols", "markets", MOST_QUOTES)
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(quote_of(desk.gateway, one, partial(_ask, desk, request)))
                    for one in tickers
                ]
            quotes = [task.result() for task in tasks]
            errors = [error for _, error in quotes]
            state_of(request.scope).parts = parts_of("markets", errors)
            return {
                "s": "ok",
                "d": [
                    one if error is None else {**one, "errmsg": _words(desk, request, error)}
                    for one, error in quotes
                ],
            }

        return await _answered(desk, request, answer)


def _values(request: AnyRequest) -> dict[str, str]:
    """The parameters by name, the last of each; clients send some that mean nothing here."""
    return dict(pairs_of(request.scope["query_string"]))


async def _ask(
    desk: ServerContext, request: AnyRequest, query: Query[R_co], options: RequestOptions
) -> Answer[R_co]:
    return await desk.gateway.fetch(
        query,
        options,
        request_id=request_id(request),
        trail=state_of(request.scope).trail,
    )


async def _answered(
    desk: ServerContext, request: AnyRequest, answer: Callable[[], Awaitable[object]]
) -> Bytes:
    """What `answer` gives, or what went wrong in the words of UDF: its clients read no status."""
    try:
        return as_json(await answer())
    except CoinmuxError as error:
        state_of(request.scope).parts = parts_of("questions", [error])
        body = {"s": "error", "errmsg": _words(desk, request, error)}
    return as_json(body, cache_control=NO_STORE)


def _words(desk: ServerContext, request: AnyRequest, error: CoinmuxError) -> str:
    """The error in one line: its code, which clients compare, what is wrong, and the request."""
    told = problem(error, request_id(request), desk.gateway.redactor)
    return f"{told['code']}: {told['detail']} (request {told['request_id']})"
