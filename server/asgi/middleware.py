"""The outermost layer: admits requests, gives them an id, and adds headers to every response.

It is on the way of every request, cached ones included, so it is plain ASGI and makes no more
objects than it must.
"""

from __future__ import annotations

import asyncio
import os
from itertools import count
from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol

from coinmux.framework.errors import Overloaded
from coinmux.server.asgi.consumer_door import ConsumerDoor, area_of
from coinmux.server.asgi.cross_origin import CrossOrigin, is_foreign
from coinmux.server.asgi.host_check import Hosts
from coinmux.server.asgi.known_requests import KnownRequests
from coinmux.server.asgi.packing import Packer, wants_page
from coinmux.server.asgi.problems import problem, render
from coinmux.server.asgi.request_head import RequestHead, check_body, check_target
from coinmux.server.asgi.scope import STATE, RequestState, client_of, state_of
from coinmux.server.asgi.sent_response import SentResponse
from coinmux.server.asgi.static_files import page, read_version
from coinmux.server.asgi.trusted_proxies import TrustedProxies

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coinmux.framework.config.settings import Settings
    from coinmux.framework.dispatch.decision import Decision
    from coinmux.framework.gateway import Gateway
    from coinmux.server.asgi.admission import Traffic
    from coinmux.server.asgi.known_requests import RequestLog
    from coinmux.server.asgi.live_socket import LiveSocket
    from coinmux.server.asgi.parsed_routes import ParsedRoutes
    from coinmux.server.asgi.scope import RawHeaders, Receive, Scope, Send
    from coinmux.server.asgi.static_files import Assets

#: Answered whatever the load: a supervisor needs them to react to it.
_ALWAYS = ("/healthz", "/readyz")
#: The status logged where the caller left before there was an answer.
_STATUS_LEFT = 499
#: What the layers of the application wrote into a scope, and no stream needs for hours.
_OF_LAYERS = ("_ls_connection_state", "app", "litestar_app", "path_params", "route_handler")
#: Has no share of its own: an address of this machine.
_NO_ADDRESS = "127.0.0.1"


class DecisionKeeper(Protocol):
    """What keeps the decisions of the requests that ended."""

    def keep(self, client: str, request_id: str, decisions: Sequence[Decision]) -> None:
        """Keep those of one request."""


class Middleware:
    """The ASGI application the server runs.

    Args:
        lane: what answers the requests that pass.
        recorder: takes each request that ended.
        bound: the name the server is bound to.
        decisions: keeps what was decided for each request.

    Attributes:
        known: what answers requests by their bytes, without a call of this application.
        traffic: what is in flight.
        admin_paths: templates of the routes that change something; no other site may call them.
        assets: has the page of errors, for browsers.
        live: serves WebSockets.
        more_connections: that may be open, as live feeds may be sent to so many more readers.
        proxies: those that are believed; false while none is named.
    """

    def __init__(
        self,
        lane: ParsedRoutes,
        gateway: Gateway,
        traffic: Traffic,
        recorder: RequestLog,
        bound: str = "",
        *,
        decisions: DecisionKeeper,
    ) -> None:
        self._lane = lane
        self._decisions = decisions
        self._packer = Packer()
        self._cross_origin = CrossOrigin(())
        self.admin_paths: frozenset[str] = frozenset()
        self.assets: Assets | None = None
        self.live: LiveSocket | None = None
        self.more_connections = 0
        self._recorder = recorder
        self._gateway = gateway
        self._bound = bound
        self._settings: Settings | None = None
        self._hosts = Hosts(())
        self._door: ConsumerDoor | None = None
        self.proxies = TrustedProxies((), "")
        # While keys or proxies are named, a further step stands before each of these.
        self._let_in = self._enter
        self._answer = self._serve
        self._ids = count(1)
        self._run = os.urandom(5).hex()
        self.traffic = traffic
        self.known = KnownRequests(gateway, traffic, self._packer, recorder, self._next_id)
        lane.requests = self.known

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan" or self.live is None:
                await self._lane(scope, receive, send)
            else:
                await self.live(scope, receive, send, self._admit_socket)
            return
        started = perf_counter()
        settings = self._gateway.settings
        if settings is not self._settings:
            self._adopt(settings)
        state: RequestState | None = scope.get(STATE)
        if state is None:
            state = scope[STATE] = RequestState()
        known = state.known
        if known is not None and known.settings is not settings:
            # Set in the moment since it came in: what was found under the former ones is void.
            known = state.known = None
        head = RequestHead(scope["headers"]) if known is None else known.request_head
        request_id = self._identify(state, head)
        reply = SentResponse(scope, send, state, self, head)
        entered: str | None = None
        try:
            if known is None:
                self._check(scope, head)
            entered = self._let_in(scope, settings)
            await self._answer(scope, receive, send, reply, state, started, head)
        except asyncio.CancelledError:
            # Ended by the connection or the server: uvicorn would log it as a defect.
            if not state.caller_left and not self.traffic.stopped:
                raise
            reply.code = "caller_left"
            if not state.caller_left and not reply.status:
                error = Overloaded("the server stopped before there was an answer")
                await _send_problem(error, request_id, self._gateway, reply)
            reply.status = reply.status or _STATUS_LEFT
        except Exception as error:
            # The border: every error, defects included, becomes a problem document.
            if reply.status:
                # Too late to say so; the connection is closed with the answer incomplete.
                raise
            reply.code = getattr(error, "code", None)
            if not await self._sent_page(error, scope, receive, reply, state):
                await _send_problem(error, request_id, self._gateway, reply)
        finally:
            if entered is not None:
                self.traffic.leave(entered)
            self._record(scope["method"], reply, state, started)

    async def _admit_socket(self, scope: Scope) -> str:
        """Check the request that opens a WebSocket as any other; its id.

        It is in flight only until then: a socket may stay open for hours.
        """
        settings = self._gateway.settings
        if settings is not self._settings:
            self._adopt(settings)
        state: RequestState = scope.setdefault(STATE, RequestState())
        head = RequestHead(scope["headers"])
        request_id = self._identify(state, head)
        self._hosts.check(head.hosts)
        check_target(scope)
        headers = dict(scope["headers"])
        if is_foreign(headers):
            self._cross_origin.check(headers.get(b"origin", b""))
        if (entered := self._let_in(scope, settings)) is not None:
            self.traffic.leave(entered)
        if self._door is not None:
            await self._door.admit(scope, area_of("/api/market"))
        return request_id

    def _identify(self, state: RequestState, head: RequestHead) -> str:
        """The request's id, the caller's own where it sent a sane one; written into the state."""
        if head.request_id:
            state.is_traced = True
            state.request_id = head.request_id
        else:
            state.request_id = self._next_id()
        return state.request_id

    def _next_id(self) -> str:
        return f"{self._run}-{next(self._ids):x}"

    def _check(self, scope: Scope, head: RequestHead) -> None:
        """Refuse what is not for this server, or what no honest client sends."""
        self._hosts.check(head.hosts)
        check_target(scope)
        if head.length or head.coding:
            check_body(head.length, head.coding)

    def _enter(self, scope: Scope, settings: Settings) -> str | None:
        """Count the request as in flight; the client it is counted for, None where it is not."""
        if scope["path"] in _ALWAYS:
            return None
        client = scope.get("client")
        address: str = client[0] if client else "unknown"
        self.traffic.enter(address, settings)
        return address

    def _let_in_named(self, scope: Scope, settings: Settings) -> str | None:
        """As `_enter`, once it is known for which client a proxy asks and whose key it carries."""
        state = state_of(scope)
        self.proxies.relay(scope, state)
        if self._door is not None:
            consumer = self._door.meet(scope, state).consumer
            is_limited = consumer is not None and consumer.per_min is not None
            if is_limited and scope["path"] not in _ALWAYS:
                # Its own limit takes the place of that of its address.
                self.traffic.enter(_NO_ADDRESS, settings)
                return _NO_ADDRESS
        return self._enter(scope, settings)

    async def _serve_keyed(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        reply: SentResponse,
        state: RequestState,
        started: float,
        head: RequestHead,
    ) -> None:
        """As `_serve`, while keys are set: known targets ask sources, so they need one."""
        door = self._door
        assert door is not None
        if self._lane.find(scope) is not None:
            await door.admit(scope, area_of(scope["path_template"]))
        send = door.sending(scope, send)
        await self._serve(scope, receive, send, reply, state, started, head)

    async def _serve(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        reply: SentResponse,
        state: RequestState,
        started: float,
        head: RequestHead,
    ) -> None:
        """Answer from the parsed routes where the request is known, else by the application."""
        settings = self._gateway.settings
        question = self._lane.find(scope) if state.known is None else state.known.question
        # While the server stops, each answer says that its connection will be closed.
        if question is None or head.is_unusual or self.traffic.draining:
            state.begun_at = started
            read_version(scope)
            try:
                await self._lane(reply.inner_scope(), receive, reply)
            except BaseException:
                if state.stream is not None:
                    await state.stream.end()
                raise
            if state.stream is not None:
                for name in _OF_LAYERS:
                    scope.pop(name, None)
                await state.stream.run(scope, receive, reply)
        else:
            await self._lane.answer(question, scope, state, send, reply.id_header, self._packer)
            reply.status = state.status
            if (
                state.raw
                and not state.is_traced
                # What the target means, and whom it may come from, may have changed meanwhile.
                and self._gateway.settings is settings
                and self._lane.find(scope) is question
            ):
                self.known.remember(state.raw, question, scope, head)

    async def _sent_page(
        self,
        error: Exception,
        scope: Scope,
        receive: Receive,
        reply: SentResponse,
        state: RequestState,
    ) -> bool:
        """Whether a person who opened a wrong address was shown a page; clients get a problem."""
        path: str = scope["path"]
        if self.assets is None or path.startswith(("/api/", "/static/")):
            return False
        if not wants_page(dict(scope["headers"]).get(b"accept", b"")):
            return False
        document = problem(error, state.request_id, self._gateway.redactor)
        html = self.assets.error_page(path, document)
        if html is None or document["status"] != 404:
            return False
        ancestors = self._gateway.settings.frame_ancestors
        await page(html, ancestors, 404)(scope, receive, reply)
        return True

    def _record(
        self, method: str, reply: SentResponse, state: RequestState, started: float
    ) -> None:
        """Publish the request that ended, and record it unless its stream was recorded before."""
        inner = reply.scope
        if state.door is not None:
            state.door.note(inner, reply.status)
        if state.trail is not None and state.trail.decisions:
            client = client_of(inner) if state.is_traced else ""
            self._decisions.keep(client, state.request_id, tuple(state.trail.decisions))
        streamed_at = state.first_byte_at
        answered_at = perf_counter() if streamed_at is None else streamed_at
        elapsed_ms = (answered_at - started) * 1000
        at_ms = self._gateway.clock.wall_ms()
        fields = {
            "method": method,
            "status": reply.status,
            "elapsed_ms": elapsed_ms,
            "request_id": state.request_id,
            "answer": state.answered_from(),
            "parts": state.parts,
        }
        template = inner.get("path_template") or "unmatched"
        self._gateway.events.record(at_ms, "request", "debug", None, template, fields, keep=False)
        if streamed_at is None:
            self._recorder.request(inner, at_ms, reply.status, elapsed_ms, reply.code)

    def stream_began(self, scope: Scope) -> None:
        """Record a stream as answered now: it may not end for hours."""
        state = state_of(scope)
        assert state.first_byte_at is not None
        elapsed_ms = (state.first_byte_at - state.begun_at) * 1000
        self._recorder.request(scope, self._gateway.clock.wall_ms(), 200, elapsed_ms, None)

    def _adopt(self, settings: Settings) -> None:
        self._settings = settings
        self._hosts = Hosts(settings.allowed_hosts, self._bound)
        self._cross_origin = CrossOrigin(settings.cors_origins)
        self.proxies = TrustedProxies(settings.trusted_proxies, settings.proxy_client_header)
        self._door = ConsumerDoor(self._gateway, self._bound) if settings.api_keys else None
        is_named = self._door is not None or bool(self.proxies)
        self._let_in = self._let_in_named if is_named else self._enter
        self._answer = self._serve if self._door is None else self._serve_keyed

    @property
    def application(self) -> Any:
        """The application with its routes, which answers what passes."""
        return self._lane.app

    @property
    def is_draining(self) -> bool:
        """Whether the server stops, so that connections are not kept."""
        return self.traffic.draining

    def finish(
        self, scope: Scope, status: int, headers: RawHeaders, body: bytes | None
    ) -> tuple[int, RawHeaders, bytes]:
        """A response as it goes out: readable for other sites if they may, and packed.

        Args:
            body: the whole of it; None where it comes in parts.
        """
        template = scope.get("path_template")
        if self._door is not None:
            headers = self._door.dressed(scope, headers)
        if self._cross_origin.is_on and template not in self.admin_paths:
            asked = dict(scope["headers"])
            headers = self._cross_origin.headers(
                headers, asked.get(b"origin", b""), is_preflight=scope["method"] == "OPTIONS"
            )
        if body is None:
            return status, headers, b""
        return self._packer.pack(scope["headers"], status, headers, body, method=scope["method"])


async def _send_problem(error: Exception, request_id: str, gateway: Gateway, send: Any) -> None:
    status, headers, body = render(error, request_id, gateway.redactor)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
