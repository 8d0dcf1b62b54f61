"""Every attempt of a request, recorded once: how long it may take, and how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coinmux.framework.dispatch.attempt import StaleResult
from coinmux.framework.dispatch.blame import PROBE_S
from coinmux.framework.errors import CutShort, NotOffered, UnknownSymbol

if TYPE_CHECKING:
    from coinmux.framework.clock import Clock
    from coinmux.framework.dispatch.decision_log import DecisionLog
    from coinmux.framework.dispatch.inputs import Inputs
    from coinmux.framework.dispatch.request import RequestContext
    from coinmux.framework.errors import ProviderError
    from coinmux.framework.models.base import Result
    from coinmux.framework.routing.candidates import Candidate
    from coinmux.framework.sources.registry import SourceRegistry
    from coinmux.framework.sources.source import Source

#: No alternative is begun with less time left: hardly any source answers sooner.
LEAST_S = 0.25


def limit_of(request: RequestContext, step: Candidate, source: Source, now: float) -> float:
    """Seconds an attempt that begins now may take."""
    limit_s = min(max(request.deadline.at - now, 0.0), source.timeout_s)
    probing = step.probe and request.ask.provider is None
    return min(limit_s, PROBE_S) if probing else limit_s


class AttemptLog:
    """Records attempts: in the request, for its answer, and as an event."""

    def __init__(self, registry: SourceRegistry, decisions: DecisionLog, clock: Clock) -> None:
        self._registry = registry
        self._decisions = decisions
        self._clock = clock

    def answered(
        self,
        request: RequestContext,
        source: Source,
        result: Result,
        begun: float,
        inputs: Inputs | None = None,
    ) -> None:
        """One source answered, from `inputs` if it is derived."""
        line = self._record(request, source, "answer", begun, length=result.data_length())
        if inputs is not None:
            line["inputs"] = inputs.public()

    def failed(
        self,
        request: RequestContext,
        source: Source,
        error: StaleResult | ProviderError | UnknownSymbol,
        begun: float,
        *,
        goes_on: bool,
        inputs: Inputs | None = None,
    ) -> None:
        """One source failed; `goes_on` where another is asked then."""
        if isinstance(error, StaleResult):
            request.stale.append(error)
        else:
            request.errors.append(error)
        if isinstance(error, UnknownSymbol):
            # An unlisted pair is no failure of the source, and the last source may list it.
            source.remember_unlisted(request.row.name, request.query)
        elif not isinstance(error, NotOffered):
            request.failures += 1
        most = self._registry.env.settings.max_attempts
        decision = "fall_back" if goes_on and request.failures < most else "fail"
        line = self._record(
            request, source, decision, begun, code=error.code, detail=error.detail, error=error
        )
        if inputs is not None:
            line["inputs"] = inputs.public()

    def beaten(self, request: RequestContext, source: Source, winner: Source, begun: float) -> None:
        """One source was slower than its hedge, which does not count against it."""
        detail = f"{winner.name}, asked besides it, answered first"
        self._record(request, source, "hedged", begun, code=CutShort.code, detail=detail)

    def _record(
        self,
        request: RequestContext,
        source: Source,
        decision: str,
        begun: float,
        *,
        code: str | None = None,
        detail: str | None = None,
        length: int | None = None,
        error: Exception | None = None,
    ) -> dict[str, Any]:
        ended_ms = self._clock.wall_ms()
        elapsed_ms = round((self._clock.monotonic() - begun) * 1000, 3)
        line = self._decisions.attempt(
            request.row,
            request.query,
            source.name,
            decision,
            ended_ms,
            elapsed_ms,
            code,
            detail,
            length,
            request.request_id,
            error,
            own=request.ask.own,
        )
        request.attempts.append(line)
        return line
