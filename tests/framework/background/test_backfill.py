"""Gaps between kept candles are filled, within quota, once, each candle with who told it."""

import numpy as np
import pytest

from coinmux import Candles, Gateway, ProviderInfo, Unreachable, hookimpl
from coinmux.framework.plugins.discovery import in_process
from coinmux.framework.plugins.rate_limit import RateLimit
from coinmux.framework.testing.clock import FakeClock
from coinmux.framework.testing.random_candles import random_candles

HOUR = 3_600_000


class Market:
    """Candles of a random walk; some of them nobody traded."""

    def __init__(self, name, whole, **info):
        self.name, self.whole, self.info = name, whole, info
        self.asked = []
        self.missing = frozenset()
        self.fails = False

    @hookimpl
    def provider_info(self):
        return ProviderInfo(
            name=self.name, title="M", category="market", base_url="https://m.example",
            max_candles=1000, **self.info,
        )  # fmt: skip

    @hookimpl
    async def fetch_candles(self, query, http):
        self.asked.append((query.start, query.end))
        if self.fails:
            raise Unreachable("gone")
        time = self.whole.timestamp
        fits = [
            at
            for at, opening in enumerate(time.tolist())
            if (query.start is None or query.start <= opening <= query.end)
            and at not in self.missing
        ][-query.limit :]
        names = ("timestamp", "open", "high", "low", "close", "volume")
        columns = {name: getattr(self.whole, name)[fits] for name in names}
        return Candles(symbol=query.symbol, interval=query.interval, **columns)


@pytest.fixture
def world(tmp_path):
    """`world(a, b)`: a gateway of these markets over one file; its clock is past the candles."""
    clock = FakeClock()

    def make(*markets, **settings):
        address = f"sqlite:///{tmp_path / 'kept' / 'archive.db'}"
        environ = {"CHECKER": "off", "DATABASE_URL": address, **settings}
        found = [in_process(market.name, market) for market in markets]
        return Gateway.from_env(None, environ=environ, found=found, clock=clock)

    make.clock = clock
    make.whole = random_candles(400)
    return make


async def kept(gateway):
    await gateway.archive.flush()
    return await gateway.archive.export("BTC/USDT", "1h", None, None)


async def with_a_gap(gateway, market):
    """Candles 0 to 99 and 150 to 399 are kept; what is asked from now on is counted."""
    time = market.whole.timestamp
    for first, last in ((0, 99), (150, 398)):
        part = {"start": int(time[first]), "end": int(time[last]), "limit": 1000}
        await gateway.get("candles", symbol="BTC/USDT", **part)
    assert len(await kept(gateway)) == 349
    market.asked.clear()


async def test_a_gap_is_asked_for_and_kept_with_its_source(world):
    market = Market("a", world.whole)
    async with world(market) as gateway:
        await with_a_gap(gateway, market)
        assert await gateway.backfill.round() == 50
        time = market.whole.timestamp
        assert market.asked == [(int(time[100]), int(time[149]))]
        rows = await kept(gateway)
        np.testing.assert_array_equal([row[0] for row in rows], time[:399])
        assert {row[6] for row in rows} == {"a"}
        assert gateway.backfill.filled == 50
        assert await gateway.backfill.round() == 0
        assert len(market.asked) == 1, "a whole history is not asked for again"


async def test_a_hole_nobody_can_fill_is_asked_for_once_a_day(world):
    market = Market("a", world.whole)
    market.missing = frozenset(range(100, 150))
    async with world(market) as gateway:
        await with_a_gap(gateway, market)
        for _ in range(5):
            await gateway.backfill.round()
        assert len(market.asked) == 1
        world.clock.advance(86_401)
        for _ in range(3):
            await gateway.backfill.round()
        assert len(market.asked) == 2


async def test_the_gap_is_filled_by_who_has_no_quota_to_use_up(world):
    limited = Market("a", world.whole, priority=1, rate_limits=(RateLimit(1000, 86_400),))
    free = Market("b", world.whole, priority=50)
    async with world(limited, free) as gateway:
        await with_a_gap(gateway, limited)
        assert await gateway.backfill.round() == 50
        assert (len(limited.asked), len(free.asked)) == (0, 1)
        assert {row[6] for row in await kept(gateway)} == {"a", "b"}


async def test_a_quota_that_is_saved_is_not_spent_on_gaps(world):
    market = Market("a", world.whole, rate_limits=(RateLimit(2, 86_400),))
    async with world(market) as gateway:
        await with_a_gap(gateway, market)
        gate = gateway.sources["a"].gate
        await gate.enter(2)
        gate.leave()
        assert await gateway.backfill.round() == 0
        assert market.asked == []


async def test_a_source_that_fails_leaves_the_gap_and_the_task_as_they_were(world):
    market = Market("a", world.whole)
    async with world(market) as gateway:
        await with_a_gap(gateway, market)
        market.fails = True
        assert await gateway.backfill.round() == 0
        assert len(await kept(gateway)) == 349


async def test_nothing_is_asked_where_it_is_off_or_nothing_is_kept(world):
    market = Market("a", world.whole)
    async with world(market, BACKFILL="off") as gateway:
        assert gateway.settings.backfill is False
    async with Gateway.from_env(
        None, environ={"CHECKER": "off"}, found=[in_process("a", market)], clock=world.clock
    ) as gateway:
        assert await gateway.backfill.round() == 0
    assert market.asked == []
