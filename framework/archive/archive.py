"""The archive: what is stored, what is read of it, and its status."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from itertools import islice, repeat
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from sqlalchemy import delete, func, select

from coinmux.framework.archive.candle_table import candles_of, read_columns
from coinmux.framework.archive.database import Database, read_database_url
from coinmux.framework.archive.incident_table import IncidentTable
from coinmux.framework.archive.saying_table import SayingTable
from coinmux.framework.archive.schema import (
    CANDLES,
    CHANGES,
    EVENTS,
    INCIDENTS,
    QUOTA,
    SAYINGS,
    USAGE,
)  # fmt: skip
from coinmux.framework.archive.trouble import TROUBLE, told
from coinmux.framework.archive.usage_table import UsageTable
from coinmux.framework.archive.watch import ArchiveWatch
from coinmux.framework.archive.writer import Writer
from coinmux.framework.consumers.ledger import day_of
from coinmux.framework.health.history import PROCESS, STARTED, STOPPED
from coinmux.framework.models.candles import MOST_CANDLES, Candles, CandlesQuery
from coinmux.framework.tasks import keep_running

if TYPE_CHECKING:
    from pathlib import Path

    from coinmux.framework.archive.candle_table import StoredColumns
    from coinmux.framework.clock import Clock
    from coinmux.framework.config.settings import Settings
    from coinmux.framework.events import Event, EventBus
    from coinmux.framework.health.status import StateChange

_DAY_MS = 86_400_000
#: Incidents are few and asked about long after: so many days longer than events.
_INCIDENT_DAYS = 365
#: What consumers used is stored for so many days.
_USAGE_DAYS = 400
_PRUNE_EVERY_S = 600.0
#: Until it works.
_RETRY_S = 0.5
#: The longest read, so that the archive does not delay an answer.
_READ_S = 2.0
_CLOSE_S = 5.0
#: After a read that took all its time no candles are read for so many seconds, ever longer up to
#: the second; a read that was given less than the third says nothing.
_REST_S, _LONGEST_REST_S = 30.0, 300.0
_FAIR_READ_S = 0.5
_LONGEST_PAUSE_S = 60.0


@dataclass(frozen=True, slots=True)
class Kept:
    """Candles of the archive, and the providers they came from."""

    candles: Candles
    providers: tuple[str, ...]


class Archive:
    """Stores closed candles, state changes, incidents and events over restarts.

    No caller waits for it: a task of its own writes the rows in batches, and `status` reports
    database errors.

    Args:
        events_days: how many days events are stored.
        most_mb: above it no more candles are stored; 0 for no limit.

    Attributes:
        incidents: the table of incidents.
        usage: the table of what consumers used.
        sayings: the table of maintenance windows and notes.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        events: EventBus,
        *,
        events_days: int = 14,
        most_mb: int = 0,
    ) -> None:
        self._database = database
        self._clock = clock
        self._events = events
        self._events_days = events_days
        self._most_mb = most_mb
        self._writer = Writer(database)
        self._tasks: list[asyncio.Task[None]] = []
        self._size_mb: float | None = None
        self._opened = False
        self._failure: str | None = None
        self._rest_s = _REST_S
        self._rests_until: float | None = None
        self._engine = "SQLite" if database.is_sqlite else "PostgreSQL"
        self._watch = ArchiveWatch(events, self._engine)
        self.incidents: IncidentTable = IncidentTable(database, self._writer, self._unread)
        self.usage: UsageTable = UsageTable(database)
        self.sayings: SayingTable = SayingTable(database, self._writer, self._unread)

    @classmethod
    def from_settings(
        cls, settings: Settings, clock: Clock, events: EventBus, file: Path
    ) -> Archive:
        """The archive that `settings` describe, not opened yet.

        Args:
            file: of the SQLite database, where no `DATABASE_URL` is set.

        Raises:
            InvalidRequest: `DATABASE_URL` is no address of a known database.
        """
        address = settings.database_url
        url = read_database_url(f"sqlite:///{file}" if address is None else address.reveal())
        return cls(
            Database(url, clock),
            clock,
            events,
            events_days=settings.archive_events_days,
            most_mb=settings.archive_max_mb,
        )

    # Life

    async def open(self) -> None:
        """Begin; a database that cannot be reached yet is tried again in the background."""
        await self._try_open()
        self._look()
        self._tasks = [
            asyncio.ensure_future(keep_running(self._write, self._failed)),
            asyncio.ensure_future(keep_running(self._maintain, self._failed)),
        ]

    async def close(self) -> None:
        """Write what waits, for some seconds at most, and end."""
        if self._opened:
            await self._writer.flush(_CLOSE_S)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._database.close()

    async def _try_open(self) -> None:
        try:
            await self._database.migrate()
            self._opened, self._failure = True, None
        except TROUBLE as error:
            self._failure = told(error)

    def _unread(self, error: BaseException) -> None:
        self._failure = told(error)

    def _look(self) -> None:
        self._watch.look(*self.status())

    async def _write(self) -> None:
        while not self._opened:
            await asyncio.sleep(_RETRY_S)
            await self._try_open()
        await self._writer.run()

    def _failed(self, error: Exception) -> float:
        self._failure = type(error).__name__
        self._events.publish("error", f"the archive raised {self._failure}", level="error")
        return _LONGEST_PAUSE_S

    async def _maintain(self) -> None:
        """Forget events that are too old and see how large it has become; at once after trouble."""
        due = 0.0
        while True:
            now = self._clock.monotonic()
            if self._opened and (now >= due or self._failure is not None):
                try:
                    await self._prune()
                    due = now + _PRUNE_EVERY_S
                except TROUBLE as error:
                    self._failure = told(error)
            self._look()
            await asyncio.sleep(_RETRY_S)

    async def _prune(self) -> None:
        oldest = self._clock.wall_ms() - self._events_days * _DAY_MS
        async with self._database.writing() as connection:
            await connection.execute(delete(EVENTS).where(EVENTS.c.at < oldest))
            await connection.execute(delete(CHANGES).where(CHANGES.c.at < oldest - 90 * _DAY_MS))
            long_past = oldest - _INCIDENT_DAYS * _DAY_MS
            await connection.execute(delete(INCIDENTS).where(INCIDENTS.c.ended_at < long_past))
            long_used = day_of(self._clock.wall_ms() - _USAGE_DAYS * _DAY_MS)
            await connection.execute(delete(USAGE).where(USAGE.c.day < long_used))
            await connection.execute(delete(SAYINGS).where(SAYINGS.c.to_at < long_past))
        await self.measure()
        self._failure = None

    # Storing

    def keep_candles(self, candles: Candles, provider: str) -> None:
        """Store those of `candles` that are closed."""
        count = len(candles) - (0 if candles.last_closed else 1)
        if count <= 0 or not self._writer.keeps_candles:
            return
        symbol, interval = repeat(str(candles.symbol)), repeat(str(candles.interval))
        times = candles.timestamp[:count].tolist()
        prices = (candles.open, candles.high, candles.low, candles.close)
        volume: list[float | None] = candles.volume[:count].tolist()
        if np.isnan(candles.volume[:count]).any():
            volume = [None if one != one else one for one in volume]
        self._writer.candles(
            zip(islice(symbol, count), interval, times, strict=False),
            zip(
                islice(symbol, count), interval, times,
                *(column[:count].tolist() for column in prices), volume, repeat(provider),
                strict=False,
            ),
        )  # fmt: skip

    def keep_change(self, change: StateChange) -> None:
        """Store a source's change of state; those of single capabilities are ignored."""
        if change.capability is None:
            self._writer.change(
                {
                    "at": self._clock.wall_ms(), "source": change.source,
                    "before": str(change.before), "after": str(change.after),
                    "reason": change.reason,
                }
            )  # fmt: skip

    def keep_quota(self, rows: list[dict[str, Any]]) -> None:
        """Store the use of quotas, as `coinmux.framework.limits.quota.rows_of` returns it."""
        if rows:
            self._writer.upsert(QUOTA, *rows)

    def mark_start(self) -> None:
        """Record that the process starts: no source's state is known since it last ended."""
        self._mark(STARTED)

    def mark_stop(self) -> None:
        """Record that the process ends: no source's state is known from now on."""
        self._mark(STOPPED)

    def _mark(self, word: str) -> None:
        row = {"source": PROCESS, "before": "", "after": word, "reason": None}
        self._writer.change({"at": self._clock.wall_ms(), **row})

    def keep_event(self, event: Event) -> None:
        """Store an event that the activity log stores."""
        if event.level != "debug":
            self._writer.event(
                {
                    "at": event.at_ms, "kind": event.kind, "level": event.level,
                    "source": event.source, "message": event.message[:2_000],
                    "detail": json.dumps(event.detail, default=str)[:8_000],
                }
            )  # fmt: skip

    async def flush(self, within_s: float = _CLOSE_S) -> bool:
        """Wait until every row handed over is on the disk; returns whether it is."""
        return await self._writer.flush(within_s)

    # Reading

    async def candles(self, query: CandlesQuery, within_s: float = _READ_S) -> Kept | None:
        """The stored candles of the query, None where there are none or the database fails.

        After a read that hung, the database is left alone for a while, so that it does not delay
        every question; then one read tries it again.
        """
        now = self._clock.monotonic()
        if self._rests_until is not None:
            if now < self._rests_until:
                return None
            self._rests_until = now + self._rest_s  # others do not wait for this read
        try:
            async with asyncio.timeout(within_s):
                stored = await self._rows(query)
        except TROUBLE as error:
            self._failure = told(error)
            if isinstance(error, TimeoutError) and within_s >= _FAIR_READ_S:
                if self._rests_until is not None:
                    self._rest_s = min(2 * self._rest_s, _LONGEST_REST_S)
                self._rests_until = self._clock.monotonic() + self._rest_s
            return None
        self._failure, self._rests_until, self._rest_s = None, None, _REST_S
        if stored is None:
            return None
        opened, high, low, close, volume = stored.figures
        candles = Candles(
            symbol=query.symbol,
            interval=query.interval,
            timestamp=stored.timestamp,
            open=opened, high=high, low=low, close=close, volume=volume,
            last_closed=True,
        )  # fmt: skip
        return Kept(candles, stored.providers)

    async def _rows(self, query: CandlesQuery) -> StoredColumns | None:
        asked = candles_of(str(query.symbol), str(query.interval), query.start, query.end)
        time = CANDLES.c.timestamp
        order = time.desc() if query.start is None else time.asc()
        asked = asked.order_by(order).limit(min(query.limit, MOST_CANDLES))
        is_sqlite = self._database.is_sqlite
        async with self._database.engine.connect() as connection:
            return await read_columns(connection, asked, is_sqlite=is_sqlite)

    async def export(
        self, symbol: str, interval: str, start: int | None, end: int | None
    ) -> list[tuple[Any, ...]]:
        """Every stored candle of a market: timestamp, prices, volume, provider; oldest first.

        Raises:
            SQLAlchemyError, OSError: the database cannot be read.
        """
        asked = candles_of(symbol, interval, start, end)
        async with self._database.engine.connect() as connection:
            found = await connection.execute(asked.order_by(CANDLES.c.timestamp))
            return [tuple(row) for row in found]

    async def changes(self, since_ms: int) -> list[tuple[int, str, str, str]]:
        """State changes since then: when, source, before, after; oldest first. None on failure."""
        table = CHANGES.c
        asked = (
            select(table.at, table.source, table.before, table.after)
            .where(table.at >= since_ms)
            .order_by(table.at, table.id)
        )
        try:
            async with asyncio.timeout(_READ_S), self._database.engine.connect() as connection:
                return [(row[0], row[1], row[2], row[3]) for row in await connection.execute(asked)]
        except TROUBLE as error:
            self._failure = told(error)
            return []

    async def markets(self) -> list[tuple[str, str]]:
        """Symbol and interval of every stored series; empty if the database fails."""
        asked = select(CANDLES.c.symbol, CANDLES.c.interval).distinct()
        try:
            async with asyncio.timeout(_READ_S), self._database.engine.connect() as connection:
                return [(row[0], row[1]) for row in await connection.execute(asked)]
        except TROUBLE as error:
            self._failure = told(error)
            return []

    async def gaps(
        self, symbol: str, interval: str, width_ms: int, since_ms: int
    ) -> list[tuple[int, int]]:
        """Neighbours that lie more than `width_ms` apart, newest first; empty on failure."""
        table = CANDLES.c
        time = table.timestamp
        kept = (
            select(time, func.lag(time).over(order_by=time).label("before"))
            .where(table.symbol == symbol, table.interval == interval, time >= since_ms)
            .subquery()
        )
        asked = (
            select(kept.c.before, kept.c.timestamp)
            .where(kept.c.timestamp - kept.c.before > width_ms)
            .order_by(kept.c.timestamp.desc())
        )
        try:
            async with asyncio.timeout(_READ_S), self._database.engine.connect() as connection:
                return [(row[0], row[1]) for row in await connection.execute(asked)]
        except TROUBLE as error:
            self._failure = told(error)
            return []

    async def quota(self) -> list[tuple[str, int, str]]:
        """The use of quotas as last stored; empty if the database fails."""
        table = QUOTA.c
        try:
            async with asyncio.timeout(_READ_S), self._database.engine.connect() as connection:
                found = await connection.execute(select(table.source, table.window_s, table.uses))
                return [(row[0], row[1], row[2]) for row in found]
        except TROUBLE as error:
            self._failure = told(error)
            return []

    async def count(self) -> dict[str, int]:
        """Rows of each table."""
        async with self._database.engine.connect() as connection:
            return {
                table.name: (
                    await connection.execute(select(func.count()).select_from(table))
                ).scalar_one()
                for table in (CANDLES, CHANGES, EVENTS, INCIDENTS, QUOTA)
            }

    # Status

    async def measure(self) -> None:
        """Measure its size; above its limit no more candles are stored."""
        self._size_mb = await self._database.size_mb()
        self._writer.keeps_candles = not self._most_mb or self._size_mb < self._most_mb

    def status(self) -> tuple[Literal["ONLINE", "DEGRADED", "OFFLINE"], str]:
        """`ONLINE`, `DEGRADED` or `OFFLINE`, and why."""
        engine = self._engine
        waiting = f"{self._writer.waiting} rows wait" if self._writer.waiting else ""
        lost = f"{self._writer.dropped} rows were given up" if self._writer.dropped else ""
        trouble = self._writer.trouble or self._failure
        if not self._opened and trouble is None:
            return "DEGRADED", _joined(f"{engine}: opening", waiting)
        if not self._opened:
            return "OFFLINE", _joined(f"{engine}: {trouble}", waiting, lost)
        if trouble is not None:
            return "DEGRADED", _joined(f"{engine}: {trouble}", waiting, lost)
        if not self._writer.keeps_candles:
            return "DEGRADED", f"{engine}: {self._most_mb} MB are full; no more candles are kept"
        return "ONLINE", _joined(engine, lost)

    def figures(self) -> dict[str, Any]:
        """As `/api/monitoring/metrics` shows them."""
        size = self._size_mb
        used = 100 * size / self._most_mb if size is not None and self._most_mb else None
        return {
            "engine": self._database.name,
            "size_mb": None if size is None else round(size, 3),
            "usage_percent": None if used is None else round(used, 2),
            "queries_per_s": round(self._database.queries_per_s(), 2),
            "queries_total": self._database.queries,
            "ok": self.status()[0] == "ONLINE",
            "rows_waiting": self._writer.waiting,
            "rows_given_up": self._writer.dropped,
        }


def _joined(*parts: str) -> str:
    return "; ".join(part for part in parts if part)
