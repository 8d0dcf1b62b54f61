"""A free tier lasts: its use is known over restarts, its end is kept, a month is spread."""

import json
import sqlite3
from contextlib import closing

import pytest

from coinmux import Gateway, RequestOptions, TickerQuery
from coinmux.framework.limits.quota import quota_lines, saving, spent
from coinmux.framework.limits.rate_window import RateWindow
from coinmux.framework.plugins.discovery import in_process
from coinmux.framework.plugins.rate_limit import RateLimit
from coinmux.framework.testing.clock import FakeClock
from tests.framework.conftest import ScriptedProvider

DAY = 86_400.0
MONTH = 30 * DAY
QUERY = TickerQuery(symbol="BTC/USDT")
ANEW = RequestOptions(max_age_s=0)


def test_windows_shorter_than_an_hour_are_no_quota():
    minute, day = RateWindow(10, 60), RateWindow(100, DAY)
    for window in (minute, day):
        window.take(9, 0.0)
    assert quota_lines([minute, day], 1.0) == [
        {"window_s": DAY, "limit": 100, "used": 9, "remaining": 91}
    ]
    assert saving([minute], 1.0) is None
    assert spent([minute], 1.0) == 0
    assert spent([minute, day], 1.0) == pytest.approx(0.09)


def test_the_last_fifth_is_a_reserve():
    window = RateWindow(100, DAY)
    window.take(79, 0.0)
    assert saving([window], 1.0) is None
    window.take(1, 0.0)
    assert "80 of 100 in 24 h are used" in saving([window], 1.0)
    assert saving([window], DAY + 1) is None


def test_a_month_is_spread_over_its_days():
    window = RateWindow(300, MONTH)
    window.take(30, 0.0)
    assert saving([window], 1.0) is None
    window.take(1, 1.0)
    assert "31 were used in a day, and 300 are to last 30 days" in saving([window], 2.0)
    assert saving([window], DAY + 2) is None, "the next day there is plenty"


async def spend(gateway, name, calls):
    """So many calls to a source, as its requests make them."""
    gate = gateway.sources[name].gate
    for _ in range(calls):
        await gate.enter()
        gate.leave()


LIMITED = {"a": {"rate_limits": (RateLimit(10, DAY),)}}


async def test_a_source_that_saves_goes_after_those_that_do_not(gateway_of):
    async with gateway_of(a=[1.0], b=[1.0], _info=LIMITED) as world:
        gateway = world.gateway
        await spend(gateway, "a", 7)
        assert (await gateway.fetch("ticker", QUERY, ANEW)).provider == "a"
        await spend(gateway, "a", 1)
        assert (await gateway.fetch("ticker", QUERY, ANEW)).provider == "b"
        explained = gateway.explain("ticker", QUERY, ANEW)["candidates"]
        assert [(c["provider"], c["reason"]) for c in explained] == [
            ("b", "first_choice"),
            ("a", "saving_quota"),
        ]
        line = gateway.provider("a")
        (quota,) = line.quota
        assert (quota.window_s, quota.limit, quota.used, quota.remaining) == (DAY, 10, 8, 2)
        assert gateway.provider("b").quota is None


async def test_what_is_saved_is_there_for_what_nobody_else_answers(gateway_of):
    async with gateway_of(a=[1.0], _info=LIMITED) as world:
        await spend(world.gateway, "a", 9)
        assert (await world.gateway.fetch("ticker", QUERY, ANEW)).provider == "a"


async def test_the_checker_spends_nothing_of_what_is_saved(gateway_of):
    async with gateway_of(a=[1.0], _info=LIMITED) as world:
        await spend(world.gateway, "a", 8)
        assert await world.gateway.checker.round() == 0
        assert world.plugins["a"].calls == 0


async def test_the_background_asks_who_costs_least_first(gateway_of):
    """Who has no quota, then who has most of it left; who saves, never."""
    info = {
        "a": {"rate_limits": (RateLimit(10, DAY),)},
        "b": {"rate_limits": (RateLimit(100, DAY),)},
    }
    quietly = RequestOptions(max_age_s=0, background=True)
    async with gateway_of(a=[1.0], b=[2.0], c=[3.0], _info=info) as world:
        await spend(world.gateway, "a", 1)
        order = [step.score.name for step in world.gateway.router.route("ticker", QUERY, quietly)]
        assert order == ["c", "b", "a"]
        for _ in range(7):
            await spend(world.gateway, "a", 1)
        order = [step.score.name for step in world.gateway.router.route("ticker", QUERY, quietly)]
        assert order == ["c", "b"]


@pytest.fixture
def restarted(tmp_path):
    """A gateway of one limited source over the same file, at a clock that goes on."""
    file = tmp_path / "kept" / "archive.db"
    clock = FakeClock()

    def make():
        plugin = ScriptedProvider("a", [1.0], clock, rate_limits=(RateLimit(10, DAY),))
        environ = {"CHECKER": "off", "DATABASE_URL": f"sqlite:///{file}"}
        found = [in_process("a", plugin)]
        return Gateway.from_env(None, environ=environ, found=found, clock=clock)

    make.file, make.clock = file, clock
    return make


async def test_what_was_used_is_known_after_a_restart(restarted):
    async with restarted() as gateway:
        await spend(gateway, "a", 4)
    restarted.clock.advance(3600)
    async with restarted() as gateway:
        assert gateway.provider("a").quota[0].used == 4
        await spend(gateway, "a", 1)
    restarted.clock.advance(DAY - 3600 + 1)
    async with restarted() as gateway:
        assert gateway.provider("a").quota[0].used == 1, "the first four are over"


async def test_damaged_rows_are_passed_over(restarted):
    async with restarted() as gateway:
        await spend(gateway, "a", 1)
    backwards = json.dumps([[5, 1, 3.0]])
    with closing(sqlite3.connect(restarted.file)) as database, database:
        for source, uses in (("a", "not json"), ("gone", "[[1, 1, 1.0]]")):
            database.execute("INSERT OR REPLACE INTO quota VALUES (?, ?, ?)", (source, DAY, uses))
        database.execute("INSERT OR REPLACE INTO quota VALUES ('a', 60, ?)", (backwards,))
    async with restarted() as gateway:
        assert gateway.provider("a").quota[0].used == 0


async def test_use_is_kept_while_the_process_runs(restarted):
    """A kill loses some seconds of the count at most, not the month."""
    async with restarted() as gateway:
        await spend(gateway, "a", 1)
        gateway.save_quota()
        assert await gateway.archive.flush()
        ((source, window_s, uses),) = await gateway.archive.quota()
        assert (source, window_s) == ("a", DAY)
        assert json.loads(uses)[0][2] == 1
