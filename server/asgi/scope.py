"""The ASGI types of the server's own layers, and what they know of one request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import asyncio

    from coinmux.framework.dispatch.decision_log import DecisionTrail
    from coinmux.server.asgi.consumer_door import Caller, ConsumerDoor
    from coinmux.server.asgi.known_requests import KnownRequest
    from coinmux.server.asgi.query_params import ParsedRequest
    from coinmux.server.asgi.request_parts import Parts
    from coinmux.server.asgi.tabular import Form

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]
RawHeader = tuple[bytes, bytes]
RawHeaders = list[tuple[bytes, bytes]]


class WholeWriter(Protocol):
    """Sends an answer in one piece, past the checks that are for headers of unknown origin."""

    def write_whole(self, scope: Scope, headers: RawHeaders, body: bytes) -> bool:
        """Send status 200, `headers`, the security headers and `body`.

        False where it must be sent the usual way; then nothing was sent.
        """
        ...


class PieceWriter(Protocol):
    """Writes pieces of an answer that goes on, past what sends whole answers and their heads."""

    def begin_pieces(self, scope: Scope) -> bool:
        """Whether pieces of the answer to `scope` may be written from now on; its head was sent."""
        ...

    def write_piece(self, piece: bytes) -> bool:
        """Write a piece, as HTTP has it; False where the caller is slow or gone: it was not."""
        ...

    async def drained(self) -> bool:
        """Wait until the caller has taken enough for the next piece; False once it is gone."""
        ...


class Writer(WholeWriter, PieceWriter, Protocol):
    """The connection of a caller."""


class Stream(Protocol):
    """An answer that goes on after the layers of the application have answered."""

    async def run(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        ...

    async def end(self) -> None:
        """It is not sent."""
        ...


#: Where the scope holds the `RequestState`.
STATE = "coinmux.state"


class RequestState:
    """What the server's layers know of one request; one object, in the scope and its copies.

    The defaults stand on the class and not in slots: most requests are answered from the cache and
    set three of them, which costs less than to set every one.

    Args:
        writer: what can send a whole answer or a piece at once, where the server has one.

    Attributes:
        request_id: that the answer carries.
        is_traced: whether the caller chose the id, so that the decision is stored under it.
        task: serves the request; the connection cancels it when the caller leaves.
        caller_left: whether the connection cancelled the task because the caller left.
        is_bodiless: whether it is a HEAD request, whose body is not sent.
        trail: what was decided for the request, once it is handed on from the cache.
        question: what the parsed routes answered from the cache; None where there is a trail.
        served_by: provider of that cached answer.
        begun_at: `perf_counter` when the request came in, where it may turn into a stream.
        status: of an answer that the parsed routes sent.
        raw: the bytes of the whole request, where they were received in one piece and nothing else
            with them.
        known: what is known of the request by its bytes, where it was not read.
        parts: how its questions ended, where it has several and an answer for each.
        is_relayed: whether a named proxy sent it.
        door: what looks at its key, while keys are set.
        caller: who makes it, as its key says.
        stream: what the answer goes on with, once its head is sent.
        form: in which an answer is asked for; None for JSON.
        first_byte_at: `perf_counter` when a stream began to be sent: it counts as answered then.
    """

    request_id: str = ""
    is_traced: bool = False
    task: asyncio.Task[object] | None = None
    caller_left: bool = False
    is_bodiless: bool = False
    trail: DecisionTrail | None = None
    question: ParsedRequest | None = None
    served_by: str | None = None
    begun_at: float = 0.0
    status: int = 200
    raw: bytes = b""
    known: KnownRequest | None = None
    stream: Stream | None = None
    first_byte_at: float | None = None
    parts: Parts | None = None
    is_relayed: bool = False
    door: ConsumerDoor | None = None
    caller: Caller | None = None
    form: Form | None = None

    def __init__(self, writer: Writer | None = None) -> None:
        self.writer = writer

    def answered_from(self) -> str:
        """Whether sources answered just now, or what was kept; the worst of several counts."""
        if self.question is not None:
            return "cached"
        decisions = () if self.trail is None else self.trail.decisions
        if not decisions:
            return "live"
        caches = {one.cache for one in decisions}
        if "stale" in caches:
            return "stale"
        return "cached" if caches == {"hit"} else "live"


def state_of(scope: Any) -> RequestState:
    """What is known of the request of `scope`."""
    state: RequestState = scope[STATE]
    return state


def client_of(scope: Any) -> str:
    """The address a request came from, as the socket tells it."""
    client = scope.get("client")
    return str(client[0]) if client else "unknown"
