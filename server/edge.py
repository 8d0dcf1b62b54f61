"""The outermost layer: who may come in, under which id, and what every response carries.

It is on the way of every request, cached ones included, so it is plain ASGI and makes no more
objects than it must.
"""

from __future__ import annotations

import asyncio
import os
import re
from itertools import count
from time import perf_counter
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from framework.errors import InvalidRequest, Overloaded
from server.hosts import Hosts
from server.problems import BodyTooLarge, UnsupportedMediaType, render
from server.types import CALLER_LEFT, REQUEST_ID, TASK, TRACED

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from framework.gateway import Gateway
    from framework.settings import Settings
    from server.traffic import Traffic
    from server.types import ASGIApp, Message, Receive, Scope, Send

_SANE_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
#: Path and query together; a symbol of 10 kB is nobody's (`faults.md` H3).
_TARGET_LIMIT = 8_192
_HEADERS_LIMIT = 100
BODY_LIMIT = 1_048_576
#: Answered whatever the load: they tell a supervisor what to do about it.
_ALWAYS = ("/healthz", "/readyz")
#: On every response (`faults.md` section 3, item 6).
SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
    (b"referrer-policy", b"same-origin"),
)
#: The status logged where the caller left before there was an answer.
_STATUS_LEFT = 499


class Edge:
    """The ASGI application the server runs.

    Args:
        app: what answers the requests that pass.
        bound: the name the server is bound to.

    Attributes:
        traffic: what is in flight.
    """

    def __init__(self, app: ASGIApp, gateway: Gateway, traffic: Traffic, bound: str = "") -> None:
        self._app = app
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
                await self._app(scope, receive, send)
            else:
                await send({"type": "websocket.close", "code": 1008})
            return
        started = perf_counter()
        status = 0
        scope[TASK] = asyncio.current_task()
        connection = scope
        settings = self._gateway.settings
        if settings is not self._settings:
            self._adopt(settings)
        head = scope["method"] == "HEAD"
        if head:
            scope = {**scope, "method": "GET"}
        hosts: list[bytes] = []
        request_id = ""
        length = b""
        coding = b""
        for name, value in scope["headers"]:
            if name == b"host":
                hosts.append(value)
            elif name == b"x-request-id":
                if not request_id and _SANE_ID.fullmatch(value):
                    request_id = value.decode("ascii")
            elif name == b"content-length":
                length = value
            elif name == b"content-encoding":
                coding = value
        if request_id:
            scope[TRACED] = True
        else:
            request_id = f"{self._run}-{next(self._ids):x}"
        scope[REQUEST_ID] = request_id
        id_header = (b"x-request-id", request_id.encode("ascii"))

        def reply(message: Message) -> Awaitable[None]:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], id_header, *SECURITY_HEADERS]
                if self.traffic.draining:
                    message["headers"].append((b"connection", b"close"))
            elif head:
                message = {"type": "http.response.body", "body": b""}
            return send(message)

        client = scope.get("client")
        address = client[0] if client else "unknown"
        entered = False
        try:
            self._hosts.check(hosts)
            _check_target(scope)
            if length or coding:
                _check_body(length, coding)
            if scope["path"] not in _ALWAYS:
                self.traffic.enter(address, settings)
                entered = True
            await self._app(scope, receive, reply)
        except asyncio.CancelledError:
            # Ended by the connection or the server: uvicorn would log it as a defect.
            if CALLER_LEFT not in connection and not self.traffic.stopped:
                raise
            if CALLER_LEFT not in connection and not status:
                error = Overloaded("the server stopped before there was an answer")
                await _send_problem(error, request_id, self._gateway, reply)
            status = status or _STATUS_LEFT
        except Exception as error:
            # The border: every error, defects included, becomes a problem document.
            if status:
                # Too late to say so; the connection is closed with the answer incomplete.
                raise
            await _send_problem(error, request_id, self._gateway, reply)
        finally:
            if entered:
                self.traffic.leave(address)
            self._gateway.events.publish(
                "request",
                scope.get("path_template") or "unmatched",
                level="debug",
                method=scope["method"],
                status=status,
                elapsed_ms=(perf_counter() - started) * 1000,
                request_id=request_id,
            )

    def _adopt(self, settings: Settings) -> None:
        self._settings = settings
        self._hosts = Hosts(settings.allowed_hosts, self._bound)


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
    for where, part in (("path", path), ("query", query)):
        if b"%" in part or not part.isascii() or b"\0" in part:
            plain = unquote_to_bytes(part)
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
