"""One quota for all workers; each its share of it while they cannot speak to each other."""

import asyncio

import pytest

from coinmux import ProviderBusy
from coinmux.framework.clock import SystemClock
from coinmux.framework.plugins.rate_limit import RateLimit
from tests.framework.cluster.support import until
from tests.framework.conftest import ScriptedProvider

HOUR = 3600.0


def limited(limit, per_s=HOUR):
    return ScriptedProvider("a", [1.0], SystemClock(), rate_limits=(RateLimit(limit, per_s),))


async def spend(gateway, calls, weight=1):
    """As many calls as were let through, of `calls` made one after the other."""
    gate = gateway.sources["a"].gate
    passed = 0
    for _ in range(calls):
        try:
            await gate.enter(weight)
        except ProviderBusy:
            continue
        gate.leave()
        passed += 1
    return passed


def used(gateway):
    return gateway.provider("a").quota[0].used


async def test_all_workers_together_never_pass_a_limit(workers):
    async with workers(10, limited(100)) as gateways:
        passed = await asyncio.gather(*(spend(gateway, 20) for gateway in gateways))
        assert sum(passed) == 100
        assert all(source.gate.in_flight == 0 for g in gateways for source in g.sources.values())


async def test_a_window_lets_through_again_as_it_moves_on(workers):
    async with workers(2, limited(6, 0.5)) as (one, other):
        assert await spend(one, 4) + await spend(other, 2) == 6
        with pytest.raises(ProviderBusy):
            await one.sources["a"].gate.enter()
        await asyncio.sleep(0.55)
        assert await spend(other, 6) == 6


async def test_weights_count_and_what_exceeds_the_limit_never_passes(workers):
    async with workers(1, limited(10)) as (gateway,):
        assert await spend(gateway, 3, weight=4) == 2
        with pytest.raises(ProviderBusy, match="exceeds"):
            await gateway.sources["a"].gate.enter(11)
        assert await spend(gateway, 3) == 2


async def test_a_short_wait_is_waited_for(workers):
    async with workers(2, limited(4, 0.2)) as (one, other):
        assert await spend(one, 4) == 4
        await asyncio.sleep(0.05)
        await other.sources["a"].gate.enter()
        other.sources["a"].gate.leave()


async def test_every_worker_shows_what_all_have_used(workers):
    async with workers(3, limited(100)) as (one, other, third):
        await spend(one, 30)
        await spend(other, 20)
        await until(lambda: used(third) == 50)
        # What the other spent may arrive in parts.
        assert 30 <= used(one) <= 50


async def test_when_the_store_is_lost_each_has_its_share_and_gives_account_of_it(workers, server):
    """Of 100, 40 are used when it is lost: two workers may use 30 more each, and no more."""
    async with workers(2, limited(100)) as (one, other):
        await until(lambda: (one.state.workers, other.state.workers) == (2, 2))
        assert await spend(one, 40) == 40
        await until(lambda: used(other) == 40)
        server.freeze()
        passed = 0
        while spending_shared(one) or spending_shared(other):
            passed += await spend(one, 1)
            await asyncio.sleep(0.02)
        assert await spend(other, 100) == 30
        passed += 30 + await spend(one, 100)
        assert one.status().services[1].status == "DEGRADED"
        server.thaw()
        await until(lambda: one.state.store.online and other.state.store.online)
        passed += await spend(one, 100) + await spend(other, 100)
        # What was under way when it was lost may count twice, and never not at all.
        assert 57 <= passed <= 60
        await until(lambda: used(one) == used(other) >= 100)


def spending_shared(gateway):
    return gateway.state.store.online


async def test_a_store_that_comes_back_empty_learns_what_was_used_from_the_workers(workers, server):
    async with workers(2, limited(100)) as (one, other):
        await until(lambda: (one.state.workers, other.state.workers) == (2, 2))
        await spend(one, 40)
        await until(lambda: used(other) == 40)
        server.kill()
        await until(lambda: not one.state.store.online and not other.state.store.online, spend, one)
        server.start()
        await until(lambda: one.state.store.online and other.state.store.online)
        await until(lambda: used(one) == used(other) and used(one) >= 40)
        assert await spend(one, 100) + await spend(other, 100) <= 60


async def test_a_store_that_was_emptied_learns_too(workers, server):
    async with workers(2, limited(100)) as (one, other):
        await spend(one, 40)
        await until(lambda: used(other) == 40)
        server.run("FLUSHALL")
        await until(lambda: b"40" in server.run("HVALS", "coinmux:window:{a}:3600000"))


async def test_what_a_source_tells_of_its_quota_all_workers_know(workers):
    from coinmux.framework.plugins.provider_info import UsageHeader

    plugin = ScriptedProvider(
        "a", [1.0], SystemClock(), rate_limits=(RateLimit(100, HOUR),),
        usage=(UsageHeader("x-used", per_s=HOUR, tells="used"),),
    )  # fmt: skip
    async with workers(2, plugin) as (one, other):
        one.sources["a"].gate.observe({"x-used": "90"})
        await until(lambda: used(other) == 90)
        assert await spend(other, 20) == 10


async def test_without_a_store_several_workers_divide_the_limits(workers, server):
    gateway = workers.one(limited(100), WORKERS="4", STATE_URL="")
    async with gateway:
        assert gateway.state is None
        assert await spend(gateway, 100) == 25


async def test_a_store_that_is_not_there_at_the_start_is_joined_later(workers, server):
    server.kill()
    async with workers(1, limited(100), WORKERS="2") as (gateway,):
        assert await spend(gateway, 100) == 50
        assert gateway.status().services[1].status == "DEGRADED"
        server.start()
        await until(lambda: gateway.state.store.online)
        assert gateway.status().services[1].status == "ONLINE"
        assert await spend(gateway, 100) == 50


async def test_a_call_that_is_given_up_leaves_its_slot(workers, server):
    async with workers(1, limited(1, 0.4)) as (gateway,):
        await spend(gateway, 1)
        gate = gateway.sources["a"].gate
        waiting = asyncio.ensure_future(gate.enter())
        await asyncio.sleep(0.05)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert gate.in_flight == 0
