"""Keeps the lists of markets at hand: reads that of each source in the background, every hour."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from coinmux.framework.errors import ProviderError, UnknownSymbol
from coinmux.framework.models.market import Markets, MarketsQuery
from coinmux.framework.tasks import keep_running

if TYPE_CHECKING:
    from coinmux.framework.clock import Clock
    from coinmux.framework.events import EventBus
    from coinmux.framework.health.tracker import HealthTracker
    from coinmux.framework.models.base import Query, Result
    from coinmux.framework.routing.market_directory import MarketDirectory
    from coinmux.framework.sources.registry import SourceRegistry
    from coinmux.framework.sources.source import Source

CAPABILITY = "markets"
#: A list is read again after this long.
EVERY_S = 3_600.0
#: After a failure it is tried again after this long, doubled with each failure in a row.
AGAIN_S = 300.0
#: A list may take longer than any other answer: the largest have some megabytes.
LIMIT_S = 15.0
#: The first lists are read when the first requests have been answered.
_START_S = 2.0
_TICK_S = 0.5
_LONGEST_PAUSE_S = 60.0

#: Asks one source one question of our own, within so many seconds.
Ask = Callable[["Source", str, "Query", float], Awaitable["Result | None"]]


class MarketLists:
    """One task, which reads one list at a time.

    Lists are read on a schedule only while the health checker is on; one that a question waits for
    is read in any case.

    Args:
        ask: asks a source; its outcome is recorded.
    """

    def __init__(
        self,
        registry: SourceRegistry,
        health: HealthTracker,
        directory: MarketDirectory,
        ask: Ask,
        events: EventBus,
        clock: Clock,
    ) -> None:
        self._registry = registry
        self._health = health
        self._directory = directory
        self._ask = ask
        self._events = events
        self._clock = clock
        self._not_before: dict[str, float] = {}
        self._failed: dict[str, int] = {}
        self._failures = 0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; `stop` must follow."""
        self._task = asyncio.ensure_future(keep_running(self._run, self._broke))

    async def stop(self) -> None:
        """End the task and wait for it."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _run(self) -> None:
        begun = self._clock.monotonic()
        while True:
            await asyncio.sleep(_TICK_S)
            scheduled = self._registry.env.settings.checker
            await self.round(scheduled=scheduled and self._clock.monotonic() - begun >= _START_S)
            self._failures = 0

    def _broke(self, error: Exception) -> float:
        self._failures += 1
        pause_s = min(_LONGEST_PAUSE_S, 2.0**self._failures)
        self._events.publish(
            "error",
            f"lists of markets: {type(error).__name__}: {error}; again in {pause_s:g} s",
            level="error",
        )
        return pause_s

    async def round(self, *, scheduled: bool = True) -> str | None:
        """Read the list that is due first.

        Args:
            scheduled: whether lists are due by the clock, and not only where a question waits.

        Returns:
            The source whose list was asked for; None where none is due.
        """
        self._directory.drop_old()
        due = [one for one in self._registry.sources.values() if self._is_due(one, scheduled)]
        if not due:
            return None
        source = min(due, key=lambda one: (not one.wants_list, one.priority))
        await self._read(source)
        return source.name

    def _is_due(self, source: Source, scheduled: bool) -> bool:
        if CAPABILITY not in source.fetch or not source.feature.enabled:
            return False
        now = self._clock.monotonic()
        if now < self._not_before.get(source.name, now):
            return False
        listed = source.listed
        is_old = scheduled and (listed is None or now - listed.read_at >= EVERY_S)
        if not is_old and not (source.wants_list and listed is None):
            return False
        if source.busy() is not None or (source.saving() is not None and not source.wants_list):
            return False
        return self._health.standing(source.name, CAPABILITY).eligible

    async def _read(self, source: Source) -> None:
        name = source.name
        source.wants_list = False
        try:
            answer = await self._ask(source, CAPABILITY, MarketsQuery(), LIMIT_S)
        except (ProviderError, UnknownSymbol):
            # Recorded already. The list at hand is good for a day.
            failed = self._failed[name] = self._failed.get(name, 0) + 1
            pause_s = min(AGAIN_S * 2.0 ** (failed - 1), EVERY_S)
            self._not_before[name] = self._clock.monotonic() + pause_s
            return
        self._failed.pop(name, None)
        if isinstance(answer, Markets):
            self._directory.keep(name, answer)
        else:
            self._not_before[name] = self._clock.monotonic() + AGAIN_S
