"""What is recorded of each request: an event for every attempt, and its decision."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from coinmux.framework.dispatch.decision import Decision
from coinmux.framework.errors import BadStatus, NotFound
from coinmux.framework.plugins.raised import trace_of

if TYPE_CHECKING:
    from coinmux.framework.cache.answer import FetchResult
    from coinmux.framework.clock import Clock
    from coinmux.framework.dispatch.request import RequestContext
    from coinmux.framework.errors import RoutingError
    from coinmux.framework.events import EventBus
    from coinmux.framework.models.base import Query
    from coinmux.framework.models.capability import Capability
    from coinmux.framework.routing.router import Router
    from coinmux.framework.secrets import Redactor

_DECISIONS_KEPT = 2_000
#: A batch of hundreds of questions is one request; this many of its decisions say enough.
_TRAIL_MOST = 64
#: Errors that say more about the question than about the source: nothing an operator can mend.
_OF_THE_QUESTION = frozenset(("unknown_symbol", "not_offered", "cut_short"))


class DecisionTrail:
    """What was decided on behalf of one caller, several questions included.

    The caller hands it to `Gateway.fetch` and reads `decisions` afterwards. It does not go by
    request id, because callers choose ids and may use one twice at a time.
    """

    __slots__ = ("decisions",)

    def __init__(self) -> None:
        self.decisions: list[Decision] = []

    def note(self, decision: Decision) -> None:
        """Add a decision; a later one about the same question takes its place."""
        for place, known in enumerate(self.decisions):
            # The list of those passed over is the request's own. The request itself is not kept
            # here: it holds this trail, and a circle waits for the garbage collector.
            if known.passed is decision.passed:
                self.decisions[place] = decision
                return
        if len(self.decisions) < _TRAIL_MOST:
            self.decisions.append(decision)


class DecisionLog:
    """Publishes attempts as events and keeps the newest decisions by request id."""

    def __init__(self, events: EventBus, redactor: Redactor, router: Router, clock: Clock) -> None:
        self._events = events
        self._redactor = redactor
        self._router = router
        self._clock = clock
        self._decisions: deque[Decision] = deque(maxlen=_DECISIONS_KEPT)

    def attempt(
        self,
        row: Capability,
        query: Query,
        source: str,
        decision: str,
        ended_ms: int,
        elapsed_ms: float,
        code: str | None = None,
        detail: str | None = None,
        length: int | None = None,
        request_id: str | None = None,
        error: Exception | None = None,
        *,
        own: bool = False,
    ) -> dict[str, Any]:
        """Publish one call of one source that ended.

        Args:
            decision: what follows: `answer`, `fall_back`, `fail`, `hedged`, or `probe`.
            ended_ms: wall time, Unix ms.
            code: of the error it ended with; None where the source answered.
            detail: of that error; it may quote the source.
            length: items in the answer.
            request_id: of the request it was made for.
            error: the error itself, where its place in the plugin's code is of use.
            own: whether the dashboard asked for itself.

        Returns:
            The attempt as `meta.attempts` and decisions show it.
        """
        message, level, trace = decision, "debug", None
        line: dict[str, Any] = {"provider": source, "outcome": "ok"}
        if code is not None:
            line = {"provider": source, "outcome": "failed", "code": code}
            if isinstance(error, BadStatus) and error.status is not None:
                line["status"] = error.status
            message = f"{decision}: {code}"
            level = "info" if code in _OF_THE_QUESTION else "warning"
            detail = None if detail is None else self._redactor.clean(detail)
            if error is not None and (raised := trace_of(error)) is not None:
                trace = self._redactor.clean(raised)
        line["started_at"] = ended_ms - round(elapsed_ms)
        line["elapsed_ms"] = elapsed_ms
        fields = {
            "operation": row.name,
            "parameters": query.brief(),
            "decision": decision,
            "code": code,
            "detail": detail,
            "data_length": length,
            "response_ms": elapsed_ms,
            "request_id": request_id,
            "own": own,
        }
        self._events.record(ended_ms, "attempt", level, source, message, fields, trace)
        return line

    def out_of_budget(self, request: RequestContext) -> None:
        """No further source was tried: too many requests need a third one."""
        self._events.publish(
            "decision",
            "no further alternative: their budget is used up",
            level="warning",
            operation=request.row.name,
            parameters=request.query.brief(),
            decision="fail",
            request_id=request.request_id,
        )

    def rescue(self, request: RequestContext, stored: FetchResult, error: RoutingError) -> None:
        """Every source failed and a stored answer was served instead."""
        self._events.publish(
            "decision",
            f"served stale: {error.code}",
            level="warning",
            source=stored.provider,
            operation=request.row.name,
            parameters=request.query.brief(),
            decision="serve_stale",
            data_length=stored.data.data_length(),
            request_id=request.request_id,
        )

    def decide(
        self,
        request: RequestContext,
        outcome: str,
        provider: str | None,
        cache: str = "miss",
        elapsed_ms: float = 0.0,
    ) -> None:
        """Record how a request was decided, if it has an id to find it by, or a trail."""
        request.decided = True
        request_id, trail = request.request_id, request.trail
        if request_id is None and trail is None:
            return
        advised = request.advised
        order = (
            self._router.order(request.row.name, request.ask.strategy)
            if advised is None
            else advised.pairs
        )
        decision = Decision(
            request_id=request_id or "",
            at_ms=self._clock.wall_ms(),
            capability=request.row.name,
            query=request.query.brief(),
            ask=request.ask,
            order=order,
            passed=request.passed,
            attempts=request.attempts,
            outcome=outcome,
            provider=provider,
            cache=cache,
            elapsed_ms=elapsed_ms,
            advised=advised,
        )
        if trail is not None:
            trail.note(decision)
        if request_id is not None:
            self._decisions.append(decision)

    def give_up(self, request: RequestContext, code: str) -> None:
        """Record how a request ended whose caller left, or that shared the failure of another."""
        if not request.decided:
            elapsed_ms = round((self._clock.monotonic() - request.begun_at) * 1000, 3)
            self.decide(request, code, None, elapsed_ms=elapsed_ms)

    def decision(self, request_id: str) -> dict[str, Any]:
        """What was decided for a request that was made.

        Raises:
            NotFound: none is stored under that id.
        """
        for decision in reversed(self._decisions):
            if decision.request_id == request_id:
                return decision.public()
        raise NotFound(f"no decision is kept for request {request_id[:64]!r}")

    def newer_than(self, seen: Decision | None) -> list[Decision]:
        """The decisions after `seen` that are still stored, oldest first; all of them for None."""
        found: list[Decision] = []
        for decision in reversed(self._decisions):
            if decision is seen:
                break
            found.append(decision)
        found.reverse()
        return found
