"""Connections with limits uvicorn lacks: slow heads and bodies, too many, callers who left."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from server.edge import SECURITY_HEADERS
from server.types import CALLER_LEFT, TASK

if TYPE_CHECKING:
    from uvicorn.config import Config
    from uvicorn.server import ServerState

#: Seconds a head or a body may take, and a connection may idle (`faults.md` H1).
PATIENCE_S = 10
CONNECTION_LIMIT = 512
#: Of one request's line and header lines together.
HEAD_LIMIT = 65_536


class Connection(HttpToolsProtocol):
    """One inbound connection.

    Attributes:
        waiting_since: loop time since which it owes the rest of a request; None while it owes
            nothing (uvicorn's own keep-alive timer then ends an idle one).
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.waiting_since: float | None = None
        self._head_size = 0
        self._in_head = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.waiting_since = self.loop.time()
        if len(self.connections) > CONNECTION_LIMIT:
            self._refuse(503, "overloaded", "too many connections are open")

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        # A caller who left wants no answer: what is done for them alone ends (`faults.md` G1).
        if self.cycle is not None and not self.cycle.response_complete:
            scope: Any = self.cycle.scope
            task = scope.get(TASK)
            if task is not None:
                scope[CALLER_LEFT] = True
                task.cancel()

    def data_received(self, data: bytes) -> None:
        if self._in_head:
            self._head_size += len(data)
            if self._head_size > HEAD_LIMIT:
                self._refuse(400, "invalid_request", f"the head is over {HEAD_LIMIT} bytes")
                return
        super().data_received(data)

    def on_message_begin(self) -> None:
        self.waiting_since = self.loop.time()
        self._in_head = True
        self._head_size = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self.waiting_since = None
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        self._refuse(400, "invalid_request", "this is not HTTP")

    def give_up(self, now: float, patience_s: float = PATIENCE_S) -> None:
        """Close the connection if it has owed the rest of a request for too long."""
        if self.waiting_since is not None and now - self.waiting_since >= patience_s:
            self.transport.abort()

    def _refuse(self, status: int, code: str, detail: str) -> None:
        """Answer with a problem document without asking the application, and close."""
        if self.transport.is_closing():
            return
        if self.cycle is None or not self.cycle.response_started or self.cycle.response_complete:
            document = {
                "type": "about:blank",
                "title": "Overloaded" if status == 503 else "Invalid request",
                "status": status,
                "code": code,
                "detail": detail,
                "request_id": "none",
            }
            body = json.dumps(document).encode("ascii")
            headers = [
                *self.server_state.default_headers,
                (b"content-type", b"application/problem+json"),
                (b"content-length", b"%d" % len(body)),
                (b"cache-control", b"no-store"),
                (b"connection", b"close"),
                *SECURITY_HEADERS,
            ]
            if status == 503:
                headers.append((b"retry-after", b"1"))
            lines = [b"%b: %b\r\n" % header for header in headers]
            self.transport.write(b"".join([STATUS_LINE[status], *lines, b"\r\n", body]))
        self.transport.close()
