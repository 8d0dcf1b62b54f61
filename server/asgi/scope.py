"""The ASGI types the server's own layers are written in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]
RawHeader = tuple[bytes, bytes]
RawHeaders = list[tuple[bytes, bytes]]

#: Where the edge leaves the request's id in the scope.
REQUEST_ID = "coinmux.request_id"
#: Set in the scope where the caller chose the id, so that its decision is kept.
TRACED = "coinmux.traced"
#: The task that serves the request, for the connection to cancel when the caller leaves.
TASK = "coinmux.task"
#: What can send a whole answer at once, where the server has one: see `WholeWriter`.
WRITER = "coinmux.writer"
#: Set in the scope of a HEAD request: its body is not sent.
BODILESS = "coinmux.bodiless"
#: What was decided for the request, a `DecisionTrail`; or the question, where a cached answer
#: was sent by the parsed routes, with its provider as `SERVED`.
DECIDED = "coinmux.decided"
SERVED = "coinmux.served"
#: `perf_counter` when a request came in, where it may turn into a stream.
BEGUN = "coinmux.begun"
#: When a stream began to be sent, for it to count as answered then and not when it ends.
FIRST_BYTE = "coinmux.first_byte"
#: Set in the scope by the connection when it cancels the task because the caller left.
CALLER_LEFT = "coinmux.caller_left"


class WholeWriter(Protocol):
    """Sends an answer in one piece, past the checks that are for headers of unknown origin."""

    def write_whole(self, scope: Scope, headers: RawHeaders, body: bytes) -> bool:
        """Send status 200, `headers` and `body`; False where it must be sent the usual way."""
        ...
