"""The ASGI types the server's own layers are written in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]
RawHeaders = list[tuple[bytes, bytes]]

#: Where the edge leaves the request's id in the scope.
REQUEST_ID = "coinmux.request_id"
#: Set in the scope where the caller chose the id, so that its decision is kept.
TRACED = "coinmux.traced"
#: The task that serves the request, for the connection to cancel when the caller leaves.
TASK = "coinmux.task"
#: Set in the scope by the connection when it cancels the task because the caller left.
CALLER_LEFT = "coinmux.caller_left"
