"""The request as route handlers take it, and the id it goes by."""

from __future__ import annotations

from typing import Any

from litestar import Request

from coinmux.server.asgi.scope import state_of

AnyRequest = Request[Any, Any, Any]


def request_id(request: AnyRequest) -> str:
    """The id that the middleware gave the request."""
    return state_of(request.scope).request_id
