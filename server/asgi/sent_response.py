"""The way out of one request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from coinmux.server.asgi.problems import allowed
from coinmux.server.asgi.responses import NO_STORE, SECURITY_HEADERS

if TYPE_CHECKING:
    from coinmux.server.asgi.request_head import RequestHead
    from coinmux.server.asgi.scope import (
        Message,
        RawHeaders,
        RequestState,
        Scope,
        Send,
    )

_REPLACED = (
    b"x-request-id-replaced",
    b"it takes 1 to 64 letters, digits and . _ - : / = + @",
)


class Finisher(Protocol):
    """What responses pass through on their way out."""

    @property
    def is_draining(self) -> bool:
        """Whether the server stops, so that connections are not kept."""
        ...

    def finish(
        self, scope: Scope, status: int, headers: RawHeaders, body: bytes | None
    ) -> tuple[int, RawHeaders, bytes]:
        """A response as it goes out; `body` is None where it comes in parts."""
        ...


class SentResponse:
    """The way out of one request: notes the status, adds what every response carries.

    Attributes:
        scope: as the application sees it; a HEAD request is a GET whose body is not sent.
        status: 0 until a response has begun.
        code: of the error it is answered with.
    """

    __slots__ = (
        "_edge", "_is_replaced", "_send", "_start", "_state", "code", "id_header", "scope",
        "status",
    )  # fmt: skip

    def __init__(
        self, scope: Scope, send: Send, state: RequestState, edge: Finisher, head: RequestHead
    ) -> None:
        self._send = send
        self._state = state
        self._edge = edge
        self._is_replaced = head.is_replaced
        self._start: Message | None = None
        self.scope = scope
        self.status = 0
        self.code: str | None = None
        self.id_header = (b"x-request-id", state.request_id.encode("ascii"))

    def inner_scope(self) -> Scope:
        """The scope for the application."""
        if self.scope["method"] == "HEAD":
            self._state.is_bodiless = True
            self.scope = {**self.scope, "method": "GET"}
        return self.scope

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = self._headers(message["headers"])
            if any(name == b"content-length" for name, _ in message["headers"]):
                # Sent with its body, which may be packed or left out.
                self._start = message
                return
            _, message["headers"], _ = self._edge.finish(
                self.scope, self.status, message["headers"], None
            )
            await self._send(message)
            return
        start, self._start = self._start, None
        if start is not None:
            whole = None if message.get("more_body") else message.get("body", b"")
            self.status, start["headers"], body = self._edge.finish(
                self.scope, self.status, start["headers"], whole
            )
            start["status"] = self.status
            await self._send(start)
            if whole is not None:
                message["body"] = body
        if self._state.is_bodiless:
            message = {"type": "http.response.body", "body": b""}
        await self._send(message)

    def _headers(self, own: RawHeaders) -> RawHeaders:
        headers = [*own, self.id_header]
        # A response that is meant for other sites says so itself, and only once.
        names = {name for name, _ in own}
        headers.extend(one for one in SECURITY_HEADERS if one[0] not in names)
        if self.scope["method"] == "OPTIONS":
            headers = [
                (b"allow", self._methods(value)) if name == b"allow" else (name, value)
                for name, value in headers
            ]
            if b"cache-control" not in names:
                headers.append((b"cache-control", NO_STORE))
        if self._is_replaced:
            headers.append(_REPLACED)
        if self._edge.is_draining:
            headers.append((b"connection", b"close"))
        return headers

    def _methods(self, named: bytes) -> bytes:
        """What the path takes; of several handlers Litestar names the methods of one."""
        app, path = self.scope.get("litestar_app"), self.scope.get("path_template")
        routes = () if app is None else app.routes
        methods = {
            method
            for route in routes
            if route.path_format == path
            for method in getattr(route, "methods", ())
        }
        return allowed(", ".join([named.decode("latin-1"), *methods])).encode("latin-1")
