"""One fetch for all workers, its age known to all, and nothing that waits on the store."""

import asyncio
import time

import pytest

from coinmux import AllProvidersFailed, RequestOptions, TickerQuery, Unreachable
from coinmux.framework.clock import SystemClock
from tests.framework.conftest import ScriptedProvider

QUERY = TickerQuery(symbol="BTC/USDT")


def scripted(*outcomes, name="a", **info):
    return ScriptedProvider(name, outcomes, SystemClock(), **info)


async def test_what_one_fetched_is_a_hit_for_the_others(workers):
    plugin = scripted(1.0)
    async with workers(2, plugin) as (one, other):
        first = await one.fetch("ticker", QUERY)
        await asyncio.sleep(0.1)
        second = await other.fetch("ticker", QUERY)
        assert (first.cache, second.cache, second.provider) == ("miss", "hit", "a")
        assert second.data == first.data
        assert second.meta["fetched_at"] == first.meta["fetched_at"]
        assert second.meta["attempts"] == first.meta["attempts"]
        assert 0.05 < second.age_s(other.clock.monotonic()) < 2
        third = await other.fetch("ticker", QUERY)
        assert third.cache == "hit"
        assert plugin.calls == 1


async def test_of_workers_that_ask_at_once_one_fetches(workers):
    plugin = scripted("slow")
    async with workers(8, plugin) as gateways:
        answers = await asyncio.gather(*(one.fetch("ticker", QUERY) for one in gateways))
        assert plugin.calls == 1
        assert sorted(answer.cache for answer in answers) == ["coalesced"] * 7 + ["miss"]


async def test_when_the_one_that_fetches_fails_another_tries_at_once(workers):
    plugin = scripted(Unreachable("gone"), 7.0)
    async with workers(4, plugin) as gateways:
        answers = await asyncio.gather(
            *(one.fetch("ticker", QUERY) for one in gateways), return_exceptions=True
        )
        good = [one for one in answers if not isinstance(one, Exception)]
        assert len(good) == 3
        assert {one.data.last for one in good} == {7.0}
        assert plugin.calls == 2


async def test_who_wants_no_kept_answer_gets_none(workers):
    plugin = scripted(1.0)
    async with workers(2, plugin) as (one, other):
        await one.fetch("ticker", QUERY)
        await asyncio.sleep(0.05)
        assert (await other.fetch("ticker", QUERY, RequestOptions(max_age_s=0))).cache == "miss"
        assert plugin.calls == 2


async def test_an_old_answer_of_another_is_served_when_every_source_fails(workers, server):
    plugin = scripted(1.0)
    async with workers(2, plugin) as (one, other):
        await one.fetch("ticker", QUERY)
        await asyncio.sleep(0.05)
        key = server.run("KEYS", "coinmux:answer:*").decode().split("\r\n")[2]
        server.run("PEXPIRE", key, "55000")  # of 65 s: it is ten seconds old now
        plugin.outcomes = [Unreachable("gone")]
        told = await other.fetch("ticker", QUERY)
        assert (told.cache, told.provider) == ("stale", "a")
        assert told.meta["stale"] is True
        assert 9.9 < told.age_s(other.clock.monotonic()) < 12


async def test_nothing_waits_long_for_a_store_that_stands_still(workers, server):
    plugin = scripted(1.0)
    async with workers(2, plugin) as (one, other):
        server.freeze()
        begun = time.monotonic()
        told = await asyncio.gather(one.fetch("ticker", QUERY), other.fetch("ticker", QUERY))
        assert time.monotonic() - begun < 2
        assert [answer.cache for answer in told] == ["miss", "miss"]
        begun = time.monotonic()
        for _ in range(20):
            await one.fetch("ticker", QUERY, RequestOptions(max_age_s=0))
        assert time.monotonic() - begun < 1, "once lost, it is not even tried"


async def test_what_is_damaged_is_fetched_anew(workers, server):
    plugin = scripted(1.0)
    async with workers(2, plugin) as (one, other):
        await one.fetch("ticker", QUERY)
        await asyncio.sleep(0.05)
        keys = server.run("KEYS", "coinmux:answer:*").decode().split("\r\n")
        server.run("SET", keys[2], "nonsense", "PX", "50000")
        assert (await other.fetch("ticker", QUERY)).cache == "miss"
        assert other.state.answers.damaged == 1


async def test_an_answer_about_something_else_is_not_taken(workers, server):
    """Whoever may write to the store cannot put another pair's price in place of one."""
    plugin = scripted(1.0)
    async with workers(2, plugin) as (one, other):
        await one.fetch("ticker", QUERY)
        await one.fetch("ticker", TickerQuery(symbol="ETH/USDT"))
        await asyncio.sleep(0.05)
        ask = one.state.store.ask
        keys = await ask("KEYS", "coinmux:answer:*")
        first, second = [await ask("GET", key) for key in keys]
        await ask("SET", keys[0], second, "PX", 50_000)
        await ask("SET", keys[1], first, "PX", 50_000)
        assert (await other.fetch("ticker", QUERY)).cache == "miss"
        assert other.state.answers.damaged == 1


async def test_a_failure_is_nobody_elses(workers):
    plugin = scripted(Unreachable("gone"))
    async with workers(1, plugin) as (one,):
        with pytest.raises(AllProvidersFailed):
            await one.fetch("ticker", QUERY)
        with pytest.raises(AllProvidersFailed):
            await one.fetch("ticker", QUERY)
