"""Several sources asked together, for what they agree on."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from coinmux.framework.dispatch.attempt import StaleResult
from coinmux.framework.errors import (
    AllProvidersFailed,
    Implausible,
    Outcome,
    ProviderError,
    UnknownSymbol,
)
from coinmux.framework.health.classify import record_error
from coinmux.framework.quality.consensus import PROVIDER, Vote, judge, merged
from coinmux.framework.quality.plausibility import own_time

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from coinmux.framework.clock import Clock
    from coinmux.framework.dispatch.attempt import AttemptRunner
    from coinmux.framework.dispatch.attempt_log import AttemptLog
    from coinmux.framework.dispatch.request import RequestContext
    from coinmux.framework.health.tracker import HealthTracker, Lease
    from coinmux.framework.models.base import Result
    from coinmux.framework.quality.consensus import Consensus, ConsensusVerdict, Deviations
    from coinmux.framework.routing.options import Candidate
    from coinmux.framework.routing.router import Router
    from coinmux.framework.sources.registry import SourceRegistry


@dataclass(frozen=True, slots=True)
class Agreement:
    """What came of a panel.

    Attributes:
        public: who agreed on what, as `meta.consensus` shows it.
    """

    provider: str
    result: Result
    public: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Held:
    """An answer whose worth is not judged yet."""

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
        tries: AttemptLog,
        deviations: Deviations,
        clock: Clock,
    ) -> None:
        self._registry = registry
        self._router = router
        self._health = health
        self._runner = runner
        self._tries = tries
        self._clock = clock
        self._deviations = deviations

    async def ask(self, inquiry: RequestContext) -> Agreement | None:
        """What the sources agree on; None where none answered.

        Raises:
            AllProvidersFailed: they answered, and no majority of them agrees.
        """
        rule = inquiry.row.consensus
        assert rule is not None
        size = self._registry.env.settings.consensus_sources
        # A panel is for judging sources that work: what is offline is probed by others.
        route = (
            step
            for step in self._router.route(
                inquiry.row.name, inquiry.query, inquiry.ask, inquiry.passed
            )
            if not step.probe
        )
        held: list[_Held] = []
        asked = 0
        try:
            while len(held) < size and inquiry.deadline.remaining_s() > 0:
                steps = list(islice(route, size - len(held)))
                if not steps:
                    break
                asked += len(steps)
                held += await self._together(inquiry, steps, rule)
            return self._judged(inquiry, held, rule, asked)
        finally:
            # Those judged were recorded: to release them changes nothing.
            for one in held:
                self._health.release(one.lease)

    async def _together(
        self, inquiry: RequestContext, steps: Sequence[Candidate], rule: Consensus
    ) -> Iterator[_Held]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._one(inquiry, step, rule)) for step in steps]
        return (held for task in tasks if (held := task.result()) is not None)

    async def _one(self, inquiry: RequestContext, step: Candidate, rule: Consensus) -> _Held | None:
        source = self._registry.sources[step.score.name]
        limit_s = self._tries.limit_s(inquiry, step, source)
        lease = self._health.begin(source.name, inquiry.row.name, limit_s)
        if lease is None:
            return None
        begun = self._clock.monotonic()
        try:
            result = await self._runner.ask(source, inquiry.row, inquiry.query, lease, limit_s)
        except (StaleResult, ProviderError, UnknownSymbol) as error:
            self._tries.failed(inquiry, source, error, begun, goes_on=True)
            return None
        self._tries.answered(inquiry, source, result, begun)
        value = getattr(result, rule.field)
        if value is None:
            # It answers, and has nothing to say of what is compared.
            self._health.record(lease, Outcome.SUCCESS, elapsed_s=self._clock.monotonic() - begun)
            return None
        vote = Vote(source.name, result, value, own_time(result))
        return _Held(vote, lease, self._clock.monotonic() - begun)

    def _judged(
        self, inquiry: RequestContext, held: Sequence[_Held], rule: Consensus, asked: int
    ) -> Agreement | None:
        if not held:
            return None
        verdict = judge([one.vote for one in held], rule)
        for one in held:
            self._record(inquiry, one, verdict)
        if not verdict.agreed:
            told = ", ".join(f"{one.vote.source} {one.vote.value:g}" for one in held)
            raise AllProvidersFailed(
                f"sources disagree about {rule.field}: {told}", attempts=inquiry.attempts
            )
        alone = len(verdict.agreed) == 1
        return Agreement(
            verdict.agreed[0].source if alone else PROVIDER,
            merged(verdict, rule),
            verdict.public(rule, asked),
        )

    def _record(self, inquiry: RequestContext, one: _Held, verdict: ConsensusVerdict) -> None:
        """What the answer counts for: those far from the rest fail from the third time on."""
        name = inquiry.row.name
        if one.vote in verdict.outliers:
            assert verdict.value is not None
            error = Implausible(
                f"{one.vote.value:g}, while {len(verdict.agreed)} others say {verdict.value:g}"
            )
            error.outcome = self._deviations.outcome(one.vote.source, name)
            record_error(self._health, one.lease, error, one.elapsed_s)
        elif one.vote in verdict.agreed:
            self._health.record(one.lease, Outcome.SUCCESS, elapsed_s=one.elapsed_s)
        else:
            self._health.record(one.lease, Outcome.NEUTRAL, elapsed_s=one.elapsed_s)
