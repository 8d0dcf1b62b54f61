"""Real databases: SQLite in a file, and a PostgreSQL cluster of the tests' own."""

import os
from contextlib import asynccontextmanager

import pytest

from coinmux.framework.archive.archive import Archive
from coinmux.framework.archive.database import Database, read_database_url
from coinmux.framework.events import EventBus
from coinmux.framework.testing.clock import FakeClock
from coinmux.framework.testing.servers import PostgresServer, postgres_folder

ENGINES = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def cluster():
    programs = postgres_folder()
    if programs is None:
        if os.environ.get("CI"):
            pytest.fail("PostgreSQL is not installed; scripts/services installs it")
        pytest.skip("PostgreSQL is not installed (apt-get install postgresql)")
    made = PostgresServer(programs)
    yield made
    made.close()


@pytest.fixture(params=ENGINES)
def address(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'data' / 'archive.db'}"
    return request.getfixturevalue("cluster").new()


@pytest.fixture
def clock():
    return FakeClock()


class Patient(Archive):
    """One whose database may take its time, as on a machine that is short of it."""

    async def candles(self, query, within_s=60.0):
        return await super().candles(query, within_s)

    async def flush(self, within_s=60.0):
        return await super().flush(within_s)


@pytest.fixture
def archive_at(clock):
    """`async with archive_at(address) as archive`: open, and closed with the block."""

    @asynccontextmanager
    async def make(address, **options):
        database = Database(read_database_url(address), clock)
        archive = Patient(database, clock, EventBus(clock), **options)
        await archive.open()
        try:
            yield archive
        finally:
            await archive.close()

    return make
