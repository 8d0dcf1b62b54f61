"""Answers that go on: server-sent events, a bounded number at a time.

Format: WHATWG HTML, section 9.2, Server-sent events.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import contextmanager
from time import perf_counter
from typing import TYPE_CHECKING, Any

import msgspec

from coinmux.framework.errors import Overloaded
from coinmux.server.asgi.admission import client_network
from coinmux.server.asgi.host_check import is_loopback
from coinmux.server.asgi.problems import TooManyRequests
from coinmux.server.asgi.scope import state_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable, Iterator, Mapping

    from coinmux.server.asgi.admission import Traffic
    from coinmux.server.asgi.scope import Receive, Scope, Send

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
        self._running: set[EventStream] = set()
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

    @contextmanager
    def opened(self, scope: Mapping[str, Any]) -> Iterator[None]:
        """Count a stream of this caller while the block runs."""
        network = client_network(_client_of(scope))
        self.open += 1
        self._by_client[network] += 1
        try:
            yield
        finally:
            self.open -= 1
            self._by_client[network] -= 1
            if not self._by_client[network]:
                del self._by_client[network]

    @contextmanager
    def looked_after(self, stream: EventStream) -> Iterator[None]:
        """Tell a stream what time brings, while the block runs."""
        self._running.add(stream)
        if self._looker is None:
            self._looker = asyncio.get_running_loop().call_later(_LOOK_S, self._look)
        try:
            yield
        finally:
            self._running.discard(stream)

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


class EventStream:
    """A stream of events that a route handler returns; an ASGI application.

    It ends when the caller leaves, the events are over, or the server drains.

    Args:
        events: encoded by `event`.
        scope: of the request.

    Raises:
        Overloaded, TooManyRequests: as `Streams.check`.
    """

    __slots__ = ("_events", "_quiet_since", "_streams", "_turn")

    def __init__(
        self, streams: Streams, events: AsyncIterable[bytes], scope: Mapping[str, Any]
    ) -> None:
        streams.check(scope)
        self._streams = streams
        self._events = events
        self._quiet_since = 0.0
        #: Set when there is more to do than to pass events on.
        self._turn = asyncio.Event()

    def look(self, now: float, *, is_draining: bool) -> None:
        """See what time has brought: an end, or a silence that is to be broken."""
        if is_draining or now - self._quiet_since >= HEARTBEAT_S:
            self._turn.set()

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
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        if state.is_bodiless:
            await self._end()
            await send({"type": "http.response.body", "body": b""})
            return
        left = asyncio.ensure_future(_left(receive))
        try:
            with self._streams.opened(scope), self._streams.looked_after(self):
                await self._send_all(send, left)
        finally:
            left.cancel()

    async def _send_all(self, send: Send, left: asyncio.Future[None]) -> None:
        # The events have a task of their own, so that one of them costs no task and no timer.
        loop = asyncio.get_running_loop()
        self._quiet_since = loop.time()
        pump = asyncio.ensure_future(self._pump(send, loop))
        for task in (pump, left):
            task.add_done_callback(self._ended)
        try:
            while not self._streams.draining:
                await self._turn.wait()
                self._turn.clear()
                if left.done():
                    return
                if pump.done():
                    pump.result()
                    break
                if loop.time() - self._quiet_since >= HEARTBEAT_S:
                    self._quiet_since = loop.time()
                    await send(_piece(b": still here\n\n"))
        finally:
            pump.cancel()
            await asyncio.wait((pump,))
            await self._end()
        await send({"type": "http.response.body", "body": b""})

    async def _end(self) -> None:
        close = getattr(self._events, "aclose", None)
        if close is not None:
            await close()

    def _ended(self, task: asyncio.Future[None]) -> None:
        self._turn.set()

    async def _pump(self, send: Send, loop: asyncio.AbstractEventLoop) -> None:
        async for chunk in self._events:
            self._quiet_since = loop.time()
            await send(_piece(chunk))


def _piece(chunk: bytes) -> dict[str, Any]:
    return {"type": "http.response.body", "body": chunk, "more_body": True}


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
