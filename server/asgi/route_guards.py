"""What controllers share: the guard of routes that change things."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from coinmux.server.asgi.admin_guard import check_admin, check_json_body
from coinmux.server.asgi.query_params import single_values

if TYPE_CHECKING:
    from litestar.connection import ASGIConnection
    from litestar.handlers import BaseRouteHandler

    from coinmux.framework.gateway import Gateway

#: Where the application's state holds the `ServerContext`.
DESK = "desk"
NO_STORE = b"no-store"


class GuardedState(Protocol):
    """What the guard reads of the application's state.

    Attributes:
        bound: the address the server listens on.
    """

    gateway: Gateway
    bound: str


def admin_only(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """A Litestar guard: the admin's right, a JSON body or none, and no parameters."""
    desk: GuardedState = connection.app.state[DESK]
    scope: Any = connection.scope
    check_admin(scope, desk.gateway.settings, desk.bound)
    check_json_body(scope)
    single_values(scope["query_string"], ())
