"""Pages, files, and the documentation of the API.

Litestar reads annotations at run time, so this module imports what it names.
"""

from typing import Any

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from coinmux.server.asgi.requests import AnyRequest
from coinmux.server.asgi.responses import Bytes, as_json
from coinmux.server.asgi.static_files import MEDIA_TYPES, Assets, page
from coinmux.server.context import ServerContext
from coinmux.server.openapi.asyncapi import asyncapi
from coinmux.server.openapi.page import Docs

#: Each is `static/pages/<name>/index.html`, written to be looked at from `/<name>`.
PAGES = ("system-monitor", "incidents", "providers", "chart", "explain", "config")
_ROBOTS = b"User-agent: *\nDisallow: /api/\nDisallow: /metrics\n"
_DAY = b"public, max-age=86400"
_START, _FALLBACK = "pages/dashboard/index.html", "index.html"


class PageController(Controller):
    """What a browser shows. Left out of the OpenAPI document."""

    tags = ("pages",)

    @get("/", operation_id="index")
    async def index(
        self,
        request: AnyRequest,
        assets: NamedDependency[Assets],
        desk: NamedDependency[ServerContext],
    ) -> Bytes:
        """The start page."""
        name = _START if assets.has(_START) else _FALLBACK
        return assets.response(name, _scope(request), desk.gateway.settings.frame_ancestors)

    @get([f"/{name}" for name in PAGES], operation_id="page")
    async def named_page(
        self,
        request: AnyRequest,
        assets: NamedDependency[Assets],
        desk: NamedDependency[ServerContext],
    ) -> Bytes:
        """One of the pages."""
        name = request.scope["path"].strip("/")
        if (elsewhere := _without_slash(request, name)) is not None:
            return elsewhere
        ancestors = desk.gateway.settings.frame_ancestors
        return assets.response(f"pages/{name}/index.html", _scope(request), ancestors)

    @get("/static/{path:path}", operation_id="staticFile")
    async def static_file(
        self,
        request: AnyRequest,
        assets: NamedDependency[Assets],
        desk: NamedDependency[ServerContext],
        path: FromPath[str],
    ) -> Bytes:
        """A file of `static/`."""
        ancestors = desk.gateway.settings.frame_ancestors
        return assets.response(str(path).lstrip("/"), _scope(request), ancestors)

    @get("/favicon.ico", operation_id="favicon")
    async def favicon(
        self,
        request: AnyRequest,
        assets: NamedDependency[Assets],
    ) -> Bytes:
        """The mark of the pages, for clients that look for it in the old place or draw no SVG."""
        return assets.response("shared/styles/favicon.ico", _scope(request))

    @get("/robots.txt", operation_id="robots")
    async def robots(self) -> Bytes:
        """What crawlers may ask: pages, and nothing that asks sources."""
        return Bytes(_ROBOTS, [(b"content-type", MEDIA_TYPES[".txt"]), (b"cache-control", _DAY)])

    @get("/docs", operation_id="docs")
    async def docs(
        self,
        request: AnyRequest,
        docs: NamedDependency[Docs],
        assets: NamedDependency[Assets],
        desk: NamedDependency[ServerContext],
    ) -> Bytes:
        """The API's documentation, with nothing loaded from elsewhere."""
        if (elsewhere := _without_slash(request, "docs")) is not None:
            return elsewhere
        return page(assets.versioned(docs.page(request.app)), desk.gateway.settings.frame_ancestors)

    @get("/schema/openapi.json", operation_id="openapi")
    async def openapi(self, request: AnyRequest, docs: NamedDependency[Docs]) -> Bytes:
        """The OpenAPI 3.1 document."""
        return as_json(docs.document(request.app))

    @get("/schema/asyncapi.json", operation_id="asyncapi")
    async def asyncapi(self) -> Bytes:
        """The AsyncAPI 3.0 document: live feeds, by events and by WebSocket."""
        return as_json(asyncapi())


def _without_slash(request: AnyRequest, name: str) -> Bytes | None:
    """Where a page asked for with a slash at its end is; None without one.

    A page's addresses are relative, and with that slash they would lead elsewhere. The redirect is
    relative too, so that it works below any prefix that a proxy removes.
    """
    scope: Any = request.scope
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    slashes = len(path) - len(path.rstrip(b"/"))
    if not slashes:
        return None
    query: bytes = scope["query_string"]
    target = b"../" * slashes + name.encode("ascii") + (b"?" + query if query else b"")
    return Bytes(b"", [(b"location", target), (b"cache-control", b"no-cache")], 308)


def _scope(request: AnyRequest) -> Any:
    return request.scope
