"""What is kept outlives the process, in both engines; trouble shows and loses nothing."""

import asyncio
import os
import random
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import event, insert

from coinmux import CandlesQuery, InvalidRequest, State
from coinmux.framework.archive import database as database_module
from coinmux.framework.archive.archive import Archive
from coinmux.framework.archive.database import Database, read_database_url
from coinmux.framework.archive.schema import CANDLES
from coinmux.framework.archive.writer import Writer
from coinmux.framework.events import EventBus
from coinmux.framework.health.status import StateChange
from coinmux.framework.testing.clock import FakeClock
from coinmux.framework.testing.random_candles import random_candles

HOURS = CandlesQuery(symbol="BTC/USDT", interval="1h", limit=1000)


async def test_closed_candles_outlive_the_process_with_who_told_them(archive_at, address):
    """The open one is not kept; what was told before stays as it was told."""
    candles = random_candles(300)
    async with archive_at(address) as archive:
        assert await archive.candles(HOURS) is None
        archive.keep_candles(candles, "binance")
        archive.keep_candles(random_candles(310, seed=9), "kraken")
        assert await archive.flush()
    async with archive_at(address) as archive:
        kept = await archive.candles(HOURS)
        assert kept.providers == ("binance", "kraken")
        np.testing.assert_array_equal(kept.candles.timestamp[-299:], candles.timestamp[:-1])
        np.testing.assert_array_equal(kept.candles.close[-299:], candles.close[:-1])
        assert len(kept.candles) == 309
        assert kept.candles.last_closed is True


async def test_a_range_is_read_from_its_start_and_the_latest_from_their_end(archive_at, address):
    candles = random_candles(300)
    time_of = candles.timestamp.tolist()
    async with archive_at(address) as archive:
        archive.keep_candles(candles, "a")
        await archive.flush()
        latest = (await archive.candles(HOURS.model_copy(update={"limit": 10}))).candles
        assert latest.timestamp.tolist() == time_of[-11:-1]
        asked = HOURS.model_copy(update={"start": time_of[50], "end": time_of[70], "limit": 10})
        ranged = (await archive.candles(asked)).candles
        assert ranged.timestamp.tolist() == time_of[50:60]
        rows = await archive.export("BTC/USDT", "1h", time_of[290], None)
        assert [row[0] for row in rows] == time_of[290:-1]
        assert rows[0][6] == "a"


async def test_a_volume_nobody_knows_stays_unknown(archive_at, address):
    candles = random_candles(5, without_volume=[2])
    async with archive_at(address) as archive:
        archive.keep_candles(candles, "a")
        await archive.flush()
        kept = (await archive.candles(HOURS)).candles
        assert np.isnan(kept.volume).tolist() == [False, False, True, False]


async def test_changes_and_events_are_kept_and_old_events_forgotten(archive_at, address, clock):
    change = StateChange("kraken", None, State.HEALTHY, State.OFFLINE, "upstream_timeout", 5.0)
    of_capability = StateChange("kraken", "gas", State.HEALTHY, State.OFFLINE, "x", 5.0)
    bus = EventBus(clock)
    told = []
    bus.subscribe(told.append)
    bus.publish("config", "began", level="info", more=[1, {"a": 2}])
    async with archive_at(address, events_days=1) as archive:
        archive.keep_change(change)
        archive.keep_change(of_capability)
        archive.keep_event(told[0])
        assert await archive.flush()
        found = await archive.changes(0)
        assert found == [(clock.wall_ms(), "kraken", "HEALTHY", "OFFLINE")]
        assert await archive.changes(clock.wall_ms() + 1) == []
        assert await archive.count() == {
            "candles": 0,
            "changes": 1,
            "events": 1,
            "incidents": 0,
            "quota": 0,
        }
        clock.advance(2 * 86_400)
        await archive._prune()
        assert await archive.count() == {
            "candles": 0,
            "changes": 1,
            "events": 0,
            "incidents": 0,
            "quota": 0,
        }


async def test_figures_are_true(archive_at, address, clock):
    async with archive_at(address, most_mb=1_000) as archive:
        await archive.measure()
        before = archive.figures()
        archive.keep_candles(random_candles(1000), "a")
        await archive.flush()
        await archive.measure()
        after = archive.figures()
        assert after["engine"] == address.partition(":")[0]
        assert after["size_mb"] > before["size_mb"] > 0
        assert after["usage_percent"] == pytest.approx(after["size_mb"] / 10, abs=0.01)
        assert after["queries_per_s"] >= 0.2
        assert after["ok"] is True
        clock.advance(11)
        assert archive.figures()["queries_per_s"] == 0
        assert archive.status()[0] == "ONLINE"


async def test_above_its_limit_no_more_candles_are_kept_and_it_says_so(archive_at, address):
    async with archive_at(address, most_mb=1) as archive:
        archive._most_mb = 0.001
        await archive.measure()
        archive.keep_candles(random_candles(10), "a")
        assert await archive.flush()
        assert (await archive.count())["candles"] == 0
        assert archive.status()[0] == "DEGRADED"


async def test_opening_twice_migrates_once(archive_at, address):
    async with archive_at(address), archive_at(address) as second:
        assert second.status()[0] == "ONLINE"


async def test_gathered_candles_of_older_versions_are_dropped(archive_at, address, clock):
    """What a provider has itself stays; candles it only had as shorter ones go."""
    if address.startswith("sqlite:///"):
        Path(address.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    database = Database(read_database_url(address), clock)
    old = [
        ("gemini", "1d"), ("htx", "1d"), ("htx", "6h"), ("mexc", "3m"), ("mexc", "12h"),
        ("coinbase_exchange", "8h"), ("gateio", "6h"), ("somebody-else", "1d"),
    ]  # fmt: skip
    right = [
        ("gemini", "1h"), ("htx", "4h"), ("mexc", "1m"), ("binance", "12h"), ("okx", "3m"),
        ("coinbase_exchange", "6h"), ("gateio", "1w"), ("somebody-else", "1m"),
    ]  # fmt: skip

    def begin(connection):
        config = Config()
        folder = Path(database_module.__file__).parent / "migrations"
        config.set_main_option("script_location", str(folder))
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")

    async with database.engine.begin() as connection:
        await connection.run_sync(begin)
        prices = dict.fromkeys(("open", "high", "low", "close", "volume"), 1.0)
        rows = [
            {"symbol": "BTC/USDT", "timestamp": at, "provider": provider, "interval": interval}
            | prices
            for at, (provider, interval) in enumerate([*old, *right])
        ]
        await connection.execute(insert(CANDLES), rows)
    await database.close()
    async with archive_at(address) as archive:
        kept = [
            (row[6], interval)
            for _, interval in await archive.markets()
            for row in await archive.export("BTC/USDT", interval, None, None)
        ]
    assert sorted(kept) == sorted(right)


async def test_an_archive_that_hangs_delays_one_question_and_is_tried_again(tmp_path, clock):
    """Others are answered without it, until one read shows that it is well."""
    database = Database(read_database_url(f"sqlite:///{tmp_path / 'archive.db'}"), clock)
    archive = Archive(database, clock, EventBus(clock))
    await archive.open()
    archive.keep_candles(random_candles(5), "a")
    await archive.flush()
    read, hung = archive._rows, 0

    async def hangs(query, limit=None):
        nonlocal hung
        hung += 1
        await asyncio.sleep(3600)

    archive._rows = hangs
    for _ in range(5):
        assert await archive.candles(HOURS, 0.5) is None
    assert hung == 1
    clock.advance(31)
    for _ in range(5):
        assert await archive.candles(HOURS, 0.5) is None
    assert hung == 2
    archive._rows = read
    clock.advance(31)
    assert await archive.candles(HOURS, 0.5) is None
    clock.advance(30)
    assert await archive.candles(HOURS, 30) is not None
    assert await archive.candles(HOURS, 30) is not None
    await archive.close()


async def test_a_callers_short_deadline_gives_the_archive_no_rest(tmp_path, clock):
    database = Database(read_database_url(f"sqlite:///{tmp_path / 'archive.db'}"), clock)
    archive = Archive(database, clock, EventBus(clock))
    await archive.open()
    archive.keep_candles(random_candles(5), "a")
    await archive.flush()
    read = archive._rows

    async def slow(query, limit=None):
        await asyncio.sleep(3600)

    archive._rows = slow
    assert await archive.candles(HOURS, 0.01) is None
    archive._rows = read
    assert await archive.candles(HOURS, 0.5) is not None
    await archive.close()


async def test_a_database_of_nobody_is_refused_without_its_password():
    for wrong in ("mysql://root:hunter22@db/x", "nonsense", "://"):
        with pytest.raises(InvalidRequest) as refusal:
            read_database_url(wrong)
        assert "hunter22" not in str(refusal.value)


# Trouble, with SQLite


@pytest.fixture
def file(tmp_path):
    return tmp_path / "archive.db"


async def soon(holds, within_s=3.0):
    end = asyncio.get_running_loop().time() + within_s
    while not holds():
        assert asyncio.get_running_loop().time() < end, "it never came"
        await asyncio.sleep(0.02)


async def test_a_locked_database_degrades_and_loses_nothing(archive_at, file, monkeypatch):
    monkeypatch.setattr("coinmux.framework.archive.database._PATIENCE_S", 0.05)
    monkeypatch.setattr("coinmux.framework.archive.writer._FIRST_PAUSE_S", 0.05)
    async with archive_at(f"sqlite:///{file}") as archive:
        archive._writer._pause_s = 0.05
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            archive.keep_candles(random_candles(50), "a")
            assert not await archive.flush(0.3)
            assert archive.status() == (
                "DEGRADED",
                "SQLite: the database is locked by another process; 49 rows wait",
            )
            other.execute("ROLLBACK")
        await soon(lambda: archive.status()[0] == "ONLINE")
        assert await archive.flush()
        assert (await archive.count())["candles"] == 49


async def test_a_full_database_degrades_and_goes_on_when_there_is_room(archive_at, file):
    async with archive_at(f"sqlite:///{file}") as archive:
        archive.keep_candles(random_candles(10), "a")
        await archive.flush()

        most = [1_000_000]

        def limit(connection, *_):
            connection.execute(f"PRAGMA max_page_count={most[0]}").close()

        event.listen(archive._database.engine.sync_engine, "checkout", limit)
        async with archive._database.engine.connect() as connection:
            used = (await connection.exec_driver_sql("PRAGMA page_count")).scalar_one()
        most[0] = used
        archive._writer._pause_s = 0.05
        archive.keep_candles(random_candles(900, seed=2, symbol="ETH/USDT"), "a")
        await archive.flush(0.5)
        assert archive.status()[0] == "DEGRADED"
        assert "full" in archive.status()[1]
        most[0] = 1_000_000
        archive._writer._pause_s = 0.05
        await archive._writer.write()
        assert archive.status()[0] == "ONLINE"
        assert (await archive.count())["candles"] == 9 + 899


async def test_a_damaged_file_is_offline_and_the_process_goes_on(archive_at, file):
    file.write_bytes(b"no database at all" * 1000)
    async with archive_at(f"sqlite:///{file}") as archive:
        state, why = archive.status()
        assert state == "OFFLINE"
        assert str(file) not in why
        archive.keep_candles(random_candles(5), "a")
        assert await archive.candles(HOURS) is None


async def test_what_waits_is_bounded_and_what_is_given_up_counted(file, clock):
    writer = Writer(Database(read_database_url(f"sqlite:///{file}"), clock))
    for at in range(5_010):
        writer.event({"at": at})
    assert (writer.waiting, writer.dropped) == (5_000, 10)


async def test_a_postgresql_that_goes_away_and_comes_back_loses_nothing(archive_at, cluster):
    """Nothing handed over while it is away is lost."""
    async with archive_at(cluster.new()) as archive:
        archive.keep_candles(random_candles(10), "a")
        assert await archive.flush()
        await asyncio.to_thread(cluster.stop)
        archive._writer._pause_s = 0.05
        archive.keep_candles(random_candles(50, symbol="ETH/USDT"), "a")
        assert not await archive.flush(0.5)
        state, why = archive.status()
        assert state == "DEGRADED"
        assert "49 rows wait" in why
        assert await archive.candles(HOURS) is None
        await asyncio.to_thread(cluster.start)
        archive._writer._pause_s = 0.05
        await soon(lambda: archive.status()[0] == "ONLINE", 10)
        assert (await archive.count())["candles"] == 9 + 49


async def test_a_postgresql_that_is_not_there_is_offline_until_it_is(archive_at, cluster, clock):
    address = cluster.new()
    await asyncio.to_thread(cluster.stop)
    try:
        async with archive_at(address) as archive:
            assert archive.status()[0] == "OFFLINE"
            archive.keep_candles(random_candles(5), "a")
            await asyncio.to_thread(cluster.start)
            await soon(lambda: archive.status()[0] == "ONLINE", 10)
            assert await archive.flush()
            assert (await archive.count())["candles"] == 4
    finally:
        await asyncio.to_thread(_again, cluster)


def _again(cluster):
    import subprocess

    try:
        cluster.start()
    except subprocess.CalledProcessError:
        return  # it runs


def _write_until_killed(address, pipe):
    """In a process of its own: keep candles, and tell each number once it is acknowledged."""

    async def work():
        clock = FakeClock()
        archive = Archive(Database(read_database_url(address), clock), clock, EventBus(clock))
        await archive.open()
        for seed in range(10_000):
            archive.keep_candles(random_candles(20, seed=seed, symbol=f"C{seed}/USDT"), "a")
            if await archive.flush():
                os.write(pipe, b"%d\n" % seed)

    asyncio.run(work())


def test_fifty_kills_at_random_moments_lose_no_acknowledged_candle(file):
    """And the file can be read each time."""
    address = f"sqlite:///{file}"
    rng = random.Random(5)
    acknowledged = 0
    for _ in range(50):
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            try:
                _write_until_killed(address, writing)
            finally:
                os._exit(1)
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            first = pipe.readline()
            time.sleep(rng.uniform(0, 0.02))
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            told = [int(line) for line in (first + pipe.read()).split()]
        acknowledged += len(told)
        with closing(sqlite3.connect(file)) as kept:
            assert kept.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            for seed in told:
                count = kept.execute(
                    "SELECT count(*) FROM candles WHERE symbol = ?", (f"C{seed}/USDT",)
                ).fetchone()[0]
                assert count == 19
    assert acknowledged >= 50
