"""What went wrong, when, why and for how long, and who answered meanwhile.

Litestar reads annotations at run time, so this module imports what it names.
"""

import re
from typing import Any, get_args

import msgspec
from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from coinmux.framework.alerts.alerter import base_of
from coinmux.framework.errors import NotFound
from coinmux.framework.incidents.record import Kind, Severity
from coinmux.framework.incidents.report import IncidentDetail, IncidentFilter, IncidentPage
from coinmux.framework.reference.times import time_ms
from coinmux.framework.reports.base import FrozenReport
from coinmux.framework.suggest import near
from coinmux.server.asgi.query_params import refused, single_values, whole
from coinmux.server.asgi.requests import AnyRequest
from coinmux.server.asgi.responses import NO_STORE, Bytes, as_json
from coinmux.server.context import ServerContext
from coinmux.server.openapi.document import DOC, RouteDoc
from coinmux.server.openapi.parameters import parameter
from coinmux.server.pages.atom import feed_of

_MOST, _USUAL = 200, 50
_CURSOR = re.compile(r"[0-9]{13}-[0-9a-f]{8}")
_STATES = ("open", "ended")
_ATOM = "application/atom+xml"
_CHOICES = {"kind": get_args(Kind), "severity": get_args(Severity), "state": _STATES}
_TIMES = ("from", "to")
_NAMES = ("source", "capability")
_NAME_LENGTH = 120
_PARAMETERS = (
    parameter(
        "source", "string", "Of this source and its channels.", examples=["binance"],
        maxLength=_NAME_LENGTH,
    ),
    parameter(
        "capability", "string", "Of this kind of question, or of sources that answer it.",
        examples=["ticker"], maxLength=_NAME_LENGTH,
    ),
    parameter("kind", "string", "Only of one kind.", enum=list(_CHOICES["kind"])),
    parameter("severity", "string", "Only of one severity.", enum=list(_CHOICES["severity"])),
    parameter("state", "string", "Only those that last, or that have ended.", enum=list(_STATES)),
    parameter(
        "from", "string", "Those that had not ended by then: Unix ms, or an ISO date or time.",
        examples=["2026-01-01"],
    ),
    parameter("to", "string", "Those that had begun by then: Unix ms, or an ISO date or time."),
    parameter("limit", "integer", "Most of one page.", minimum=1, maximum=_MOST, default=_USUAL),
    parameter(
        "cursor", "string", "`next` of the page before; the same filters go with it.",
        pattern=f"^{_CURSOR.pattern}$",
    ),
)  # fmt: skip


class IncidentProblem(FrozenReport):
    """Why an incident is not there."""

    code: str
    detail: str


class IncidentPart(FrozenReport):
    """An incident for a page, which must not be answered with an error."""

    found: bool
    incident: IncidentDetail | None
    problem: IncidentProblem | None


class IncidentController(Controller):
    """Incidents of this run and of former ones."""

    path = "/api"
    tags = ("monitor",)

    @get(
        "/incidents",
        operation_id="getIncidents",
        opt={DOC: RouteDoc(IncidentPage, parameters=_PARAMETERS)},
    )
    async def incidents(self, request: AnyRequest, desk: NamedDependency[ServerContext]) -> Bytes:
        """Incidents, the newest first, page by page.

        The id of an incident is the same after a restart, and `updated_at` says when anything of it
        changed: alerts and feeds are made from these two.
        """
        values = single_values(request.scope["query_string"], [one["name"] for one in _PARAMETERS])
        return _live(await desk.gateway.incidents.page(_filter_of(values)))

    @get(
        "/incidents.atom",
        operation_id="getIncidentFeed",
        opt={DOC: RouteDoc(media_type=_ATOM, parameters=_PARAMETERS)},
    )
    async def feed(self, request: AnyRequest, desk: NamedDependency[ServerContext]) -> Bytes:
        """The same incidents as an Atom feed; its links begin with `PUBLIC_URL`."""
        values = single_values(request.scope["query_string"], [one["name"] for one in _PARAMETERS])
        page = await desk.gateway.incidents.page(_filter_of(values))
        base = base_of(desk.gateway.settings)
        body = feed_of(page.incidents, base, desk.gateway.clock.wall_ms())
        headers = [
            (b"content-type", _ATOM.encode()),
            (b"cache-control", NO_STORE),
        ]
        return Bytes(body, headers)

    @get(
        "/incidents/{incident_id:str}",
        operation_id="getIncident",
        opt={DOC: RouteDoc(IncidentDetail, errors=(404,))},
    )
    async def incident(
        self, request: AnyRequest, desk: NamedDependency[ServerContext], incident_id: FromPath[str]
    ) -> Bytes:
        """One incident, with its course and some of the requests it concerned."""
        single_values(request.scope["query_string"], ())
        return _live(await desk.gateway.incidents.of(incident_id))

    @get(
        "/pages/incident",
        operation_id="getIncidentPart",
        opt={
            DOC: RouteDoc(
                IncidentPart,
                parameters=(
                    parameter(
                        "id", "string", "Of `GET /api/incidents`.", required=True,
                        examples=["1764000000000-0123abcd"],
                    ),
                ),
            )
        },
    )  # fmt: skip
    async def part(self, request: AnyRequest, desk: NamedDependency[ServerContext]) -> Bytes:
        """As `GET /api/incidents/{id}`, for a page: an unknown id is an answer and no error."""
        values = single_values(request.scope["query_string"], ("id",))
        if "id" not in values:
            raise refused([{"name": "id", "message": "is missing"}])
        try:
            found = await desk.gateway.incidents.of(values["id"])
        except NotFound as error:
            problem = IncidentProblem(code=error.code, detail=error.detail)
            return _live(IncidentPart(found=False, incident=None, problem=problem))
        return _live(IncidentPart(found=True, incident=found, problem=None))


def _live(body: msgspec.Struct) -> Bytes:
    return as_json(body, cache_control=NO_STORE)


def _filter_of(values: dict[str, str]) -> IncidentFilter:
    """What is asked for.

    Raises:
        InvalidRequest: each value that will not do, by name.
    """
    errors: list[dict[str, Any]] = []
    for name, known in _CHOICES.items():
        if name in values and values[name] not in known:
            meant = near(values[name], known)
            errors.append(
                {"name": name, "message": f"takes one of {', '.join(known)}", "known": list(known)}
                | ({"did_you_mean": meant} if meant else {})
            )
    times: dict[str, int] = {}
    for name in _TIMES:
        if name in values:
            try:
                times[name] = time_ms(values[name])
            except ValueError as error:
                errors.append({"name": name, "message": str(error)})
    if len(times) == len(_TIMES) and times["from"] > times["to"]:
        errors.append({"name": "from", "message": "lies after `to`"})
    errors += [
        {"name": name, "message": f"takes at most {_NAME_LENGTH} characters"}
        for name in _NAMES
        if len(values.get(name, "")) > _NAME_LENGTH
    ]
    if "cursor" in values and not _CURSOR.fullmatch(values["cursor"]):
        errors.append({"name": "cursor", "message": "takes `next` of the page before"})
    if errors:
        raise refused(errors)
    state = values.get("state")
    return IncidentFilter(
        kind=values.get("kind"),
        severity=values.get("severity"),
        source=values.get("source"),
        capability=values.get("capability"),
        from_ms=times.get("from"),
        to_ms=times.get("to"),
        ended=None if state is None else state == "ended",
        cursor=values.get("cursor"),
        limit=whole(values, "limit", default=_USUAL, low=1, high=_MOST),
    )
