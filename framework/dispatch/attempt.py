"""One call of one source: its lease, its hook under a deadline, and what the outcome counts for."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from coinmux.framework.clock import Deadline
from coinmux.framework.dispatch.blame import counted, may_be_the_question
from coinmux.framework.dispatch.paging import with_pages
from coinmux.framework.errors import (
    CutShort,
    Implausible,
    LocalClock,
    OtherSubject,
    Outcome,
    PluginError,
    PluginTimeout,
    ProviderError,
    Stale,
    UnknownSymbol,
)
from coinmux.framework.health.classify import quoted, record_error
from coinmux.framework.plugins.hook_runner import HookRunner
from coinmux.framework.plugins.loop_watch import NOTABLE_S, LoopWatch
from coinmux.framework.plugins.raised import failure_of, is_our_cancellation
from coinmux.framework.quality.chain_lag import ChainHeads
from coinmux.framework.quality.clock_watch import ClockWatch
from coinmux.framework.quality.foreign_results import check_foreign
from coinmux.framework.quality.jump_check import JumpCheck
from coinmux.framework.quality.plausibility import check
from coinmux.framework.reference.rows import Damage, collect
from coinmux.framework.sources.channel_health import ChannelHealth
from coinmux.framework.sources.http import HTTP
from coinmux.framework.sources.proven import is_comparable

if TYPE_CHECKING:
    from coinmux.framework.clock import Clock
    from coinmux.framework.dispatch.inputs import Inputs
    from coinmux.framework.events import EventBus
    from coinmux.framework.health.leases import Leases
    from coinmux.framework.health.tracker import HealthTracker, Lease
    from coinmux.framework.models.base import Query, Result
    from coinmux.framework.models.capability import Capability
    from coinmux.framework.sources.source import Source
    from coinmux.framework.transport.client import SafeHTTPClient

#: Of an error's text, after secrets were taken out.
_DETAIL = 300
#: A hook that ends this much after its deadline has blocked the event loop (`faults.md` F5).
_BLOCKED_S = 0.25


#: What a source that was never measured should need, and what any may need.
_USUAL_S = 0.5
_LEAST_USUAL_S = 0.2


class StaleResult(Exception):
    """An answer older than its kind may be: an error only if another source has a fresher one.

    Attributes:
        detail: how old.
        source: the one that gave it.
        lease: recorded once it is known whether the answer is an error.
        is_our_clock: whether the source's own clock says that ours is ahead.
        may_count: whether it may be held against the source at all. Markets of the caller's
            choosing may stand still, or have a price of their own at each source.
    """

    code = Stale.code

    def __init__(
        self, result: Result, detail: str, lease: Lease, elapsed_s: float, *, may_count: bool
    ) -> None:
        super().__init__(detail)
        self.result = result
        self.detail = detail
        self.source = lease.source
        self.lease = lease
        self.elapsed_s = elapsed_s
        self.is_our_clock = False
        self.may_count = may_count


class DoubtfulResult(StaleResult):
    """An answer that contradicts the last known value: doubted until another source confirms it.

    Attributes:
        is_refused: whether it is not served even where no other source can be heard.
    """

    code = Implausible.code
    is_refused = False


class MisplacedResult(StaleResult):
    """An answer about another time than asked, unless no source has an older one."""

    code = Implausible.code


class AttemptRunner:
    """Runs attempts and records their outcomes.

    Args:
        events: is told of hooks that hold up the event loop.
        clocks: whether our own clock is right; one of its own without.

    Attributes:
        known: the last known figures; live feeds are compared with them too.
    """

    def __init__(
        self,
        health: HealthTracker,
        leases: Leases,
        client: SafeHTTPClient,
        clock: Clock,
        events: EventBus | None = None,
        clocks: ClockWatch | None = None,
    ) -> None:
        self._clocks = clocks if clocks is not None else ClockWatch(clock)
        self._health = health
        self._client = client
        self._events = events
        self._clock = clock
        self._desk = ChannelHealth(health, leases, client.redactor, clock)
        self._hooks = HookRunner()
        self._heads = ChainHeads(clock)
        self.known = JumpCheck(clock)

    async def close(self) -> None:
        """Give cancelled hooks that are still running a moment to end."""
        await self._hooks.close()

    async def run(
        self,
        source: Source,
        capability: Capability,
        query: Query,
        lease: Lease,
        limit_s: float,
        *,
        ours: bool = False,
        inputs: Inputs | None = None,
    ) -> Result:
        """The source's answer within `limit_s` seconds, checked; its outcome is recorded.

        Args:
            ours: whether the question is our own and not a caller's, so that every failure counts.
            inputs: asks other sources, for one that is derived from them.

        Raises:
            ProviderError, UnknownSymbol: as it ended.
            StaleResult: an answer that is too old, or doubted; the caller must record its lease.
        """
        started = self._clock.monotonic()
        result = await self.ask(
            source, capability, query, lease, limit_s, ours=ours, inputs=inputs, started=started
        )
        elapsed_s = self._clock.monotonic() - started
        try:
            doubt = self.known.doubt(source.name, capability, query, result)
        except BaseException as error:
            # A plugin's own models say what is compared: what they raise is the plugin's defect.
            failure = PluginError(self._client.redactor.clean(quoted(error))[:_DETAIL])
            record_error(self._health, lease, failure, elapsed_s)
            raise failure from error
        if doubt is not None:
            doubtful = DoubtfulResult(
                result, doubt, lease, elapsed_s, may_count=is_comparable(query)
            )
            doubtful.is_refused = self.known.refuses(source.name, capability, query, result)
            raise doubtful
        self._health.record(lease, Outcome.SUCCESS, elapsed_s=elapsed_s)
        return result

    async def ask(
        self,
        source: Source,
        capability: Capability,
        query: Query,
        lease: Lease,
        limit_s: float,
        *,
        ours: bool = False,
        inputs: Inputs | None = None,
        started: float | None = None,
    ) -> Result:
        """As `run`, but the caller must record the outcome of a good answer.

        Args:
            started: monotonic seconds, where the caller has just read them.
        """
        clock = self._clock
        if started is None:
            started = clock.monotonic()
        watch = LoopWatch()
        try:
            result, misplaced, why_stale = await self._call(
                source, capability, query, started, limit_s, watch, ours=ours, inputs=inputs
            )
        except BaseException as raised:
            # The border around a plugin's call: whatever comes out of it is its own defect.
            caught = _ours(raised, watch)
            if not isinstance(caught, (ProviderError, UnknownSymbol)):
                if (blocked := watch.failure()) is not None:
                    # The caller's time was over because the hook let nothing else run.
                    record_error(self._health, lease, blocked, clock.monotonic() - started)
                # Cancelled: the lease of a probe must be released.
                self._health.release(lease)
                raise
            error = counted(caught, source, capability.name, query, limit_s, lease, ours=ours)
            # What a plugin quotes of a source has not passed the client's redactor.
            error.detail = self._client.redactor.clean(error.detail)[:_DETAIL]
            record_error(self._health, lease, error, clock.monotonic() - started)
            if isinstance(error, CutShort) and self._had_time(source, capability, limit_s):
                self._health.end_early(source.name, capability.name)
            raise error from caught.__cause__ if caught is raised else raised
        finally:
            if watch.longest_s >= NOTABLE_S:
                self._tell_blocked(source, capability, watch)
        if misplaced is not None:
            elapsed = clock.monotonic() - started
            raise MisplacedResult(result, misplaced, lease, elapsed, may_count=False)
        if why_stale is not None:
            elapsed = clock.monotonic() - started
            stale = StaleResult(result, why_stale, lease, elapsed, may_count=is_comparable(query))
            stale.is_our_clock = self._clocks.agrees_with(source.name)
            raise stale
        source.proven.remember(capability.name, query)
        if source.unanswered:
            source.unanswered.pop(capability.name, None)
        return result

    def _tell_blocked(self, source: Source, capability: Capability, watch: LoopWatch) -> None:
        if self._events is not None:
            self._events.publish(
                "plugin",
                f"{source.name}: {capability.hook} {watch.said()}",
                level="warning",
                source=source.name,
            )

    def _had_time(self, source: Source, capability: Capability, limit_s: float) -> bool:
        """Whether an attempt was given twice the time the source usually takes."""
        usual_s = self._health.latency_s(source.name, capability.name)
        return limit_s >= (_USUAL_S if usual_s is None else max(2 * usual_s, _LEAST_USUAL_S))

    async def _call(
        self,
        source: Source,
        capability: Capability,
        query: Query,
        started: float,
        limit_s: float,
        watch: LoopWatch,
        *,
        ours: bool,
        inputs: Inputs | None,
    ) -> tuple[Result, str | None, str | None]:
        """The checked answer, why it is about another time, and why it is older than it may be."""
        info, hook = source.info, source.fetch[capability.name]
        asked = query.fitted(info.intervals, info.max_candles)
        desk = self._desk
        if info.channels and not ours:
            desk = desk.judged_by(
                lambda error: (
                    may_be_the_question(error) and not source.should_answer(capability.name, query)
                )
            )
        until = Deadline(self._clock, started + limit_s)
        damage = Damage()

        async def read(page: Query) -> Result:
            """The hook's answer, checked; it runs in a task of its own, which collects."""
            collect(damage)
            http = HTTP(source.bound, self._client, until, page, desk, others=inputs)
            return self._checked(source, capability, page, await hook(page, http))

        async def fetch(page: Query, within_s: float) -> Result:
            try:
                result: Result = await self._hooks.run(read(page), within_s, watch)
                if watch.longest_s and (blocked := watch.failure()) is not None:
                    raise blocked
                if self._clock.monotonic() - until.at > _BLOCKED_S:
                    raise PluginTimeout(f"held up the event loop past its {within_s:.1f} s")
            except BaseException as error:
                failure = _ours(error, watch)
                if failure is error:
                    raise
                raise failure from error
            return result

        answer = await fetch(asked, limit_s)
        if query.is_paged:
            answer = await with_pages(
                answer, query, asked, fetch, until, self._clock, is_metered=source.is_metered
            )
        if damage:
            answer = self._remarked(source, answer, damage)
        now_ms = self._clocks.now_ms()
        took_ms = math.ceil((self._clock.monotonic() - started) * 1000)
        # As of the beginning of the call: a candle that ended during it may have been open.
        answer = answer.fitted(query, now_ms - took_ms)
        if not source.provider.is_built_in:
            check_foreign(capability, query, answer, now_ms)
        misplaced = answer.misplaced(query, now_ms)
        head = answer.head()
        if head is not None:
            return answer, misplaced, self._heads.lag(head)
        why_stale = answer.staleness(query, now_ms, capability.max_age_s)
        if why_stale is None and inputs is not None:
            why_stale = inputs.staleness()
        return answer, misplaced, why_stale

    def _checked(
        self, source: Source, capability: Capability, asked: Query, result: object
    ) -> Result:
        """The answer, if it can be one.

        Raises:
            LocalClock: our own clock is in doubt.
            ProviderError: it can be no answer.
        """
        clocks = self._clocks
        own_ms = result.own_time_ms() if isinstance(result, capability.result) else None
        now_ms = clocks.now_ms() if own_ms is None else clocks.data(source.name, own_ms)
        try:
            return check(capability, asked, result, now_ms)
        except OtherSubject:
            raise
        except Implausible as error:
            if clocks.agrees_with(source.name):
                raise LocalClock(f"our clock may be wrong: {error.detail}") from error
            raise

    def _remarked(self, source: Source, answer: Result, damage: Damage) -> Result:
        """The answer with what could not be read of it, which the health of its source counts."""
        # Reasons quote the source, and what it said has not passed the client's redactor.
        clean = damage.cleaned(self._client.redactor.clean)
        remarks = self._health.remarks(source.name)
        remarks.add(clean.rows, clean.fields, self._clock.monotonic())
        return answer.damaged(clean.rows_left_out, clean.notes())


def _ours(error: BaseException, watch: LoopWatch) -> BaseException:
    """What came out of a plugin's call, as an error of its source; our cancellation as it is."""
    if is_our_cancellation(error):
        return error
    return watch.failure() or failure_of(error)


def describe(query: Any) -> dict[str, Any]:
    """A query's parameters as plain values, for events and explanations."""
    plain: dict[str, Any] = query.model_dump(mode="json", exclude_none=True)
    return plain
