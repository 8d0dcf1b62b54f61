"""The whole archive in one file, while others write, and back into either database."""

import asyncio
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from coinmux import State
from coinmux.framework.archive.backup import back_up, restore
from coinmux.framework.archive.database import Database, read_database_url
from coinmux.framework.archive.schema import CANDLES, INCIDENTS, METADATA, PRESENCE, SAYINGS, USAGE
from coinmux.framework.archive.trouble import UnusableDatabase
from coinmux.framework.events import EventBus
from coinmux.framework.health.status import StateChange
from coinmux.framework.testing.random_candles import random_candles
from coinmux.framework.testing.servers import postgres_folder

_SAYING = {
    "id": "1-b", "kind": "maintenance", "about": "kraken", "from_at": 1, "to_at": 2, "made_at": 1,
    "updated_at": 1, "text": "\u20ac",
}  # fmt: skip
_INCIDENT = {
    "id": "1-a", "kind": "source", "name": "kraken", "severity": "minor", "started_at": 1,
    "ended_at": None, "updated_at": 2, "capabilities": "ticker", "told": '{"cause": "\u20ac"}',
}  # fmt: skip


@pytest.fixture
async def database_at(clock):
    """`database_at(address)`: one that the test need not close."""
    made = []

    def make(address):
        made.append(Database(read_database_url(address), clock))
        return made[-1]

    yield make
    for one in made:
        await one.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def other(request, tmp_path):
    """The address of a second, empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'other' / 'archive.db'}"
    return request.getfixturevalue("cluster").new()


async def filled(archive_at, address, database, count=12_000):
    """Rows of every kind: more candles than are copied at a time, one without a volume."""
    bus = EventBus(database._clock)
    told = []
    bus.subscribe(told.append)
    bus.publish("config", "began", level="info", more=[1, {"a": "\u20ac"}])
    async with archive_at(address) as archive:
        archive.keep_candles(random_candles(count, without_volume=[7]), "binance")
        change = StateChange("kraken", None, State.HEALTHY, State.OFFLINE, "upstream_timeout", 5.0)
        archive.keep_change(change)
        archive.keep_change(change)
        archive.keep_event(told[0])
        archive.keep_quota([{"source": "etherscan", "window_s": 86_400, "uses": "[1, 2]"}])
        archive.mark_start()
        assert await archive.flush()
    async with database.writing() as connection:
        await connection.execute(insert(INCIDENTS), [_INCIDENT])
        await connection.execute(insert(PRESENCE), [{"name": "server", "at": 3, "word": "runs"}])
        await connection.execute(insert(SAYINGS), [_SAYING])
        used = {"consumer": "ann", "day": "2026-11-28", "what": "calls", "total": 1.5}
        await connection.execute(insert(USAGE), [used])


async def rows_of(database):
    """Every row of every table."""
    async with database.engine.connect() as connection:
        return {
            table.name: [
                tuple(row)
                for row in await connection.execute(select(table).order_by(*table.primary_key))
            ]
            for table in METADATA.sorted_tables
        }


async def test_what_is_restored_is_what_was_backed_up(
    archive_at, address, other, database_at, clock, tmp_path
):
    """From each database into each, row by row; and the file is for its owner alone."""
    source, target = database_at(address), database_at(other)
    await filled(archive_at, address, source)
    before = await rows_of(source)
    assert all(before.values()), "a table without a row is not tested"
    file = tmp_path / "copy.db"
    counts = await back_up(source, file, clock)
    assert counts == {name: len(rows) for name, rows in before.items()}
    assert file.stat().st_mode & 0o777 == 0o600
    written = file.read_bytes()
    assert await restore(file, target, clock) == counts
    assert await rows_of(target) == before
    assert file.read_bytes() == written
    assert sorted(tmp_path.glob("copy*")) == [file], "nothing is left beside it"
    # What is written next gets a number of its own.
    async with archive_at(other) as archive:
        change = StateChange("kraken", None, State.OFFLINE, State.HEALTHY, None, 5.0)
        archive.keep_change(change)
        assert await archive.flush()
        assert (await archive.count())["changes"] == len(before["changes"]) + 1


async def test_a_backup_while_others_write_is_the_archive_at_one_moment(
    archive_at, address, database_at, clock, tmp_path
):
    """All that was acknowledged before is in it, and of what came later only its beginning."""
    columns = [column.name for column in CANDLES.columns]
    writes = 0

    async def write(database):
        nonlocal writes
        while True:
            figures = (1.0, 2.0, 0.5, 1.5, 1.0, "binance")
            row = dict(zip(columns, ("BTC/USDT", "1m", writes * 60_000, *figures), strict=True))
            async with database.writing() as connection:
                await connection.execute(insert(CANDLES), [row])
            writes += 1
            await asyncio.sleep(0)

    source, writer = database_at(address), database_at(address)
    await filled(archive_at, address, source, count=3_000)
    writing = asyncio.ensure_future(write(writer))
    for number in range(3):
        while writes < (number + 1) * 10:  # noqa: ASYNC110 - a count, polled
            await asyncio.sleep(0.001)
        acknowledged = writes
        file = tmp_path / f"{number}.db"
        await back_up(source, file, clock)
        with closing(sqlite3.connect(file)) as copy:
            asked = "SELECT timestamp FROM candles WHERE interval = '1m' ORDER BY timestamp"
            times = [time for (time,) in copy.execute(asked)]
        assert acknowledged <= len(times) <= writes + 1
        assert times == [index * 60_000 for index in range(len(times))]
    assert not writing.done(), "the writer was never hindered"
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)


async def test_rows_that_are_there_are_not_overwritten_unasked(
    archive_at, address, database_at, clock, tmp_path
):
    source = database_at(address)
    await filled(archive_at, address, source, count=50)
    file = tmp_path / "copy.db"
    await back_up(source, file, clock)
    before = await rows_of(source)
    async with archive_at(address) as archive:
        archive.keep_candles(random_candles(80, seed=3), "kraken")
        assert await archive.flush()
    grown = await rows_of(source)
    with pytest.raises(UnusableDatabase, match=r"holds rows already \(79 candles.*--replace"):
        await restore(file, source, clock)
    assert await rows_of(source) == grown
    await restore(file, source, clock, replace=True)
    assert await rows_of(source) == before


async def test_a_restore_that_fails_leaves_the_archive_as_it_was(
    archive_at, address, database_at, clock, tmp_path
):
    """A copy with a row that the tables refuse, after others that they took."""
    source = database_at(address)
    await filled(archive_at, address, source, count=50)
    file = tmp_path / "copy.db"
    await back_up(source, file, clock)
    with closing(sqlite3.connect(file)) as copy:
        copy.execute("CREATE TABLE q AS SELECT * FROM quota")
        copy.execute("DROP TABLE quota")
        copy.execute("ALTER TABLE q RENAME TO quota")
        copy.execute("INSERT INTO quota VALUES ('x', NULL, NULL)")
        copy.commit()
    before = await rows_of(source)
    with pytest.raises(Exception, match=r"(?i)null"):
        await restore(file, source, clock, replace=True)
    assert await rows_of(source) == before


@pytest.mark.parametrize("text", [b"nothing " * 1000, b""], ids=["junk", "empty"])
async def test_what_is_no_copy_is_refused(database_at, clock, tmp_path, text):
    file = tmp_path / "copy.db"
    file.write_bytes(text)
    target = database_at(f"sqlite:///{tmp_path / 'archive.db'}")
    with pytest.raises(UnusableDatabase, match="is no copy of an archive"):
        await restore(file, target, clock)
    assert not (tmp_path / "archive.db").exists()


async def test_a_copy_of_a_newer_version_is_refused(database_at, clock, tmp_path):
    file = tmp_path / "copy.db"
    with closing(sqlite3.connect(file)) as copy:
        copy.execute("CREATE TABLE alembic_version (version_num VARCHAR(32))")
        copy.execute("INSERT INTO alembic_version VALUES ('9999')")
        copy.commit()
    with pytest.raises(UnusableDatabase, match="newer coinmux"):
        await restore(file, database_at(f"sqlite:///{tmp_path / 'archive.db'}"), clock)


async def test_a_file_that_is_there_is_not_overwritten(archive_at, address, database_at, tmp_path):
    file = tmp_path / "copy.db"
    file.write_text("mine")
    source = database_at(address)
    with pytest.raises(FileExistsError):
        await back_up(source, file, source._clock)
    assert file.read_text() == "mine"


async def test_an_archive_that_is_not_there_yet_is_not_backed_up(
    address, database_at, clock, tmp_path
):
    file = tmp_path / "copy.db"
    with pytest.raises(UnusableDatabase, match="there is no archive yet"):
        await back_up(database_at(address), file, clock)
    assert list(tmp_path.iterdir()) == []


def dumped_and_restored(address, copy, file):
    """As docs/deploy.md has it."""
    programs = Path(postgres_folder())
    subprocess.run([programs / "pg_dump", "--format=custom", f"--file={file}", address], check=True)
    fill = [programs / "pg_restore", "--clean", "--if-exists", "--no-owner", f"--dbname={copy}"]
    subprocess.run([*fill, file], check=True)


async def test_postgresqls_own_dump_is_a_backup_too(
    cluster, archive_at, database_at, clock, tmp_path
):
    address, copy = cluster.new(), cluster.new()
    await filled(archive_at, address, database_at(address), count=50)
    await asyncio.to_thread(dumped_and_restored, address, copy, tmp_path / "archive.dump")
    restored = database_at(copy)
    assert await restored.check() > 0
    assert await rows_of(restored) == await rows_of(database_at(address))


async def test_a_database_without_tables_is_no_archive_yet(database_at, tmp_path, clock):
    """A server that is starting has made the file, and nothing in it."""
    source = tmp_path / "archive.db"
    with closing(sqlite3.connect(source)) as connection:
        connection.execute("PRAGMA user_version=1")
    with pytest.raises(UnusableDatabase, match="no archive yet"):
        await back_up(database_at(f"sqlite:///{source}"), tmp_path / "copy.db", clock)
    assert not (tmp_path / "copy.db").exists()
