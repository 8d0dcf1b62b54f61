"""The database under the archive: SQLite in a file, or PostgreSQL by address."""

from __future__ import annotations

import asyncio
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alembic import command
from alembic.config import Config
from sqlalchemy import event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from coinmux.framework.errors import InvalidRequest

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from coinmux.framework.clock import Clock

#: A statement waits so long for another's lock, and a connection so long to be made.
_PATIENCE_S = 5.0
_RATE_WINDOW_S = 10.0
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
    except ArgumentError:
        url = None
    driver = None if url is None else _DRIVERS.get(url.get_backend_name())
    if url is None or driver is None:
        message = "takes postgresql://user:password@host/name or sqlite:///file"
        raise InvalidRequest(
            f"DATABASE_URL {message}", errors=[{"name": "DATABASE_URL", "message": message}]
        )
    return url.set(drivername=driver)


class Database:
    """One engine: connections, migrations, and true figures about it.

    Args:
        url: from `read_database_url`.
    """

    def __init__(self, url: URL, clock: Clock) -> None:
        self.name = url.get_backend_name()
        self._clock = clock
        self._queries: deque[float] = deque()
        options: dict[str, Any] = {"pool_pre_ping": True}
        if self.is_sqlite:
            if url.database:
                folder = Path(url.database).parent
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            options["connect_args"] = {"timeout": _PATIENCE_S}
        else:
            options |= {
                "connect_args": {"timeout": _PATIENCE_S, "command_timeout": 4 * _PATIENCE_S},
                "pool_size": 4,
                "pool_timeout": _PATIENCE_S,
            }
        self.engine: AsyncEngine = create_async_engine(url, **options)
        event.listen(self.engine.sync_engine, "after_cursor_execute", self._count)
        if self.is_sqlite:
            event.listen(self.engine.sync_engine, "connect", _prepare_sqlite)

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file of ours."""
        return self.name == "sqlite"

    async def migrate(self) -> None:
        """Bring the tables to what this version knows; one process at a time."""
        async with self.engine.begin() as connection:
            if not self.is_sqlite:
                await connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
            await connection.run_sync(_upgrade)

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

    def _count(self, *_: object) -> None:
        now = self._clock.monotonic()
        self._queries.append(now)
        self._forget(now)

    def _forget(self, now: float) -> None:
        while self._queries and now - self._queries[0] > _RATE_WINDOW_S:
            self._queries.popleft()


def _prepare_sqlite(connection: Any, _: object) -> None:
    """Readers beside one writer, and nothing acknowledged before it is on the disk."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
