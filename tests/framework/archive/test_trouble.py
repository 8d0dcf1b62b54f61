"""An archive in trouble says so once, says what to do, and says once that it is over."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from importlib import import_module

import pytest

from coinmux import Gateway, ProviderInfo, hookimpl
from coinmux.framework.archive import trouble
from coinmux.framework.archive.archive import Archive
from coinmux.framework.archive.database import Database, read_database_url
from coinmux.framework.events import EventBus
from coinmux.framework.health.history import HealthHistory
from coinmux.framework.plugins.discovery import in_process
from coinmux.framework.testing.random_candles import random_candles


@pytest.fixture
def file(tmp_path):
    return tmp_path / "data" / "archive.db"


@pytest.fixture
def told(clock):
    """The events of archives made by `open_at`, and `open_at` itself."""
    bus = EventBus(clock)

    async def open_at(address):
        archive = Archive(Database(read_database_url(str(address)), clock), clock, bus)
        await archive.open()
        return archive

    def lines():
        return [(e.level, e.message) for e in reversed(bus.recent()) if e.kind == "archive"]

    open_at.lines = lines
    return open_at


async def soon(holds, within_s=6.0):
    end = asyncio.get_running_loop().time() + within_s
    while not holds():
        assert asyncio.get_running_loop().time() < end, "it never came"
        await asyncio.sleep(0.02)


def made(file):
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript("CREATE TABLE x(a); INSERT INTO x VALUES (1);")
        for at in range(200):
            connection.execute("INSERT INTO x VALUES (?)", ("z" * 500 + str(at),))
        connection.commit()
    return file


def junk(file):
    file.parent.mkdir(mode=0o700)
    file.write_bytes(os.urandom(16_384))


def damaged_header(file):
    with made(file).open("r+b") as stream:
        stream.write(b"SQLite farmat 9\0")


def cut(file):
    size = made(file).stat().st_size
    with file.open("r+b") as stream:
        stream.truncate(size // 2)


def a_folder(file):
    file.mkdir(parents=True)


def a_file_for_a_folder(file):
    file.parent.write_text("no folder")


def newer(file):
    made(file)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        connection.execute("INSERT INTO alembic_version VALUES ('9999')")
        connection.commit()


def a_strangers_table(file):
    file.parent.mkdir(mode=0o700)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE events (id INTEGER, title TEXT)")
        connection.commit()


@pytest.mark.parametrize(
    ("spoil", "advice"),
    [
        (junk, "move it away"),
        (damaged_header, "move it away"),
        (cut, "move it away"),
        (a_folder, "see that it is a file"),
        (a_file_for_a_folder, "a file stands where a folder must be"),
        (newer, "written by a newer coinmux"),
        (a_strangers_table, "name another database"),
    ],
)
async def test_each_kind_is_told_once_with_what_to_do_and_once_when_over(told, file, spoil, advice):
    spoil(file)
    archive = await told(f"sqlite:///{file}")
    try:
        archive.keep_candles(random_candles(5), "a")
        await asyncio.sleep(1.2)
        ((level, message),) = told.lines()
        assert level == "error"
        assert advice in message
        assert str(file) not in message
        assert advice in archive.status()[1]
        # The operator does as told.
        for path in (file.parent, *file.parent.glob("*")) if file.parent.is_dir() else ():
            if path != file.parent:
                path.rename(path.with_name(f"{path.name}.old"))
        if file.parent.is_file():
            file.parent.unlink()
        await archive._database.engine.dispose()
        await soon(lambda: archive.status()[0] == "ONLINE")
        await soon(lambda: len(told.lines()) == 2)
        assert told.lines()[1] == ("info", "the archive is back: SQLite")
        assert await archive.flush()
        assert (await archive.count())["candles"] == 4
    finally:
        await archive.close()


async def test_a_disk_that_is_full_is_told_once(told, file, monkeypatch):
    monkeypatch.setattr("coinmux.framework.archive.writer._FIRST_PAUSE_S", 0.05)
    archive = await told(f"sqlite:///{file}")
    try:
        assert told.lines() == [("info", "the archive is open: SQLite")]

        commit = archive._writer._commit

        async def commit_full(*_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(archive._writer, "_commit", commit_full)
        archive.keep_candles(random_candles(5), "a")
        await soon(lambda: len(told.lines()) == 2)
        await asyncio.sleep(1.2)
        assert len(told.lines()) == 2
        assert "make room" in told.lines()[1][1]
        monkeypatch.setattr(archive._writer, "_commit", commit)
        await soon(lambda: len(told.lines()) == 3)
        assert told.lines()[2] == ("info", "the archive is back: SQLite")
    finally:
        await archive.close()


async def test_a_newer_postgresql_is_trouble_and_no_failed_start(told, cluster):
    address = cluster.new()
    first = await told(address)
    async with first._database.writing() as connection:
        await connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    await first.close()
    second = await told(address)
    try:
        state, why = second.status()
        assert state == "OFFLINE"
        assert "written by a newer coinmux" in why
    finally:
        await second.close()


# The first migration


_OPEN = """
import asyncio, sys
from coinmux.framework.archive.archive import Archive
from coinmux.framework.archive.database import Database, read_database_url
from coinmux.framework.clock import SystemClock
from coinmux.framework.events import EventBus

async def main():
    clock = SystemClock()
    print("ready", flush=True)
    sys.stdin.readline()
    archive = Archive(Database(read_database_url(sys.argv[1]), clock), clock, EventBus(clock))
    await archive.open()
    print("open", flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


def tables(file):
    if not file.exists():
        return set()
    with closing(sqlite3.connect(file)) as connection:
        found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        return {name for (name,) in found}


def killed(file, after_s):
    """Open an archive in a process of its own, and kill it so long after its file is there."""
    process = subprocess.Popen(
        [sys.executable, "-c", _OPEN, f"sqlite:///{file}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    process.stdout.readline()
    process.stdin.write(b"\n")
    process.stdin.flush()
    while not file.exists() and process.poll() is None:
        time.sleep(0.0005)
    time.sleep(after_s)
    process.send_signal(signal.SIGKILL)
    process.communicate()


async def test_killed_in_its_first_migration_it_is_taken_up_again(told, tmp_path):
    """All tables with their version are there, or none, at twelve moments of the first second."""
    seen = set()
    for at in range(12):
        file = tmp_path / f"{at}" / "archive.db"
        await asyncio.to_thread(killed, file, 0.004 * at)
        there = tables(file)
        seen.add(frozenset(there))
        assert not there or there >= {"candles", "changes", "events", "quota", "alembic_version"}
        archive = await told(f"sqlite:///{file}")
        assert archive.status()[0] == "ONLINE"
        await archive.close()
    assert frozenset() in seen


LEFT = [
    "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)",
    "CREATE TABLE candles (symbol VARCHAR(41) NOT NULL, interval VARCHAR(3) NOT NULL, "
    "timestamp BIGINT NOT NULL, open FLOAT NOT NULL, high FLOAT NOT NULL, low FLOAT NOT NULL, "
    "close FLOAT NOT NULL, volume FLOAT, provider VARCHAR(40) NOT NULL, "
    "PRIMARY KEY (symbol, interval, timestamp))",
    "CREATE TABLE changes (id INTEGER NOT NULL PRIMARY KEY, at BIGINT NOT NULL, "
    "source VARCHAR(80) NOT NULL, before VARCHAR(10) NOT NULL, after VARCHAR(10) NOT NULL, "
    "reason TEXT)",
    "CREATE INDEX changes_at ON changes (at)",
    "CREATE TABLE events (id INTEGER NOT NULL PRIMARY KEY, at BIGINT NOT NULL, "
    "kind VARCHAR(20) NOT NULL, level VARCHAR(10) NOT NULL, source VARCHAR(80), "
    "message TEXT NOT NULL, detail TEXT NOT NULL)",
    "CREATE INDEX events_at ON events (at)",
    "INSERT INTO alembic_version VALUES ('0001')",
    "CREATE TABLE quota (source VARCHAR(80) NOT NULL, window_s BIGINT NOT NULL, "
    "uses TEXT NOT NULL, PRIMARY KEY (source, window_s))",
]


@pytest.mark.parametrize("count", range(1, len(LEFT) + 1))
async def test_half_a_migration_of_an_earlier_version_is_completed(told, file, count):
    file.parent.mkdir(mode=0o700)
    with closing(sqlite3.connect(file)) as connection:
        for line in LEFT[:count]:
            connection.execute(line)
        connection.commit()
    archive = await told(f"sqlite:///{file}")
    try:
        assert archive.status()[0] == "ONLINE"
        archive.keep_candles(random_candles(5), "a")
        assert await archive.flush()
        assert (await archive.count())["candles"] == 4
    finally:
        await archive.close()


async def test_a_caller_who_leaves_while_it_connects_leaves_nothing_open(
    clock, tmp_path, monkeypatch
):
    """The connection that was being made is closed."""
    held, closed = threading.Event(), []
    connect = sqlite3.connect

    class Slow(sqlite3.Connection):
        def close(self):
            super().close()
            closed.append(self)

    def slowly(*arguments, **options):
        assert held.wait(20)
        return connect(*arguments, factory=Slow, **options)

    monkeypatch.setattr(sqlite3, "connect", slowly)
    database = Database(read_database_url(f"sqlite:///{tmp_path / 'a.db'}"), clock)
    reading = asyncio.ensure_future(database.size_mb())
    for _ in range(5):
        await asyncio.sleep(0)
    reading.cancel()
    await asyncio.sleep(0)
    held.set()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert len(closed) == 1
    await database.close()


# The start


class Market:
    """Candles of one market."""

    @hookimpl
    def provider_info(self):
        return ProviderInfo(name="a", title="A", category="market", base_url="https://a.example")

    @hookimpl
    async def fetch_candles(self, query, http):
        return random_candles(query.limit)


async def test_what_is_fetched_while_it_opens_is_kept(tmp_path, clock, monkeypatch):
    """And the service says that it opens, not that there is none."""
    environ = {"CHECKER": "off", "BACKFILL": "off"}
    found = [in_process("a", Market())]
    async with Gateway.from_env(None, environ=environ, found=found, clock=clock) as gateway:
        assert gateway.status().services[0].status == "DISABLED"
        held = threading.Event()
        monkeypatch.setattr(
            "coinmux.framework.gateway.import_module",
            lambda name: held.wait(20) and import_module(name),
        )
        opening = asyncio.ensure_future(gateway.open_archive(tmp_path / "archive.db"))
        await asyncio.sleep(0)
        assert gateway.archive is None
        service = gateway.status().services[0]
        assert service.status == "DEGRADED"
        assert "opening" in service.detail
        answer = await gateway.candles("BTC/USDT", "1h", 50)
        held.set()
        await opening
        assert gateway.status().services[0].status == "ONLINE"
        assert await gateway.archive.flush()
        assert (await gateway.archive.count())["candles"] == len(answer.data) - 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<class 'CannotConnectNowError'>: the database system is starting up", "is starting"),
        ("the database system is in recovery mode", "is starting"),
        ("the database system is shutting down", "is stopping"),
        ("terminating connection due to administrator command", "was lost"),
        ("sorry, too many clients already", "no more connections"),
        ("something nobody foresaw", "the database failed (OSError)"),
    ],
)
def test_what_a_server_says_is_put_in_plain_words(text, words):
    """A restart of PostgreSQL is not called by the class of its error."""
    assert words in trouble.told(OSError(text))


async def test_files_are_for_the_owner_alone(told, file):
    file.parent.mkdir(mode=0o755)
    sqlite3.connect(file).close()
    file.touch()
    file.chmod(0o644)
    archive = await told(f"sqlite:///{file}")
    try:
        archive.keep_candles(random_candles(5), "a")
        await archive.flush()
        modes = {path.name: path.stat().st_mode & 0o777 for path in file.parent.iterdir()}
        assert set(modes.values()) == {0o600}, modes
    finally:
        await archive.close()


def test_changes_between_states_of_another_version_are_left_out(clock):
    history = HealthHistory(clock)
    now = clock.wall_ms()
    history.restore(
        [
            (now - 9_000, "a", "UNKNOWN", "HEALTHY"),
            (now - 8_000, "a", "HEALTHY", "HIBERNATING"),
            (now - 7_000, "b", "PURPLE", "HEALTHY"),
            (now - 6_000, "a", "HEALTHY", "OFFLINE"),
            (now - 5_000, "a", "", ""),
        ]
    )
    states = [str(interval.state) for interval in history.of("a", 60).intervals]
    assert states == ["HEALTHY", "OFFLINE", "UNKNOWN"]
    assert history.of("b", 60).intervals == ()
