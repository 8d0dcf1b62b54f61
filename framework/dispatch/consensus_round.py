"""Several sources asked together, for what they agree on."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from coinmux.framework.dispatch.attempt import StaleResult
from coinmux.framework.dispatch.attempt_log import limit_of
from coinmux.framework.dispatch.request import SourceAnswer
from coinmux.framework.errors import (
    AllProvidersFailed,
    Implausible,
    Outcome,
    ProviderError,
    UnknownSymbol,
)
from coinmux.framework.health.classify import record_error
from coinmux.framework.quality.consensus import PROVIDER, Vote, judge, merged
from coinmux.framework.sources.proven import is_comparable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from coinmux.framework.clock import Clock
    from coinmux.framework.dispatch.attempt import AttemptRunner
    from coinmux.framework.dispatch.attempt_log import AttemptLog
    from coinmux.framework.dispatch.request import RequestContext
    from coinmux.framework.health.tracker import HealthTracker, Lease
    from coinmux.framework.models.capability import Consensus
    from coinmux.framework.quality.consensus import ConsensusVerdict, Deviations
    from coinmux.framework.routing.candidates import Candidate
    from coinmux.framework.routing.router import Router
    from coinmux.framework.sources.registry import SourceRegistry


@dataclass(frozen=True, slots=True)
class _Held:
    """An answer that is not judged yet."""

    vote: Vote
    lease: Lease
    elapsed_s: float


class ConsensusRound:
    """Asks the first so many candidates at once, others in the place of those that fail."""

    def __init__(
        self,
        registry: SourceRegistry,
        router: Router,
        health: HealthTracker,
        runner: AttemptRunner,
        attempts: AttemptLog,
        deviations: Deviations,
        clock: Clock,
    ) -> None:
        self._registry = registry
        self._router = router
        self._health = health
        self._runner = runner
        self._attempts = attempts
        self._clock = clock
        self._deviations = deviations

    async def ask(self, request: RequestContext) -> SourceAnswer | None:
        """What the sources agree on; None where none answered.

        Raises:
            AllProvidersFailed: they answered, and no majority of them agrees.
        """
        rule = request.row.consensus
        assert rule is not None
        size = self._registry.env.settings.consensus_sources
        # Only sources that work are compared: the health checker probes those that are offline.
        upcoming = self._router.route(request.row.name, request.query, request.ask, request.passed)
        request.advised = upcoming.advised
        route = (step for step in upcoming if not step.probe)
        held: list[_Held] = []
        asked = 0
        try:
            while len(held) < size and request.deadline.remaining_s() > 0:
                steps = list(islice(route, size - len(held)))
                if not steps:
                    break
                asked += len(steps)
                held += await self._together(request, steps, rule)
            return self._judged(request, held, rule, asked)
        finally:
            # A lease that was recorded does not change when it is released.
            for one in held:
                self._health.release(one.lease)

    async def _together(
        self, request: RequestContext, steps: Sequence[Candidate], rule: Consensus
    ) -> Iterator[_Held]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._one(request, step, rule)) for step in steps]
        return (held for task in tasks if (held := task.result()) is not None)

    async def _one(self, request: RequestContext, step: Candidate, rule: Consensus) -> _Held | None:
        source = self._registry.sources.get(step.score.name)
        if source is None:
            return None  # its plugin was retired since the request began
        begun = self._clock.monotonic()
        limit_s = limit_of(request, step, source, begun)
        lease = self._health.begin(source.name, request.row.name, limit_s)
        if lease is None:
            return None
        try:
            result = await self._runner.ask(source, request.row, request.query, lease, limit_s)
        except (StaleResult, ProviderError, UnknownSymbol) as error:
            self._attempts.failed(request, source, error, begun, goes_on=True)
            return None
        self._attempts.answered(request, source, result, begun)
        value = getattr(result, rule.field)
        if value is None:
            # It answers, without a value for what is compared.
            self._health.record(lease, Outcome.SUCCESS, elapsed_s=self._clock.monotonic() - begun)
            return None
        vote = Vote(source.name, result, value, result.own_time_ms())
        return _Held(vote, lease, self._clock.monotonic() - begun)

    def _judged(
        self, request: RequestContext, held: Sequence[_Held], rule: Consensus, asked: int
    ) -> SourceAnswer | None:
        if not held:
            return None
        verdict = judge([one.vote for one in held], rule)
        alone = len(verdict.agreed) == 1
        note = self._doubt(request, verdict.agreed[0]) if alone else None
        for one in held:
            self._record(request, one, verdict)
        if not verdict.agreed:
            values = ", ".join(f"{one.vote.source} {one.vote.value:g}" for one in held)
            raise AllProvidersFailed(
                f"sources disagree about {rule.field}: {values}", attempts=request.attempts
            )
        result = merged(verdict, rule)
        if note is not None:
            result = result.model_copy(update={"notes": (*result.notes, note)})
        return SourceAnswer(
            verdict.agreed[0].source if alone else PROVIDER,
            result,
            consensus=verdict.public(rule, asked),
        )

    def _doubt(self, request: RequestContext, vote: Vote) -> str | None:
        """What to say of an answer that no other confirms; None where it fits what was known.

        Raises:
            AllProvidersFailed: it is too far off.
        """
        known = self._runner.known
        doubt = known.doubt(vote.source, request.row, request.query, vote.result)
        if doubt is not None and known.refuses(
            vote.source, request.row, request.query, vote.result
        ):
            raise AllProvidersFailed(
                f"only {vote.source} could be heard: {doubt}", attempts=request.attempts
            )
        return None if doubt is None else f"doubted: {doubt}; no other source could be heard"

    def _record(self, request: RequestContext, one: _Held, verdict: ConsensusVerdict) -> None:
        """Record what an answer counts for: an outlier is a failure from the third time on."""
        name = request.row.name
        if one.vote in verdict.outliers:
            assert verdict.value is not None
            error = Implausible(
                f"{one.vote.value:g}, while {len(verdict.agreed)} others say {verdict.value:g}"
            )
            error.outcome = (
                self._deviations.outcome(one.vote.source, name)
                if is_comparable(request.query)
                else Outcome.NEUTRAL
            )
            record_error(self._health, one.lease, error, one.elapsed_s)
        elif one.vote in verdict.agreed:
            self._health.record(one.lease, Outcome.SUCCESS, elapsed_s=one.elapsed_s)
        else:
            self._health.record(one.lease, Outcome.NEUTRAL, elapsed_s=one.elapsed_s)
