"""What the dashboard reads: the picture of the whole, its events live, and the public summary.

Litestar reads annotations at run time, so this module imports what it names.
"""

import asyncio
from collections.abc import AsyncIterator

import msgspec
from litestar import Controller, get, route
from litestar.di import NamedDependency
from litestar.enums import HttpMethod

from coinmux.framework.errors import InvalidRequest
from coinmux.server.asgi.packing import takes_gzip
from coinmux.server.asgi.query_params import single_values
from coinmux.server.asgi.requests import AnyRequest
from coinmux.server.asgi.responses import NO_STORE, Bytes
from coinmux.server.asgi.sse import EventStream, event
from coinmux.server.context import ServerContext
from coinmux.server.monitoring.metrics import WINDOWS
from coinmux.server.monitoring.monitor_report import MonitorReport, PublicStatus
from coinmux.server.openapi.document import DOC, RouteDoc
from coinmux.server.openapi.parameters import parameter

_ENCODER = msgspec.json.Encoder()
#: The most an answer takes on the wire, of bytes.
_MOST_BYTES = 99_000
_LIVE = [(b"content-type", b"application/json"), (b"cache-control", NO_STORE)]
_LOOK_S = 0.2
_ANYBODY = [
    (b"access-control-allow-origin", b"*"),
    (b"cross-origin-resource-policy", b"cross-origin"),
]
_MAY_READ = [
    (b"access-control-allow-methods", b"GET, HEAD"),
    (b"access-control-allow-headers", b"*"),
    (b"access-control-max-age", b"86400"),
    (b"allow", b"GET, HEAD, OPTIONS"),
]
_MONITOR = RouteDoc(
    MonitorReport,
    parameters=(
        parameter("since", "string", "`events.cursor` of the last answer; without it the newest."),
        parameter("bars", "string", "Window of bars and trend.", enum=list(WINDOWS), default="1h"),
    ),
)


class MonitorController(Controller):
    """The dashboard's own questions."""

    path = "/api"
    tags = ("monitor",)

    @get("/monitor", operation_id="getMonitor", opt={DOC: _MONITOR})
    async def monitor(self, request: AnyRequest, desk: NamedDependency[ServerContext]) -> Bytes:
        """One picture of the whole, and what happened since the caller's last look."""
        values = single_values(request.scope["query_string"], ("since", "bars"))
        window = values.get("bars", "1h")
        if window not in WINDOWS:
            message = f"takes one of {', '.join(WINDOWS)}"
            raise InvalidRequest(
                f"bars {message}",
                errors=[{"name": "bars", "message": message, "known": list(WINDOWS)}],
            )
        events = await desk.picture.events(values.get("since"))
        picture = desk.monitor.report(window, events, await desk.picture.whole())
        accepted = request.headers.get("accept-encoding", "").encode("latin-1")
        return _sized(picture, packs=takes_gzip(accepted))

    @get("/stream", operation_id="getStream", opt={DOC: RouteDoc(media_type="text/event-stream")})
    async def stream(
        self, request: AnyRequest, desk: NamedDependency[ServerContext]
    ) -> EventStream:
        """What happens, live, as server-sent events; resumes after `Last-Event-ID`."""
        single_values(request.scope["query_string"], ())
        desk.streams.check(request.scope)
        events = _live(desk, request.headers.get("last-event-id"))
        return EventStream(desk.streams, events, request.scope)

    @route(
        "/status/public",
        http_method=[HttpMethod.GET, HttpMethod.OPTIONS],
        status_code=200,
        operation_id="getPublicStatus",
        opt={DOC: RouteDoc(PublicStatus)},
    )
    async def public_status(
        self, request: AnyRequest, desk: NamedDependency[ServerContext]
    ) -> Bytes:
        """The whole in a few words, for anybody's page: no names of hosts, no texts of errors."""
        if request.method == HttpMethod.OPTIONS:
            return Bytes(b"", [*_ANYBODY, *_MAY_READ], 204)
        single_values(request.scope["query_string"], ())
        body = desk.monitor.public_status()
        return Bytes(_ENCODER.encode(body), [*_LIVE, *_ANYBODY])


def _sized(picture: MonitorReport, *, packs: bool) -> Bytes:
    """The picture; with fewer events if it is large and the caller takes no compression.

    Five hundred events take more room than an answer may; compressed they do not.
    """
    body = _ENCODER.encode(picture)
    if packs:
        return Bytes(body, _LIVE)
    events = picture.events
    while len(body) > _MOST_BYTES and events.items:
        each = len(_ENCODER.encode(events.items)) / len(events.items)
        surplus = min(len(events.items), int((len(body) - _MOST_BYTES) / each) + 1)
        events = msgspec.structs.replace(
            events,
            items=events.items[surplus:],
            dropped=events.dropped if events.reset else events.dropped + surplus,
        )
        body = _ENCODER.encode(msgspec.structs.replace(picture, events=events))
    return Bytes(body, _LIVE)


async def _live(desk: ServerContext, cursor: str | None) -> AsyncIterator[bytes]:
    """Events as they come; after a resume that is too late, the newest, marked by `reset`."""
    picture = desk.picture
    seen = picture.last
    if cursor is None:
        cursor = picture.cursor(seen, desk.gateway.clock.wall_ms())
        yield event("hello", {"cursor": cursor}, cursor)
    else:
        seen = -1
    while True:
        if picture.last != seen:
            batch = await picture.events(cursor)
            seen, cursor = picture.last, batch.cursor
            if batch.reset:
                yield event("reset", {"cursor": cursor})
            if batch.dropped:
                yield event("dropped", {"dropped": batch.dropped})
            for line in batch.items:
                yield event("message", line, picture.cursor(line.id, line.t))
        await asyncio.sleep(_LOOK_S)
