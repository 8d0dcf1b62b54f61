"""Follows what happens and keeps the book of incidents, in one task in the background."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from coinmux.framework.health.tracker import KEY_REFUSED, State
from coinmux.framework.incidents.book import IncidentBook
from coinmux.framework.incidents.forewarnings import Forewarnings
from coinmux.framework.incidents.looks import Looks
from coinmux.framework.incidents.operator import Operator
from coinmux.framework.incidents.record import record_of
from coinmux.framework.incidents.tally import Tally
from coinmux.framework.tasks import keep_running

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from coinmux.framework.clock import Clock
    from coinmux.framework.dispatch.decision import Decision
    from coinmux.framework.dispatch.decision_log import DecisionLog
    from coinmux.framework.events import EventBus
    from coinmux.framework.health.status import StateChange
    from coinmux.framework.health.tracker import HealthTracker
    from coinmux.framework.incidents.record import Record
    from coinmux.framework.incidents.store import IncidentStore
    from coinmux.framework.models.base import Query
    from coinmux.framework.plugins.discovery import PluginLoader
    from coinmux.framework.reports.status import GatewayStatus
    from coinmux.framework.secrets import Redactor
    from coinmux.framework.sources.registry import SourceRegistry

_TICK_S = 1.0
#: Capabilities and services are looked at so often, and at once after a source changed.
_LOOK_S = 5.0
#: Counts, and that the process runs, are stored so often: what a killed process loses at most.
_STORE_S = 10.0
_LONGEST_PAUSE_S = 60.0
#: Changes that may wait for the next tick; a thousand sources do not change so often in a second.
_MOST_CHANGES = 10_000
#: With several workers, one of them is restarted while the others go on: that is no gap.
_WORKERS_GAP_MS = 30_000
#: Incidents of a former run that are taken up again, and how far back.
_TAKEN_UP, _LOOK_BACK_MS = 500, 3_600_000
RUNNING, STOPPED = "running", "stopped"
PROCESS = "process"


class IncidentRecorder:
    """Turns changes of state, looks and decisions into incidents, and hands them to the store.

    Args:
        status: the state of capabilities and services now.
        may_lead: whether this worker records them for all workers.
        workers: how many processes there are.
        folder: where something is stored; None where nothing is.

    Attributes:
        warnings: what is not down yet, or is not to be trusted.
        operator: maintenance windows and notes.
        on_changed: receives incidents that changed, once a second; each may come more than once.
    """

    def __init__(
        self,
        registry: SourceRegistry,
        health: HealthTracker,
        loader: PluginLoader,
        decisions: DecisionLog,
        status: Callable[[], GatewayStatus],
        may_lead: Callable[[str], Awaitable[bool]],
        redactor: Redactor,
        events: EventBus,
        clock: Clock,
        *,
        workers: int = 1,
        folder: Callable[[], Path | None] = lambda: None,
    ) -> None:
        self._registry = registry
        self._health = health
        self._decisions = decisions
        self._may_lead = may_lead
        self._redactor = redactor
        self._events = events
        self._clock = clock
        self._workers = workers
        self.book = IncidentBook()
        self.on_changed: Callable[[list[Record]], None] | None = None
        self.warnings: Forewarnings = Forewarnings(registry, self.title_of, clock, folder)
        self._looks = Looks(self.book, health, loader, status, redactor, self.warnings.look)
        self.operator: Operator = Operator(self.title_of, clock)
        self._tally = Tally(self._can_serve)
        self._changes: deque[tuple[int, StateChange, str, str]] = deque(maxlen=_MOST_CHANGES)
        self._seen: Decision | None = None
        self._look_due = self._store_due = float("-inf")
        self._store: IncidentStore | None = None
        self._leads = True
        self._taken_up = False
        self._began_ms = clock.wall_ms()
        self._has_started = False
        self._failures = 0
        self._task: asyncio.Task[None] | None = None

    # Life

    def start(self) -> None:
        """Begin; `stop` must follow."""
        self._task = asyncio.ensure_future(keep_running(self._run, self._failed))

    async def stop(self) -> None:
        """End the task, and store what is known with the word that the process ends."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._task = None
        await self.warnings.stop()
        now_ms = self._clock.wall_ms()
        self._apply_changes()
        self._count()
        if self._store is not None and self._taken_up:
            self._hand_over(now_ms)
            self._store.keep_presence(now_ms, STOPPED)

    @property
    def keeps(self) -> bool:
        """Whether incidents are stored over a restart."""
        return self._store is not None

    @property
    def store(self) -> IncidentStore | None:
        """Where they are stored."""
        return self._store

    @property
    def leads(self) -> bool:
        """Whether this worker records them; it alone knows of those that are not stored yet."""
        return self._leads

    async def use(self, store: IncidentStore) -> None:
        """Keep incidents in `store` from now on, and take up those of the former run."""
        self._store = store
        await self._take_up()

    async def _run(self) -> None:
        while True:
            await self.round()
            self._failures = 0
            await asyncio.sleep(_TICK_S)

    def _failed(self, error: Exception) -> float:
        self._failures += 1
        pause_s = min(_LONGEST_PAUSE_S, 2.0**self._failures)
        self._events.publish(
            "error",
            f"recording incidents raised {type(error).__name__}; again in {pause_s:g} s",
            level="error",
        )
        return pause_s

    # What happens

    def on_change(self, change: StateChange) -> None:
        """Remember a source's change of state until the next round; a listener of the health."""
        if change.capability is not None:
            return
        code, message = change.reason, ""
        # Only these begin an incident, and a snapshot costs as much as an attempt that fails.
        if change.after in (State.OFFLINE, State.DISABLED):
            snapshot = self._health.snapshot(change.source)
            code, message = snapshot.last_error or (code, message)
            if change.after is State.DISABLED and snapshot.disabled_reason == KEY_REFUSED:
                code, message = KEY_REFUSED, snapshot.disabled_detail or message
        self._changes.append((self._clock.wall_ms(), change, code, message))

    async def round(self) -> None:
        """Do what is due: apply the changes, look, count, store."""
        now, now_ms = self._clock.monotonic(), self._clock.wall_ms()
        if self._store is not None and not self._taken_up:
            await self._take_up()
        self.warnings.measure()
        await self.operator.read_if_due()
        if self._apply_changes() or now >= self._look_due:
            self._look_due = now + _LOOK_S
            self._looks.look(now_ms)
        self._count()
        if now >= self._store_due:
            self._store_due = now + _STORE_S
            led, self._leads = self._leads, await self._may_lead("incidents")
            if self._leads and not led:
                self._taken_up = False  # the next round takes up what the former leader recorded
            if self._store is not None and self._taken_up:
                self._store.keep_presence(now_ms, RUNNING)
                for record in self.book.open:
                    self.book.note_change(record)
        self._hand_over(now_ms)

    def _hand_over(self, now_ms: int) -> None:
        """Store what changed; while there is nowhere to store it, memory alone has it."""
        store = self._store
        if self.on_changed is not None and (changed := self.book.changed):
            self.on_changed(changed)
        if store is not None and not self._taken_up:
            return  # what the former run left is read first
        for record in self.book.take_changed():
            if store is not None and self._leads:
                if record.ended_at is None:
                    record.updated_at = max(record.updated_at, now_ms)
                store.keep(record.row())

    # Sources

    def _apply_changes(self) -> bool:
        """Open and close the incidents of sources; returns whether anything changed."""
        changed = bool(self._changes)
        while self._changes:
            at, change, code, message = self._changes.popleft()
            self._apply(at, change, code, message)
        return changed

    def _apply(self, at: int, change: StateChange, code: str, message: str) -> None:
        name, after = change.source, change.after
        refused = after is State.DISABLED and code == KEY_REFUSED
        if after is State.OFFLINE or refused:
            text = self._redactor.clean(message)[:300] or code.replace("_", " ")
            self.book.begin(
                at, "source", name, title=self.title_of(name), severity="minor", code=code,
                message=text, capabilities=self._capabilities_of(name),
            )  # fmt: skip
            return
        if after is State.DISABLED:
            why = "it was switched off"
        elif change.reason == "reset":
            why = "its health was reset"
        elif change.reason == "reload":
            why = "its settings were read again"
        else:
            why = "it answers again"
        self.book.end(at, "source", name, why)

    def title_of(self, name: str) -> str:
        """The title of a source, or of a channel of one."""
        own, _, channel = name.partition(":")
        source = self._registry.sources.get(own)
        title = own if source is None else source.info.title
        return f"{title}: {channel.replace('_', ' ')}" if channel else title

    def _capabilities_of(self, name: str) -> tuple[str, ...]:
        source = self._registry.sources.get(name)
        return () if source is None else tuple(sorted(source.fetch))

    def _can_serve(self, name: str, capability: str, query: Query) -> bool:
        source = self._registry.sources.get(name)
        return source is not None and source.refusal(capability, query) is None

    # Counting

    def _count(self) -> None:
        decisions = self._decisions.newer_than(self._seen)
        if decisions:
            self._seen = decisions[-1]
        self.warnings.count(decisions)
        concerned: dict[str, Record] = {
            one.id: one for one in (*self.book.open, *self.book.changed)
        }
        changed = self._tally.count(decisions, concerned.values())
        for name in changed & concerned.keys():
            self.book.note_change(concerned[name])

    # Over a restart

    async def _take_up(self) -> None:
        """Take up the incidents of the former run, and say for how long nothing is known."""
        store = self._store
        if store is None:
            return
        seen = await store.presence()
        left_open = await store.find(limit=_TAKEN_UP, ended=False)
        lately = await store.find(limit=_TAKEN_UP, from_ms=self._began_ms - _LOOK_BACK_MS)
        if seen is None or left_open is None or lately is None:
            return  # the next round tries again
        is_start, self._has_started = not self._has_started, True
        self._leads = await self._may_lead("incidents")
        self._taken_up = True
        if not self._leads:
            return
        (gone_ms, word), back_ms = seen, self._began_ms
        alone = self._workers == 1 or back_ms - gone_ms >= _WORKERS_GAP_MS
        is_gap = is_start and alone and 0 < gone_ms < back_ms
        records = {row["id"]: record_of(row) for row in (*left_open, *lately)}
        found = [one for one in records.values() if one is not None]
        if is_gap:
            self.book.take_up(found, back_ms, gone_ms)
            self._tell_gap(gone_ms, back_ms, stopped=word == STOPPED)
        else:
            self.book.take_up(found, self._clock.wall_ms())
        self._hand_over(self._clock.wall_ms())

    def _tell_gap(self, gone_ms: int, back_ms: int, *, stopped: bool) -> None:
        code, message = ("stopped", "it was stopped") if stopped else (
            "killed", "it ended without a stop: killed, crashed, or the machine went down"
        )  # fmt: skip
        self.book.begin(
            gone_ms, "service", PROCESS, title="coinmux",
            severity="minor" if stopped else "major", code=code, message=message,
        )  # fmt: skip
        self.book.end(back_ms, "service", PROCESS, "it runs again")
