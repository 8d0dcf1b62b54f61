"""Rows of which only the newest counts: one waits for each key, and replaces the stored one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite

from coinmux.framework.archive.schema import INCIDENTS, PRESENCE, QUOTA, SAYINGS

if TYPE_CHECKING:
    from sqlalchemy import Table
    from sqlalchemy.ext.asyncio import AsyncConnection

Row = Mapping[str, Any]
#: Where a row waits: its table, and the values of the table's key.
Place = tuple[str, tuple[Any, ...]]

_TABLES = {table.name: table for table in (QUOTA, INCIDENTS, PRESENCE, SAYINGS)}
#: Rows that may wait. Quotas and presence have a fixed number of keys, incidents have not.
_MOST = 5_000


def _keys_of(table: Table) -> list[str]:
    return [column.name for column in table.primary_key.columns]


class Upserts:
    """Rows that wait to be written, the newest of each key.

    Attributes:
        dropped: rows that waited too long and were given up.
    """

    def __init__(self) -> None:
        self._rows: dict[Place, Row] = {}
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._rows)

    def put(self, table: Table, row: Row) -> None:
        """Queue a row, in place of one of the same key that waits."""
        self._rows[table.name, tuple(row[name] for name in _keys_of(table))] = row
        if len(self._rows) > _MOST:
            del self._rows[next(iter(self._rows))]
            self.dropped += 1

    def waiting(self) -> dict[Place, Row]:
        """What waits now."""
        return dict(self._rows)

    def forget(self, written: Mapping[Place, Row]) -> None:
        """Drop the rows that are written; one that was queued meanwhile stays."""
        self._rows = {
            place: row for place, row in self._rows.items() if written.get(place) is not row
        }


async def upsert(
    connection: AsyncConnection, rows: Mapping[Place, Row], *, is_sqlite: bool
) -> None:
    """Write rows within the connection's transaction, each in place of the stored one.

    Raises:
        SQLAlchemyError, OSError, TimeoutError: the database failed.
    """
    insert: Any = insert_sqlite if is_sqlite else insert_postgresql
    for name, table in _TABLES.items():
        values = [row for (of, _), row in rows.items() if of == name]
        if not values:
            continue
        keys = _keys_of(table)
        one = insert(table)
        rest = {
            column.name: one.excluded[column.name]
            for column in table.columns
            if column.name not in keys
        }
        await connection.execute(one.on_conflict_do_update(index_elements=keys, set_=rest), values)
