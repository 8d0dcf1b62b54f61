"""Decides whether a request may change things: by its route, never by an address it claims."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any, Protocol

from coinmux.server.asgi.host_check import is_loopback
from coinmux.server.asgi.problems import AdminRequired, ForbiddenOrigin, UnsupportedMediaType
from coinmux.server.asgi.query_params import single_values
from coinmux.server.asgi.scope import STATE

if TYPE_CHECKING:
    from litestar.connection import ASGIConnection
    from litestar.handlers import BaseRouteHandler

    from coinmux.framework.config.settings import Settings
    from coinmux.framework.gateway import Gateway
    from coinmux.server.asgi.scope import RawHeaders, RequestState, Scope

#: What browsers and commands on this machine send. Any other header may be a relay's: there are too
#: many to name, and behind one the socket's peer says nothing.
_DIRECT = frozenset({
    b"host", b"connection", b"user-agent", b"accept", b"accept-encoding", b"accept-language",
    b"accept-charset", b"content-length", b"content-type", b"transfer-encoding", b"expect", b"te",
    b"origin", b"referer", b"cookie", b"authorization", b"x-api-key", b"cache-control", b"pragma",
    b"priority", b"dnt", b"save-data", b"upgrade-insecure-requests", b"x-requested-with",
    b"x-request-id", b"traceparent", b"tracestate", b"baggage", b"if-none-match", b"keep-alive",
})  # fmt: skip
_OWN_SITES = (b"same-origin", b"none")
#: Where the application's state holds the `ServerContext`.
DESK = "desk"


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


def check_admin(scope: Scope, settings: Settings, bound: str) -> None:
    """Let a mutating request pass only with the admin's right.

    Args:
        bound: the address the server listens on.

    Raises:
        AdminRequired: a token is set and not given, or another is.
        ForbiddenOrigin: no token is set and the request is not plainly from this machine.
    """
    headers: RawHeaders = scope["headers"]
    if settings.admin_token is not None:
        expected = settings.admin_token.reveal().encode("utf-8")
        given = _only(headers, b"authorization") or b""
        scheme, _, token = given.partition(b" ")
        if scheme.lower() != b"bearer" or not hmac.compare_digest(token.strip(), expected):
            raise AdminRequired("takes Authorization: Bearer with the value of ADMIN_TOKEN")
        return
    if (reason := refused_without_token(bound)) is not None:
        raise ForbiddenOrigin(reason)
    state: RequestState | None = scope.get(STATE)
    if state is not None and state.is_relayed:
        raise ForbiddenOrigin("a request that comes through a proxy needs ADMIN_TOKEN")
    client = scope.get("client")
    if not client or not is_loopback(client[0]):
        raise ForbiddenOrigin("without ADMIN_TOKEN only this machine may change things")
    if scope.get("http_version", "1.1") != "1.1":
        # What proxies speak that say nothing else of themselves; no browser or client does.
        raise ForbiddenOrigin("a request of HTTP/1.0 needs ADMIN_TOKEN")
    for name, _ in headers:
        if name not in _DIRECT and not name.startswith(b"sec-"):
            shown = name.decode("latin-1")
            raise ForbiddenOrigin(
                f"{shown} is a header of a proxy or of no browser: "
                "a relayed request needs ADMIN_TOKEN"
            )
    host = _only(headers, b"host") or b""
    if not is_loopback(_name(host)):
        raise ForbiddenOrigin("Host is not this machine's loopback name")
    origins = _all(headers, b"origin")
    if origins and origins != [scope["scheme"].encode("ascii") + b"://" + host]:
        raise ForbiddenOrigin("the request comes from another site")
    sites = _all(headers, b"sec-fetch-site")
    if sites and (len(sites) > 1 or sites[0] not in _OWN_SITES):
        raise ForbiddenOrigin("the request comes from another site")


def refused_without_token(bound: str) -> str | None:
    """Why no caller may change things without a token; None where this machine may."""
    if is_loopback(bound):
        return None
    return f"the server listens on {bound}, beyond this machine: set ADMIN_TOKEN to change things"


def check_json_body(scope: Scope) -> None:
    """Take a body only as `application/json`; an empty one needs no type.

    Raises:
        UnsupportedMediaType: it says it is something else, or says nothing.
    """
    headers: RawHeaders = scope["headers"]
    kinds = _all(headers, b"content-type")
    length = _only(headers, b"content-length")
    has_body = length not in (None, b"0") or bool(_all(headers, b"transfer-encoding"))
    if not kinds and not has_body:
        return
    media_type = kinds[0].partition(b";")[0].strip().lower() if len(kinds) == 1 else b""
    if media_type != b"application/json":
        raise UnsupportedMediaType("takes application/json")


def _all(headers: RawHeaders, wanted: bytes) -> list[bytes]:
    return [value for name, value in headers if name == wanted]


def _only(headers: RawHeaders, wanted: bytes) -> bytes | None:
    """The header's value; None where it is missing or given more than once."""
    values = _all(headers, wanted)
    return values[0] if len(values) == 1 else None


def _name(host: bytes) -> str:
    """The name or address of a `Host` value, without its port."""
    text = host.decode("latin-1").lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0]


def admin_standing(settings: Settings, bound: str) -> dict[str, Any]:
    """Which callers may change things now, for `GET /api/status`."""
    if settings.admin_token is not None:
        return {"allowed": "token", "detail": "with ADMIN_TOKEN"}
    reason = refused_without_token(bound)
    if reason is not None:
        return {"allowed": "nobody", "detail": reason}
    return {"allowed": "loopback", "detail": "this machine only, as ADMIN_TOKEN is not set"}
