"""What several workers and machines share in one Valkey or Redis: membership and leadership."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING, Literal

from coinmux.framework.cluster.health_sync import HealthSync
from coinmux.framework.cluster.scripts import BEAT, LEASE, RELEASE
from coinmux.framework.cluster.shared_answers import SharedAnswers
from coinmux.framework.cluster.shared_notes import SharedNotes
from coinmux.framework.cluster.shared_prices import SharedPrices
from coinmux.framework.cluster.shared_usage import SharedUsage
from coinmux.framework.cluster.shared_windows import SharedWindows
from coinmux.framework.cluster.store import Store
from coinmux.framework.tasks import keep_running

if TYPE_CHECKING:
    from collections.abc import Callable

    from coinmux.framework.cache.store import AnswerCache
    from coinmux.framework.clock import Clock
    from coinmux.framework.cluster.lane import Part
    from coinmux.framework.cluster.shared_feeds import SharedFeeds
    from coinmux.framework.events import EventBus
    from coinmux.framework.health.tracker import HealthTracker
    from coinmux.framework.limits.rate_window import RateWindow
    from coinmux.framework.quality.jump_check import JumpCheck
    from coinmux.framework.secrets import Secret
    from coinmux.framework.sources.registry import SourceRegistry

#: A worker is counted for this long after its last sign of life.
_ALIVE_S = 10.0
_BEAT_S = 2.0
#: One worker does the background work; another takes over this long after its last renewal.
_LEADER_MS = 10_000


class Cluster:
    """The store and the state shared in it: windows, circuits, answers, leases.

    Args:
        reload: begins to reload this worker, because another worker did.
        known: the last known prices.
        workers: how many to assume until the store is reached.

    Attributes:
        worker: this one's name among them.
        workers: how many were alive when last counted.
        answers: those any worker fetched.
        notes: what any worker may look up.
        prices: what any worker believes markets to cost.
        usage: what consumers used.
        news: the health of sources, sent and received.
    """

    def __init__(
        self,
        url: Secret,
        registry: SourceRegistry,
        health: HealthTracker,
        cache: AnswerCache,
        events: EventBus,
        clock: Clock,
        reload: Callable[[], None],
        known: JumpCheck,
        *,
        workers: int = 1,
        simulated: bool = False,
    ) -> None:
        self._registry = registry
        self._health = health
        self._events = events
        self._clock = clock
        self.worker = secrets.token_hex(6)
        self.workers = workers
        self._prefix = "coinmux:sim:" if simulated else "coinmux:"
        self.store = Store(url, self._joined, self._lost)
        self.answers = SharedAnswers(
            self.store, self._prefix, self.worker, cache, clock, simulated=simulated
        )
        self.notes = SharedNotes(self.store, self._prefix)
        self.prices = SharedPrices(self.store, self._prefix, known, clock)
        self.usage: SharedUsage = SharedUsage(self.store, self._prefix)
        self._feeds: SharedFeeds | None = None
        self._further: dict[str, SharedWindows] = {}
        self.news = HealthSync(self.store, self._prefix, self.worker, health, reload)
        self._name: bytes | None = None
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Reach the store, or go on alone until it is there."""
        self.attach()
        self._health.on_result = self.news.result
        await self.store.open()
        if not self.store.online:
            self._part()
            self._say(f"shared state: {self.store.trouble}; going on alone", "warning")
        self.news.start()
        self._task = asyncio.ensure_future(keep_running(self._beat, lambda _: _BEAT_S))

    async def close(self) -> None:
        """Leave; leases expire by themselves."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._health.on_result = None
        await self.news.stop()
        if self._feeds is not None:
            await self._feeds.close()
        if self.store.online:
            await self.store.guard(self.store.ask("ZREM", f"{self._prefix}workers", self.worker))
            for name in ("checker", "backfill", "incidents"):
                await self.store.run(RELEASE, [f"{self._prefix}leader:{name}"], [self.worker, 0])
        await self.store.close()

    def attach(self) -> None:
        """Let the limiters of all sources share their windows, those of a reload included."""
        for source in self._registry.sources.values():
            gate = source.gate
            if gate.shared is None and gate.windows:
                prefix = f"{self._prefix}window:{{{source.name}}}:"
                gate.shared = SharedWindows(self.store, prefix, gate.windows, self._clock)
                if self._task is not None and not self.store.online:
                    gate.shared.part(max(self.workers, 1))

    def share(self, name: str, windows: tuple[RateWindow, ...]) -> SharedWindows:
        """Share windows that are no source's with the other workers, under `name`."""
        prefix = f"{self._prefix}window:{{{name}}}:"
        shared = SharedWindows(self.store, prefix, windows, self._clock)
        self._further[name] = shared
        if self._task is not None and not self.store.online:
            shared.part(max(self.workers, 1))
        return shared

    def feeds(self) -> SharedFeeds:
        """The live feeds that are followed once for all workers."""
        if self._feeds is None:
            # Imported by the first who follows something: no start waits for it.
            from coinmux.framework.cluster.shared_feeds import SharedFeeds

            self._feeds = SharedFeeds(self.store, self._prefix, self.worker, self._clock)
        return self._feeds

    async def count_known(self) -> None:
        """Count in the store the use of limits from before this process started."""
        if self.store.online:
            for shared in self._windows():
                await self.store.guard(shared.join(same=False, first=True))

    def status(self) -> tuple[Literal["ONLINE", "DEGRADED", "OFFLINE"], str]:
        """State and detail, as the list of services shows them."""
        if self.store.online:
            others = f"{self.workers} workers" if self.workers != 1 else "one worker"
            return "ONLINE", f"shared by {others}"
        return "DEGRADED", f"{self.store.trouble}; going on alone with 1/{self.workers} of limits"

    # Leases

    async def may_probe(self, source: str, capability: str, limit_s: float) -> bool:
        """Whether this worker may make the probe; only one of all workers may.

        The lease is not given back: until it has expired, all workers have received the result.
        """
        key = f"{self._prefix}probe:{{{source}}}:{capability}"
        taken = await self.store.run(LEASE, [key], [self.worker, round(limit_s * 1000) + 1000])
        return bool(taken != 0)

    async def leads(self, work: str) -> bool:
        """Whether this worker does the background `work`; only one of all workers does."""
        key = f"{self._prefix}leader:{work}"
        taken = await self.store.run(LEASE, [key], [self.worker, _LEADER_MS])
        return bool(taken != 0)

    def reset(self, source: str | None) -> None:
        """Tell the others that the health of one source was reset, or of every source."""
        self.news.reset(source)

    # Coming and going

    async def _joined(self) -> None:
        name = await self._count()
        same, first = name == self._name, self._task is None
        self._name = name
        await self.news.catch_up()
        await self.prices.begin()
        self.attach()
        for shared in self._windows():
            await shared.join(same=same, first=first)
        if not first:
            workers = f"{self.workers} workers" if self.workers != 1 else "one worker"
            self._say(f"shared state: back, with {workers}", "info")

    def _lost(self) -> None:
        self._part()
        self._say(f"shared state: {self.store.trouble}; going on alone", "warning")

    def _part(self) -> None:
        for shared in self._windows():
            shared.part(max(self.workers, 1))

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(_BEAT_S)
            if self.store.online:
                name = await self.store.guard(self._count())
                if name is not None and name != self._name:
                    # The store was emptied meanwhile: this worker counts its use there again.
                    self._name = name
                    await self.count_known()
                await self.store.guard(self.prices.exchange())
                self.attach()
                for shared in self._windows():
                    await shared.read()

    async def _count(self) -> bytes:
        keys = [f"{self._prefix}workers", f"{self._prefix}name"]
        args: list[Part] = [self.worker, round(_ALIVE_S * 1000), secrets.token_hex(8)]
        counted = await self.store.call(BEAT, keys, args)
        if counted is None:
            raise ConnectionError("lost while counting")
        self.workers, name = int(counted[0]), bytes(counted[1])
        return name

    def _windows(self) -> list[SharedWindows]:
        return [
            *self._further.values(),
            *(
                shared
                for source in self._registry.sources.values()
                if isinstance(shared := source.gate.shared, SharedWindows)
                and source.feature.enabled
            ),
        ]

    def _say(self, message: str, level: str) -> None:
        self._events.publish("shared_state", message, level=level)
