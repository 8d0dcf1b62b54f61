"""The database under the archive: SQLite in a file, or PostgreSQL by address."""

from __future__ import annotations

import asyncio
import os
import ssl
import threading
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import event, insert, inspect, select, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.util import await_only, greenlet_spawn

from coinmux.framework.archive.schema import METADATA, NEWEST, VERSION
from coinmux.framework.archive.trouble import UnusableDatabase
from coinmux.framework.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping
    from contextlib import AbstractAsyncContextManager

    from sqlalchemy import Connection, Inspector
    from sqlalchemy.ext.asyncio import AsyncConnection

    from coinmux.framework.clock import Clock

#: A statement waits so long for another's lock, and a connection so long to be made.
_PATIENCE_S = 5.0
_RATE_WINDOW_S = 10.0
#: What threads of SQLite's driver have in their names, and how long their end is waited for.
_DRIVERS_THREAD, _THREADS_S = "_connection_worker_thread", 0.3
#: The option of a connection whose transactions write.
_WRITES = "coinmux_writes"
#: PostgreSQL's advisory lock while one process migrates: "coinmux" in digits.
_LOCK = 2_646_689
_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+asyncpg",
    "postgres": "postgresql+asyncpg",
}


def read_database_url(address: str) -> URL:
    """An address as people write it (`postgresql://user:password@host/name`, `sqlite:///file`).

    Raises:
        InvalidRequest: it is none, or of a database that is not known; its parts are not shown.
    """
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):
        url = None
    driver = None if url is None else _DRIVERS.get(url.get_backend_name())
    if url is None or driver is None:
        message = "takes postgresql://user:password@host/name or sqlite:///file"
        raise InvalidRequest(
            f"DATABASE_URL {message}", errors=[{"name": "DATABASE_URL", "message": message}]
        )
    return url.set(drivername=driver)


def postgres_options(url: URL) -> tuple[URL, dict[str, Any]]:
    """The options of an address as libpq has them, in the driver's words.

    Returns:
        The address without them, and arguments of the driver.
    """
    given = {name: str(value) for name, value in url.query.items()}
    arguments: dict[str, Any] = {}
    mode = given.get("sslmode", given.get("ssl"))
    if mode is not None:
        arguments["ssl"] = _tls(mode, given)
    if server := {name: given[name] for name in ("application_name", "options") if name in given}:
        arguments["server_settings"] = server
    if "target_session_attrs" in given:
        arguments["target_session_attrs"] = given["target_session_attrs"]
    kept = {name: url.query[name] for name in ("host", "port") if name in url.query}
    if given.get("pgbouncer", "false").lower() not in ("false", "0", "no"):
        # A pooler hands the next statement to another connection, which has not prepared it.
        arguments["statement_cache_size"] = 0
        kept["prepared_statement_cache_size"] = "0"
    return url.set(query=kept), arguments


def _tls(mode: str, given: Mapping[str, str]) -> str | ssl.SSLContext:
    files = [given[name] for name in ("sslrootcert", "sslcert") if name in given]
    if mode in ("disable", "allow", "prefer") or (mode == "require" and not files):
        return mode
    root = given.get("sslrootcert")
    try:
        context = ssl.create_default_context(cafile=None if root == "system" else root)
        context.check_hostname = mode == "verify-full"
        if "sslcert" in given:
            context.load_cert_chain(given["sslcert"], given.get("sslkey"))
    except OSError:
        message = "names a certificate or key file that cannot be read (sslrootcert, sslcert)"
        raise InvalidRequest(
            f"DATABASE_URL {message}", errors=[{"name": "DATABASE_URL", "message": message}]
        ) from None
    return context


class Database:
    """One engine: connections, migrations, and true figures about it.

    Args:
        url: from `read_database_url`.
    """

    def __init__(self, url: URL, clock: Clock) -> None:
        self.name = url.get_backend_name()
        self._clock = clock
        self._queries: deque[float] = deque()
        #: Statements since the start.
        self.queries = 0
        options: dict[str, Any] = {"pool_pre_ping": True}
        #: The file of SQLite; None in memory and for PostgreSQL.
        self.file = Path(url.database) if self.is_sqlite and url.database else None
        if self.is_sqlite:
            options["connect_args"] = {"timeout": _PATIENCE_S}
        else:
            url, arguments = postgres_options(url)
            options |= {
                "connect_args": {
                    "timeout": _PATIENCE_S,
                    "command_timeout": 4 * _PATIENCE_S,
                    **arguments,
                },
                "pool_size": 4,
                "pool_timeout": _PATIENCE_S,
            }
        self.engine: AsyncEngine = create_async_engine(url, **options)
        event.listen(self.engine.sync_engine, "after_cursor_execute", self._count)
        if self.is_sqlite:
            event.listen(self.engine.sync_engine, "do_connect", _connect_sqlite)
            event.listen(self.engine.sync_engine, "connect", _prepare_sqlite)
            event.listen(self.engine.sync_engine, "begin", _begin_sqlite)
        self._writes = self.engine.execution_options(**{_WRITES: True})

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file of ours."""
        return self.name == "sqlite"

    def writing(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """A transaction that writes: all of it is on the disk at the end, or nothing."""
        return self._writes.begin()

    async def migrate(self) -> None:
        """Bring the tables to what this version knows; one process at a time.

        Raises:
            UnusableDatabase: other tables of these names are in the way.
        """
        if self.file is not None:
            await asyncio.to_thread(_make_private, self.file)
        async with self.writing() as connection:
            if not self.is_sqlite:
                await connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
            await connection.run_sync(_upgrade)

    async def check(self) -> float:
        """Look whether it can be read by this version; its size in MiB.

        Raises:
            UnusableDatabase: a newer version has written it.
        """
        async with self.engine.connect() as connection:
            await connection.run_sync(_require_known)
        return await self.size_mb()

    async def size_mb(self) -> float:
        """What it takes on disk, in MiB."""
        async with self.engine.connect() as connection:
            if self.is_sqlite:
                pages = (await connection.execute(text("PRAGMA page_count"))).scalar_one()
                size = (await connection.execute(text("PRAGMA page_size"))).scalar_one()
                taken = pages * size
            else:
                asked = text("SELECT pg_database_size(current_database())")
                taken = (await connection.execute(asked)).scalar_one()
        return float(taken) / 1_048_576

    def queries_per_s(self) -> float:
        """Statements a second, over the last ten."""
        self._forget(self._clock.monotonic())
        return len(self._queries) / _RATE_WINDOW_S

    async def close(self) -> None:
        """End every connection; what does not end soon is left behind."""
        try:
            await asyncio.wait_for(self.engine.dispose(), _PATIENCE_S)
        except TimeoutError:
            await self.engine.dispose(close=False)
        if self.is_sqlite:
            await _drivers_threads_ended()

    def _count(self, *_: object) -> None:
        now = self._clock.monotonic()
        self.queries += 1
        self._queries.append(now)
        self._forget(now)

    def _forget(self, now: float) -> None:
        while self._queries and now - self._queries[0] > _RATE_WINDOW_S:
            self._queries.popleft()


def _make_private(file: Path) -> None:
    """Make the file, and its folder, for the owner alone; SQLite gives its others the same mode."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not file.exists():
        os.close(os.open(file, os.O_CREAT | os.O_WRONLY, 0o600))
    elif os.name == "posix" and file.is_file() and file.stat().st_mode & 0o077:
        file.chmod(0o600)


def _connect_sqlite(dialect: Any, _: object, where: list[Any], options: dict[str, Any]) -> Any:
    """Connect in a task of its own, which a caller who leaves meanwhile does not cut off."""
    return await_only(_connected(greenlet_spawn(dialect.connect, *where, **options)))


async def _connected(connecting: Awaitable[Any]) -> Any:
    """The connection; closed if nobody is left to use it, as the driver would leave it open."""
    task = asyncio.ensure_future(connecting)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await greenlet_spawn((await task).close)
        raise


def _prepare_sqlite(connection: Any, _: object) -> None:
    """Readers beside one writer, and nothing acknowledged before it is on the disk.

    The driver by itself would end the transaction at every CREATE TABLE: a process that is killed
    then would leave half a migration. So it starts none; `_begin_sqlite` does.
    """
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    """Begin a transaction; one that writes waits for its turn at once, not in the middle."""
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _upgrade(connection: Connection) -> None:
    """Make the tables what they are today; an empty database gets them as they are."""
    found = inspect(connection)
    version = _version(connection, found)
    if version == NEWEST:
        return
    if version is None and not any(found.has_table(one.name) for one in METADATA.sorted_tables):
        METADATA.create_all(connection)
        VERSION.create(connection, checkfirst=True)
        connection.execute(insert(VERSION).values(version_num=NEWEST))
        return
    if version is None:
        _refuse_strangers(found)
    # Imported here: alembic takes a tenth of a second and 11 MB to import.
    from coinmux.framework.archive.upgrade import upgrade

    upgrade(connection)


def _version(connection: Connection, found: Inspector) -> str | None:
    """The newest migration that has run; None before the first."""
    if not found.has_table(VERSION.name):
        return None
    version: str | None = connection.execute(select(VERSION.c.version_num)).scalar()
    return version


def require_version(connection: Connection) -> None:
    """Raise `UnusableDatabase` if the tables are not what they are today."""
    version = _version(connection, inspect(connection))
    if version == NEWEST:
        return
    _require_known(connection)
    if version is None:
        raise UnusableDatabase("there is no archive yet: the server makes it")
    raise UnusableDatabase(
        "an earlier coinmux has written it: start the server once, which migrates it"
    )


def _require_known(connection: Connection) -> None:
    """Raise `UnusableDatabase` if the tables are of a version that is not known here."""
    version = _version(connection, inspect(connection))
    if version is not None and version != NEWEST:
        from coinmux.framework.archive.upgrade import require_known

        require_known(version)


def _refuse_strangers(found: Inspector) -> None:
    """Refuse tables of another program that have names of ours."""
    for table in METADATA.sorted_tables:
        if found.has_table(table.name):
            there = {column["name"] for column in found.get_columns(table.name)}
            if not there >= {column.name for column in table.columns}:
                raise UnusableDatabase(
                    f"a table {table.name!r} of another program is in the way: "
                    "name another database in DATABASE_URL"
                )


async def _drivers_threads_ended() -> None:
    """Wait a moment for the threads of SQLite's driver.

    The thread of a connection that could not be made delivers its last result to the loop after
    the error is known, and prints a traceback if the loop has been closed by then.
    """
    until = asyncio.get_running_loop().time() + _THREADS_S
    while asyncio.get_running_loop().time() < until:
        if not any(_DRIVERS_THREAD in thread.name for thread in threading.enumerate()):
            return
        await asyncio.sleep(0.01)
