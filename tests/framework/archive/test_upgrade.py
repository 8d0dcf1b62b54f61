"""A new archive is made as it is today; one of an earlier version is migrated to the same."""

import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, inspect, select, text

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


#: What an archive of each earlier version has, by the version that made the table.
_ROWS = {
    "0001": {
        "candles": {
            "symbol": "BTC/USDT", "interval": "1h", "timestamp": 3_600_000,
            "open": 1.5, "high": 2.5, "low": 0.5, "close": 2.0, "volume": None,
            "provider": "binance",
        },
        "changes": {
            "at": 1_764_000_000_000, "source": "kraken", "before": "HEALTHY", "after": "OFFLINE",
            "reason": "upstream_timeout",
        },
        "events": {
            "at": 1_764_000_000_000, "kind": "config", "level": "info", "source": None,
            "message": "began", "detail": "{}",
        },
    },
    "0002": {"quota": {"source": "etherscan", "window_s": 86_400, "uses": "[1]"}},
}  # fmt: skip


def earlier():
    """Every migration but the newest."""
    script = ScriptDirectory.from_config(upgrade._migrations())
    return sorted(one.revision for one in script.walk_revisions() if one.revision != NEWEST)


@pytest.mark.parametrize("version", earlier())
async def test_what_each_earlier_version_stored_is_there_after_the_upgrade(
    archive_at, address, clock, version
):
    """The archive is opened as a server opens it: its rows are read, and new ones written."""
    if address.startswith("sqlite:///"):
        Path(address.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    database = Database(read_database_url(address), clock)

    def begin(connection):
        config = upgrade._migrations()
        config.attributes["connection"] = connection
        command.upgrade(config, version)

    stored = {
        name: row for made, rows in _ROWS.items() if made <= version for name, row in rows.items()
    }
    async with database.writing() as connection:
        await connection.run_sync(begin)
        for name, row in stored.items():
            columns = ", ".join(f'"{column}"' for column in row)
            values = ", ".join(f":{column}" for column in row)
            await connection.execute(
                text(f'INSERT INTO "{name}" ({columns}) VALUES ({values})'), row
            )
    async with archive_at(address) as archive:
        assert archive.status()[0] == "ONLINE"
        assert await archive.export("BTC/USDT", "1h", None, None) == [
            (3_600_000, 1.5, 2.5, 0.5, 2.0, None, "binance")
        ]
        archive.mark_start()
        assert await archive.flush()
    async with database.engine.connect() as connection:
        assert (await connection.execute(select(VERSION.c.version_num))).scalar_one() == NEWEST
        for name, row in stored.items():
            table = METADATA.tables[name]
            found = (
                await connection.execute(select(table).order_by(*table.primary_key))
            ).mappings()
            assert row.items() <= dict(next(iter(found))).items()
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
