"""What controllers share: the guard of routes that change things."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coinmux.server.asgi.admin_guard import check_admin, check_json_body
from coinmux.server.asgi.query_params import single_values

if TYPE_CHECKING:
    from litestar.connection import ASGIConnection
    from litestar.handlers import BaseRouteHandler

    from coinmux.server.context import ServerContext

#: Where the application's state holds the `ServerContext`.
DESK = "desk"
NO_STORE = b"no-store"


def admin_only(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """A Litestar guard: the admin's right, a JSON body or none, and no parameters."""
    desk: ServerContext = connection.app.state[DESK]
    scope: Any = connection.scope
    check_admin(scope, desk.gateway.settings, desk.bound)
    check_json_body(scope)
    single_values(scope["query_string"], ())
