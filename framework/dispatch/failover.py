"""Candidate after candidate, until one source answers or nothing is left to try."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from coinmux.framework.dispatch.attempt import StaleResult
from coinmux.framework.dispatch.attempt_log import LEAST_S, limit_of
from coinmux.framework.dispatch.request import SourceAnswer
from coinmux.framework.errors import NotOffered, ProviderBusy, ProviderError, UnknownSymbol
from coinmux.framework.health.classify import FAIR_S
from coinmux.framework.limits.retry_budget import AlternativeBudget
from coinmux.framework.routing.candidates import Candidate
from coinmux.framework.routing.hedging import Hedger

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from coinmux.framework.clock import Clock
    from coinmux.framework.dispatch.attempt import AttemptRunner
    from coinmux.framework.dispatch.attempt_log import AttemptLog
    from coinmux.framework.dispatch.decision_log import DecisionLog
    from coinmux.framework.dispatch.held import HeldAnswers
    from coinmux.framework.dispatch.inputs import Inputs
    from coinmux.framework.dispatch.request import RequestContext
    from coinmux.framework.health.leases import Leases
    from coinmux.framework.health.tracker import HealthTracker
    from coinmux.framework.models.base import Result
    from coinmux.framework.routing.candidates import Upcoming
    from coinmux.framework.routing.options import RequestOptions
    from coinmux.framework.routing.router import Router
    from coinmux.framework.sources.registry import SourceRegistry
    from coinmux.framework.sources.source import Source

#: The first alternative of a request is free. Later ones take from a budget, and a request waits
#: for the budget for a second at most.
_FREE_FAILURES = 2
#: While another source is left, an attempt gets this share of the time, or what is fair where that
#: is hardly more.
_SHARE = 0.6
_FAIR_SHARE = 0.7
#: How often a source is looked at whose calls are running, all that may.
_BUSY_LOOK_S = 0.1
_BUSY_LOOKS = 40
#: How often one is asked again that was busy, and is not when this is known.
_FREED_TRIES = 3
#: Outcomes that are answers to the question, and no failures.
_NO_FAILURES = frozenset({UnknownSymbol.code, NotOffered.code})
_BUDGET_LOOK_S = 0.05
_BUDGET_LOOKS = 20


class Failover:
    """Tries the candidates of a request in their order; owns the budgets for extra calls."""

    def __init__(
        self,
        registry: SourceRegistry,
        router: Router,
        health: HealthTracker,
        leases: Leases,
        runner: AttemptRunner,
        attempts: AttemptLog,
        decisions: DecisionLog,
        held: HeldAnswers,
        inputs: Callable[[Source, RequestOptions], Inputs],
        clock: Clock,
    ) -> None:
        self._registry = registry
        self._router = router
        self._health = health
        self._leases = leases
        self._runner = runner
        self._attempts = attempts
        self._decisions = decisions
        self._held = held
        self._inputs = inputs
        self._clock = clock
        self._alternatives = AlternativeBudget(clock)
        self._hedger = Hedger(health)

    async def run(self, request: RequestContext) -> SourceAnswer | None:
        """What the first source that can answers, else the best held answer, else None."""
        registry, ask = self._registry, request.ask
        settings = registry.env.settings
        most = settings.max_attempts
        upcoming = self._router.route(request.row.name, request.query, ask, request.passed)
        request.advised = upcoming.advised
        self._alternatives.asked(request.begun_at)
        hedges = settings.hedge and ask.provider is None
        if hedges:
            self._hedger.asked()
        while request.failures < most:
            if request.failures == most - 1 and most > 1:
                # The last attempt goes to a source with a key, if there is one: behind a dozen
                # keyless sources that fail together it would never be asked.
                upcoming.prefer(self._has_key)
            if request.attempts and (upcoming.peek() is None or not await self._may_go_on(request)):
                break
            step = upcoming.take()
            if step is None:
                break
            source = registry.sources.get(step.score.name)
            if source is None:
                continue  # its plugin was retired since the request began
            if source.is_metered and self._is_spared(request, step):
                continue
            delay_s = self._hedger.delay_s(step) if hedges else None
            if delay_s is None:
                found = await self._try(request, step, source, upcoming)
            else:
                found = await self._hedged(request, step, source, upcoming, delay_s)
            if found is not None:
                source, result = found
                if request.stale:
                    self._held.settle(request, result)
                return SourceAnswer(source.name, result)
        return self._held.best(request)

    def _is_spared(self, request: RequestContext, step: Candidate) -> bool:
        """Whether a metered source is spared by what others said since it was judged."""
        if request.ask.provider is not None:
            return False
        refusal = self._router.thrift(request.row.name, request.query)
        if refusal is None:
            return False
        request.passed.append(Candidate(step.score, refusal))
        return True

    async def _try(
        self, request: RequestContext, step: Candidate, source: Source, upcoming: Upcoming
    ) -> tuple[Source, Result] | None:
        """One source's answer; None where it gave none, which is recorded.

        A busy source that alone may answer is waited for, as long as the request has time.
        """
        row, freed = request.row, 0
        while True:
            if step.busy is not None and self._is_alone(request, upcoming):
                await self._until_free(request, source)
            begun = self._clock.monotonic()
            limit_s = self._limit_s(request, step, source, upcoming, begun)
            lease = self._health.begin(source.name, row.name, limit_s)
            if lease is not None and lease.probe:
                lease = await self._leases.confirmed(lease, limit_s)
                begun = self._clock.monotonic()
            if lease is None:
                return None
            inputs = None
            if source.info.asks:
                inputs = self._inputs(source, request.ask)
                request.is_derived = True
            try:
                result = await self._runner.run(
                    source, row, request.query, lease, limit_s, inputs=inputs
                )
            except (StaleResult, ProviderError, UnknownSymbol) as error:
                if isinstance(error, ProviderBusy) and self._may_wait(request, source, upcoming):
                    # Others took the permit first.
                    if source.busy() is not None:
                        step.busy = error.detail
                        continue
                    # They gave it back before this was known: where a process stands still for a
                    # moment, all that waited are refused, and nobody is asked.
                    freed += 1
                    if freed <= _FREED_TRIES:
                        continue
                goes_on = upcoming.peek() is not None
                self._attempts.failed(request, source, error, begun, goes_on=goes_on, inputs=inputs)
                return None
            self._attempts.answered(request, source, result, begun, inputs)
            return source, result

    def _limit_s(
        self,
        request: RequestContext,
        step: Candidate,
        source: Source,
        upcoming: Upcoming,
        now: float,
    ) -> float:
        """Seconds the attempt may take: while another source is left, not all that is left.

        A source that hangs must leave the next one time to answer, whatever deadline the caller
        gave.
        """
        left_s = max(request.deadline.at - now, 0.0)
        limit_s = min(left_s, source.timeout_s)
        if step.probe:  # which has a limit of its own
            limit_s = limit_of(request, step, source, now)
        share_s = max(left_s * _SHARE, LEAST_S)
        if limit_s <= share_s or request.ask.provider is not None or upcoming.peek() is None:
            return limit_s
        # What is fair to the source shows whether it hangs.
        return max(share_s, FAIR_S) if left_s * _FAIR_SHARE >= FAIR_S else share_s

    def _is_alone(self, request: RequestContext, upcoming: Upcoming) -> bool:
        """Whether no other source can answer a caller who waits."""
        return not request.ask.background and (
            request.ask.provider is not None or upcoming.peek() is None
        )

    def _may_wait(self, request: RequestContext, source: Source, upcoming: Upcoming) -> bool:
        """Whether the source, at our own limit for it now or a moment ago, may be free in time."""
        return (
            self._is_alone(request, upcoming)
            and request.waits < _BUSY_LOOKS
            and source.gate.free_in_s() + LEAST_S < request.deadline.remaining_s()
        )

    async def _until_free(self, request: RequestContext, source: Source) -> None:
        """Wait for a permit of the source, where one comes in time for an attempt."""
        while source.busy() is not None and request.waits < _BUSY_LOOKS:
            wait_s = source.gate.free_in_s()
            if wait_s + LEAST_S >= request.deadline.remaining_s():
                return
            request.waits += 1
            await asyncio.sleep(max(wait_s, _BUSY_LOOK_S))

    async def _hedged(
        self,
        request: RequestContext,
        step: Candidate,
        source: Source,
        upcoming: Upcoming,
        delay_s: float,
    ) -> tuple[Source, Result] | None:
        """As `_try`, with a second source asked once the first is slower than it ever is."""
        begun = self._clock.monotonic()
        asked = [step]

        def begin_second() -> Awaitable[tuple[Source, Result] | None] | None:
            other = self._hedger.second(upcoming)
            if other is None:
                return None
            asked.append(other)
            second = self._registry.sources.get(other.score.name)
            if second is None:
                return None  # its plugin was retired since the request began
            return self._try(request, other, second, upcoming)

        first = self._try(request, step, source, upcoming)
        found = await self._hedger.race(first, delay_s, begin_second)
        if found is not None and len(asked) > 1:
            names = {line["provider"] for line in request.attempts}
            for one in asked:
                if one.score.name not in names:
                    beaten = self._registry.sources.get(one.score.name)
                    if beaten is not None:
                        self._attempts.beaten(request, beaten, found[0], begun)
        return found

    async def _may_go_on(self, request: RequestContext) -> bool:
        """Whether one more source may be tried: within the deadline, and within the budget.

        Failures of sources that are offline by now do not count: a request that came a moment
        later would not have asked them.
        """
        for _ in range(_BUDGET_LOOKS):
            if request.deadline.remaining_s() < LEAST_S:
                request.out_of_time = True
                return False
            if self._failures_that_count(request) < _FREE_FAILURES or self._alternatives.take():
                return True
            await asyncio.sleep(_BUDGET_LOOK_S)
        self._decisions.out_of_budget(request)
        return False

    def _failures_that_count(self, request: RequestContext) -> int:
        name = request.row.name
        return sum(
            line["outcome"] == "failed"
            and line["code"] not in _NO_FAILURES
            and self._health.standing(line["provider"], name).eligible
            for line in request.attempts
        )

    def _has_key(self, step: Candidate) -> bool:
        source = self._registry.sources.get(step.score.name)
        return source is not None and source.bound.has_key
