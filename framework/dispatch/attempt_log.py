"""The book of one inquiry: each source tried, how long it may take, and how that ended."""

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
    from coinmux.framework.routing.options import Candidate
    from coinmux.framework.sources.registry import SourceRegistry
    from coinmux.framework.sources.source import Source

#: No alternative is begun with less time left (`faults.md`, defaults).
LEAST_S = 0.25


class AttemptLog:
    """Takes down attempts: in the inquiry, for its answer, and in the journal, for everyone."""

    def __init__(self, registry: SourceRegistry, journal: DecisionLog, clock: Clock) -> None:
        self._registry = registry
        self._journal = journal
        self._clock = clock

    def limit_s(self, inquiry: RequestContext, step: Candidate, source: Source) -> float:
        """Seconds the attempt may take."""
        limit_s = min(inquiry.deadline.remaining_s(), source.timeout_s)
        probing = step.probe and inquiry.ask.provider is None
        return min(limit_s, PROBE_S) if probing else limit_s

    def answered(
        self, inquiry: RequestContext, source: Source, result: Result, begun: float
    ) -> None:
        """One source answered."""
        self._note(inquiry, source, begun)
        self._journal.attempt(
            inquiry.row, inquiry.query, source.name, "answer", inquiry.attempts[-1]["elapsed_ms"],
            request_id=inquiry.request_id, length=result.data_length(),
        )  # fmt: skip

    def failed(
        self,
        inquiry: RequestContext,
        source: Source,
        error: StaleResult | ProviderError | UnknownSymbol,
        begun: float,
        *,
        goes_on: bool,
    ) -> None:
        """One source failed; `goes_on` where another is asked then."""
        if isinstance(error, StaleResult):
            inquiry.stale.append(error)
        else:
            inquiry.errors.append(error)
        if isinstance(error, UnknownSymbol):
            # It says nothing of the source, and the last one may list the pair.
            source.remember_unlisted(inquiry.row.name, inquiry.query)
        else:
            inquiry.failures += 1
        self._note(inquiry, source, begun, error.code)
        most = self._registry.env.settings.max_attempts
        self._journal.attempt(
            inquiry.row,
            inquiry.query,
            source.name,
            "fall_back" if goes_on and inquiry.failures < most else "fail",
            inquiry.attempts[-1]["elapsed_ms"],
            request_id=inquiry.request_id,
            code=error.code,
            detail=error.detail,
        )

    def beaten(self, inquiry: RequestContext, source: Source, winner: Source, begun: float) -> None:
        """One source was slower than the one asked besides it; that says nothing against it."""
        self._note(inquiry, source, begun, CutShort.code)
        self._journal.attempt(
            inquiry.row,
            inquiry.query,
            source.name,
            "hedged",
            inquiry.attempts[-1]["elapsed_ms"],
            request_id=inquiry.request_id,
            code=CutShort.code,
            detail=f"{winner.name}, asked besides it, answered first",
        )

    def _note(
        self, inquiry: RequestContext, source: Source, begun: float, code: str | None = None
    ) -> None:
        line: dict[str, Any] = {"provider": source.name}
        if code is None:
            line["outcome"] = "ok"
        else:
            line["outcome"], line["code"] = "failed", code
        line["started_at"] = wall_at(self._clock, begun)
        line["elapsed_ms"] = round((self._clock.monotonic() - begun) * 1000, 3)
        inquiry.attempts.append(line)
