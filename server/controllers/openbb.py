"""OpenBB Workspace: what it asks a server for to show every capability as a widget.

Litestar reads annotations at run time, so this module imports what it names.
"""

import asyncio
from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from coinmux.framework.errors import CoinmuxError, InvalidRequest
from coinmux.framework.models.market import TickerQuery
from coinmux.framework.routing.options import RequestOptions
from coinmux.server.asgi.capability_reader import read_values
from coinmux.server.asgi.indicator_params import read_market_ask
from coinmux.server.asgi.query_params import pairs_of
from coinmux.server.asgi.request_parts import parts_of
from coinmux.server.asgi.requests import AnyRequest, request_id
from coinmux.server.asgi.responses import Bytes, as_json
from coinmux.server.asgi.rows import rows_of, table_of_indicator
from coinmux.server.asgi.scope import state_of
from coinmux.server.context import ServerContext
from coinmux.server.openapi.document import DOC
from coinmux.server.openapi.openbb_routes import APPS, DATA, INDICATOR, PRICES, WIDGETS
from coinmux.server.openbb.prices import failed_row, price_row, split_pairs
from coinmux.server.openbb.widgets import apps, widgets


class OpenbbController(Controller):
    """Widgets and what fills them. An error's `detail` is what a workspace shows."""

    path = "/"
    tags = ("data",)

    @get("/widgets.json", operation_id="getOpenbbWidgets", opt={DOC: WIDGETS})
    async def widgets(self, desk: NamedDependency[ServerContext]) -> Bytes:
        """Every widget: one for each capability, those of plugins included."""
        return as_json(widgets(desk.gateway))

    @get("/apps.json", operation_id="getOpenbbApps", opt={DOC: APPS})
    async def apps(self, desk: NamedDependency[ServerContext]) -> Bytes:
        """One app in which the widgets are laid out."""
        return as_json(apps(desk.gateway))

    @get("/openbb/data/{capability:str}", operation_id="getOpenbbRows", opt={DOC: DATA})
    async def data(
        self, request: AnyRequest, desk: NamedDependency[ServerContext], capability: FromPath[str]
    ) -> Bytes:
        """The rows of an answer of any capability, each with its source."""
        question = read_values(desk.gateway, capability, _given(request))
        answer = await desk.gateway.fetch(
            question.capability,
            question.query,
            question.ask,
            request_id=request_id(request),
            trail=state_of(request.scope).trail,
        )
        return as_json(rows_of(answer.data.table(), answer, newest_first=True))

    @get("/openbb/indicators", operation_id="getOpenbbIndicator", opt={DOC: INDICATOR})
    async def indicator(self, request: AnyRequest, desk: NamedDependency[ServerContext]) -> Bytes:
        """The values of an indicator, newest first."""
        given = _given(request)
        indicators = desk.gateway.indicators
        name = given.pop("indicator", None)
        if name is None:
            message = "is missing: the name of an indicator"
            raise InvalidRequest(
                f"indicator {message}", errors=[{"name": "indicator", "message": message}]
            )
        found = indicators.catalogue.find(name)
        asked = read_market_ask(urlencode(given).encode(), desk.gateway.parse_symbol)
        result = await indicators.one(
            indicators.catalogue.plan(found, asked.parameters),
            asked.symbol,
            asked.intervals[0],
            asked.limit,
            closed_only=asked.closed_only,
            ask=asked.ask,
            request_id=request_id(request),
            trail=state_of(request.scope).trail,
            start=asked.start,
            end=asked.end,
        )
        data: dict[str, Any] = msgspec.json.decode(result.encode(result.head(), result.shown))
        table = table_of_indicator(data)
        return as_json(rows_of(table, result.history.answer, newest_first=True))

    @get("/openbb/market", operation_id="getOpenbbPrices", opt={DOC: PRICES})
    async def prices(self, request: AnyRequest, desk: NamedDependency[ServerContext]) -> Bytes:
        """Prices of several markets: the first rows of a live grid."""
        pairs = split_pairs(_given(request).get("symbol", ""))
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_price(desk, request, one)) for one in pairs]
        found = [task.result() for task in tasks]
        state_of(request.scope).parts = parts_of("markets", [error for _, error in found])
        return as_json([row for row, _ in found])


def _given(request: AnyRequest) -> dict[str, str]:
    """The parameters that are filled in: a widget sends each field, also an empty one."""
    return {
        name: value
        for name, value in pairs_of(request.scope["query_string"])
        if value not in ("", "null", "undefined")
    }


async def _price(
    desk: ServerContext, request: AnyRequest, pair: str
) -> tuple[dict[str, Any], CoinmuxError | None]:
    try:
        query = TickerQuery(symbol=desk.gateway.parse_symbol(pair))
        answer = await desk.gateway.fetch(
            query,
            RequestOptions(),
            request_id=request_id(request),
            trail=state_of(request.scope).trail,
        )
    except CoinmuxError as error:
        return failed_row(pair, desk.gateway.redactor.clean(f"{error.code}: {error.detail}")), error
    note = "simulated" if answer.meta["simulated"] else ""
    return price_row(answer.data, answer.provider, answer.meta["fetched_at"], note), None
