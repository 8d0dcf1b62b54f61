"""A new archive is made as it is today; one of an earlier version is migrated to the same."""

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, inspect, select

from coinmux.framework.archive import upgrade
from coinmux.framework.archive.database import Database, read_database_url
from coinmux.framework.archive.schema import METADATA, NEWEST, VERSION

_OPEN = """
import asyncio, sys
from coinmux.framework.archive.database import Database, read_database_url
from coinmux.framework.clock import SystemClock

async def main():
    database = Database(read_database_url(sys.argv[1]), SystemClock())
    await database.migrate()
    await database.check()
    await database.close()

asyncio.run(main())
sys.exit("alembic" in sys.modules)
"""


def shape(connection):
    """Tables, columns with their types, and indexes, as the database has them."""
    found = MetaData()
    found.reflect(connection)
    return {
        table.name: (
            [
                (column.name, str(column.type), column.nullable, column.primary_key)
                for column in table.columns
            ],
            sorted((index.name, *index.columns.keys()) for index in table.indexes),
            inspect(connection).get_pk_constraint(table.name)["constrained_columns"],
        )
        for table in found.sorted_tables
    }


@pytest.mark.parametrize("migrated", [False, True], ids=["new", "migrated"])
async def test_a_new_archive_and_a_migrated_one_have_the_same_tables(address, clock, migrated):
    """The migrations, run from the first, lead to what the schema says."""
    if address.startswith("sqlite:///"):
        Path(address.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    database = Database(read_database_url(address), clock)
    other = MetaData()
    for table in (*METADATA.sorted_tables, VERSION):
        table.to_metadata(other)
    async with database.writing() as connection:
        await connection.run_sync(other.create_all)
        wanted = await connection.run_sync(shape)
        await connection.run_sync(other.drop_all)
        if migrated:
            await connection.run_sync(upgrade.upgrade)
    await database.migrate()
    async with database.engine.connect() as connection:
        assert await connection.run_sync(shape) == wanted
        assert (await connection.execute(select(VERSION.c.version_num))).scalar_one() == NEWEST
    await database.close()


def test_the_schema_names_the_newest_migration():
    script = ScriptDirectory.from_config(upgrade._migrations())
    assert script.get_heads() == [NEWEST]


def test_an_archive_of_this_version_is_opened_without_alembic(tmp_path):
    """Importing it takes a tenth of a second and 11 MB; a new archive and the next start do not."""
    for _ in range(2):
        address = f"sqlite:///{tmp_path / 'archive.db'}"
        done = subprocess.run([sys.executable, "-c", _OPEN, address], check=False)
        assert done.returncode == 0
