"""The door over streamable HTTP: one POST, one answer, and nothing kept between two of them.

The server's own layers have looked at host, origin, key and size before; what a key may ask for is
checked here, once it is known which tool is called.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any

from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

from coinmux.framework.consumers.caller import CALLER
from coinmux.server.asgi.request_head import BODY_LIMIT
from coinmux.server.asgi.request_parts import parts_of
from coinmux.server.asgi.scope import client_of, state_of
from coinmux.server.mcp.door import Door
from coinmux.server.mcp.session import session_server
from coinmux.server.mcp.tools import GENERAL
from coinmux.server.mcp.visits import Visit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coinmux.framework.dispatch.decision_log import DecisionTrail
    from coinmux.framework.errors import CoinmuxError
    from coinmux.framework.gateway import Gateway
    from coinmux.server.asgi.scope import Receive, Scope, Send
    from coinmux.server.monitoring.kept_decisions import KeptDecisions


class HttpDoor:
    """Answers the requests of the route; an ASGI application while `running`.

    Args:
        decisions: what was decided for each request, which the middleware keeps.
        areas: the scope a key must have for a capability, of those with a route of their own.
    """

    def __init__(
        self, gateway: Gateway, decisions: KeptDecisions, areas: Mapping[str, str]
    ) -> None:
        door = Door(gateway, _Requests(decisions), areas)

        async def ready() -> Door:
            return door

        self._manager = StreamableHTTPSessionManager(
            session_server(ready),
            json_response=True,
            # A session would be state that clients make more and more of.
            stateless=True,
            max_request_body_size=BODY_LIMIT,
        )

    def running(self) -> AbstractAsyncContextManager[None]:
        """What must be open while requests are answered; once."""
        return self._manager.run()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._manager.handle_request(scope, receive, send)


class _Requests:
    """A visit for each HTTP request."""

    def __init__(self, decisions: KeptDecisions) -> None:
        self._decisions = decisions

    def visit(self, request: Any) -> Visit:
        return _Request(request.scope, self._decisions)


class _Request:
    def __init__(self, scope: Any, decisions: KeptDecisions) -> None:
        self._scope = scope
        self._decisions = decisions
        self._state = state_of(scope)
        self.request_id = self._state.request_id
        trail = self._state.trail
        assert trail is not None
        self.trail: DecisionTrail = trail
        if self._state.caller is not None:
            # The SDK may answer in a task that was not begun by this request's.
            CALLER.set(self._state.caller.name)

    def check(self, area: str) -> None:
        door = self._state.door
        if door is not None and area:
            # Whoever may ask any capability by its name may do so here.
            door.check_scope(self._scope, area, *(() if area == "indicators" else (GENERAL,)))

    async def decision(self, request_id: str) -> dict[str, Any]:
        return await self._decisions.find(client_of(self._scope), request_id)

    def ended(self, error: CoinmuxError | None) -> None:
        # The status of the response is 200 whatever the tool ended with.
        if error is not None:
            self._state.parts = parts_of("tools", [error])
