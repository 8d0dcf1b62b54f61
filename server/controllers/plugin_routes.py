"""Routes that plugins add: one door to all of them, as they come and go.

Litestar reads annotations at run time, so this module imports what it names.
"""

from typing import Any

from litestar import Controller, route
from litestar.di import NamedDependency
from litestar.params import FromPath

from coinmux.framework.plugins.extensions.routes import RouteRequest, nothing_of
from coinmux.server.asgi.cross_origin import CrossOrigin, is_foreign
from coinmux.server.asgi.problems import MethodNotAllowed
from coinmux.server.asgi.query_params import pairs_of
from coinmux.server.asgi.requests import AnyRequest
from coinmux.server.asgi.responses import Bytes
from coinmux.server.asgi.scope import state_of
from coinmux.server.asgi.static_files import page_headers
from coinmux.server.context import ServerContext


class PluginRouteController(Controller):
    """Plugins' routes. Each is in the OpenAPI document by itself, not this one."""

    path = "/plugins"
    tags = ("plugins",)

    @route("/{plugin:str}/{path:path}", http_method=["GET", "POST"], operation_id="askPlugin")
    async def ask(
        self, request: AnyRequest, desk: NamedDependency[ServerContext], plugin: FromPath[str]
    ) -> Bytes:
        """Whatever the plugin's route answers."""
        scope: Any = request.scope
        path: str = scope["path"]
        known = desk.gateway.extensions.routes.at(path)
        if not known:
            raise nothing_of(plugin)
        # Counted by what plugins declared, not by what callers ask for.
        scope["path_template"] = path
        if request.method not in known:
            raise MethodNotAllowed(f"this route takes {' and '.join(sorted(known))}")
        owner, found = known[request.method]
        headers, state = dict(scope["headers"]), state_of(scope)
        settings = desk.gateway.settings
        if is_foreign(headers) and not (found.is_open and found.method == "GET"):
            CrossOrigin(settings.cors_origins).check(headers.get(b"origin", b""))
        if state.door is not None and not found.is_open:
            await state.door.admit(scope, None)
        asked = RouteRequest(
            method=request.method,
            path=path,
            query=dict(pairs_of(scope["query_string"])),
            body=await request.body() if found.method == "POST" else b"",
            id=state.request_id,
            gateway=desk.gateway,
        )
        body = await desk.gateway.extensions.routes.answer(owner, found, asked)
        return Bytes(
            body,
            [
                (b"content-type", found.media_type.encode("ascii")),
                (b"cache-control", b"no-cache"),
                # Whatever its type: a browser may be made to show it as a document.
                *page_headers(settings.frame_ancestors),
            ],
        )
