"""Connections with limits uvicorn lacks: slow heads and bodies, too many, callers who left."""

from __future__ import annotations

import asyncio
import json
import math
from collections import Counter
from typing import TYPE_CHECKING, Any

import httptools
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from coinmux.server.asgi.admission import client_network
from coinmux.server.asgi.host_check import is_loopback
from coinmux.server.asgi.live_socket import MESSAGE_BYTES, PATHS
from coinmux.server.asgi.responses import SECURITY_HEADERS, SECURITY_LINES
from coinmux.server.asgi.scope import STATE, RequestState

if TYPE_CHECKING:
    from uvicorn._types import ASGI3Application
    from uvicorn.config import Config
    from uvicorn.server import ServerState

    from coinmux.server.asgi.known_requests import KnownRequests
    from coinmux.server.asgi.scope import RawHeaders, Scope
    from coinmux.server.asgi.trusted_proxies import TrustedProxies

#: Seconds a head or a body may take, and a connection may idle (`faults.md` H1).
PATIENCE_S = 10
SWEEP_S = 1
CONNECTION_LIMIT = 512
#: Of one distant client, by its address or IPv6 network; this machine has none of its own, as all
#: callers of a reverse proxy on it share its address.
CLIENT_LIMIT = 128
#: Of one request's line and header lines together.
HEAD_LIMIT = 65_536
#: What still comes after a refusal is read for so long.
_LINGER_S = 1.0
#: Requests that may wait for the one that is being answered before no more are read; while reading
#: goes on, a caller that leaves is noticed.
_PIPELINED = 16
#: Owed by a connection that sent bytes after its last answer which begin no request.
_A_REQUEST = object()


class _Behind(list[Any]):
    """Requests behind the one that is answered; a deque takes 760 bytes while there are none."""

    __slots__ = ()

    def appendleft(self, request: Any) -> None:
        """Add one that came after all others, as uvicorn does."""
        self.insert(0, request)


class ServedConnection(HttpToolsProtocol):
    """One inbound connection.

    What it owes is looked up by the sweep, once a second, and not noted on each request: between
    two sweeps a connection costs nothing.
    """

    # Beside attributes of uvicorn's; of more of those no two connections would share a table.
    __slots__ = (
        "_head_size", "_known", "_most", "_owed", "_owed_since", "_refused", "_running", "_unread",
        "_unread_since",
    )  # fmt: skip

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.pipeline = _Behind()  # type: ignore[assignment]
        # The application is the outermost layer; one made for a test may know no requests.
        self._known: KnownRequests | None = getattr(self.app, "known", None)
        self._most = CONNECTION_LIMIT + getattr(self.app, "more_connections", 0)
        self._head_size = 0
        self._owed: object = None
        self._owed_since = 0.0
        self._refused = False
        self._running: RequestResponseCycle | None = None
        self._unread = 0
        self._unread_since = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._unread_since = self.loop.time()
        count = len(self.connections)
        if count > CLIENT_LIMIT and self._is_greedy():
            self._refuse(503, "overloaded", "this client has too many connections open")
        elif count > self._most and not self._make_room():
            self._refuse(503, "overloaded", "too many connections are open")

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        # A caller that left needs no answer: cancel the work done only for it (`faults.md` G1).
        # With pipelined requests the one that is being answered is not the newest.
        running = self._running
        if running is not None and not running.response_complete:
            running.disconnected = True
            running.message_event.set()
            scope: Any = running.scope
            state: RequestState = scope[STATE]
            if state.task is not None:
                state.caller_left = True
                state.task.cancel()
        self.pipeline.clear()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    @property
    def network(self) -> str:
        """Whose connection it is: an address, or the /64 network of an IPv6 address."""
        return client_network(self.client[0]) if self.client else ""

    def _is_greedy(self) -> bool:
        address = self.client[0] if self.client else ""
        if not address or is_loopback(address) or self._is_proxy(address):
            return False
        mine = self.network
        same = (isinstance(one, ServedConnection) and one.network == mine for one in self._others())
        return sum(same) >= CLIENT_LIMIT

    def _is_proxy(self, address: str) -> bool:
        """Whether a named proxy, which connects for many clients, has that address."""
        proxies: TrustedProxies | None = getattr(self.app, "proxies", None)
        return proxies is not None and proxies.names(address)

    def _others(self) -> list[Any]:
        return [one for one in self.connections if one is not self]

    def _make_room(self) -> bool:
        """Close the connection that waits longest for its caller, of the client with most of them.

        Whoever holds every place with connections that ask for nothing, or never finish asking,
        loses one of them to each newcomer, so nobody can lock out the others.
        """
        waiting = [one for one in self._others() if isinstance(one, ServedConnection) and one.waits]
        if not waiting:
            return False
        held = Counter(one.network for one in waiting)
        chosen = max(waiting, key=lambda one: (held[one.network], -one.waits_since))
        chosen.transport.close()
        return True

    @property
    def waits(self) -> bool:
        """Whether nothing is done for it until its caller sends more."""
        at_work = self._is_answering() and not self.cycle.more_body
        return not at_work and not self.transport.is_closing()

    @property
    def waits_since(self) -> float:
        """The time of the loop's clock since when it `waits`, as far as the sweep knows."""
        if self.timeout_keep_alive_task is not None:
            return self.timeout_keep_alive_task.when() - self.timeout_keep_alive
        return math.inf if self._owed is None else self._owed_since

    @property
    def is_idle(self) -> bool:
        """Whether it has been answered and asks for nothing."""
        return self.timeout_keep_alive_task is not None and not self.transport.is_closing()

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
        before = self.cycle
        is_between = self._is_between()
        if is_between and self._answer_known(data):
            return
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            if self._should_upgrade():
                self.handle_websocket_upgrade()
                return
            # No other protocol is spoken there: the request is answered as it is. The parser takes
            # no further one, so none may pass it by.
            self._known = None
        except httptools.HttpParserError:
            self._refuse(400, "invalid_request", "this is not HTTP")
            return
        if self._head_is_open():
            self._head_size += len(data)
            if self._head_size >= HEAD_LIMIT:
                self._refuse(400, "invalid_request", f"the head is over {HEAD_LIMIT} bytes")
            return
        self._head_size = 0
        if is_between and self.cycle is not before and not self.pipeline:
            self._note_raw(data)

    def _should_upgrade_to_ws(self) -> bool:
        """WebSockets are spoken at few paths, and what speaks them is loaded by the first."""
        if self.url.partition(b"?")[0].decode("latin-1") not in PATHS:
            return False
        if self.ws_protocol_class is None:
            from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

            self.config.ws_max_size = MESSAGE_BYTES
            self.config.ws_per_message_deflate = False
            self.config.ws_protocol_class = self.ws_protocol_class = WebSocketsSansIOProtocol
        return True

    def _is_between(self) -> bool:
        """Whether every request so far is answered and the next byte begins another."""
        cycle = self.cycle
        if cycle is None:
            return self.scope is None
        return cycle.response_complete and not cycle.more_body and not self._head_is_open()

    def _answer_known(self, data: bytes) -> bool:
        """Answer bytes that are a request answered before; False where they must be parsed.

        One that is not cached is handed to the application without being read.
        """
        if self._known is None or self.flow.write_paused or self.transport.is_closing():
            return False
        client = self.client[0] if self.client else "unknown"
        common = self.server_state.default_headers
        if not self._known.answer(data, client, common, self.transport.write):
            return self._begin_known(data)
        self.on_response_complete()
        return True

    def _begin_known(self, data: bytes) -> bool:
        """Hand a known request to the application, as it is where the parser has read it."""
        assert self._known is not None
        scope: Any = self._known.scope_of(data, self.client, self.server, self)
        if scope is None:
            return False
        self._unset_keepalive_if_required()
        self.scope = scope
        self.cycle = RequestResponseCycle(
            scope=scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=self.access_log,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=False,
            keep_alive=True,
            on_response=self.on_response_complete,
        )
        self.cycle.more_body = False
        self._start_asgi_task(self.cycle, self.app)
        return True

    def _note_raw(self, data: bytes) -> None:
        """Note that `data` is the whole of the request that was just read."""
        cycle = self.cycle
        if self._known is not None and cycle.keep_alive and not cycle.more_body:
            scope: Any = cycle.scope
            state: RequestState = scope[STATE]
            state.raw = data

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        if len(self.pipeline) <= _PIPELINED:
            self.flow.resume_reading()
        scope: Any = self.scope
        scope[STATE] = RequestState(self)

    def write_whole(self, scope: Scope, headers: RawHeaders, body: bytes) -> bool:
        """Send an answer in one piece, where `cycle.send` takes two and checks our own headers.

        The security headers are added. False where that is not plainly possible; then nothing was
        sent.
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
        self.transport.write(b"".join((STATUS_LINE[200], *lines, SECURITY_LINES, b"\r\n", body)))
        cycle.response_complete = True
        cycle.message_event.set()
        cycle.on_response()
        return True

    def begin_pieces(self, scope: Scope) -> bool:
        """Whether `write_piece` may go on with the answer to `scope`, whose head was sent."""
        cycle = self._running
        return (
            cycle is not None
            and cycle.scope is scope
            and cycle.response_started
            and not cycle.response_complete
            and cycle.chunked_encoding is True
        )

    def write_piece(self, piece: bytes) -> bool:
        """Write a piece of an answer that goes on; False where the caller is slow or gone."""
        transport = self.transport
        if self.flow.write_paused or transport.is_closing():
            return False
        transport.write(piece)
        return True

    async def drained(self) -> bool:
        """Wait until the caller has taken enough for the next piece; False once it is gone."""
        while self.flow.write_paused and not self.transport.is_closing():
            await self.flow.drain()
        return not self.transport.is_closing()

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _head_is_open(self) -> bool:
        """Whether a request has begun and its head is not over; the path is set when it is."""
        return self.scope is not None and "path" not in self.scope

    def sweep(self, now: float) -> None:
        """Close the connection if it has owed the rest of a request, or read nothing, too long.

        Idle ones between requests are closed by uvicorn's own keep-alive timer.
        """
        if self._is_unread(now):
            self.transport.abort()
            return
        owed: object = None
        if self.scope is None and not self.is_idle:
            owed = self
        elif self._head_is_open() or (self.cycle is not None and self.cycle.more_body):
            owed = self.scope
        elif self.cycle is not None and self.cycle.response_complete and not self.is_idle:
            # Line breaks between requests end the timer and begin nothing.
            owed = _A_REQUEST
        if owed is not self._owed:
            self._owed, self._owed_since = owed, now
        elif owed is not None and now - self._owed_since >= PATIENCE_S - SWEEP_S:
            self.transport.abort()

    def _is_unread(self, now: float) -> bool:
        """Whether the caller has taken nothing of what is waiting for it for too long."""
        waiting = self.transport.get_write_buffer_size()
        if not waiting or not self.flow.write_paused or waiting < self._unread:
            self._unread, self._unread_since = waiting, now
            return False
        self._unread = waiting
        return now - self._unread_since >= PATIENCE_S

    def _refuse(self, status: int, code: str, detail: str) -> None:
        """Answer with a problem document without asking the application, and close."""
        if self.transport.is_closing() or self._refused:
            return
        if self._is_answering() and not self.cycle.more_body:
            # What came before it is answered first; what follows is not read.
            self._refused = True
            self.cycle.keep_alive = False
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
