"""What the operator says: maintenance windows, and notes on incidents.

Litestar reads annotations at run time, so this module imports what it names.
"""

from typing import Any

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from coinmux.framework.errors import InvalidRequest
from coinmux.framework.incidents.operator import TEXT_LENGTH, MaintenanceList, MaintenanceWindow
from coinmux.framework.incidents.report import IncidentDetail
from coinmux.framework.reference.times import time_ms
from coinmux.server.asgi.admin_guard import admin_only
from coinmux.server.asgi.query_params import single_values
from coinmux.server.asgi.request_body import read_json
from coinmux.server.asgi.requests import AnyRequest
from coinmux.server.asgi.responses import NO_STORE, Bytes, as_json
from coinmux.server.context import ServerContext
from coinmux.server.openapi.document import DOC, RouteDoc
from coinmux.server.openapi.schemas import MaintenanceOrder, NoteOrder

_MINUTE_MS = 60_000


class OperatorController(Controller):
    """Maintenance and notes; the admin's right is needed to write."""

    path = "/api"
    tags = ("monitor",)

    @get("/maintenance", operation_id="getMaintenance", opt={DOC: RouteDoc(MaintenanceList)})
    async def windows(self, request: AnyRequest, desk: NamedDependency[ServerContext]) -> Bytes:
        """Maintenance windows: those that are, that come, and that ended within 30 days."""
        single_values(request.scope["query_string"], ())
        return as_json(desk.gateway.incidents.operator.windows(), cache_control=NO_STORE)

    @post(
        "/maintenance",
        operation_id="beginMaintenance",
        status_code=200,
        guards=[admin_only],
        opt={DOC: RouteDoc(MaintenanceWindow, body=MaintenanceOrder, is_admin=True, errors=(404,))},
    )
    async def begin(self, request: AnyRequest, desk: NamedDependency[ServerContext]) -> Bytes:
        """Alert nobody of a source for some minutes, from now on or from a time that comes.

        `{"source": "binance", "minutes": 90, "note": "their upgrade"}`; without a source of
        anything.
        """
        body = _fields(await read_json(request), {"source", "minutes", "from", "note"}, "minutes")
        gateway = desk.gateway
        source = body.get("source")
        name = None if source is None else gateway.source_health_of(_text(body, "source")).name
        minutes = body["minutes"]
        if type(minutes) is not int or not 0 < minutes <= 129_600:
            raise _refused("minutes", "takes a whole number of minutes, at most 129600")
        now = gateway.clock.wall_ms()
        began = _from(body)
        ends = (now if began is None else began) + minutes * _MINUTE_MS
        window = gateway.incidents.operator.begin(name, ends, _text(body, "note"), from_at=began)
        gateway.events.publish("config", f"maintenance of {window.title} was set", source=name)
        return as_json(window, cache_control=NO_STORE)

    @post(
        "/maintenance/{window_id:str}/end",
        operation_id="endMaintenance",
        status_code=200,
        guards=[admin_only],
        opt={DOC: RouteDoc(MaintenanceWindow, is_admin=True, errors=(404,))},
    )
    async def end(
        self, request: AnyRequest, desk: NamedDependency[ServerContext], window_id: FromPath[str]
    ) -> Bytes:
        """End a maintenance window now; one that comes will not be."""
        window = desk.gateway.incidents.operator.end(window_id)
        desk.gateway.events.publish("config", f"maintenance of {window.title} was ended")
        return as_json(window, cache_control=NO_STORE)

    @post(
        "/incidents/{incident_id:str}/notes",
        operation_id="noteIncident",
        status_code=200,
        guards=[admin_only],
        opt={DOC: RouteDoc(IncidentDetail, body=NoteOrder, is_admin=True, errors=(404,))},
    )
    async def note(
        self, request: AnyRequest, desk: NamedDependency[ServerContext], incident_id: FromPath[str]
    ) -> Bytes:
        """Write a note on an incident, `{"text": "they know"}`; the incident with it."""
        body = _fields(await read_json(request), {"text"}, "text")
        text = _text(body, "text")
        if not text:
            raise _refused("text", "is empty")
        detail = await desk.gateway.incidents.note(incident_id, text)
        return as_json(detail, cache_control=NO_STORE)


def _fields(body: Any, known: set[str], needed: str) -> dict[str, Any]:
    """The members of a body.

    Raises:
        InvalidRequest: it is no object, lacks the one needed, or has others.
    """
    if not isinstance(body, dict):
        raise _refused("body", "takes an object")
    if strange := sorted(set(body) - known):
        raise _refused(str(strange[0])[:60], "is no member")
    if needed not in body:
        raise _refused(needed, "is missing")
    return body


def _text(body: dict[str, Any], name: str) -> str:
    text = body.get(name, "")
    if not isinstance(text, str) or len(text) > TEXT_LENGTH:
        raise _refused(name, f"takes text of at most {TEXT_LENGTH} characters")
    return text.strip()


def _from(body: dict[str, Any]) -> int | None:
    value = body.get("from")
    if value is None:
        return None
    try:
        return time_ms(str(value))
    except ValueError as error:
        raise _refused("from", str(error)) from None


def _refused(name: str, message: str) -> InvalidRequest:
    return InvalidRequest(f"{name} {message}", errors=[{"name": name, "message": message}])
