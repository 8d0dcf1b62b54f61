"""How the whole is: status, models, figures, activity, liveness and readiness.

Litestar reads annotations at run time, so this module imports what it names.
"""

from typing import Literal

from litestar import Controller, get
from litestar.di import NamedDependency

from coinmux.framework.reports.base import FrozenReport
from coinmux.framework.reports.providers import ModelList
from coinmux.server.asgi.query_params import single_values, whole
from coinmux.server.asgi.requests import AnyRequest
from coinmux.server.asgi.responses import NO_STORE, Bytes, as_json
from coinmux.server.context import ServerContext
from coinmux.server.monitoring.event_json import ActivityReport
from coinmux.server.monitoring.figures_report import report_of
from coinmux.server.monitoring.metrics_report import MetricsReport
from coinmux.server.monitoring.service_status import StatusReport
from coinmux.server.openapi.document import DOC, RouteDoc
from coinmux.server.openapi.parameters import parameter

_ACTIVITY_LIMIT = 500


class Alive(FrozenReport):
    """The process answers."""

    status: Literal["ok"]


class Ready(FrozenReport):
    """Whether questions can be answered."""

    ready: bool
    detail: str


class SystemController(Controller):
    """The process as its operator sees it."""

    path = "/api"
    tags = ("system",)

    @get("/status", operation_id="getStatus", opt={DOC: RouteDoc(StatusReport)})
    async def status(self, request: AnyRequest, desk: NamedDependency[ServerContext]) -> Bytes:
        """The whole in a few words."""
        single_values(request.scope["query_string"], ())
        return as_json(desk.pulse.look())

    @get("/models/status", operation_id="getModelStatus", opt={DOC: RouteDoc(ModelList)})
    async def models(self, request: AnyRequest, desk: NamedDependency[ServerContext]) -> Bytes:
        """Text models, and which of them answer."""
        single_values(request.scope["query_string"], ())
        return as_json(desk.gateway.model_status())

    @get("/monitoring/metrics", operation_id="getMetrics", opt={DOC: RouteDoc(MetricsReport)})
    async def metrics(self, request: AnyRequest, desk: NamedDependency[ServerContext]) -> Bytes:
        """Figures of the server, its routes, its sources and its cache."""
        single_values(request.scope["query_string"], ())
        return as_json(report_of(await desk.picture.whole(), desk.gateway.clock))

    @get(
        "/monitoring/activity",
        operation_id="getActivity",
        opt={
            DOC: RouteDoc(
                ActivityReport,
                parameters=(
                    parameter("after", "integer", "Only events of higher ids.", minimum=0),
                    parameter(
                        "limit",
                        "integer",
                        "At most so many.",
                        minimum=1,
                        maximum=_ACTIVITY_LIMIT,
                        default=100,
                    ),
                ),
            )
        },
    )
    async def activity(self, request: AnyRequest, desk: NamedDependency[ServerContext]) -> Bytes:
        """What happened, newest first: attempts, state changes, configuration."""
        values = single_values(request.scope["query_string"], ("after", "limit"))
        after = whole(values, "after", default=0, low=0, high=10**15)
        limit = whole(values, "limit", default=100, low=1, high=_ACTIVITY_LIMIT)
        return as_json(await desk.picture.activity(after, limit))


class ProbeController(Controller):
    """For whoever supervises the process."""

    tags = ("system",)

    @get("/healthz", operation_id="getLiveness", opt={DOC: RouteDoc(Alive)})
    async def alive(self) -> Bytes:
        """The process answers. No I/O."""
        return as_json(Alive(status="ok"), cache_control=NO_STORE)

    @get("/readyz", operation_id="getReadiness", opt={DOC: RouteDoc(Ready, unready=503)})
    async def ready(self, desk: NamedDependency[ServerContext]) -> Bytes:
        """Whether questions can be answered; 503 where not."""
        ready, detail = desk.gateway.ready()
        if desk.traffic.draining:
            ready, detail = False, "stopping"
        body = Ready(ready=ready, detail=detail)
        return as_json(body, cache_control=NO_STORE, status=200 if ready else 503)
