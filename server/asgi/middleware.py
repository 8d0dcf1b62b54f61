"""The outermost layer: admits requests, gives them an id, and adds headers to every response.

It is on the way of every request, cached ones included, so it is plain ASGI and makes no more
objects than it must.
"""

from __future__ import annotations

import asyncio
import os
import re
from itertools import count
from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote_to_bytes

from coinmux.framework.errors import InvalidRequest, Overloaded
from coinmux.server.asgi.host_check import Hosts
from coinmux.server.asgi.problems import BodyTooLarge, UnsupportedMediaType, render
from coinmux.server.asgi.responses import SECURITY_HEADERS
from coinmux.server.asgi.scope import STATE, RequestState, state_of

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from coinmux.framework.config.settings import Settings
    from coinmux.framework.gateway import Gateway
    from coinmux.server.asgi.admission import Traffic
    from coinmux.server.asgi.parsed_routes import ParsedRoutes
    from coinmux.server.asgi.scope import Message, RawHeaders, Receive, Scope, Send

_SANE_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
#: Bytes of path and query together; no honest client sends a symbol of 10 kB (`faults.md` H3).
_TARGET_LIMIT = 8_192
_HEADERS_LIMIT = 100
BODY_LIMIT = 1_048_576
#: Answered whatever the load: a supervisor needs them to react to it.
_ALWAYS = ("/healthz", "/readyz")
#: The status logged where the caller left before there was an answer.
_STATUS_LEFT = 499


class RequestLog(Protocol):
    """What records the requests that ended."""

    def request(
        self, scope: Scope, at_ms: int, status: int, latency_ms: float, code: str | None
    ) -> None:
        """Record one request."""


class Middleware:
    """The ASGI application the server runs.

    Args:
        lane: what answers the requests that pass.
        recorder: takes each request that ended.
        bound: the name the server is bound to.

    Attributes:
        traffic: what is in flight.
    """

    def __init__(
        self,
        lane: ParsedRoutes,
        gateway: Gateway,
        traffic: Traffic,
        recorder: RequestLog,
        bound: str = "",
    ) -> None:
        self._lane = lane
        self._recorder = recorder
        self._gateway = gateway
        self._bound = bound
        self._settings: Settings | None = None
        self._hosts = Hosts(())
        self._ids = count(1)
        self._run = os.urandom(5).hex()
        self.traffic = traffic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._lane(scope, receive, send)
            else:
                await send({"type": "websocket.close", "code": 1008})
            return
        started = perf_counter()
        settings = self._gateway.settings
        if settings is not self._settings:
            self._adopt(settings)
        head = RequestHead(scope["headers"])
        state: RequestState | None = scope.get(STATE)
        if state is None:
            state = scope[STATE] = RequestState()
        request_id = self._identify(state, head)
        reply = SentResponse(scope, send, state, self.traffic)
        entered: str | None = None
        try:
            self._check(scope, head)
            entered = self._enter(scope, settings)
            await self._serve(scope, receive, send, reply, state, started)
        except asyncio.CancelledError:
            # Ended by the connection or the server: uvicorn would log it as a defect.
            if not state.caller_left and not self.traffic.stopped:
                raise
            reply.code = "caller_left"
            if not state.caller_left and not reply.status:
                error = Overloaded("the server stopped before there was an answer")
                await _send_problem(error, request_id, self._gateway, reply)
            reply.status = reply.status or _STATUS_LEFT
        except Exception as error:
            # The border: every error, defects included, becomes a problem document.
            if reply.status:
                # Too late to say so; the connection is closed with the answer incomplete.
                raise
            reply.code = getattr(error, "code", None)
            await _send_problem(error, request_id, self._gateway, reply)
        finally:
            if entered is not None:
                self.traffic.leave(entered)
            self._record(scope["method"], reply, state, started)

    def _identify(self, state: RequestState, head: RequestHead) -> str:
        """The request's id, the caller's own where it sent a sane one; written into the state."""
        if head.request_id:
            state.is_traced = True
            state.request_id = head.request_id
        else:
            state.request_id = f"{self._run}-{next(self._ids):x}"
        return state.request_id

    def _check(self, scope: Scope, head: RequestHead) -> None:
        """Refuse what is not for this server, or what no honest client sends."""
        self._hosts.check(head.hosts)
        _check_target(scope)
        if head.length or head.coding:
            _check_body(head.length, head.coding)

    def _enter(self, scope: Scope, settings: Settings) -> str | None:
        """Count the request as in flight; the client it is counted for, None where it is not."""
        if scope["path"] in _ALWAYS:
            return None
        client = scope.get("client")
        address: str = client[0] if client else "unknown"
        self.traffic.enter(address, settings)
        return address

    async def _serve(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        reply: SentResponse,
        state: RequestState,
        started: float,
    ) -> None:
        """Answer from the parsed routes where the request is known, else by the application."""
        known = self._lane.find(scope)
        if known is None:
            state.begun_at = started
            await self._lane(reply.inner_scope(), receive, reply)
        else:
            await self._lane.answer(known, scope, state, send, reply.id_header)
            reply.status = 200

    def _record(
        self, method: str, reply: SentResponse, state: RequestState, started: float
    ) -> None:
        """Publish the request that ended, and record it unless its stream was recorded before."""
        inner = reply.scope
        streamed_at = state.first_byte_at
        answered_at = perf_counter() if streamed_at is None else streamed_at
        elapsed_ms = (answered_at - started) * 1000
        event = self._gateway.events.publish(
            "request",
            inner.get("path_template") or "unmatched",
            level="debug",
            keep=False,
            method=method,
            status=reply.status,
            elapsed_ms=elapsed_ms,
            request_id=state.request_id,
        )
        if streamed_at is None:
            self._recorder.request(inner, event.at_ms, reply.status, elapsed_ms, reply.code)

    def stream_began(self, scope: Scope) -> None:
        """Record a stream as answered now: it may not end for hours."""
        state = state_of(scope)
        assert state.first_byte_at is not None
        elapsed_ms = (state.first_byte_at - state.begun_at) * 1000
        self._recorder.request(scope, self._gateway.clock.wall_ms(), 200, elapsed_ms, None)

    def _adopt(self, settings: Settings) -> None:
        self._settings = settings
        self._hosts = Hosts(settings.allowed_hosts, self._bound)


class RequestHead:
    """The headers of a request that are looked at before anything else; one pass over all.

    Attributes:
        request_id: the caller's own where it is sane, else empty.
    """

    __slots__ = ("coding", "hosts", "length", "request_id")

    def __init__(self, headers: RawHeaders) -> None:
        self.hosts: list[bytes] = []
        self.request_id = ""
        self.length = b""
        self.coding = b""
        for name, value in headers:
            if name == b"host":
                self.hosts.append(value)
            elif name == b"x-request-id":
                if not self.request_id and _SANE_ID.fullmatch(value):
                    self.request_id = value.decode("ascii")
            elif name == b"content-length":
                self.length = value
            elif name == b"content-encoding":
                self.coding = value


class SentResponse:
    """The way out of one request: notes the status, adds what every response carries.

    Attributes:
        scope: as the application sees it; a HEAD request is a GET whose body is not sent.
        status: 0 until a response has begun.
        code: of the error it is answered with.
    """

    __slots__ = ("_send", "_state", "_traffic", "code", "id_header", "scope", "status")

    def __init__(self, scope: Scope, send: Send, state: RequestState, traffic: Traffic) -> None:
        self._send = send
        self._state = state
        self._traffic = traffic
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

    def __call__(self, message: Message) -> Awaitable[None]:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            own = message["headers"]
            headers = [*own, self.id_header]
            # A response that is meant for other sites says so itself, and only once.
            names = {name for name, _ in own}
            headers.extend(one for one in SECURITY_HEADERS if one[0] not in names)
            if self._traffic.draining:
                headers.append((b"connection", b"close"))
            message["headers"] = headers
        elif self._state.is_bodiless:
            message = {"type": "http.response.body", "body": b""}
        return self._send(message)


async def _send_problem(error: Exception, request_id: str, gateway: Gateway, send: Any) -> None:
    status, headers, body = render(error, request_id, gateway.redactor)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _check_target(scope: Scope) -> None:
    """Refuse paths and query strings that no honest client sends (`faults.md` H3)."""
    path: bytes = scope.get("raw_path") or scope["path"].encode("utf-8", "surrogatepass")
    query: bytes = scope["query_string"]
    if len(path) + len(query) > _TARGET_LIMIT:
        where = "query" if len(query) > len(path) else "path"
        raise _bad(where, f"is longer than {_TARGET_LIMIT} bytes together")
    if len(scope["headers"]) > _HEADERS_LIMIT:
        raise _bad("headers", f"are more than {_HEADERS_LIMIT}")
    if b"%" in path or b"%" in query or not (path.isascii() and query.isascii()):
        _check_text("path", unquote_to_bytes(path))
        _check_text("query", unquote_to_bytes(query))


def _check_text(where: str, plain: bytes) -> None:
    if b"\0" in plain:
        raise _bad(where, "holds a NUL")
    try:
        plain.decode("utf-8")
    except UnicodeDecodeError:
        raise _bad(where, "is not UTF-8") from None


def _check_body(length: bytes, coding: bytes) -> None:
    if coding and coding.lower() != b"identity":
        raise UnsupportedMediaType("bodies are taken without content coding")
    if length and not (length.isdigit() and len(length) <= 20):
        raise _bad("Content-Length", "takes a whole number")
    if length and int(length) > BODY_LIMIT:
        raise BodyTooLarge(f"at most {BODY_LIMIT} bytes")


def _bad(name: str, message: str) -> InvalidRequest:
    return InvalidRequest(f"{name} {message}", errors=[{"name": name, "message": message}])
