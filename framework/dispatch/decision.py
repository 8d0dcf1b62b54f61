"""What was decided for one request, recorded so that it can be explained later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coinmux.framework.health.tracker import State
from coinmux.framework.routing.ranking import after_first

if TYPE_CHECKING:
    from coinmux.framework.models.base import Query
    from coinmux.framework.routing.advised import AdvisedOrder
    from coinmux.framework.routing.candidates import Candidate
    from coinmux.framework.routing.options import RequestOptions
    from coinmux.framework.routing.ranking import SourceScore


@dataclass(slots=True)
class Decision:
    """What was decided for one request, recorded so that it can be explained later.

    Attributes:
        order: the sources of the capability as they were ranked then.
        passed: sources that were passed over, each with its refusal.
        attempts: in the order they were made.
        cache: `miss`, `hit`, `stale` or `coalesced`.
        advised: the order as plugins advised it; None where none did.
    """

    request_id: str
    at_ms: int
    capability: str
    query: Query
    ask: RequestOptions
    order: Sequence[tuple[SourceScore, object]]
    passed: Sequence[Candidate]
    attempts: Sequence[Mapping[str, Any]]
    outcome: str
    provider: str | None
    cache: str
    elapsed_ms: float
    advised: AdvisedOrder | None = None

    def public(self) -> dict[str, Any]:
        """The decision as `GET /api/routing/decisions/{request_id}` shows it."""
        return {
            "request_id": self.request_id,
            "at": self.at_ms,
            "capability": self.capability,
            "query": self.query.model_dump(mode="json", exclude_none=True),
            "strategy": self.ask.strategy,
            "pinned": self.ask.provider,
            "outcome": self.outcome,
            "provider": self.provider,
            "cache": self.cache,
            "elapsed_ms": self.elapsed_ms,
            "attempts": [dict(attempt) for attempt in self.attempts],
            "candidates": self._candidates(),
        }

    def _candidates(self) -> list[dict[str, Any]]:
        attempts = {str(attempt["provider"]): attempt for attempt in self.attempts}
        passed = {step.score.name: step.refusal for step in self.passed}
        chosen = next((score for score, _ in self.order if score.name == self.provider), None)
        lines = []
        for place, (score, _) in enumerate(self.order, start=1):
            attempt, refusal = attempts.get(score.name), passed.get(score.name)
            if self.cache in ("hit", "stale"):
                verdict, code, detail = (
                    "skipped",
                    "cached",
                    "a cached answer was served; no source was asked",
                )
            elif attempt is not None and attempt["outcome"] == "ok":
                verdict, code, detail = "chosen", "answered", "it answered"
            elif attempt is not None:
                verdict, code, detail = (
                    "tried_failed",
                    str(attempt["code"]),
                    "it was tried and failed",
                )
            elif refusal is not None:
                verdict, code, detail = "skipped", refusal.code, refusal.detail
            elif self.ask.provider is not None and self.ask.provider != score.name:
                verdict, code, detail = "skipped", "not_pinned", f"{self.ask.provider} is pinned"
            elif score.state is State.DISABLED:
                verdict, code, detail = "skipped", "disabled", "it was off"
            elif chosen is not None:
                verdict = "skipped"
                code, detail = self._after(chosen, score)
            else:
                verdict, code, detail = (
                    "skipped",
                    "not_reached",
                    "the request ended before its turn",
                )
            lines.append(
                {
                    "provider": score.name,
                    "rank": place,
                    "verdict": verdict,
                    "reason": code,
                    "detail": detail,
                    "score": score.public(),
                }
            )
            if self.advised is not None:
                lines[-1]["advice"] = self.advised.public(score.name)
        return lines

    def _after(self, chosen: SourceScore, other: SourceScore) -> tuple[str, str]:
        """Why `other` came after the one that answered."""
        if self.advised is not None:
            why = self.advised.after_first(chosen, other)
            if why is not None:
                return why
        return after_first(chosen, other, self.ask.strategy)
