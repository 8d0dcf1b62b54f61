"""Candles into the database and out of it, in each engine's quickest way for many of them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError

from coinmux.framework.archive.schema import CANDLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from sqlalchemy import Select
    from sqlalchemy.ext.asyncio import AsyncConnection

#: One candle in the order of the table's columns.
CandleRow = tuple[str, str, int, float, float, float, float, float | None, str]

_COLUMNS = tuple(column.name for column in CANDLES.columns)
_NAMES = ", ".join(f'"{name}"' for name in _COLUMNS)
_INTO = f"INSERT INTO candles ({_NAMES})"
#: Rows of one statement of SQLite, which older builds limit to 999 values.
_TOGETHER = 100
#: From so many rows on PostgreSQL gets them by COPY, which takes two statements more.
_COPY_FROM = 200
_ROW = f"({', '.join('?' * len(_COLUMNS))})"
_SQLITE_ONE = f"{_INTO} VALUES {_ROW} ON CONFLICT DO NOTHING"
_SQLITE_MANY = f"{_INTO} VALUES {', '.join([_ROW] * _TOGETHER)} ON CONFLICT DO NOTHING"
_POSTGRES_ONE = (
    f"{_INTO} VALUES ({', '.join(f'${at + 1}' for at in range(len(_COLUMNS)))}) "
    "ON CONFLICT DO NOTHING"
)
#: COPY cannot pass over rows that are stored already, so it fills a table of the connection's own.
_ARRIVED = "coinmux_arrived"
_MAKE_ARRIVED = (
    f"CREATE TEMPORARY TABLE IF NOT EXISTS {_ARRIVED} (LIKE candles) ON COMMIT DELETE ROWS"
)
_MOVE = f"{_INTO} SELECT * FROM {_ARRIVED} ON CONFLICT DO NOTHING"  # noqa: S608
_MAY_COPY = text("SELECT has_database_privilege(current_database(), 'TEMPORARY')")


async def insert_candles(
    connection: AsyncConnection, rows: Sequence[CandleRow], *, is_sqlite: bool
) -> None:
    """Insert candles within the connection's transaction; those that are stored already stay.

    Args:
        rows: each market and time once.

    Raises:
        SQLAlchemyError, OSError, TimeoutError: the database failed.
    """
    if is_sqlite:
        whole = len(rows) - len(rows) % _TOGETHER
        if whole:
            groups = [
                tuple(chain.from_iterable(rows[at : at + _TOGETHER]))
                for at in range(0, whole, _TOGETHER)
            ]
            await connection.exec_driver_sql(_SQLITE_MANY, groups)
        if rest := list(rows[whole:]):
            await connection.exec_driver_sql(_SQLITE_ONE, rest)
    elif len(rows) >= _COPY_FROM and (await connection.execute(_MAY_COPY)).scalar_one():
        await _copy(connection, rows)
    else:
        await connection.exec_driver_sql(_POSTGRES_ONE, list(rows))


async def _copy(connection: AsyncConnection, rows: Sequence[CandleRow]) -> None:
    import asyncpg  # here, as SQLite, which is usual, starts faster without it

    await connection.exec_driver_sql(_MAKE_ARRIVED)
    driver: Any = (await connection.get_raw_connection()).driver_connection
    try:
        await driver.copy_records_to_table(_ARRIVED, records=rows, columns=_COLUMNS)
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        # The engine translates only errors of its own statements.
        raise OperationalError(f"COPY {_ARRIVED}", None, error) from error
    await connection.exec_driver_sql(_MOVE)


@dataclass(frozen=True, slots=True)
class StoredColumns:
    """Candles as columns, oldest first.

    Attributes:
        timestamp: `(n,)` int64.
        figures: open, high, low, close, volume: `(n,)` float64 each; nan where unknown.
        providers: those that any of the candles came from, sorted.
    """

    timestamp: NDArray[np.int64]
    figures: tuple[NDArray[np.float64], ...]
    providers: tuple[str, ...]


def candles_of(symbol: str, interval: str, start: int | None, end: int | None) -> Select[Any]:
    """Timestamp, prices, volume and provider of a market's candles, in no order."""
    table = CANDLES.c
    asked = select(
        table.timestamp, table.open, table.high, table.low, table.close, table.volume,
        table.provider,
    ).where(table.symbol == symbol, table.interval == interval)  # fmt: skip
    if start is not None:
        asked = asked.where(table.timestamp >= start)
    if end is not None:
        asked = asked.where(table.timestamp <= end)
    return asked


async def read_columns(
    connection: AsyncConnection, asked: Select[Any], *, is_sqlite: bool
) -> StoredColumns | None:
    """The candles that `asked` selects, as `candles_of` does; None where there are none.

    PostgreSQL sends each column as one string of bytes, so that no cell becomes an object.
    """
    if is_sqlite:
        rows = (await connection.execute(asked)).all()
        if not rows:
            return None
        columns = list(zip(*rows, strict=True))
        times = np.array(columns[0], dtype=np.int64)
        figures = [np.array(column, dtype=np.float64) for column in columns[1:6]]
        providers = set(columns[6])
    else:
        part = asked.subquery()
        time, *numbers, provider = part.c
        sent = [func.int8send(time)]
        sent += [func.float8send(func.coalesce(one, float("nan"))) for one in numbers]
        packed = select(
            *(func.string_agg(one, text("''::bytea")) for one in sent),
            func.string_agg(provider, text("','")),
        )
        row = (await connection.execute(packed)).one()
        if row[0] is None:
            return None
        times = np.frombuffer(row[0], dtype=">i8").astype(np.int64)
        figures = [np.frombuffer(one, dtype=">f8").astype(np.float64) for one in row[1:6]]
        providers = set(row[6].split(","))
    order = np.argsort(times, kind="stable")
    return StoredColumns(
        times[order], tuple(column[order] for column in figures), tuple(sorted(providers))
    )
