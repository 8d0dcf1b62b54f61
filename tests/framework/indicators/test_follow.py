"""An indicator followed: a value when a candle changes, closes or begins; failures too."""

import math
from types import SimpleNamespace

import pytest

from coinmux import AllProvidersFailed, Candles, Interval, RequestOptions, Symbol, UnknownSymbol
from coinmux.framework.cache.answer import FetchResult
from coinmux.framework.indicators.follow import Update, watch
from coinmux.framework.indicators.service import IndicatorService
from coinmux.framework.models.capability import Freshness
from coinmux.framework.plugins.adapters import Indicator
from coinmux.framework.plugins.indicator_info import IndicatorInfo, Output
from coinmux.framework.testing.clock import FakeClock

AT = 1_764_000_000_000
MINUTE = Interval("1m")


class Feed:
    """A gateway of one market, whose candles are what the test says next."""

    settings = type("Settings", (), {"request_timeout_s": 5.0})()

    def __init__(self):
        self.clock = FakeClock()
        self.answers = []
        info = type("Info", (), {"max_candles": 1000})()
        self.sources = {"a": SimpleNamespace(info=info, calls=lambda _: 1)}

    def next(self, *closes, last_closed=False, first=0):
        self.answers.append((first, closes, last_closed))

    def fail(self, error):
        self.answers.append(error)

    async def fetch(self, query, options=None, *, request_id=None, trail=None):
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        first, closes, last_closed = answer
        rows = [[AT + (first + n) * 60_000, c, c, c, c, 1.0] for n, c in enumerate(closes)]
        data = Candles.from_rows(query, rows).model_copy(update={"last_closed": last_closed})
        return FetchResult(
            capability="candles", data=data, provider="a", fetched_ms=AT, fetched_at=1000.0,
            freshness=Freshness(5, 0, 0), fresh_s=5.0, stale=False, simulated=False,
            elapsed_ms=1.0, attempts=[],
        ).view("miss")  # fmt: skip


@pytest.fixture
def feed():
    return Feed()


@pytest.fixture
def follow(feed):
    info = IndicatorInfo(
        name="last", title="Last", group="Tests", series={"price": "close"},
        outputs=(Output("last"),), minimum=lambda _: 1,
    )  # fmt: skip
    indicator = Indicator(info, lambda i, _: i["price"].copy(), "tests", "1", is_built_in=True)
    desk = IndicatorService(feed, {"last": indicator})
    pauses = []

    async def pause(seconds):
        pauses.append(seconds)

    async def call(count):
        found = []
        updates = watch(
            desk,
            desk.catalogue.plan("last"),
            Symbol("BTC/USDT"),
            MINUTE,
            ask=RequestOptions(),
            pause=pause,
        )
        async for update in updates:
            found.append(update)
            if len(found) == count:
                await updates.aclose()
        return found, pauses

    return call


def told(updates):
    return [
        ((one.timestamp - AT) // 60_000, one.values["last"], one.is_closed)
        for one in updates
        if isinstance(one, Update)
    ]


async def test_the_newest_value_comes_first_then_what_changes(feed, follow):
    feed.next(1, 2, 3)
    feed.next(1, 2, 3)
    feed.next(1, 2, 3.5)
    updates, _ = await follow(2)
    assert told(updates) == [(2, 3, False), (2, 3.5, False)]


async def test_a_candle_that_closes_is_told_with_its_last_value_before_the_next_begins(
    feed, follow
):
    feed.next(1, 2)
    feed.next(1, 2.5, 3)
    updates, _ = await follow(3)
    assert told(updates) == [(1, 2, False), (1, 2.5, True), (2, 3, False)]


async def test_a_candle_that_closes_unchanged_is_told_too(feed, follow):
    feed.next(1, 2)
    feed.next(1, 2, last_closed=True)
    updates, _ = await follow(2)
    assert told(updates) == [(1, 2, False), (1, 2, True)]


async def test_candles_that_passed_while_nobody_looked_are_told(feed, follow):
    feed.next(1, 2)
    feed.next(1, 2, 3, 4, 5)
    updates, _ = await follow(5)
    assert told(updates) == [(1, 2, False), (1, 2, True), (2, 3, True), (3, 4, True), (4, 5, False)]


async def test_failures_are_told_and_waited_out_ever_longer(feed, follow):
    feed.next(1)
    for _ in range(6):
        feed.fail(AllProvidersFailed("none", attempts=[]))
    feed.next(1, 2)
    updates, pauses = await follow(9)
    assert [type(one).__name__ for one in updates[1:7]] == ["AllProvidersFailed"] * 6
    assert told(updates)[1:] == [(0, 1, True), (1, 2, False)]
    assert pauses == [5.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]


async def test_what_can_never_be_answered_ends_it(feed, follow):
    feed.fail(UnknownSymbol("BTC/USDT"))
    with pytest.raises(UnknownSymbol):
        await follow(1)


async def test_looks_are_as_far_apart_as_the_candles_are_fresh(feed, follow):
    """Between a second and half a minute."""
    feed.next(1)
    feed.next(2)
    feed.clock.advance(4.5)
    _, pauses = await follow(2)
    assert pauses == [1.0]
    assert math.isfinite(pauses[0])
