"""The background checker: probes what is offline and due, degraded and idle, or never proven."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

from coinmux.framework.background.probe_queries import CHEAPEST_FIRST, probe_query
from coinmux.framework.errors import ProviderError, UnknownSymbol
from coinmux.framework.health.tracker import State

if TYPE_CHECKING:
    from coinmux.framework.gateway import Gateway
    from coinmux.framework.sources.source import Source

_TICK_S = 1.0
#: A degraded source is probed once it has been idle for so long (`faults.md` section 1).
_IDLE_S = 60.0
#: A probe waits at most this share of the rest longer, so that probes do not come together.
_JITTER = 0.1
_AT_ONCE = 4
#: A kill loses so much of the count at most.
_QUOTA_EVERY_S = 10.0
_LONGEST_PAUSE_S = 60.0


class HealthChecker:
    """One supervised task; when its round fails it is begun again after a growing pause.

    Attributes:
        failures: rounds that raised, in a row.
        last_round_at: monotonic seconds, None before the first.
    """

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._task: asyncio.Task[None] | None = None
        self._tried_at: dict[str, float] = {}
        self._due_jitter: dict[tuple[str, float], float] = {}
        self._rng = random.Random()  # noqa: S311 - spreads probes, guards nothing
        self._quota_saved_at = float("-inf")
        self.failures = 0
        self.last_round_at: float | None = None

    @property
    def running(self) -> bool:
        """Whether the task is alive."""
        return self._task is not None and not self._task.done()

    def start(self) -> None:
        """Begin, unless configuration has it off; plugins still loading are taken in either way."""
        self._task = asyncio.ensure_future(self._run())

    async def stop(self) -> None:
        """End the task and wait for it."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _run(self) -> None:
        while True:
            try:
                self._gateway.registry.adopt_if_ready()
                if self._gateway.settings.checker and await self._leads():
                    await self.round()
                self._gateway.save_holds()
                self._save_quota()
                self.failures = 0
                pause = _TICK_S
            except Exception as error:  # noqa: BLE001 - the border around a background task
                self.failures += 1
                pause = min(_LONGEST_PAUSE_S, _TICK_S * 2**self.failures)
                self._gateway.events.publish(
                    "error",
                    f"health monitor: {type(error).__name__}: {error}; again in {pause:g} s",
                    level="error",
                )
            await asyncio.sleep(pause)

    async def _leads(self) -> bool:
        """Whether this process does the probing: one does, of all that share their state."""
        state = self._gateway.state
        return state is None or await state.leads("checker")

    def _save_quota(self) -> None:
        now = self._gateway.clock.monotonic()
        if now - self._quota_saved_at >= _QUOTA_EVERY_S:
            self._quota_saved_at = now
            self._gateway.save_quota()

    async def round(self) -> int:
        """Probe everything that is due now; the number of probes made."""
        gateway = self._gateway
        now = self.last_round_at = gateway.clock.monotonic()
        due = [
            (source, capability)
            for source in gateway.sources.values()
            if source.feature.enabled and (capability := self._due(source, now)) is not None
        ]
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
        health = self._gateway.health
        idle = now - self._tried_at.get(source.name, float("-inf"))
        for capability in CHEAPEST_FIRST:
            if capability not in source.fetch or probe_query(source.info, capability) is None:
                continue
            standing = health.standing(source.name, capability)
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

    def _past_jitter(self, name: str, retry_at: float | None, now: float) -> bool:
        if retry_at is None:
            return True
        key = (name, retry_at)
        if key not in self._due_jitter:
            self._due_jitter = {k: v for k, v in self._due_jitter.items() if k[0] != name}
            rest = self._gateway.settings.offline_retry_s
            self._due_jitter[key] = self._rng.random() * _JITTER * rest
        return now >= retry_at + self._due_jitter[key]

    async def _probe(self, source: Source, capability: str) -> None:
        query = probe_query(source.info, capability)
        if query is None:
            return
        try:
            await self._gateway.probe(source, capability, query)
        except (ProviderError, UnknownSymbol):
            # Its outcome is recorded and told by the gateway; the next round goes on from there.
            return
