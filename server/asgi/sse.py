"""Answers that go on: server-sent events, a bounded number at a time.

Format: WHATWG HTML, section 9.2, Server-sent events.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from coinmux.framework.errors import Overloaded
from coinmux.server.asgi.admission import client_network
from coinmux.server.asgi.host_check import is_loopback
from coinmux.server.asgi.problems import TooManyRequests
from coinmux.server.asgi.scope import state_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Mapping

    from coinmux.server.asgi.admission import Traffic
    from coinmux.server.asgi.scope import PieceWriter, Receive, Scope, Send

#: Streams open at a time (`faults.md` S10).
MOST_STREAMS = 32
#: Of one distant client; a reader that never reads looks like a patient one for long.
MOST_OF_A_CLIENT = 8
MOST_LIVE_OF_A_CLIENT = 16
#: A comment is sent after so much silence, for what is in between to keep the connection.
HEARTBEAT_S = 15.0
#: How soon a stream notices that the server drains.
_LOOK_S = 0.5
_RETRY_S = 30.0
_ENCODER = msgspec.json.Encoder()


class Looked(Protocol):
    """A stream that time brings something."""

    def look(self, now: float, *, is_draining: bool) -> None:
        """See what time has brought."""
        ...


class Turn:
    """What one task waits for: that there is something to do, now or since it looked."""

    __slots__ = ("_is_set", "_waiter")

    def __init__(self) -> None:
        self._is_set = False
        self._waiter: asyncio.Future[None] | None = None

    def set(self, _: object = None) -> None:
        """There is something to do."""
        self._is_set = True
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    async def wait(self) -> None:
        """Wait until there is."""
        if not self._is_set:
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        self._is_set = False


class Streams:
    """The streams open now.

    Args:
        traffic: knows whether the server drains.
        most: open at a time.
        of_a_client: of one distant client.

    Attributes:
        open: how many there are.
        began: called with each stream when its first byte is sent.
    """

    def __init__(
        self, traffic: Traffic, most: int | None = None, of_a_client: int | None = None
    ) -> None:
        self._traffic = traffic
        self._most = MOST_STREAMS if most is None else most
        self._of_a_client = MOST_OF_A_CLIENT if of_a_client is None else of_a_client
        self.open = 0
        self._by_client: Counter[str] = Counter()
        #: Those looked at together: a timer for each of thousands would be work of its own.
        self._running: set[Looked] = set()
        self._looker: asyncio.TimerHandle | None = None
        self.began: Callable[[Scope], None] | None = None

    @property
    def draining(self) -> bool:
        """Whether streams must end."""
        return self._traffic.draining

    def check(self, scope: Mapping[str, Any]) -> None:
        """Whether one more may begin for this caller.

        Raises:
            Overloaded: as many as may be are open.
            TooManyRequests: the caller has its share of them.
        """
        if self.open >= self._most:
            raise Overloaded(f"{self._most} streams are open", retry_after_s=_RETRY_S)
        client = _client_of(scope)
        mine = self._by_client[client_network(client)]
        if not is_loopback(client) and mine >= self._of_a_client:
            raise TooManyRequests(
                f"{self._of_a_client} of your streams are open", retry_after_s=_RETRY_S
            )

    def enter(self, scope: Mapping[str, Any]) -> str:
        """Count a stream of this caller until `leave`, which takes what this returns."""
        network = client_network(_client_of(scope))
        self.open += 1
        self._by_client[network] += 1
        return network

    def leave(self, network: str, looked_after: Looked | None = None) -> None:
        """It has ended."""
        self.open -= 1
        self._by_client[network] -= 1
        if not self._by_client[network]:
            del self._by_client[network]
        if looked_after is not None:
            self._running.discard(looked_after)

    def look_after(self, stream: Looked) -> None:
        """Tell a stream what time brings, until it leaves."""
        self._running.add(stream)
        if self._looker is None:
            self._looker = asyncio.get_running_loop().call_later(_LOOK_S, self._look)

    def _look(self) -> None:
        self._looker = None
        if not self._running:
            return
        loop = asyncio.get_running_loop()
        self._looker = loop.call_later(_LOOK_S, self._look)
        for stream in self._running:
            stream.look(loop.time(), is_draining=self.draining)


def _client_of(scope: Mapping[str, Any]) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""


def event(kind: str, data: Any, ident: str | None = None) -> bytes:
    """One event: its name, its data as JSON in one line, and the id to resume from."""
    head = b"" if ident is None else b"id: %b\n" % ident.encode("ascii")
    return b"%bevent: %b\ndata: %b\n\n" % (head, kind.encode("ascii"), _ENCODER.encode(data))


class Followed(Protocol):
    """What a caller follows, written to its connection as it is told."""

    wrote: bool

    @property
    def is_over(self) -> bool:
        """Whether nothing is told any more."""
        ...

    def write_waiting(self) -> bool:
        """Write what waits to a caller who takes it; False where nothing does."""
        ...

    def go_on(self) -> None:
        """From now on write what is told as it is told."""
        ...


#: Leads what is followed to a connection; the second is called when something waits.
Lead = Callable[["PieceWriter", Callable[[], None]], Followed]


class EventStream:
    """A stream of events that a route handler returns; an ASGI application.

    It sends the head of the answer. What comes then is sent by `run`, which the outermost layer
    calls: a stream goes on for hours, and all layers between need not be kept for it.

    It ends when the caller leaves, the events are over, or the server drains.

    Args:
        events: encoded by `event`.
        scope: of the request.
        lead: writes the same events as they are told, where the connection can be written to.

    Raises:
        Overloaded, TooManyRequests: as `Streams.check`.
    """

    __slots__ = ("_connection", "_events", "_lead", "_line", "_quiet_since", "_streams", "_turn")

    def __init__(
        self,
        streams: Streams,
        events: AsyncIterable[bytes],
        scope: Mapping[str, Any],
        lead: Lead | None = None,
    ) -> None:
        streams.check(scope)
        self._streams = streams
        self._events = events
        self._lead = lead
        self._line: Followed | None = None
        self._connection: PieceWriter | None = None
        self._quiet_since = 0.0
        #: Set when there is more to do than to pass events on.
        self._turn = Turn()

    def look(self, now: float, *, is_draining: bool) -> None:
        """See what time has brought: an end, or a silence that is to be broken."""
        line = self._line
        if is_draining:
            self._turn.set()
        elif line is not None and line.wrote:
            line.wrote = False
            self._quiet_since = now
        elif now - self._quiet_since >= HEARTBEAT_S:
            if self._connection is None:
                self._turn.set()
            else:
                self._quiet_since = now
                self._connection.write_piece(_HEARTBEAT_PIECE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [
            (b"content-type", b"text/event-stream"),
            (b"cache-control", b"no-store"),
            (b"x-accel-buffering", b"no"),
        ]
        state = state_of(scope)
        state.first_byte_at = perf_counter()
        if self._streams.began is not None:
            self._streams.began(scope)
        state.stream = self
        await send({"type": "http.response.start", "status": 200, "headers": headers})

    async def run(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events, once the head is sent."""
        state = state_of(scope)
        if state.is_bodiless:
            await self.end()
            await send({"type": "http.response.body", "body": b""})
            return
        network = self._streams.enter(scope)
        self._streams.look_after(self)
        try:
            writer = state.writer
            if writer is not None and self._lead is not None and writer.begin_pieces(scope):
                self._connection = writer
                self._line = self._lead(writer, self._turn.set)
                self._lead = None
                await self._follow(writer, self._line)
            elif not await self._send_all(receive, send):
                return
        finally:
            self._streams.leave(network, self)
            await self.end()
        await send({"type": "http.response.body", "body": b""})

    async def _follow(self, connection: PieceWriter, line: Followed) -> None:
        """Send what the caller was too slow for, whenever something is."""
        while not self._streams.draining and await connection.drained():
            # Nothing else runs from here until it waits, so that all comes in order.
            if line.write_waiting():
                continue
            if line.is_over:
                return
            line.go_on()
            await self._turn.wait()

    async def _send_all(self, receive: Receive, send: Send) -> bool:
        """Send what is only given in turn; whether the caller is there still."""
        # The events have a task of their own, so that one of them costs no task and no timer.
        loop = asyncio.get_running_loop()
        self._quiet_since = loop.time()
        left = asyncio.ensure_future(_left(receive))
        pump = asyncio.ensure_future(self._pump(send, loop))
        for task in (pump, left):
            task.add_done_callback(self._turn.set)
        try:
            while not self._streams.draining:
                await self._turn.wait()
                if left.done():
                    return False
                if pump.done():
                    pump.result()
                    break
                if loop.time() - self._quiet_since >= HEARTBEAT_S:
                    self._quiet_since = loop.time()
                    await send(_piece(_HEARTBEAT))
        finally:
            left.cancel()
            pump.cancel()
            await asyncio.wait((pump,))
        return True

    async def end(self) -> None:
        """Follow nothing any more."""
        close = getattr(self._events, "aclose", None)
        if close is not None:
            await close()

    async def _pump(self, send: Send, loop: asyncio.AbstractEventLoop) -> None:
        async for chunk in self._events:
            self._quiet_since = loop.time()
            await send(_piece(chunk))


def piece_of(body: bytes) -> bytes:
    """A part of a body of unknown length, as HTTP/1.1 has it."""
    return b"%x\r\n%b\r\n" % (len(body), body)


_HEARTBEAT = b": still here\n\n"
_HEARTBEAT_PIECE = piece_of(_HEARTBEAT)


def _piece(chunk: bytes) -> dict[str, Any]:
    return {"type": "http.response.body", "body": chunk, "more_body": True}


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
