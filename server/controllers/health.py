"""The health of sources, and the resets.

Litestar reads annotations at run time, so this module imports what it names.
"""

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from coinmux.framework.health.history import SourceHistory
from coinmux.framework.reports.health import HealthReport, SourceHealth
from coinmux.server.asgi.admin_guard import admin_only
from coinmux.server.asgi.query_params import single_values, whole
from coinmux.server.asgi.requests import AnyRequest
from coinmux.server.asgi.responses import NO_STORE, Bytes, as_json
from coinmux.server.context import ServerContext
from coinmux.server.monitoring.source_test import TestedHealth
from coinmux.server.openapi.document import DOC, RouteDoc
from coinmux.server.openapi.parameters import parameter

_DAY_S = 86_400
_WEEK_S = 7 * _DAY_S


class HealthController(Controller):
    """Which sources are well, and which were not."""

    path = "/api/source-health"
    tags = ("health",)

    @get("/status", operation_id="getSourceHealth", opt={DOC: RouteDoc(HealthReport)})
    async def status(self, request: AnyRequest, desk: NamedDependency[ServerContext]) -> Bytes:
        """Every source, with a count of each state."""
        single_values(request.scope["query_string"], ())
        return as_json(desk.gateway.source_health())

    @get(
        "/status/{name:str}",
        operation_id="getSourceHealthOf",
        opt={DOC: RouteDoc(SourceHealth, errors=(404,))},
    )
    async def status_of(
        self, request: AnyRequest, desk: NamedDependency[ServerContext], name: FromPath[str]
    ) -> Bytes:
        """One source."""
        single_values(request.scope["query_string"], ())
        return as_json(desk.gateway.source_health_of(name))

    @get(
        "/history/{name:str}",
        operation_id="getSourceHistory",
        opt={
            DOC: RouteDoc(
                SourceHistory,
                parameters=(
                    parameter(
                        "window_s",
                        "integer",
                        "Seconds looked back.",
                        minimum=60,
                        maximum=_WEEK_S,
                        default=_DAY_S,
                    ),
                ),
                errors=(404,),
            )
        },
    )
    async def history(
        self, request: AnyRequest, desk: NamedDependency[ServerContext], name: FromPath[str]
    ) -> Bytes:
        """State intervals, incidents and uptime of one source."""
        values = single_values(request.scope["query_string"], ("window_s",))
        window_s = whole(values, "window_s", default=_DAY_S, low=60, high=_WEEK_S)
        return as_json(desk.gateway.source_history(name, window_s))

    @post(
        "/reset/{name:str}",
        operation_id="resetSource",
        status_code=200,
        guards=[admin_only],
        opt={DOC: RouteDoc(SourceHealth, is_admin=True, errors=(404,))},
    )
    async def reset(self, desk: NamedDependency[ServerContext], name: FromPath[str]) -> Bytes:
        """Forget one source's failures and holds; its state after it."""
        return as_json(desk.gateway.reset(name), cache_control=NO_STORE)

    @post(
        "/test/{name:str}",
        operation_id="testSource",
        status_code=200,
        guards=[admin_only],
        opt={DOC: RouteDoc(TestedHealth, is_admin=True, errors=(404, 409))},
    )
    async def test(self, desk: NamedDependency[ServerContext], name: FromPath[str]) -> Bytes:
        """Ask one source one question now; its state after it. Once in ten seconds at most."""
        return as_json(await desk.trials.run(name), cache_control=NO_STORE)

    @post(
        "/reset-all",
        operation_id="resetAllSources",
        status_code=200,
        guards=[admin_only],
        opt={DOC: RouteDoc(HealthReport, is_admin=True)},
    )
    async def reset_all(self, desk: NamedDependency[ServerContext]) -> Bytes:
        """Forget every source's failures and holds; the states after it."""
        return as_json(desk.gateway.reset_all(), cache_control=NO_STORE)
