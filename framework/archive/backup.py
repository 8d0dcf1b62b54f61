"""A copy of the whole archive in one file, of either database, and the way back.

The copy is a SQLite file with the archive's own tables, whatever the archive is kept in: so it can
be looked into, and a copy of one database can be restored into the other.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, select, text

from coinmux.framework.archive.database import Database, read_database_url, require_version
from coinmux.framework.archive.schema import METADATA, NEWEST
from coinmux.framework.archive.trouble import UnusableDatabase, told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Table

    from coinmux.framework.clock import Clock

#: Rows in memory at a time.
_BATCH = 5_000
_TABLES = tuple(METADATA.sorted_tables)
_NONE_YET = "there is no archive yet: the server makes it"


async def back_up(database: Database, file: Path, clock: Clock) -> dict[str, int]:
    """Copy the archive as it is at one moment to a new file; others may write meanwhile.

    The file appears under its name when it is whole, checked and on the disk.

    Returns:
        The number of rows of each table.

    Raises:
        FileExistsError: there is such a file.
        FileNotFoundError: there is no such folder.
        UnusableDatabase: the archive was written by another version, or there is none.
        SQLAlchemyError, OSError: the database cannot be read, or the file not be written.
    """
    if file.exists():  # noqa: ASYNC240 - a command: no request waits
        raise FileExistsError(17, "there is such a file already", str(file))
    if not file.parent.is_dir():
        raise FileNotFoundError(2, "there is no such folder", str(file.parent))
    part = file.with_name(f"{file.name}.part")
    part.unlink(missing_ok=True)
    try:
        # What is stored tells who watches what, and is for its owner alone.
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        if database.file is not None:
            await asyncio.to_thread(_copy_pages, database.file, part)
        else:
            await _copy_rows(database, part, clock)
        counts = await asyncio.to_thread(_finish, part)
        part.rename(file)
    except sqlite3.Error as error:
        raise UnusableDatabase(told(error)) from error
    finally:
        part.unlink(missing_ok=True)
    return counts


async def restore(
    file: Path, database: Database, clock: Clock, *, replace: bool = False
) -> dict[str, int]:
    """Fill the archive with what `back_up` wrote to the file: all of it, or nothing on failure.

    A copy of an earlier version is migrated on the way; the file itself stays as it is.

    Args:
        replace: whether rows that are there give way; without it they are a reason to refuse.

    Returns:
        The number of rows of each table.

    Raises:
        UnusableDatabase: the file is no copy of an archive, or there are rows already.
        SQLAlchemyError, OSError: the file cannot be read, or the database not be written.
    """
    with tempfile.TemporaryDirectory(prefix="coinmux-") as folder:
        source = await _migrated(file, Path(folder), clock)
        await database.migrate()
        with closing(_read_only(source)) as rows:
            return await _fill(database, rows, replace=replace)


# The copy


def _copy_pages(source: Path, target: Path) -> None:
    """SQLite's own copy of a database that is in use; writers do not wait for it."""
    if not source.exists():
        raise UnusableDatabase(_NONE_YET)
    with closing(sqlite3.connect(source)) as read, closing(sqlite3.connect(target)) as written:
        read.backup(written)


async def _copy_rows(database: Database, target: Path, clock: Clock) -> None:
    """Copy every row as one transaction sees them."""
    written = Database(read_database_url(f"sqlite:///{target}"), clock)
    try:
        await written.migrate()
        async with database.engine.connect() as plain, written.writing() as to:
            source = await plain.execution_options(isolation_level="REPEATABLE READ")
            await source.run_sync(require_version)
            for table in _TABLES:
                rows = await source.stream(select(table).execution_options(yield_per=_BATCH))
                async for some in rows.mappings().partitions(_BATCH):
                    await to.execute(insert(table), [dict(row) for row in some])
    finally:
        await written.close()


def _finish(part: Path) -> dict[str, int]:
    """Make one file of it, see that it is sound, and bring it to the disk."""
    with closing(sqlite3.connect(part)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
        if (found := connection.execute("PRAGMA integrity_check").fetchone()[0]) != "ok":
            raise UnusableDatabase(f"the archive is damaged: {found}")
        counts = {
            name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]  # noqa: S608
            for name in _tables_of(connection)
        }
    if not counts:  # its file is there before its tables are
        raise UnusableDatabase(_NONE_YET)
    with part.open("rb") as written:
        os.fsync(written.fileno())
    return counts


# The way back


async def _migrated(file: Path, folder: Path, clock: Clock) -> Path:
    """A file with today's tables: the copy itself, or one of it that was migrated."""
    version = await asyncio.to_thread(_version_of, file)
    if version == NEWEST:
        return file
    older = folder / "older.db"
    await asyncio.to_thread(shutil.copyfile, file, older)
    database = Database(read_database_url(f"sqlite:///{older}"), clock)
    try:
        await database.migrate()
    finally:
        await database.close()
    return older


def _version_of(file: Path) -> str:
    """The newest migration of the tables in the file.

    Raises:
        FileNotFoundError: there is none.
        UnusableDatabase: it is something else.
    """
    if not file.is_file():
        raise FileNotFoundError(2, "there is no such file", str(file))
    try:
        with closing(_read_only(file)) as connection:
            (version,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            return str(version)
    except (sqlite3.Error, TypeError) as error:
        raise UnusableDatabase(f"{file} is no copy of an archive") from error


def _read_only(file: Path) -> sqlite3.Connection:
    """The file, which is not touched: a medium that cannot be written to will do."""
    return sqlite3.connect(
        f"{file.absolute().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False
    )


async def _fill(database: Database, source: sqlite3.Connection, *, replace: bool) -> dict[str, int]:
    counts = {}
    async with database.writing() as target:
        there = {
            table.name: (await target.execute(select(func.count()).select_from(table))).scalar_one()
            for table in _TABLES
        }
        if any(there.values()) and not replace:
            held = ", ".join(f"{count} {name}" for name, count in there.items() if count)
            raise UnusableDatabase(f"the archive holds rows already ({held}): see --replace")
        for table in _TABLES:
            await target.execute(delete(table))
            counts[table.name] = 0
            batches = _batches(source, table)
            while rows := await asyncio.to_thread(next, batches, None):
                await target.execute(insert(table), rows)
                counts[table.name] += len(rows)
            if not database.is_sqlite and (numbered := table.autoincrement_column) is not None:
                # Rows with numbers of their own do not move PostgreSQL's counter.
                await target.execute(
                    text(
                        f"SELECT setval(pg_get_serial_sequence('{table.name}', '{numbered.name}'), "  # noqa: S608
                        f"(SELECT coalesce(max({numbered.name}), 0) + 1 FROM {table.name}), false)"
                    )
                )
    return counts


def _batches(source: sqlite3.Connection, table: Table) -> Iterator[list[dict[str, Any]]]:
    names = [column.name for column in table.columns]
    columns = ", ".join(f'"{name}"' for name in names)
    cursor = source.execute(f'SELECT {columns} FROM "{table.name}"')  # noqa: S608 - names of ours
    while some := cursor.fetchmany(_BATCH):
        yield [dict(zip(names, row, strict=True)) for row in some]


def _tables_of(connection: sqlite3.Connection) -> list[str]:
    """The archive's tables that are there; a copy of an earlier version has fewer."""
    asked = "SELECT name FROM sqlite_master WHERE type = 'table'"
    there = {name for (name,) in connection.execute(asked)}
    return [table.name for table in _TABLES if table.name in there]
