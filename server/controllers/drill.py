"""Breaking and mending simulated sources. There is no such thing with real ones.

Litestar reads annotations at run time, so this module imports what it names.
"""

from typing import Annotated, Any

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import Meta

from coinmux.framework.errors import InvalidRequest, NotFound
from coinmux.framework.reports.base import FrozenReport
from coinmux.server.asgi.admin_guard import admin_only
from coinmux.server.asgi.query_params import single_values
from coinmux.server.asgi.request_body import read_json
from coinmux.server.asgi.requests import AnyRequest
from coinmux.server.asgi.responses import NO_STORE, Bytes, as_json
from coinmux.server.context import ServerContext
from coinmux.server.monitoring.drill import Drill
from coinmux.server.openapi.document import DOC, RouteDoc
from coinmux.server.openapi.schemas import DrillOrder


class DrillReport(FrozenReport):
    """Faults of simulated sources."""

    available: bool
    faults: tuple[str, ...]
    descriptions: dict[str, str]
    broken: Annotated[dict[str, str], Meta(description="The fault in force, by provider")]
    followed: Annotated[
        tuple[str, ...],
        Meta(description="Providers with live feeds: they alone take the `feed_` faults"),
    ]


class DrillController(Controller):
    """Failure drills; 404 unless the server runs on simulated sources."""

    path = "/api/drill"
    tags = ("drill",)

    @get("/", operation_id="getDrill", opt={DOC: RouteDoc(DrillReport, errors=(404,))})
    async def drill(self, request: AnyRequest, desk: NamedDependency[ServerContext]) -> Bytes:
        """Faults that may be ordered, and those in force."""
        single_values(request.scope["query_string"], ())
        return _report(_drill_of(desk))

    @post(
        "/{provider:str}",
        operation_id="orderDrill",
        status_code=200,
        guards=[admin_only],
        opt={DOC: RouteDoc(DrillReport, body=DrillOrder, is_admin=True, errors=(404,))},
    )
    async def order(
        self, request: AnyRequest, desk: NamedDependency[ServerContext], provider: FromPath[str]
    ) -> Bytes:
        """Break one source, `{"fault": "hang"}`, or mend it, `{"fault": null}`."""
        drill = _drill_of(desk)
        source = desk.gateway.registry.source(provider)
        name, title = source.name, source.info.title
        fault = _fault_of(await read_json(request), drill)
        if fault is None:
            drill.mend(name)
            message = f"drill: {title} was mended"
        else:
            drill.break_(name, fault)
            message = f"drill: {title} was broken: {drill.faults[fault]}"
        desk.gateway.events.publish("config", message, source=name)
        return _report(drill)


def _drill_of(desk: ServerContext) -> Drill:
    if desk.drill is None:
        raise NotFound("sources are real: there is nothing to break")
    return desk.drill


def _fault_of(body: Any, drill: Drill) -> str | None:
    known = list(drill.faults)
    if isinstance(body, dict) and set(body) == {"fault"}:
        fault = body["fault"]
        if fault is None or (isinstance(fault, str) and fault in drill.faults):
            return fault
    message = 'takes {"fault": one of those known, or null}'
    raise InvalidRequest(
        f"the body {message}", errors=[{"name": "fault", "message": message, "known": known}]
    )


def _report(drill: Drill) -> Bytes:
    body = DrillReport(
        available=True,
        faults=tuple(drill.faults),
        descriptions=dict(drill.faults),
        broken=drill.broken(),
        followed=tuple(drill.followed),
    )
    return as_json(body, cache_control=NO_STORE)
