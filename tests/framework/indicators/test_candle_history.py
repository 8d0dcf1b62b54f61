"""Candles enough to settle what is shown: asked in pages, of one source, and no further."""

import asyncio

import numpy as np
import pytest

from coinmux import (
    Candles,
    Gateway,
    Interval,
    ProviderInfo,
    RequestOptions,
    Symbol,
    UnknownSymbol,
    Unreachable,
    hookimpl,
)
from coinmux.framework.indicators import candle_history
from coinmux.framework.plugins.discovery import in_process
from coinmux.framework.testing.clock import FakeClock
from coinmux.framework.testing.random_candles import random_candles

BTC = Symbol("BTC/USDT")
HOUR = Interval("1h")


class Market:
    """A market of `life` candles, at most `page` of them an answer."""

    def __init__(self, clock, life, page, name="a", fails_from=99):
        self.info = ProviderInfo(
            name=name, title=name, category="market", base_url=f"https://{name}.example",
            max_candles=page,
        )  # fmt: skip
        whole = random_candles(life)
        now = clock.wall_ms() // HOUR.ms * HOUR.ms
        self.time = whole.timestamp - whole.timestamp[-1] + now
        self.whole = whole
        self.page = page
        self.asked = []
        self.fails_from = fails_from

    @hookimpl
    def provider_info(self):
        return self.info

    @hookimpl
    async def fetch_candles(self, query, http):
        self.asked.append(query)
        if len(self.asked) > self.fails_from:
            raise Unreachable("gone")
        end = query.end if query.end is not None else int(self.time[-1])
        fits = np.flatnonzero(self.time <= end)[-min(query.limit, self.page) :]
        if not fits.size:
            raise UnknownSymbol(query.symbol)
        columns = {
            name: getattr(self.whole, name)[fits]
            for name in ("open", "high", "low", "close", "volume")
        }
        return Candles(
            symbol=query.symbol, interval=query.interval, timestamp=self.time[fits], **columns
        )


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def ask_for(clock):
    async def call(count, *markets, ask=None):
        found = [in_process(market.info.name, market) for market in markets]
        gateway = Gateway.from_env(None, environ={"CHECKER": "off"}, found=found, clock=clock)
        async with gateway:
            return await candle_history.latest(gateway, BTC, HOUR, count, ask or RequestOptions())

    return call


async def test_one_page_where_one_is_enough(ask_for, clock):
    market = Market(clock, 3000, 1000)
    had = await ask_for(150, market)
    assert (len(had.candles), had.pages, len(market.asked)) == (500, 1, 1)


async def test_earlier_pages_join_without_overlap_or_hole(ask_for, clock):
    """In order, of one source, up to what is wanted."""
    market = Market(clock, 3000, 1000)
    had = await ask_for(1900, market)
    assert had.pages == 2
    assert len(had.candles) == 2000
    np.testing.assert_array_equal(had.candles.timestamp, market.time[-2000:])
    np.testing.assert_array_equal(had.candles.close, market.whole.close[-2000:])
    assert had.candles.last_closed is False
    assert had.notes == ()


async def test_a_source_of_short_pages_is_asked_four_times_at_most(ask_for, clock):
    market = Market(clock, 3000, 300)
    had = await ask_for(2000, market)
    assert (had.pages, len(market.asked), len(had.candles)) == (1, 4, 1000)


async def test_a_young_market_is_not_asked_for_what_it_never_had(ask_for, clock):
    """A page that is not full is all there is; asking on would look like a failure."""
    market = Market(clock, 120, 1000)
    had = await ask_for(1900, market)
    assert (len(had.candles), len(market.asked)) == (120, 1)


async def test_earlier_candles_that_fail_make_the_history_shorter(ask_for, clock):
    market = Market(clock, 3000, 1000, fails_from=1)
    had = await ask_for(1900, market)
    assert len(had.candles) == 1000
    assert had.notes == ("earlier candles are not to be had: all_providers_failed",)


async def test_earlier_candles_come_from_who_gave_the_newest(ask_for, clock):
    """Two exchanges' prices in one history would be a jump nobody traded."""
    first, second = Market(clock, 3000, 1000), Market(clock, 3000, 1000, name="b")
    had = await ask_for(1900, first, second)
    asked = [len(first.asked), len(second.asked)]
    assert sorted(asked) == [0, 2]
    assert had.answer.provider == ("a" if asked[0] else "b")


async def test_gaps_are_counted_and_left(ask_for, clock):
    market = Market(clock, 300, 1000)
    kept = np.ones(300, dtype=bool)
    kept[200:205] = False
    market.time = market.time[kept]
    market.whole = Candles(
        symbol=BTC, interval=HOUR,
        **{
            name: getattr(market.whole, name)[kept]
            for name in ("timestamp", "open", "high", "low", "close", "volume")
        },
    )  # fmt: skip
    had = await ask_for(150, market)
    assert had.notes == ("5 candles are missing within the history; gaps are left as gaps",)


async def test_indicators_of_one_market_share_one_answer(clock):
    """Whatever their warm-up: one call of the source."""
    market = Market(clock, 3000, 1000)
    gateway = Gateway.from_env(
        None, environ={"CHECKER": "off"}, found=[in_process("a", market), *_indicators()],
        clock=clock,
    )  # fmt: skip
    async with gateway:
        names = ["rsi", "sma", "ema", "macd"]
        await asyncio.gather(*(gateway.indicator(name, "BTC", "1h", 100) for name in names))
        routed = await gateway.indicator("rsi", "BTC", "1h", 10, parameters={"period": 9})
        batch = await gateway.indicator_batch(["rsi", ("sma", {"period": 5})], ["BTC", "BTC/USDT"])
    assert len(market.asked) == 1
    assert routed.timestamps.size == 10
    assert np.isfinite(routed.values["rsi"]).all()
    assert list(batch) == [BTC]


async def test_only_closed_candles_where_that_is_asked(clock):
    market = Market(clock, 300, 1000)
    gateway = Gateway.from_env(
        None, environ={"CHECKER": "off"}, found=[in_process("a", market), *_indicators()],
        clock=clock,
    )  # fmt: skip
    async with gateway:
        with_open = await gateway.indicator("sma", "BTC", "1h", 3)
        closed = await gateway.indicator("sma", "BTC", "1h", 3, closed_only=True)
    assert with_open.timestamps[-1] - closed.timestamps[-1] == HOUR.ms
    assert with_open.values["sma"][1] == closed.values["sma"][2]


def _indicators():
    from importlib import import_module

    return [
        in_process(name, import_module(f"coinmux.plugins.indicators.{name}"))
        for name in ("sma", "ema", "rsi", "macd")
    ]
