"""What others show of this server: badges, and figures for Prometheus.

Litestar reads annotations at run time, so this module imports what it names.
"""

import asyncio
from importlib import import_module

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from coinmux.framework.errors import NotFound
from coinmux.server.asgi.query_params import single_values
from coinmux.server.asgi.requests import AnyRequest
from coinmux.server.asgi.responses import NO_STORE, Bytes, as_json
from coinmux.server.asgi.static_files import MEDIA_TYPES
from coinmux.server.context import ServerContext
from coinmux.server.monitoring.badges import as_endpoint, as_svg, state_of
from coinmux.server.openapi.document import DOC, RouteDoc

_PROMETHEUS = "coinmux.server.monitoring.prometheus"
_SHORTLY = b"public, max-age=30"
_PICTURE = [
    (b"content-type", MEDIA_TYPES[".svg"]),
    (b"cache-control", _SHORTLY),
    # Opened by itself it is a document, and one that loads nothing.
    (b"content-security-policy", b"default-src 'none'"),
    # A picture is for other sites' pages too.
    (b"cross-origin-resource-policy", b"cross-origin"),
]


_BADGE = RouteDoc(
    media_type="image/svg+xml",
    schema={"type": "string"},
    also={
        "application/json": {
            "schema": {
                "type": "object",
                "description": "For a badge drawn elsewhere: the endpoint format of shields.io",
                "required": ["schemaVersion", "label", "message", "color"],
                "properties": {
                    "schemaVersion": {"type": "integer"},
                    "label": {"type": "string"},
                    "message": {"type": "string"},
                    "color": {"type": "string"},
                },
            }
        }
    },
    errors=(404,),
)


class OutsideController(Controller):
    """For other pages and other programs."""

    tags = ("monitor",)

    @get(
        "/badge/{badge:str}",
        operation_id="getBadge",
        opt={DOC: _BADGE},
    )
    async def badge(
        self, request: AnyRequest, desk: NamedDependency[ServerContext], badge: FromPath[str]
    ) -> Bytes:
        """The state of `system` or of a provider: `system.svg` as a picture, `.json` as data."""
        single_values(request.scope["query_string"], ())
        name, _, kind = badge.rpartition(".")
        if kind not in ("svg", "json"):
            raise NotFound("a badge ends in .svg or .json")
        label, state = state_of(desk.gateway, name, desk.pulse.look().status)
        if kind == "json":
            return as_json(as_endpoint(label, state), cache_control=_SHORTLY)
        return Bytes(as_svg(label, state), _PICTURE)

    @get(
        "/metrics",
        operation_id="getPrometheusMetrics",
        opt={DOC: RouteDoc(media_type="text/plain; version=0.0.4; charset=utf-8")},
    )
    async def metrics(self, request: AnyRequest, desk: NamedDependency[ServerContext]) -> Bytes:
        """All figures for Prometheus: OpenMetrics where `Accept` names it, else text 0.0.4."""
        single_values(request.scope["query_string"], ())
        # Imported by the first who asks, in a thread: most servers are not scraped.
        prometheus = await asyncio.to_thread(import_module, _PROMETHEUS)
        body, media_type = await prometheus.exposition(
            await desk.picture.whole(), desk.pulse.look().status, request.headers.get("accept", "")
        )
        headers = [
            (b"content-type", media_type),
            (b"cache-control", NO_STORE),
            (b"vary", b"accept"),
        ]
        return Bytes(body, headers)
