"""The archive with a million candles, beside the bare driver of each engine."""

import sqlite3
import tempfile
import time
from contextlib import closing

import asyncpg
import numpy as np

from coinmux.framework.archive.archive import Archive
from coinmux.framework.archive.candle_table import candles_of, read_columns
from coinmux.framework.archive.database import Database, read_database_url
from coinmux.framework.archive.schema import CANDLES
from coinmux.framework.clock import SystemClock
from coinmux.framework.events import EventBus
from coinmux.framework.testing.random_candles import random_candles

_PAGE, _HOUR_MS = 1_000, 3_600_000
_READ = 10_000
#: Pages handed over between two waits: as many rows as may wait at all are twice that.
_PAGES_AT_ONCE = 100
_COLUMNS = "timestamp, open, high, low, close, volume, provider"
_WANTED = "symbol = 'C0/USDT' AND interval = '1h' ORDER BY timestamp"


def pages(count):
    """`count` closed candles as answers of a source are: a thousand each, of several markets."""
    base = random_candles(_PAGE + 1)
    made = []
    for page in range(count // _PAGE):
        moved = base.timestamp + (page % 100) * _PAGE * _HOUR_MS
        one = random_candles(_PAGE + 1, symbol=f"C{page // 100}/USDT")
        made.append(one.model_copy(update={"timestamp": moved}))
    return made


async def measure(address, *, count=1_000_000, rounds=5):
    """Write `count` candles through the archive and read 10,000 of them.

    Args:
        address: of an empty database, as `DATABASE_URL` takes it.

    Returns:
        `rows_per_s` of the wall, `write_us` and `read_ms` of this process's CPU, and `floor_ms`:
        the same read by the bare driver, which makes a tuple of each row.
    """
    clock = SystemClock()
    archive = Archive(Database(read_database_url(address), clock), clock, EventBus(clock))
    await archive.open()
    try:
        made = pages(count)
        begun, used = time.perf_counter(), time.process_time()
        for at in range(0, len(made), _PAGES_AT_ONCE):
            for page in made[at : at + _PAGES_AT_ONCE]:
                archive.keep_candles(page, "binance")
            if not await archive.flush(60):
                raise RuntimeError(f"not written: {archive.status()[1]}")
        taken, used = time.perf_counter() - begun, time.process_time() - used
        stored = (await archive.count())["candles"]
        if stored != count:
            raise RuntimeError(f"{stored} of {count} candles are stored")
        read_ms = await _read_ms(archive, rounds)
    finally:
        await archive.close()
    floor_ms = await _floor_ms(address, rounds)
    return {
        "rows_per_s": count / taken,
        "write_us": used / count * 1e6,
        "read_ms": read_ms,
        "floor_ms": floor_ms,
    }


async def sqlite(*, count=1_000_000, rounds=5):
    """`measure` with a file of SQLite."""
    with tempfile.TemporaryDirectory() as folder:
        return await measure(f"sqlite:///{folder}/data/archive.db", count=count, rounds=rounds)


async def _read_ms(archive, rounds):
    asked = candles_of("C0/USDT", "1h", None, None).order_by(CANDLES.c.timestamp).limit(_READ)
    database = archive._database
    best = float("inf")
    for _ in range(rounds):
        begun = time.process_time()
        async with database.engine.connect() as connection:
            read = await read_columns(connection, asked, is_sqlite=database.is_sqlite)
        best = min(best, time.process_time() - begun)
        if read is None or read.timestamp.size != _READ:
            raise RuntimeError("the candles are not there")
    return best * 1000


async def _floor_ms(address, rounds):
    asked = f"SELECT {_COLUMNS} FROM candles WHERE {_WANTED} LIMIT {_READ}"
    best = float("inf")
    if address.startswith("sqlite:"):
        with closing(sqlite3.connect(address.removeprefix("sqlite:///"))) as file:
            for _ in range(rounds):
                begun = time.process_time()
                _columns(file.execute(asked).fetchall())
                best = min(best, time.process_time() - begun)
        return best * 1000
    connection = await asyncpg.connect(address)
    for _ in range(rounds):
        begun = time.process_time()
        _columns(await connection.fetch(asked))
        best = min(best, time.process_time() - begun)
    await connection.close()
    return best * 1000


def _columns(rows):
    return [np.array(column) for column in list(zip(*rows, strict=True))[:5]]
