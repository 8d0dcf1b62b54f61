"""Requests that were answered before, known again by their bytes.

A client that asks the same question again sends the same bytes. From them to the cached answer
nothing is parsed and no task, scope or header is made: what the parts of a request were found to
mean is cached, and what depends on the moment - the caller's share, the answer's freshness and
age - is looked at each time. One that is not cached is fetched for the application's usual task,
which starts from what is known of the request and does not read it again.
"""

from __future__ import annotations

import weakref
from time import perf_counter
from typing import TYPE_CHECKING, Protocol

from coinmux.framework.cache.store import is_fresh
from coinmux.framework.dispatch.request import key_of
from coinmux.framework.errors import CoinmuxError
from coinmux.server.asgi.responses import SECURITY_LINES, answer_headers, lines_of
from coinmux.server.asgi.scope import STATE, RequestState

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from coinmux.framework.cache.answer import FetchResult
    from coinmux.framework.config.settings import Settings
    from coinmux.framework.gateway import Gateway
    from coinmux.server.asgi.admission import Traffic
    from coinmux.server.asgi.packing import Packer
    from coinmux.server.asgi.query_params import ParsedRequest
    from coinmux.server.asgi.request_head import RequestHead
    from coinmux.server.asgi.scope import RawHeaders, Scope, Writer

_KEPT = 2_048
#: Longer requests are rare and would make the memory of 2,048 of them count.
_LONGEST = 2_048
_NEVER_KEPT = frozenset((b"if-none-match", b"authorization", b"x-api-key", b"cookie"))
_OF_CONNECTION = frozenset(("client", "server", "state", STATE))
#: The usual status line, for all that is answered here.
_STATUS = b"HTTP/1.1 200 OK\r\n"


class RequestLog(Protocol):
    """What records the requests that ended."""

    def request(
        self, scope: Scope, at_ms: int, status: int, latency_ms: float, code: str | None
    ) -> None:
        """Record one request."""

    def cached(
        self,
        template: str,
        at_ms: int,
        request_id: str,
        latency_ms: float,
        question: ParsedRequest,
        served: str,
    ) -> None:
        """Record a GET request that was answered from the cache."""


class KnownRequest:
    """What the bytes of a request mean, and the head of the answer that was sent last.

    Attributes:
        key: under which its answers are cached.
        scope: of the request that was read, without what belongs to its connection.
        request_head: of the request; it was checked under `settings`.
        headers: of the request.
        template: path template of its route.
        fetched: what was sent last.
        head, tail: header lines before and after the request's id, of that answer; they hold until
            `good_until`, in monotonic seconds.
        body: of that answer, as it is sent; dropped with the answer.
    """

    __slots__ = (
        "body", "fetched", "good_until", "head", "headers", "key", "question", "request_head",
        "scope", "settings", "tail", "template",
    )  # fmt: skip

    def __init__(
        self,
        key: Hashable,
        question: ParsedRequest,
        scope: Scope,
        request_head: RequestHead,
        settings: Settings,
    ) -> None:
        self.key = key
        self.question = question
        self.scope = {name: value for name, value in scope.items() if name not in _OF_CONNECTION}
        self.request_head = request_head
        self.settings = settings
        self.headers: RawHeaders = scope["headers"]
        self.template: str = scope["path_template"]
        self.fetched: weakref.ref[FetchResult] | None = None
        self.good_until = 0.0
        self.head = self.tail = self.body = b""

    def make(self, fetched: FetchResult, now: float, packer: Packer) -> None:
        """Make head and body of the cached answer as they are sent at `now`."""
        answer = fetched.view("hit")
        own = answer_headers(answer, now)
        count = len(own)
        _, headers, self.body = packer.pack(self.headers, 200, own, answer.body, method="GET")
        self.head = lines_of(headers[:count])
        self.tail = b"\r\n%b%b\r\n" % (lines_of(headers[count:]), SECURITY_LINES)
        # Until the next whole second of its age, or of the freshness left.
        age_s, ttl_s = int(answer.age_s(now)), int(answer.ttl_s(now))
        self.good_until = fetched.fetched_at + min(age_s + 1, fetched.fresh_s - ttl_s)
        self.fetched = weakref.ref(fetched, self._drop)

    def _drop(self, gone: weakref.ref[FetchResult]) -> None:
        if gone is self.fetched:
            self.fetched, self.body = None, b""


class KnownRequests:
    """Answers requests whose bytes are known from the cache, at once and in one piece.

    Args:
        next_id: gives the next request id.
    """

    def __init__(
        self,
        gateway: Gateway,
        traffic: Traffic,
        packer: Packer,
        recorder: RequestLog,
        next_id: Callable[[], str],
    ) -> None:
        self._gateway = gateway
        self._traffic = traffic
        self._packer = packer
        self._recorder = recorder
        self._next_id = next_id
        self._settings: Settings | None = None
        self._known: dict[bytes, KnownRequest] = {}
        self._common: RawHeaders | None = None
        self._start = b""

    def remember(
        self, raw: bytes, question: ParsedRequest, scope: Scope, request_head: RequestHead
    ) -> None:
        """Know a request again that was answered; it was checked under the present settings.

        One that says what its caller has may be answered with a 304, credentials are not kept, and
        a further page is cached under another question: none of these is known.
        """
        if self._gateway.settings is not self._settings:
            self.forget()
        query, headers = question.query, scope["headers"]
        if len(raw) > _LONGEST or "cursor" in query.__dict__ or _is_for_the_moment(headers):
            return
        if len(self._known) >= _KEPT:
            del self._known[next(iter(self._known))]
        row = self._gateway.capability(question.capability)
        self._known[raw] = KnownRequest(
            key_of(row, query, question.ask), question, scope, request_head, self._gateway.settings
        )

    def forget(self) -> None:
        """Know no request any more, because what it means may have changed."""
        self._known.clear()
        self._settings = self._gateway.settings

    def __len__(self) -> int:
        return len(self._known)

    def answer(
        self, raw: bytes, client: str, common: RawHeaders, write: Callable[[bytes], None]
    ) -> bool:
        """Answer a request by its bytes; False where it must go the usual way, nothing sent.

        Args:
            client: the address it came from.
            common: headers of every response.
            write: sends bytes to the caller.
        """
        known = self._known.get(raw)
        if known is None:
            return False
        started = perf_counter()
        gateway = self._gateway
        settings = gateway.settings
        if settings is not self._settings:
            return False
        cache, now = gateway.cache, gateway.clock.monotonic()
        fetched = cache.get(known.key)
        if fetched is None or not is_fresh(fetched, now, known.question.ask.max_age_s):
            return False
        if self._traffic.draining:
            return False  # whoever is answered now is told to close the connection
        try:
            self._traffic.enter(client, settings)
        except CoinmuxError:
            return False
        try:
            cache.hits += 1
            sent = known.fetched
            if sent is None or sent() is not fetched or now >= known.good_until:
                known.make(fetched, now, self._packer)
            if common is not self._common:
                self._common = common
                self._start = _STATUS + lines_of(common)
            request_id = self._next_id()
            id_line = b"x-request-id: " + request_id.encode("ascii")
            write(b"".join((self._start, known.head, id_line, known.tail, known.body)))
        finally:
            self._traffic.leave(client)
        elapsed_ms = (perf_counter() - started) * 1000
        at_ms = gateway.clock.wall_ms()
        fields = {
            "method": "GET",
            "status": 200,
            "elapsed_ms": elapsed_ms,
            "request_id": request_id,
            "answer": "cached",
            "parts": None,
        }
        gateway.events.record(at_ms, "request", "debug", None, known.template, fields, keep=False)
        self._recorder.cached(
            known.template, at_ms, request_id, elapsed_ms, known.question, fetched.provider
        )
        return True

    def scope_of(
        self,
        raw: bytes,
        client: tuple[str, int] | None,
        server: tuple[str, int | None] | None,
        writer: Writer,
    ) -> Scope | None:
        """The scope of a request that `answer` left, made from its bytes; None if unknown.

        Args:
            client: the address and port it came from.
            server: the address and port it came to.
            writer: sends its answer in one piece.
        """
        known = self._known.get(raw)
        if known is None or known.settings is not self._gateway.settings:
            return None
        state = RequestState(writer)
        state.known = known
        return {**known.scope, "client": client, "server": server, STATE: state}


def _is_for_the_moment(headers: RawHeaders) -> bool:
    """Whether a request says what its caller has already, or who the caller is."""
    return any(name in _NEVER_KEPT for name, _ in headers)
