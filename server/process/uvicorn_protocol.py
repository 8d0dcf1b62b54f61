"""Connections with limits uvicorn lacks: slow heads and bodies, too many, callers who left."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from coinmux.server.asgi.responses import SECURITY_HEADERS
from coinmux.server.asgi.scope import STATE, RequestState

if TYPE_CHECKING:
    from uvicorn.config import Config
    from uvicorn.server import ServerState

    from coinmux.server.asgi.scope import RawHeaders, Scope

#: Seconds a head or a body may take, and a connection may idle (`faults.md` H1).
PATIENCE_S = 10
SWEEP_S = 1
CONNECTION_LIMIT = 512
#: Of one request's line and header lines together.
HEAD_LIMIT = 65_536
#: What still comes after a refusal is read for so long.
_LINGER_S = 1.0


class ServedConnection(HttpToolsProtocol):
    """One inbound connection.

    What it owes is looked up by the sweep, once a second, and not noted on each request: between
    two sweeps a connection costs nothing.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._head_size = 0
        self._owed: object = None
        self._owed_since = 0.0
        self._refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > CONNECTION_LIMIT:
            self._refuse(503, "overloaded", "too many connections are open")

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        # A caller that left needs no answer: cancel the work done only for it (`faults.md` G1).
        if self.cycle is not None and not self.cycle.response_complete:
            scope: Any = self.cycle.scope
            state: RequestState = scope[STATE]
            if state.task is not None:
                state.caller_left = True
                state.task.cancel()

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        if len(data) <= HEAD_LIMIT:
            self._take(data)
            return
        # In pieces, so that a head too large is noticed however fast it comes.
        for start in range(0, len(data), HEAD_LIMIT):
            if not self.transport.is_closing() and not self._refused:
                self._take(data[start : start + HEAD_LIMIT])

    def _take(self, data: bytes) -> None:
        super().data_received(data)
        if self._head_is_open():
            self._head_size += len(data)
            if self._head_size >= HEAD_LIMIT:
                self._refuse(400, "invalid_request", f"the head is over {HEAD_LIMIT} bytes")
        else:
            self._head_size = 0

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        scope: Any = self.scope
        scope[STATE] = RequestState(self)

    def write_whole(self, scope: Scope, headers: RawHeaders, body: bytes) -> bool:
        """Send an answer in one piece, where `cycle.send` takes two and checks our own headers.

        False where that is not plainly possible; then nothing was sent.
        """
        cycle = self.cycle
        if (
            cycle.scope is not scope
            or not cycle.keep_alive
            or cycle.response_started
            or cycle.disconnected
            or self.flow.write_paused
        ):
            return False
        common = self.server_state.default_headers
        lines = [b"%b: %b\r\n" % header for header in (*common, *headers)]
        cycle.response_started = True
        self.transport.write(b"".join((STATUS_LINE[200], *lines, b"\r\n", body)))
        cycle.response_complete = True
        cycle.message_event.set()
        cycle.on_response()
        return True

    def _head_is_open(self) -> bool:
        """Whether a request has begun and its head is not over; the path is set when it is."""
        return self.scope is not None and "path" not in self.scope

    def send_400_response(self, msg: str) -> None:
        self._refuse(400, "invalid_request", "this is not HTTP")

    def sweep(self, now: float) -> None:
        """Close the connection if it has owed the rest of a request for too long.

        Idle ones between requests are closed by uvicorn's own keep-alive timer.
        """
        owed: object = None
        if self.scope is None:
            owed = self
        elif self._head_is_open() or (self.cycle is not None and self.cycle.more_body):
            owed = self.scope
        if owed is not self._owed:
            self._owed, self._owed_since = owed, now
        elif owed is not None and now - self._owed_since >= PATIENCE_S - SWEEP_S:
            self.transport.abort()

    def _refuse(self, status: int, code: str, detail: str) -> None:
        """Answer with a problem document without asking the application, and close."""
        if self.transport.is_closing() or self._refused:
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
        if status == 503:
            self.transport.close()
            return
        # What is still on its way is read for a moment and dropped: to close on it would reset the
        # connection, and the caller would lose the answer (RFC 9112, section 9.6).
        self._refused = True
        self.transport.write_eof()
        asyncio.get_running_loop().call_later(_LINGER_S, self.transport.close)
