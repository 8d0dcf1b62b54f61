"""The request as route handlers take it, and the id it goes by."""

from __future__ import annotations

from typing import Any

from litestar import Request

from coinmux.server.asgi.scope import REQUEST_ID

AnyRequest = Request[Any, Any, Any]


def request_id(request: AnyRequest) -> str:
    """The id that the middleware gave the request."""
    scope: Any = request.scope
    return str(scope[REQUEST_ID])
