"""The queue of rows to write, and the task that writes them to the database in batches."""

from __future__ import annotations

import asyncio
from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert

from coinmux.framework.archive.candle_table import insert_candles
from coinmux.framework.archive.schema import CHANGES, EVENTS
from coinmux.framework.archive.trouble import TROUBLE, told
from coinmux.framework.archive.upserts import Upserts, upsert

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Table

    from coinmux.framework.archive.candle_table import CandleRow
    from coinmux.framework.archive.database import Database
    from coinmux.framework.archive.upserts import Place
    from coinmux.framework.archive.upserts import Row as UpsertRow

#: Symbol, interval and timestamp: the first three columns of a candle.
CandleKey = tuple[str, str, int]
Row = dict[str, Any]

#: The longest time between batches, and the most rows in one.
_EVERY_S = 0.5
_BATCH = 10_000
#: Rows that may wait. Events are dropped first, then the oldest candles, which their
#: source can return again. State changes are few.
_MOST_CANDLES, _MOST_CHANGES, _MOST_EVENTS = 200_000, 20_000, 5_000
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 30.0


class Writer:
    """One task that writes what others hand over.

    Attributes:
        trouble: why nothing can be written, without addresses; None while it can.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._candles: dict[CandleKey, CandleRow] = {}
        self._upserts = Upserts()
        self._changes: deque[Row] = deque(maxlen=_MOST_CHANGES)
        self._events: deque[Row] = deque(maxlen=_MOST_EVENTS)
        self._wake = asyncio.Event()
        self._written = asyncio.Condition()
        self._handed = 0
        self._settled = 0
        self._pause_s = _FIRST_PAUSE_S
        self.trouble: str | None = None
        self._dropped = 0
        self.keeps_candles = True

    @property
    def waiting(self) -> int:
        """Rows that are not written yet."""
        return len(self._candles) + len(self._upserts) + len(self._changes) + len(self._events)

    @property
    def dropped(self) -> int:
        """Rows that waited too long and were given up."""
        return self._dropped + self._upserts.dropped

    def candles(self, keys: Iterable[CandleKey], rows: Iterable[CandleRow]) -> None:
        """Queue closed candles; one that is already queued is not added twice."""
        if not self.keeps_candles:
            return
        # A thousand rows an answer: each of these lines works on all of them at once.
        fresh = dict(zip(keys, rows, strict=True))
        for key in self._candles.keys() & fresh.keys():
            del fresh[key]
        self._candles.update(fresh)
        excess = len(self._candles) - _MOST_CANDLES
        if excess > 0:
            for key in list(islice(self._candles, excess)):
                del self._candles[key]
            self._dropped += excess
        self._take()

    def upsert(self, table: Table, *rows: UpsertRow) -> None:
        """Queue rows of which the newest counts."""
        for row in rows:
            self._upserts.put(table, row)
        self._take()

    def change(self, row: Row) -> None:
        """Queue one state change."""
        self._dropped += len(self._changes) == _MOST_CHANGES
        self._changes.append(row)
        self._take()

    def event(self, row: Row) -> None:
        """Queue one event."""
        self._dropped += len(self._events) == _MOST_EVENTS
        self._events.append(row)
        self._take()

    def _take(self) -> None:
        self._handed += 1
        if self.waiting >= _BATCH:
            self._wake.set()

    async def flush(self, within_s: float) -> bool:
        """Wait until the rows queued so far are on the disk; returns whether they are."""
        wanted = self._handed
        self._wake.set()
        try:
            async with asyncio.timeout(within_s), self._written:
                await self._written.wait_for(lambda: self._settled >= wanted)
        except TimeoutError:
            return False
        return True

    async def run(self) -> None:
        """Write until cancelled; after each database error wait longer."""
        while True:
            try:
                async with asyncio.timeout(_EVERY_S if self.trouble is None else self._pause_s):
                    await self._wake.wait()
            except TimeoutError:
                pass  # the batch of this half second
            self._wake.clear()
            await self.write()

    async def write(self) -> None:
        """Write what waits, batch by batch, until nothing does or the database fails."""
        while True:
            handed = self._handed
            keys = list(islice(self._candles, _BATCH))
            candles = [self._candles[key] for key in keys]
            newest = self._upserts.waiting()
            changes, events = list(self._changes)[:_BATCH], list(self._events)[:_BATCH]
            if candles or newest or changes or events:
                try:
                    await self._commit(candles, newest, changes, events)
                except TROUBLE as error:
                    self.trouble = told(error)
                    self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)
                    return
                self._forget(keys, changes, events)
                self._upserts.forget(newest)
            self.trouble = None
            self._pause_s = _FIRST_PAUSE_S
            if not self.waiting:
                async with self._written:
                    self._settled = handed
                    self._written.notify_all()
                return

    async def _commit(
        self,
        candles: Sequence[CandleRow],
        newest: Mapping[Place, UpsertRow],
        changes: list[Row],
        events: list[Row],
    ) -> None:
        is_sqlite = self._database.is_sqlite
        async with self._database.writing() as connection:
            if candles:
                await insert_candles(connection, candles, is_sqlite=is_sqlite)
            if newest:
                await upsert(connection, newest, is_sqlite=is_sqlite)
            if changes:
                await connection.execute(insert(CHANGES), changes)
            if events:
                await connection.execute(insert(EVENTS), events)

    def _forget(self, keys: list[CandleKey], changes: list[Row], events: list[Row]) -> None:
        for key in keys:
            self._candles.pop(key, None)
        for waiting, written in ((self._changes, changes), (self._events, events)):
            # Rows queued meanwhile may have pushed out some at the front.
            for row in written:
                if waiting and waiting[0] is row:
                    waiting.popleft()
