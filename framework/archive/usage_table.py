"""What consumers used, in the archive: every process adds what it counted to the same rows."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite

from coinmux.framework.archive.schema import USAGE
from coinmux.framework.archive.trouble import TROUBLE
from coinmux.framework.consumers.ledger import Delta, Key

if TYPE_CHECKING:
    from coinmux.framework.archive.database import Database

#: Nobody waits for it.
_WITHIN_S = 5.0


class UsageTable:
    """Adds up the figures of all processes that share the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, deltas: Mapping[Key, Delta], days: Iterable[str]) -> Mapping[Key, float]:
        """Add the deltas; the totals of every figure of `days`.

        Raises:
            ConnectionError: the database fails; nothing was added.
        """
        try:
            async with asyncio.timeout(_WITHIN_S):
                if deltas:
                    await self._write(deltas)
                return await self._read(days)
        except TROUBLE as error:
            raise ConnectionError(type(error).__name__) from error

    async def _write(self, deltas: Mapping[Key, Delta]) -> None:
        insert = insert_sqlite if self._database.is_sqlite else insert_postgresql
        table = USAGE.c
        async with self._database.writing() as connection:
            # In one order, so that two processes never wait for each other's rows.
            for key in sorted(deltas):
                row = insert(USAGE).values(
                    consumer=key.consumer, day=key.day, what=key.what, total=deltas[key].known
                )
                more = table.total + deltas[key].more
                keys = [table.consumer, table.day, table.what]
                await connection.execute(
                    row.on_conflict_do_update(index_elements=keys, set_={"total": more})
                )

    async def _read(self, days: Iterable[str]) -> Mapping[Key, float]:
        table = USAGE.c
        asked = select(table.consumer, table.what, table.day, table.total).where(
            table.day.in_(list(days))
        )
        async with self._database.engine.connect() as connection:
            found = await connection.execute(asked)
            return {Key(row[0], row[1], row[2]): float(row[3]) for row in found}
