"""The book of one request: each source tried, how long it may take, and how that ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coinmux.framework.clock import wall_at
from coinmux.framework.dispatch.attempt import PROBE_S, StaleResult
from coinmux.framework.errors import CutShort, UnknownSymbol

if TYPE_CHECKING:
    from coinmux.framework.clock import Clock
    from coinmux.framework.dispatch.decision_log import DecisionLog
    from coinmux.framework.dispatch.request import RequestContext
    from coinmux.framework.errors import ProviderError
    from coinmux.framework.models.base import Result
    from coinmux.framework.routing.candidates import Candidate
    from coinmux.framework.sources.registry import SourceRegistry
    from coinmux.framework.sources.source import Source

#: No alternative is begun with less time left: hardly any source answers sooner.
LEAST_S = 0.25


class AttemptLog:
    """Takes down attempts: in the request, for its answer, and in the decisions, for everyone."""

    def __init__(self, registry: SourceRegistry, decisions: DecisionLog, clock: Clock) -> None:
        self._registry = registry
        self._decisions = decisions
        self._clock = clock

    def limit_s(self, request: RequestContext, step: Candidate, source: Source) -> float:
        """Seconds the attempt may take."""
        limit_s = min(request.deadline.remaining_s(), source.timeout_s)
        probing = step.probe and request.ask.provider is None
        return min(limit_s, PROBE_S) if probing else limit_s

    def answered(
        self, request: RequestContext, source: Source, result: Result, begun: float
    ) -> None:
        """One source answered."""
        self._note(request, source, begun)
        self._decisions.attempt(
            request.row, request.query, source.name, "answer", request.attempts[-1]["elapsed_ms"],
            request_id=request.request_id, length=result.data_length(),
        )  # fmt: skip

    def failed(
        self,
        request: RequestContext,
        source: Source,
        error: StaleResult | ProviderError | UnknownSymbol,
        begun: float,
        *,
        goes_on: bool,
    ) -> None:
        """One source failed; `goes_on` where another is asked then."""
        if isinstance(error, StaleResult):
            request.stale.append(error)
        else:
            request.errors.append(error)
        if isinstance(error, UnknownSymbol):
            # It says nothing of the source, and the last one may list the pair.
            source.remember_unlisted(request.row.name, request.query)
        else:
            request.failures += 1
        self._note(request, source, begun, error.code)
        most = self._registry.env.settings.max_attempts
        self._decisions.attempt(
            request.row,
            request.query,
            source.name,
            "fall_back" if goes_on and request.failures < most else "fail",
            request.attempts[-1]["elapsed_ms"],
            request_id=request.request_id,
            code=error.code,
            detail=error.detail,
        )

    def beaten(self, request: RequestContext, source: Source, winner: Source, begun: float) -> None:
        """One source was slower than the one asked besides it; that says nothing against it."""
        self._note(request, source, begun, CutShort.code)
        self._decisions.attempt(
            request.row,
            request.query,
            source.name,
            "hedged",
            request.attempts[-1]["elapsed_ms"],
            request_id=request.request_id,
            code=CutShort.code,
            detail=f"{winner.name}, asked besides it, answered first",
        )

    def _note(
        self, request: RequestContext, source: Source, begun: float, code: str | None = None
    ) -> None:
        line: dict[str, Any] = {"provider": source.name}
        if code is None:
            line["outcome"] = "ok"
        else:
            line["outcome"], line["code"] = "failed", code
        line["started_at"] = wall_at(self._clock, begun)
        line["elapsed_ms"] = round((self._clock.monotonic() - begun) * 1000, 3)
        request.attempts.append(line)
