"""From a question to its answer: the cache, one shared call of the sources, stored answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from coinmux.framework.cache.answer import Answer, FetchResult
from coinmux.framework.cache.kept import LEAST_READ_S
from coinmux.framework.cache.single_flight import SingleFlight
from coinmux.framework.cache.store import is_fresh, may_refresh, may_rescue
from coinmux.framework.clock import Deadline
from coinmux.framework.dispatch.ask_checks import check_request
from coinmux.framework.dispatch.attempt_log import LEAST_S, AttemptLog
from coinmux.framework.dispatch.consensus_round import ConsensusRound
from coinmux.framework.dispatch.cursors import sealed
from coinmux.framework.dispatch.empty_range import nothing_found
from coinmux.framework.dispatch.failover import Failover
from coinmux.framework.dispatch.failure import failure_of
from coinmux.framework.dispatch.held import HeldAnswers
from coinmux.framework.dispatch.inputs import Fetch, Inputs, older_by_ms, sources_of
from coinmux.framework.dispatch.request import RequestContext, key_of
from coinmux.framework.errors import (
    AllProvidersFailed,
    BudgetSpent,
    CoinmuxError,
    DeadlineExceeded,
    NoProviderAvailable,
    UnknownSymbol,
)
from coinmux.framework.models.base import Query
from coinmux.framework.quality.consensus import Deviations
from coinmux.framework.routing.options import CONSENSUS, RequestOptions
from coinmux.framework.routing.router import OVER_SHARE

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping

    from coinmux.framework.cache.kept import KeptAnswers, StoredAnswers
    from coinmux.framework.cache.store import AnswerCache
    from coinmux.framework.clock import Clock
    from coinmux.framework.dispatch.attempt import AttemptRunner
    from coinmux.framework.dispatch.decision_log import DecisionLog, DecisionTrail
    from coinmux.framework.dispatch.request import SourceAnswer
    from coinmux.framework.health.leases import Leases
    from coinmux.framework.health.tracker import HealthTracker
    from coinmux.framework.models.base import Result
    from coinmux.framework.models.capability import Capability
    from coinmux.framework.plugins.extensions.cache_rules import AppliedRule, CacheRules
    from coinmux.framework.quality.jump_check import JumpCheck
    from coinmux.framework.routing.router import Router
    from coinmux.framework.sources.registry import SourceRegistry
    from coinmux.framework.sources.source import Source

#: A shared call ends itself by its deadline; a caller waits this much longer for its error.
_MARGIN_S = 0.05

_ANY = RequestOptions()
#: The provider of an answer that no source was asked for.
NO_SOURCE = "none"

#: Adds to a result before it is stored, within so many seconds.
Finisher = Callable[["Query", "Result", float], Awaitable["Result"]]
#: Receives each answer of a source once it is stored; must be quick and not raise.
StoredListener = Callable[[FetchResult], None]


class Dispatcher:
    """Answers questions; owns the calls in flight.

    Attributes:
        deviations: how often each source was an outlier; live feeds count too.
        finishers: by capability, what is added to the results of sources.
        archived: answers of former runs, where there is an archive.
        shared: answers of other workers, where there are others.
        suggest: what may have been meant by a question about something nobody lists.
        cache_rules: plugins that say how long answers are good; None where there are none.
        check_budget: refuses a caller who may have no source asked; None while no keys are set.
    """

    def __init__(
        self,
        registry: SourceRegistry,
        router: Router,
        health: HealthTracker,
        runner: AttemptRunner,
        cache: AnswerCache,
        decisions: DecisionLog,
        clock: Clock,
        leases: Leases,
        fetch: Fetch,
        rows: Callable[[], Iterable[Capability]],
        *,
        simulated: bool,
    ) -> None:
        self._registry = registry
        self._router = router
        self._health = health
        self._runner = runner
        self._cache = cache
        self._decisions = decisions
        self._clock = clock
        self._leases = leases
        self._fetch_for = fetch
        self._rows = rows
        self._simulated = simulated
        attempts = AttemptLog(registry, decisions, clock)
        self.deviations = deviations = Deviations(clock)
        self._held = HeldAnswers(health, deviations)
        self._failover = Failover(
            registry, router, health, leases, runner, attempts, decisions, self._held,
            self.inputs_of, clock,
        )  # fmt: skip
        self._consensus = ConsensusRound(
            registry, router, health, runner, attempts, deviations, clock
        )
        self._flights: SingleFlight[FetchResult] = SingleFlight()
        self._listeners: tuple[tuple[str | None, StoredListener], ...] = ()
        self.finishers: Mapping[str, Finisher] = {}
        self.archived: StoredAnswers | None = None
        self.shared: KeptAnswers | None = None
        self.suggest: Callable[[Query], list[str]] | None = None
        self.check_budget: Callable[[], None] | None = None
        self.cache_rules: CacheRules | None = None

    @property
    def known(self) -> JumpCheck:
        """The last known figures, of answers and of live feeds."""
        return self._runner.known

    def on_stored(self, listener: StoredListener, capability: str | None = None) -> None:
        """Have `listener` receive each answer of a source from now on.

        Args:
            capability: only answers of this one.
        """
        self._listeners = (*self._listeners, (capability, listener))

    def inputs_of(self, source: Source, ask: RequestOptions) -> Inputs:
        """What a derived source asks other sources with, while it answers one request."""
        return Inputs(source, ask, self._rows(), self._fetch_for)

    async def close(self) -> None:
        """End every call in flight."""
        await self._flights.close()
        await self._runner.close()

    def check(self, row: Capability, query: Query, ask: RequestOptions) -> None:
        """Check that a request can be answered in the way `ask` wants it; see `check_request`."""
        check_request(row, query, ask, self._registry, self._health)

    def peek(self, row: Capability, query: Query, ask: RequestOptions) -> Answer | None:
        """A fresh cached answer, or None; asks no source."""
        cached = self._cache.get(key_of(row, query, ask))
        if cached is not None and is_fresh(cached, self._clock.monotonic(), ask.max_age_s):
            self._cache.hits += 1
            return cached.view("hit")
        return None

    async def answer(
        self,
        row: Capability,
        query: Query,
        ask: RequestOptions,
        request_id: str | None,
        trail: DecisionTrail | None,
    ) -> Answer:
        """The cached answer where it may be served, else what a source answers now.

        Raises:
            InvalidRequest: the request cannot be answered in this way.
            RoutingError: no source answered, and no stored answer may be served instead.
        """
        cache, clock = self._cache, self._clock
        key = key_of(row, query, ask)
        now = clock.monotonic()
        timeout_s = (
            ask.timeout_s
            if ask.timeout_s is not None
            else self._registry.env.settings.request_timeout_s
        )
        deadline = Deadline(clock, now + timeout_s)
        request = RequestContext(key, row, query, ask, deadline, request_id, now, trail)
        cached = cache.get(key)
        if ask.waiting and cached is None:
            cached = self._of_nobody_waiting(row, query, ask)
        if cached is not None:
            if is_fresh(cached, now, ask.max_age_s):
                cache.hits += 1
                self._decisions.decide(request, "answered", cached.provider, "hit")
                return cached.view("hit")
            if ask.max_age_s is None and may_refresh(cached, now, None):
                self._flights.start(key, lambda: self._refresh(key, row, query, ask))
                cache.stale_served += 1
                return self._served(request, cached, "stale")
        cache.misses += 1
        check_request(row, query, ask, self._registry, self._health)
        if (
            type(query).known_empty is not Query.known_empty
            and (empty := query.known_empty(clock.wall_ms())) is not None
        ):
            return self._served(request, self._unasked(request, empty), "miss")
        if self.archived is not None and (found := await self.archived.find(request)) is not None:
            return self._served(request, found, "hit")
        try:
            fetched, joined = await self._join(request)
        except (AllProvidersFailed, NoProviderAvailable, DeadlineExceeded) as error:
            old = await self._old(request, cached)
            if old is None:
                raise
            self._decisions.rescue(request, old, error)
            return self._served(request, old, "stale")
        if joined:
            request.attempts = fetched.attempts
            return self._served(request, fetched, "coalesced")
        if fetched.from_others is not None:
            return self._served(request, fetched, fetched.from_others)
        return fetched.view("miss")

    def _of_nobody_waiting(
        self, row: Capability, query: Query, ask: RequestOptions
    ) -> FetchResult | None:
        """The answer cached for callers, unless it is made by a source that waits for this one."""
        cached = self._cache.get(key_of(row, query, replace(ask, waiting=())))
        if cached is None or not sources_of(cached).isdisjoint(ask.waiting):
            return None
        return cached

    def _unasked(self, request: RequestContext, result: Result) -> FetchResult:
        """An answer that no source need be asked for."""
        now, now_ms = self._clock.monotonic(), self._clock.wall_ms()
        freshness = request.row.freshness_of(request.query, now_ms)
        return FetchResult(
            capability=request.row.name,
            data=result.fitted(request.query, now_ms),
            provider=NO_SOURCE,
            fetched_ms=now_ms,
            fetched_at=now,
            freshness=freshness,
            fresh_s=freshness.fresh_s,
            stale=False,
            simulated=self._simulated,
            elapsed_ms=round((now - request.begun_at) * 1000, 3),
            attempts=request.attempts,
        )

    def _served(self, request: RequestContext, fetched: FetchResult, cache: str) -> Answer:
        """A stored answer, with the decision to serve it recorded."""
        self._decisions.decide(request, "answered", fetched.provider, cache)
        return fetched.view(cache)

    async def _old(self, request: RequestContext, cached: FetchResult | None) -> FetchResult | None:
        """A stored answer to serve because every source failed; None where there is none.

        The cache goes first, then other workers, then the archive.
        """
        if cached is None and self.shared is not None:
            within_s = max(request.deadline.remaining_s(), LEAST_READ_S)
            try:
                async with asyncio.timeout(within_s):
                    cached = await self.shared.find_old(request)
            except TimeoutError:
                cached = None
        if cached is not None and may_rescue(
            cached, self._clock.monotonic(), request.ask.max_age_s
        ):
            self._cache.stale_served += 1
            return cached
        return None if self.archived is None else await self.archived.find_old(request)

    async def _join(self, request: RequestContext) -> tuple[FetchResult, bool]:
        """The result of the call shared by identical requests, and whether another began it.

        A caller that leaves, or shares the failure of a call that another began, has its own
        decision recorded.
        """
        deadline = request.deadline
        left_s = deadline.at - request.begun_at
        fetch = self._fetch_here if self.shared is None else self._fetch_with_others
        while True:
            try:
                return await self._flights.join(
                    request.key,
                    partial(fetch, request),
                    left_s + _MARGIN_S,
                    # What reads the shared store, and what asks several at once, needs a task.
                    apart=self.shared is not None or request.ask.strategy == CONSENSUS,
                )
            except asyncio.CancelledError:
                self._decisions.give_up(request, "caller_left")
                raise
            except TimeoutError:
                self._decisions.give_up(request, DeadlineExceeded.code)
                raise DeadlineExceeded(
                    "the request's deadline passed", attempts=request.attempts
                ) from None
            except CoinmuxError as error:
                # The call had the deadline of the caller that began it; this one may have more.
                left_s = deadline.remaining_s()
                if isinstance(error, DeadlineExceeded) and left_s >= LEAST_S:
                    continue
                # Nor does one consumer's limit concern the others who asked the same.
                if not request.decided and _is_of_one_consumer(error) and left_s >= LEAST_S:
                    continue
                self._decisions.give_up(request, error.code)
                raise

    async def _refresh(
        self, key: Hashable, row: Capability, query: Query, ask: RequestOptions
    ) -> FetchResult:
        # A background refresh has no caller, so it has no decision trail.
        now = self._clock.monotonic()
        deadline = Deadline(self._clock, now + self._registry.env.settings.request_timeout_s)
        request = RequestContext(key, row, query, ask, deadline, None, now)
        return await self._fetch_with_others(request)

    async def _fetch_with_others(self, request: RequestContext) -> FetchResult:
        """The answer of another worker or of a source, stored for everyone."""
        shared = self.shared
        if shared is None:
            return await self._fetch_here(request)
        found = await shared.find(request)
        if found is not None:
            self._cache.put(request.key, found)
            return found
        try:
            fetched = await self._fetch_here(request)
        except BaseException:
            shared.give_up(request)
            raise
        shared.keep(request, fetched)
        return fetched

    async def _fetch_here(self, request: RequestContext) -> FetchResult:
        """What the sources answer, finished and stored.

        Raises:
            RoutingError: no source answered.
        """
        if self.check_budget is not None:
            self._check_budget(request, self.check_budget)
        try:
            if request.ask.strategy == CONSENSUS:
                answered = await self._consensus.ask(request)
                if answered is not None:
                    self._held.settle(request, answered.result)
            else:
                answered = await self._failover.run(request)
            if answered is None:
                answered = nothing_found(request, self._clock.wall_ms())
            if answered is None:
                raise self._failure(request)
            result = answered.result
            following = result.next_page(request.query)
            if following is not None:
                result = sealed(request.row, request.query, answered, following)
            finish = self.finishers.get(request.row.name)
            if finish is not None:
                result = await finish(request.query, result, request.deadline.remaining_s())
            return self._store(request, answered, result)
        finally:
            # A caller that was cancelled judged nothing: its leases must not stay taken.
            if request.stale:
                self._held.release(request)

    def _check_budget(self, request: RequestContext, check: Callable[[], None]) -> None:
        try:
            check()
        except BudgetSpent as error:
            self._decisions.decide(request, error.code, None)
            raise

    def _store(
        self, request: RequestContext, answered: SourceAnswer, result: Result
    ) -> FetchResult:
        clock = self._clock
        now, now_ms = clock.monotonic(), clock.wall_ms()
        older_ms = 0
        if request.is_derived:
            # An answer made of others is as old as the oldest of them.
            older_ms = older_by_ms(request.attempts, answered.provider, now_ms)
        row = request.row
        freshness = row.freshness
        if row.freshness_for is not None:
            freshness = row.freshness_for(request.query, now_ms)
        rule = None
        if self.cache_rules is not None:
            rule = self.cache_rules.rule(row, request.query, freshness)
            if rule is not None:
                freshness = rule.freshness
        fetched = FetchResult(
            capability=row.name,
            data=result,
            provider=answered.provider,
            fetched_ms=now_ms - older_ms,
            fetched_at=now - older_ms / 1000,
            freshness=freshness,
            fresh_s=self._cache.jittered(freshness.fresh_s),
            stale=answered.stale,
            simulated=self._simulated,
            elapsed_ms=round((now - request.begun_at) * 1000, 3),
            attempts=request.attempts,
            consensus=answered.consensus,
            rule=rule,
        )
        self._cache.put(request.key, fetched)
        if request.ask.waiting:
            # Callers are given it too: it is as good as what they would have been told.
            self._cache.put(key_of(row, request.query, replace(request.ask, waiting=())), fetched)
        self._decisions.decide(request, "answered", fetched.provider, elapsed_ms=fetched.elapsed_ms)
        for capability, listener in self._listeners:
            if capability is None or capability == row.name:
                listener(fetched)
        return fetched

    def rule_for(self, row: Capability, query: Query) -> AppliedRule | None:
        """By which plugin's rule an answer to `query` would be kept; None for the usual time."""
        if self.cache_rules is None:
            return None
        usual = row.freshness_of(query, self._clock.wall_ms())
        return self.cache_rules.rule(row, query, usual)

    def keep_live(self, row: Capability, query: Query, provider: str, data: Result) -> None:
        """Store what a live feed told, as an answer of its source to whoever asks for it next."""
        clock = self._clock
        now_ms = clock.wall_ms()
        freshness = row.freshness_of(query, now_ms)
        fetched = FetchResult(
            capability=row.name,
            data=data,
            provider=provider,
            fetched_ms=now_ms,
            fetched_at=clock.monotonic(),
            freshness=freshness,
            fresh_s=self._cache.jittered(freshness.fresh_s),
            stale=False,
            simulated=self._simulated,
            elapsed_ms=0.0,
            attempts=[],
        )
        for ask in (_ANY, RequestOptions(provider=provider)):
            self._cache.put(key_of(row, query, ask), fetched)
        for capability, listener in self._listeners:
            if capability is None or capability == row.name:
                listener(fetched)

    def _failure(self, request: RequestContext) -> CoinmuxError:
        """The error that says why no source answered, with the decision recorded."""
        now = self._clock.monotonic()
        name = request.row.name
        serving = [s for s in self._registry.sources.values() if name in s.fetch]
        refusals = self._router.refusals(name, request.query, request.ask)
        failure = failure_of(request, refusals, serving, now)
        if isinstance(failure, UnknownSymbol) and self.suggest is not None:
            meant = self.suggest(request.query)
            if meant:
                failure.extra["did_you_mean"] = meant
        elapsed_ms = round((now - request.begun_at) * 1000, 3)
        self._decisions.decide(request, failure.code, None, elapsed_ms=elapsed_ms)
        return failure


def _is_of_one_consumer(error: CoinmuxError) -> bool:
    """Whether no source answered because of who asked."""
    if isinstance(error, NoProviderAvailable):
        return any(one["reason"] == OVER_SHARE for one in error.candidates)
    return isinstance(error, BudgetSpent)
