"""From a question to its answer: cache, shared call, candidate after candidate, rescue."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from coinmux.framework.cache.answer import Answer, FetchResult
from coinmux.framework.cache.single_flight import SingleFlight
from coinmux.framework.cache.store import is_fresh, may_refresh, may_rescue
from coinmux.framework.clock import Deadline
from coinmux.framework.dispatch.attempt import DoubtfulResult, StaleResult
from coinmux.framework.dispatch.attempt_log import LEAST_S, AttemptLog
from coinmux.framework.dispatch.consensus_round import ConsensusRound
from coinmux.framework.dispatch.decision_log import TRAIL
from coinmux.framework.dispatch.failure import failure_of
from coinmux.framework.dispatch.request import RequestContext, key_of
from coinmux.framework.errors import (
    AllProvidersFailed,
    CoinmuxError,
    DeadlineExceeded,
    FeatureDisabled,
    Implausible,
    InvalidRequest,
    NoProviderAvailable,
    Outcome,
    ProviderError,
    Stale,
    UnknownSymbol,
)
from coinmux.framework.health.classify import record_error
from coinmux.framework.health.tracker import State
from coinmux.framework.limits.retry_budget import AlternativeBudget
from coinmux.framework.models.capability import freshness_of
from coinmux.framework.quality.consensus import Deviations
from coinmux.framework.quality.jump_check import figure_of
from coinmux.framework.routing.hedging import Hedger
from coinmux.framework.routing.options import CONSENSUS, Upcoming
from coinmux.framework.sources.source import Refusal

if TYPE_CHECKING:
    from coinmux.framework.cache.store import AnswerCache
    from coinmux.framework.clock import Clock
    from coinmux.framework.cluster.cluster import Cluster
    from coinmux.framework.dispatch.attempt import AttemptRunner
    from coinmux.framework.dispatch.decision_log import DecisionLog
    from coinmux.framework.health.leases import Leases
    from coinmux.framework.health.tracker import HealthTracker
    from coinmux.framework.models.base import Query, Result
    from coinmux.framework.models.capability import Capability
    from coinmux.framework.routing.options import Candidate, RequestOptions
    from coinmux.framework.routing.router import Router
    from coinmux.framework.sources.registry import SourceRegistry
    from coinmux.framework.sources.source import Source

#: The first alternative of a request is free; later ones have a budget, and wait for it a second.
_FREE_FAILURES = 2
_BUDGET_LOOK_S = 0.05
_BUDGET_LOOKS = 20
#: Who answers from what was kept over a restart.
ARCHIVE = "archive"
#: What is kept elsewhere is looked for even where the deadline is over, and never long: all such
#: looks together stay within the quarter of a second that an answer may be late.
_RECALL_S, _RECALL_MOST_S = 0.08, 2.0
#: A shared call ends itself by its deadline; an asker waits this much longer to hear how.
_MARGIN_S = 0.05


#: Told of each answer that is kept: the source, the question and the result.
Kept = Callable[[str, "Query", "Result"], None]
#: What is kept of a question from before, within so many seconds: the result, who told it, and
#: whether that is all that was asked.
Recall = Callable[["Query", float], Awaitable["tuple[Result, tuple[str, ...], bool] | None"]]
#: What is added to a result before it is kept, within so many seconds.
Finish = Callable[["Query", "Result", float], Awaitable["Result"]]


class Dispatcher:
    """Answers questions; owns the calls in flight.

    Args:
        finish, kept, recall: see `Finish`, `Kept` and `Recall`.
    """

    def __init__(
        self,
        registry: SourceRegistry,
        router: Router,
        health: HealthTracker,
        runner: AttemptRunner,
        cache: AnswerCache,
        journal: DecisionLog,
        clock: Clock,
        leases: Leases,
        *,
        simulated: bool,
        finish: Finish | None = None,
        kept: Kept | None = None,
        recall: Recall | None = None,
    ) -> None:
        self._registry = registry
        self._router = router
        self._health = health
        self._runner = runner
        self._cache = cache
        self._journal = journal
        self._clock = clock
        self._leases = leases
        self._simulated = simulated
        self._finish = finish
        self._on_kept = kept
        self._recall = recall
        self._tries = AttemptLog(registry, journal, clock)
        self._alternatives = AlternativeBudget(clock)
        self._hedger = Hedger(health)
        self._deviations = Deviations(clock)
        self._panel = ConsensusRound(
            registry, router, health, runner, self._tries, self._deviations, clock
        )
        self._shared: SingleFlight[FetchResult] = SingleFlight()
        #: What other workers know, where there are others.
        self.state: Cluster | None = None

    async def close(self) -> None:
        """End every call in flight."""
        await self._shared.close()
        await self._runner.close()

    def peek(self, row: Capability, query: Query, ask: RequestOptions) -> Answer | None:
        """A fresh kept answer, or None; asks nobody."""
        kept = self._cache.get(key_of(row, query, ask))
        if kept is not None and is_fresh(kept, self._clock.monotonic(), ask.max_age_s):
            self._cache.hits += 1
            return kept.view("hit")
        return None

    async def answer(
        self, row: Capability, query: Query, ask: RequestOptions, request_id: str | None
    ) -> Answer:
        """The kept answer where it may be served, else what a source answers now."""
        cache, clock = self._cache, self._clock
        key = key_of(row, query, ask)
        now = clock.monotonic()
        timeout_s = (
            ask.timeout_s
            if ask.timeout_s is not None
            else self._registry.env.settings.request_timeout_s
        )
        inquiry = RequestContext(row, query, ask, Deadline(clock, now + timeout_s), request_id, now)
        kept = cache.get(key)
        if kept is not None:
            if is_fresh(kept, now, ask.max_age_s):
                cache.hits += 1
                self._journal.decide(inquiry, "answered", kept.provider, "hit")
                return kept.view("hit")
            if may_refresh(kept, now, ask.max_age_s):
                self._shared.start(key, lambda: self._refresh(row, query, ask))
                cache.stale_served += 1
                self._journal.decide(inquiry, "answered", kept.provider, "stale")
                return kept.view("stale")
        cache.misses += 1
        self.check_ask(row, ask)
        past = await self._from_the_past(inquiry, whole=True)
        if past is not None:
            self._journal.decide(inquiry, "answered", past.provider, "hit")
            return past.view("hit")
        try:
            fetched, joined = await self._join_told(inquiry)
        except (AllProvidersFailed, NoProviderAvailable, DeadlineExceeded) as error:
            if kept is None and self.state is not None:
                kept = await self._old_of_others(inquiry, self.state)
            if kept is None or not may_rescue(kept, clock.monotonic(), ask.max_age_s):
                past = await self._from_the_past(inquiry, whole=False)
                if past is None:
                    raise
                self._journal.rescue(inquiry, past, error)
                self._journal.decide(inquiry, "answered", past.provider, "stale")
                return past.view("stale")
            cache.stale_served += 1
            self._journal.rescue(inquiry, kept, error)
            self._journal.decide(inquiry, "answered", kept.provider, "stale")
            return kept.view("stale")
        if joined:
            inquiry.attempts = fetched.attempts
            self._journal.decide(inquiry, "answered", fetched.provider, "coalesced")
            return fetched.view("coalesced")
        if fetched.from_others is not None:
            self._journal.decide(inquiry, "answered", fetched.provider, fetched.from_others)
            return fetched.view(fetched.from_others)
        return fetched.view("miss")

    async def _old_of_others(self, inquiry: RequestContext, state: Cluster) -> FetchResult | None:
        """Whatever other workers have of the question, in what is left of its time."""
        try:
            async with asyncio.timeout(max(inquiry.deadline.remaining_s(), _RECALL_S)):
                return await state.answers.find_old(inquiry)
        except TimeoutError:
            return None

    async def _from_the_past(self, inquiry: RequestContext, *, whole: bool) -> FetchResult | None:
        """What the archive has of the question.

        Args:
            whole: it is wanted only if it is all that was asked, and over for good; else anything
                does, as nobody answers.
        """
        ask = inquiry.ask
        if self._recall is None or ask.max_age_s == 0:
            return None
        if whole and getattr(inquiry.query, "end", None) is None:
            return None
        within_s = max(inquiry.deadline.remaining_s(), _RECALL_S)
        found = await self._recall(inquiry.query, min(within_s, _RECALL_MOST_S))
        if found is None:
            return None
        result, providers, is_whole = found
        if (whole and not is_whole) or (ask.provider is not None and providers != (ask.provider,)):
            return None
        note = f"from the archive, as told by {', '.join(providers)}"
        return self._made(
            inquiry, ARCHIVE, result.model_copy(update={"notes": (note,)}), stale=not is_whole
        )

    async def _join_told(self, inquiry: RequestContext) -> tuple[FetchResult, bool]:
        """As `_join`, with the end noted of whoever leaves or shares the failure of another."""
        try:
            return await self._join(inquiry)
        except asyncio.CancelledError:
            self._journal.give_up(inquiry, "caller_left")
            raise
        except CoinmuxError as error:
            self._journal.give_up(inquiry, error.code)
            raise

    async def _join(self, inquiry: RequestContext) -> tuple[FetchResult, bool]:
        """The shared call's result; begun anew when it ended with its first asker's deadline."""
        deadline = inquiry.deadline
        while True:
            try:
                return await self._shared.join(
                    inquiry.key, lambda: self._fetch(inquiry), deadline.remaining_s() + _MARGIN_S
                )
            except TimeoutError:
                raise DeadlineExceeded(
                    "the request's deadline passed", attempts=inquiry.attempts
                ) from None
            except DeadlineExceeded:
                if deadline.remaining_s() < LEAST_S:
                    raise

    async def _refresh(self, row: Capability, query: Query, ask: RequestOptions) -> FetchResult:
        # It runs on nobody's behalf: who was served the kept answer is gone by then.
        TRAIL.set(None)
        clock = self._clock
        deadline = Deadline.after(clock, self._registry.env.settings.request_timeout_s)
        return await self._fetch(RequestContext(row, query, ask, deadline, None, clock.monotonic()))

    async def _fetch(self, inquiry: RequestContext) -> FetchResult:
        """Try candidate after candidate until one answers; keep and return the answer."""
        shared = None if self.state is None else self.state.answers
        if shared is not None:
            found = await shared.find(inquiry)
            if found is not None:
                self._cache.put(inquiry.key, found)
                return found
        try:
            fetched = await self._fetch_here(inquiry)
        except BaseException:
            if shared is not None:
                shared.give_up(inquiry)
            raise
        if shared is not None:
            shared.keep(inquiry, fetched)
        return fetched

    async def _fetch_here(self, inquiry: RequestContext) -> FetchResult:
        try:
            if inquiry.ask.strategy == CONSENSUS:
                return await self._agree(inquiry)
            return await self._walk(inquiry)
        finally:
            # Of callers who left in between: what was not judged is as if it had not been asked.
            for held in inquiry.stale:
                self._health.release(held.lease)

    async def _agree(self, inquiry: RequestContext) -> FetchResult:
        """What several sources agree on.

        Raises:
            AllProvidersFailed: no majority of them does, or none answered.
        """
        agreement = await self._panel.ask(inquiry)
        if agreement is None:
            raise self._failed(inquiry)
        for held in inquiry.stale:
            self._settle(inquiry, held, agreement.result)
        return self._keep(inquiry, agreement.provider, agreement.result, consensus=agreement.public)

    async def _walk(self, inquiry: RequestContext) -> FetchResult:
        row = inquiry.row
        settings = self._registry.env.settings
        most = settings.max_attempts
        upcoming = Upcoming(
            self._router.route(row.name, inquiry.query, inquiry.ask, inquiry.passed)
        )
        self._alternatives.asked()
        self._hedger.asked()
        while inquiry.failures < most and upcoming.peek() is not None:
            if inquiry.failures == most - 1 and most > 1:
                # Whoever set a key counts on it; behind a dozen keyless sources that fail together
                # its turn would not come.
                upcoming.prefer(self._has_key)
            if not await self._may_go_on(inquiry):
                break
            step = upcoming.take()
            assert step is not None
            delay_s = None
            if settings.hedge and inquiry.ask.provider is None:
                delay_s = self._hedger.delay_s(step)
            if delay_s is None:
                found = await self._try(inquiry, step, upcoming)
            else:
                found = await self._hedged(inquiry, step, upcoming, delay_s)
            if found is None:
                continue
            source, result = found
            for held in inquiry.stale:
                self._settle(inquiry, held, result)
            if self._finish is not None:
                left_s = inquiry.deadline.remaining_s()
                result = await self._finish(inquiry.query, result, left_s)
            return self._keep(inquiry, source.name, result)
        if not inquiry.stale:
            raise self._failed(inquiry)
        for held in inquiry.stale:
            self._health.record(
                held.lease, Outcome.NEUTRAL, elapsed_s=held.elapsed_s, code=held.code
            )
        doubted = next((one for one in inquiry.stale if isinstance(one, DoubtfulResult)), None)
        if doubted is None:
            oldest = inquiry.stale[0]
            return self._keep(inquiry, oldest.source, oldest.result, stale=True)
        note = f"doubted: {doubted.detail}; no other source could be heard"
        result = doubted.result.model_copy(update={"notes": (*doubted.result.notes, note)})
        return self._keep(inquiry, doubted.source, result)

    async def _try(
        self, inquiry: RequestContext, step: Candidate, upcoming: Upcoming
    ) -> tuple[Source, Result] | None:
        """One source's answer; None where it gave none, which is taken down."""
        row = inquiry.row
        source = self._registry.sources[step.score.name]
        limit_s = self._tries.limit_s(inquiry, step, source)
        lease = await self._leases.begin(source.name, row.name, limit_s)
        if lease is None:
            return None
        begun = self._clock.monotonic()
        try:
            result = await self._runner.run(source, row, inquiry.query, lease, limit_s)
        except (StaleResult, ProviderError, UnknownSymbol) as error:
            goes_on = upcoming.peek() is not None
            self._tries.failed(inquiry, source, error, begun, goes_on=goes_on)
            return None
        self._tries.answered(inquiry, source, result, begun)
        return source, result

    async def _hedged(
        self, inquiry: RequestContext, step: Candidate, upcoming: Upcoming, delay_s: float
    ) -> tuple[Source, Result] | None:
        """As `_try`, with a second source asked once the first is slower than it ever is."""
        begun = self._clock.monotonic()
        asked = [step]

        def begin_second() -> Awaitable[tuple[Source, Result] | None] | None:
            other = self._hedger.second(upcoming)
            if other is None:
                return None
            asked.append(other)
            return self._try(inquiry, other, upcoming)

        found = await self._hedger.race(self._try(inquiry, step, upcoming), delay_s, begin_second)
        if found is not None and len(asked) > 1:
            names = {line["provider"] for line in inquiry.attempts}
            for one in asked:
                if one.score.name not in names:
                    source = self._registry.sources[one.score.name]
                    self._tries.beaten(inquiry, source, found[0], begun)
        return found

    async def _may_go_on(self, inquiry: RequestContext) -> bool:
        """Whether one more source may be tried: for time, and for the budget of alternatives.

        Failures of sources that are offline by now do not count: who came a moment later would
        not have asked them.
        """
        if not inquiry.attempts:
            return True
        for _ in range(_BUDGET_LOOKS):
            if inquiry.deadline.remaining_s() < LEAST_S:
                inquiry.out_of_time = True
                return False
            if self._failures_that_count(inquiry) < _FREE_FAILURES or self._alternatives.take():
                return True
            await asyncio.sleep(_BUDGET_LOOK_S)
        self._journal.out_of_budget(inquiry)
        return False

    def _failures_that_count(self, inquiry: RequestContext) -> int:
        name = inquiry.row.name
        return sum(
            line["outcome"] == "failed"
            and line["code"] != UnknownSymbol.code
            and self._health.standing(line["provider"], name).eligible
            for line in inquiry.attempts
        )

    def _has_key(self, step: Candidate) -> bool:
        return self._registry.sources[step.score.name].bound.has_key

    def _keep(
        self,
        inquiry: RequestContext,
        provider: str,
        result: Result,
        *,
        stale: bool = False,
        consensus: dict[str, Any] | None = None,
    ) -> FetchResult:
        fetched = self._made(inquiry, provider, result, stale=stale, consensus=consensus)
        self._cache.put(inquiry.key, fetched)
        self._journal.decide(inquiry, "answered", provider, elapsed_ms=fetched.elapsed_ms)
        if self._on_kept is not None and not stale:
            self._on_kept(provider, inquiry.query, result)
        return fetched

    def _made(
        self,
        inquiry: RequestContext,
        provider: str,
        result: Result,
        *,
        stale: bool = False,
        consensus: dict[str, Any] | None = None,
    ) -> FetchResult:
        clock = self._clock
        now, now_ms = clock.monotonic(), clock.wall_ms()
        freshness = freshness_of(inquiry.row, inquiry.query, now_ms)
        return FetchResult(
            capability=inquiry.row.name,
            data=result,
            provider=provider,
            fetched_ms=now_ms,
            fetched_at=now,
            freshness=freshness,
            fresh_s=self._cache.jittered(freshness.fresh_s),
            stale=stale,
            simulated=self._simulated,
            elapsed_ms=round((now - inquiry.begun_at) * 1000, 3),
            attempts=inquiry.attempts,
            consensus=consensus,
        )

    def _failed(self, inquiry: RequestContext) -> Exception:
        now = self._clock.monotonic()
        name = inquiry.row.name
        serving = [s for s in self._registry.sources.values() if name in s.fetch]
        refusals = self._router.refusals(name, inquiry.query, inquiry.ask)
        failure = failure_of(inquiry, refusals, serving, now)
        elapsed_ms = round((now - inquiry.begun_at) * 1000, 3)
        self._journal.decide(inquiry, failure.code, None, elapsed_ms=elapsed_ms)
        return failure

    def _settle(self, inquiry: RequestContext, held: StaleResult, answer: Result) -> None:
        """What a held answer counts for, now that another source was heard.

        Stale is a failure, as somebody was fresher (`faults.md` E4); a doubted one is right where
        the other tells the same, and otherwise an outlier (E5, E9).
        """
        if not isinstance(held, DoubtfulResult):
            record_error(self._health, held.lease, Stale(held.detail), held.elapsed_s)
            return
        told = figure_of(inquiry.row, inquiry.query, held.result)
        other = figure_of(inquiry.row, inquiry.query, answer)
        assert told is not None
        if other is not None and told.rule.agrees(told.value, other.value):
            self._health.record(held.lease, Outcome.SUCCESS, elapsed_s=held.elapsed_s)
            return
        by_other = "nothing" if other is None else f"{other.value:g}"
        error = Implausible(f"{held.detail}; {by_other} by another source")
        error.outcome = self._deviations.outcome(held.source, inquiry.row.name)
        record_error(self._health, held.lease, error, held.elapsed_s)

    def check_ask(self, row: Capability, ask: RequestOptions) -> None:
        """A pinned provider must exist, offer the capability and be on; and what sources are to
        agree on must be something they can agree on.

        A provider that is gone offers nothing: of it, why it is gone is told.
        """
        if ask.strategy == CONSENSUS:
            _check_consensus(row, ask)
        if ask.provider is None:
            return
        source = self._registry.source(ask.provider)
        refusal = source.disabled()
        if source.info.retired is not None and refusal is not None:
            raise FeatureDisabled(f"{source.name} is off: {refusal.detail}", reason=refusal.code)
        if row.name not in source.fetch:
            known = [s.name for s in self._registry.sources.values() if row.name in s.fetch]
            message = f"does not offer {row.name}"
            raise InvalidRequest(
                f"{source.name} {message}",
                errors=[{"name": "provider", "message": message, "known": known}],
            )
        standing = self._health.standing(source.name, row.name)
        if refusal is None and standing.state is State.DISABLED and not standing.probe:
            refusal = Refusal(standing.detail or "key_refused", "its key was refused")
        if refusal is not None:
            raise FeatureDisabled(
                f"{source.name} is off: {refusal.detail}",
                reason=refusal.code,
                missing=source.feature.missing,
            )

    async def probe(self, source: Source, row: Capability, query: Query) -> bool:
        """Ask one source one question merely to learn whether it answers; the answer is dropped.

        Returns:
            Whether it was asked.

        Raises:
            ProviderError, UnknownSymbol: as it ended; its outcome is recorded already.
        """
        lease = await self._leases.begin(source.name, row.name, source.timeout_s)
        if lease is None:
            return False
        begun = self._clock.monotonic()
        code = detail = None
        try:
            await self._runner.run(source, row, query, lease, source.timeout_s)
        except StaleResult as held:
            # It answers; that its data is old shows where there is something to compare it with.
            self._health.record(held.lease, Outcome.SUCCESS, elapsed_s=held.elapsed_s)
        except (ProviderError, UnknownSymbol) as error:
            code, detail = error.code, error.detail
            raise
        finally:
            elapsed_ms = round((self._clock.monotonic() - begun) * 1000, 3)
            self._journal.attempt(
                row, query, source.name, "probe", elapsed_ms, code=code, detail=detail
            )
        return True


def _check_consensus(row: Capability, ask: RequestOptions) -> None:
    message = None
    if row.consensus is None:
        message = f"has no consensus for {row.name}"
    elif ask.provider is not None:
        message = "consensus asks several providers, and one is pinned"
    if message is not None:
        raise InvalidRequest(
            f"strategy {message}", errors=[{"name": "strategy", "message": message}]
        )
