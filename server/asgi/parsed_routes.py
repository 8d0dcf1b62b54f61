"""The fast path for questions that were asked before: from the raw target to the bytes.

Reading a query string into a model, and Litestar's own routing, cost more than serving a cached
answer. A GET on a data route means the same each time its target is the same, so its parsed
question is cached under the target's bytes, and the next such request starts from there.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import TYPE_CHECKING

from coinmux.framework.dispatch.decision_log import DecisionTrail
from coinmux.server.asgi.packing import WORTH_PACKING
from coinmux.server.asgi.responses import SECURITY_HEADERS, answer_headers
from coinmux.server.asgi.scope import state_of
from coinmux.server.asgi.tabular import formed

if TYPE_CHECKING:
    from coinmux.framework.gateway import Gateway
    from coinmux.server.asgi.known_requests import KnownRequests
    from coinmux.server.asgi.packing import Packer
    from coinmux.server.asgi.query_params import ParsedRequest
    from coinmux.server.asgi.scope import ASGIApp, RawHeader, Receive, RequestState, Scope, Send

_KEPT = 4_096
#: Longer targets are rare and would make the memory of 4,096 of them count.
_LONGEST = 512


class ParsedRoutes:
    """An ASGI layer before the application, and the questions it knows.

    Args:
        app: what answers unknown targets; set once it is built, for it is built with this lane.

    Attributes:
        requests: what answers whole requests by their bytes, and forgets them with the targets.
    """

    def __init__(self, gateway: Gateway, app: ASGIApp | None = None) -> None:
        self._gateway = gateway
        self._known: OrderedDict[tuple[bytes | None, bytes], tuple[ParsedRequest, str]] = (
            OrderedDict()
        )
        self.app = app
        self.requests: KnownRequests | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request to the application."""
        if scope["type"] == "http":
            state = state_of(scope)
            state.task = asyncio.current_task()
            state.trail = DecisionTrail()
            scope = formed(scope)
        assert self.app is not None
        await self.app(scope, receive, send)

    def find(self, scope: Scope) -> ParsedRequest | None:
        """The question that the target of `scope` was read as, if it was."""
        target = (scope.get("raw_path"), scope["query_string"])
        known = self._known.get(target)
        if known is None or scope["method"] != "GET":
            return None
        self._known.move_to_end(target)
        question, scope["path_template"] = known
        return question

    async def answer(
        self,
        question: ParsedRequest,
        scope: Scope,
        state: RequestState,
        send: Send,
        id_header: RawHeader,
        packer: Packer,
    ) -> None:
        """Answer a question that `find` knew."""
        gateway = self._gateway
        answer = None
        # One that takes nothing from the cache needs no look at it.
        if not state.is_traced and question.ask.max_age_s != 0:
            answer = gateway.peek(question.capability, question.query, question.ask)
        if answer is not None:
            state.question, state.served_by = question, answer.provider
        else:
            state.task = asyncio.current_task()
            state.trail = DecisionTrail()
            answer = await gateway.fetch(
                question.capability,
                question.query,
                question.ask,
                request_id=state.request_id,
                trail=state.trail,
            )
        headers = answer_headers(answer, gateway.clock.monotonic())
        headers.append(id_header)
        body = answer.body
        # A request that is known by its bytes says nothing of what its caller has.
        if state.known is None or len(body) >= WORTH_PACKING:
            state.status, headers, body = packer.pack(
                scope["headers"], 200, headers, body, method="GET"
            )
        # While keys are set, headers are dressed on the usual way.
        writer = state.writer if state.door is None else None
        if state.status == 200 and writer is not None and writer.write_whole(scope, headers, body):
            return
        headers += SECURITY_HEADERS
        await send({"type": "http.response.start", "status": state.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def remember(self, scope: Scope, question: ParsedRequest) -> None:
        """Cache the parsed question of a GET request; the least recently used one is dropped."""
        raw_path = scope.get("raw_path")
        if scope["method"] != "GET" or raw_path is None:
            return
        target = (raw_path, scope["query_string"])
        if len(target[0]) + len(target[1]) > _LONGEST:
            return
        self._known[target] = (question, scope["path_template"])
        if len(self._known) > _KEPT:
            self._known.popitem(last=False)

    def forget(self) -> None:
        """Discard every parsed target, because the default quote may have changed."""
        self._known.clear()
        if self.requests is not None:
            self.requests.forget()

    def __len__(self) -> int:
        return len(self._known)
