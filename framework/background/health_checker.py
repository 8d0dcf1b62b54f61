"""The health checker: probes sources that are offline and due, degraded and idle, or in doubt."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

from coinmux.framework.background.probe_queries import CHEAPEST_FIRST, probe_query
from coinmux.framework.errors import ProviderError, UnknownSymbol
from coinmux.framework.health.tracker import State
from coinmux.framework.sources.channel_health import ChannelHealth
from coinmux.framework.tasks import keep_running

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from coinmux.framework.clock import Clock
    from coinmux.framework.events import EventBus
    from coinmux.framework.health.status import StateChange
    from coinmux.framework.health.tracker import HealthTracker
    from coinmux.framework.models.base import Query
    from coinmux.framework.sources.registry import SourceRegistry
    from coinmux.framework.sources.source import Source

_TICK_S = 1.0
#: A degraded source is probed once it has been idle for so long (`docs/health.md`).
_IDLE_S = 60.0
#: A source that failed so many questions in a row which may be at fault themselves is asked one of
#: ours; again after this long, until it answers or is offline. One with a quota as if degraded.
_UNANSWERED = 3
_DOUBTED_S = 10.0
#: A probe waits at most this share of the retry delay longer, so that probes do not come together.
_JITTER = 0.1
_AT_ONCE = 4
_LONGEST_PAUSE_S = 60.0
#: One source that nobody asked for as long is probed in each such time, in turn.
_SLOW_S = 60.0
_UNASKED_S = 600.0


class HealthChecker:
    """One supervised task; when its round fails it is begun again after a growing pause.

    Args:
        registry: the sources, and the settings in force.
        probe: asks one source one question; its outcome is recorded.
        may_lead: whether this process probes; only one of those that share their state does.

    Attributes:
        failures: rounds that raised, in a row.
        last_round_at: monotonic seconds, None before the first.
    """

    def __init__(
        self,
        registry: SourceRegistry,
        health: HealthTracker,
        probe: Callable[[Source, str, Query], Awaitable[bool]],
        may_lead: Callable[[str], Awaitable[bool]],
        events: EventBus,
        clock: Clock,
    ) -> None:
        self._registry = registry
        self._health = health
        self._ask = probe
        self._may_lead = may_lead
        self._events = events
        self._clock = clock
        self._task: asyncio.Task[None] | None = None
        self._tried_at: dict[str, float] = {}
        self._slow_at = float("-inf")
        self._due_jitter: dict[tuple[str, float], float] = {}
        self._rng = random.Random()  # noqa: S311 - spreads probes, guards nothing
        self.failures = 0
        self.last_round_at: float | None = None

    def on_change(self, change: StateChange) -> None:
        """Probe again what is unknown again, after a reset or reload; listens to the tracker."""
        if change.capability is None and change.after is State.UNKNOWN:
            self._tried_at.pop(change.source, None)

    @property
    def running(self) -> bool:
        """Whether the task is alive."""
        return self._task is not None and not self._task.done()

    def start(self) -> None:
        """Begin; nothing is probed while configuration has the checker off."""
        self._task = asyncio.ensure_future(keep_running(self._run, self._failed))

    async def stop(self) -> None:
        """End the task and wait for it."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _run(self) -> None:
        while True:
            if self._registry.env.settings.checker and await self._may_lead("checker"):
                await self.round()
            self.failures = 0
            await asyncio.sleep(_TICK_S)

    def _failed(self, error: Exception) -> float:
        self.failures += 1
        pause_s = min(_LONGEST_PAUSE_S, _TICK_S * 2.0**self.failures)
        self._events.publish(
            "error",
            f"health monitor: {type(error).__name__}: {error}; again in {pause_s:g} s",
            level="error",
        )
        return pause_s

    async def round(self) -> int:
        """Probe everything that is due now; the number of probes made."""
        now = self.last_round_at = self._clock.monotonic()
        due = [
            (source, capability)
            for source in self._registry.sources.values()
            if source.feature.enabled and (capability := self._due(source, now)) is not None
        ]
        if not due and (idle := self._idle(now)) is not None:
            due.append(idle)
        limit = asyncio.Semaphore(_AT_ONCE)

        async def one(source: Source, capability: str) -> None:
            async with limit:
                await self._probe(source, capability)

        async with asyncio.TaskGroup() as group:
            for source, capability in due:
                self._tried_at[source.name] = now
                group.create_task(one(source, capability))
        return len(due)

    def _due(self, source: Source, now: float) -> str | None:
        """The capability to probe `source` with now, None where there is nothing to do."""
        if source.busy() is not None or source.saving() is not None:
            return None
        idle = now - self._tried_at.get(source.name, float("-inf"))
        if (doubted := self._doubted(source, idle)) is not None:
            return doubted
        for capability in CHEAPEST_FIRST:
            if not self._can_ask(source, capability):
                continue
            standing = self._health.standing(source.name, capability)
            if (
                standing.probe
                and idle >= _IDLE_S
                and self._past_jitter(source.name, standing.retry_at, now)
            ):
                return capability
            if not standing.eligible:
                continue
            if standing.state is State.UNKNOWN and source.name not in self._tried_at:
                return capability
            if standing.state is State.DEGRADED and idle >= _IDLE_S:
                return capability
        return None

    def _idle(self, now: float) -> tuple[Source, str] | None:
        """The source that was asked longest ago, once a minute, so that its state has a proof.

        Never one with a quota: what is asked of it should be of use to somebody.
        """
        if not self._registry.env.settings.probe_idle or now - self._slow_at < _SLOW_S:
            return None
        found: list[tuple[float, Source, str]] = []
        for source in self._registry.sources.values():
            if not source.feature.enabled or source.is_metered or source.busy() is not None:
                continue
            seen = self._health.snapshot(source.name)
            asked_at = max(
                self._tried_at.get(source.name, float("-inf")),
                seen.last_success_at or float("-inf"),
                seen.last_failure_at or float("-inf"),
            )
            if now - asked_at < _UNASKED_S:
                continue
            for capability in CHEAPEST_FIRST:
                if (
                    self._can_ask(source, capability)
                    and self._health.standing(source.name, capability).eligible
                ):
                    found.append((asked_at, source, capability))
                    break
        if not found:
            return None
        self._slow_at = now
        _, source, capability = min(found, key=lambda one: one[0])
        return source, capability

    def _doubted(self, source: Source, idle: float) -> str | None:
        """A capability to learn by whether the source or its questions are at fault."""
        most = max(source.unanswered.values(), default=0)
        if most < _UNANSWERED or idle < (_IDLE_S if source.is_metered else _DOUBTED_S):
            return None
        offered = [
            capability
            for capability in CHEAPEST_FIRST
            if self._can_ask(source, capability)
            and self._health.standing(source.name, capability).eligible
        ]
        return max(offered, key=lambda name: source.unanswered.get(name, 0), default=None)

    def _can_ask(self, source: Source, capability: str) -> bool:
        """Whether there is a question to probe with, and a channel that may be asked it now.

        While every channel rests, a probe would only be told that the source is busy.
        """
        if (
            capability not in source.fetch
            or (query := probe_query(source.info, capability)) is None
        ):
            return False
        channels = source.info.channels
        if not channels:
            return True
        # Where channels are tagged with chains, only those of the question's chain take it.
        chain = str(getattr(query, "chain", ""))
        for channel in [one for one in channels if chain in one.tags] or channels:
            name = f"{source.name}:{channel.name}"
            standing = self._health.standing(name, ChannelHealth.CAPABILITY)
            if standing.eligible or standing.probe:
                return True
        return False

    def _past_jitter(self, name: str, retry_at: float | None, now: float) -> bool:
        if retry_at is None:
            return True
        key = (name, retry_at)
        if key not in self._due_jitter:
            self._due_jitter = {k: v for k, v in self._due_jitter.items() if k[0] != name}
            retry_s = self._registry.env.settings.offline_retry_s
            self._due_jitter[key] = self._rng.random() * _JITTER * retry_s
        return now >= retry_at + self._due_jitter[key]

    async def _probe(self, source: Source, capability: str) -> None:
        query = probe_query(source.info, capability)
        if query is None:
            return
        try:
            was_asked = await self._ask(source, capability, query)
        except (ProviderError, UnknownSymbol):
            # Its outcome is recorded already; the next round goes on from there.
            return
        if was_asked:
            # It works: what it did not answer was odd, or of a capability nobody can ask safely.
            source.unanswered.clear()
