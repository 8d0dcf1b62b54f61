"""Many candles at once: few statements, and the same rows in both engines."""

import asyncpg
import numpy as np
import pytest
from sqlalchemy import event

from coinmux import CandlesQuery
from coinmux.framework.archive.candle_table import candles_of, insert_candles, read_columns
from coinmux.framework.archive.schema import CANDLES
from coinmux.framework.testing.random_candles import random_candles

HOURS = CandlesQuery(symbol="BTC/USDT", interval="1h", limit=1000)


def statements(archive):
    """Every statement of the archive from now on, by its first words."""
    told = []

    def tell(_connection, _cursor, statement, *_):
        told.append(" ".join(statement.split()[:2]))

    event.listen(archive._database.engine.sync_engine, "before_cursor_execute", tell)
    return told


async def test_a_batch_takes_the_same_few_statements_however_large(archive_at, address):
    async with archive_at(address) as archive:
        for count in (1001, 3051):
            told = statements(archive)
            archive.keep_candles(random_candles(count, symbol=f"C{count}/USDT"), "a")
            assert await archive.flush()
            inserts = [one for one in told if one == "INSERT INTO"]
            others = [one for one in told if one.startswith(("CREATE", "SELECT has_data"))]
            if archive.figures()["engine"] == "sqlite":
                # The hundreds in one, and the rest in another.
                assert (len(inserts), others) == (1 if count == 1001 else 2, [])
            else:
                # COPY itself is not told of here.
                assert (len(inserts), len(others)) == (1, 2)


async def test_what_is_stored_already_stays_and_the_rest_is_added(archive_at, address):
    """Each candle keeps the source that reported it first, in batches small and large."""
    candles = random_candles(1001, without_volume=[3])
    later = random_candles(1001, seed=5)
    async with archive_at(address) as archive:
        archive.keep_candles(candles.model_copy(update=cut(candles, slice(400, 501))), "first")
        assert await archive.flush()
        archive.keep_candles(candles, "second")
        assert await archive.flush()
        archive.keep_candles(later, "third")
        assert await archive.flush()
        kept = await archive.candles(HOURS)
        rows = await archive.export("BTC/USDT", "1h", None, None)
    assert kept.providers == ("first", "second")
    for name in ("timestamp", "open", "high", "low", "close", "volume"):
        wanted = getattr(candles, name)[:1000]
        np.testing.assert_array_equal(getattr(kept.candles, name), wanted)
    assert [row[6] for row in rows] == ["second"] * 400 + ["first"] * 100 + ["second"] * 500
    assert rows[3][5] is None


def cut(candles, part):
    names = ("timestamp", "open", "high", "low", "close", "volume")
    return {name: getattr(candles, name)[part] for name in names}


async def test_ten_thousand_are_read_as_columns(archive_at, address):
    candles = random_candles(10_001)
    async with archive_at(address) as archive:
        archive.keep_candles(candles, "a")
        assert await archive.flush()
        newest = candles_of("BTC/USDT", "1h", None, None)
        newest = newest.order_by(CANDLES.c.timestamp.desc()).limit(10_000)
        database = archive._database
        async with database.engine.connect() as connection:
            read = await read_columns(connection, newest, is_sqlite=database.is_sqlite)
            none = candles_of("ETH/USDT", "1h", None, None)
            assert await read_columns(connection, none, is_sqlite=database.is_sqlite) is None
    np.testing.assert_array_equal(read.timestamp, candles.timestamp[:-1])
    np.testing.assert_array_equal(read.figures[3], candles.close[:-1])
    assert read.providers == ("a",)


async def test_what_copy_refuses_is_trouble_with_nothing_stored(archive_at, cluster):
    """A provider's name longer than its column is refused by the database, in the midst of COPY."""
    async with archive_at(cluster.new()) as archive:
        archive.keep_candles(random_candles(500), "x" * 41)
        assert not await archive.flush(0.5)
        state, why = archive.status()
        assert (state, "499 rows wait" in why) == ("DEGRADED", True)
        assert (await archive.count())["candles"] == 0
        archive._writer._candles.clear()
        archive.keep_candles(random_candles(500), "x" * 40)
        await archive._writer.write()
        assert archive.status()[0] == "ONLINE"
        assert (await archive.count())["candles"] == 499


async def test_a_user_without_temporary_tables_stores_as_well(archive_at, cluster):
    address = cluster.new()
    name = address.rpartition("/")[2]
    admin = await asyncpg.connect(address)
    await admin.execute("DROP ROLE IF EXISTS plain")
    await admin.execute("CREATE ROLE plain LOGIN")
    await admin.execute(f"REVOKE TEMPORARY ON DATABASE {name} FROM PUBLIC")
    await admin.execute("GRANT ALL ON SCHEMA public TO plain")
    await admin.close()
    async with archive_at(address.replace("coinmux@", "plain@")) as archive:
        archive.keep_candles(random_candles(500), "a")
        assert await archive.flush()
        assert (await archive.count())["candles"] == 499


@pytest.mark.parametrize("count", [1, 99, 100, 101, 250])
async def test_no_row_of_any_number_is_left_out(archive_at, address, count):
    async with archive_at(address) as archive:
        rows = [("BTC/USDT", "1h", at, 1.0, 2.0, 0.5, 1.5, None, "a") for at in range(count)]
        database = archive._database
        async with database.writing() as connection:
            await insert_candles(connection, rows, is_sqlite=database.is_sqlite)
        assert (await archive.count())["candles"] == count
