"""A monthly budget of calls of sources, over restarts and for all workers."""

import asyncio

import httpx
import pytest

from coinmux.framework.consumers.caller import CALLER
from coinmux.framework.errors import BudgetSpent
from coinmux.framework.testing.clock import FakeClock
from tests.server.keyed import TICKER, Asked, bearer, gateway_of, keyed, line


@pytest.fixture
def clock():
    return FakeClock()


async def test_a_spent_budget_is_429_and_the_cache_still_answers(clock):
    """With when it begins again; others are not concerned."""
    keys = line(("alice", {"monthly": 2}), "bob")
    async with keyed(clock, {"API_KEYS": keys}) as world:
        for _ in range(2):
            assert (await world.client.get(TICKER + "BTC/USDT", headers=bearer("alice"))).is_success
        spent = await world.client.get(TICKER + "BTC/USDT", headers=bearer("alice"))
        told = spent.json()
        assert (spent.status_code, told["code"], told["budget"]) == (429, "budget_spent", 2)
        assert "alice used 2 of its 2 calls of sources this month" in told["detail"]
        assert 0 < int(spent.headers["retry-after"]) <= 31 * 86_400
        cached = await world.client.get(
            "/api/market/ticker?symbol=BTC/USDT", headers=bearer("alice")
        )
        assert (cached.status_code, cached.json()["meta"]["cache"]) == (200, "hit")
        assert (await world.client.get(TICKER + "BTC/USDT", headers=bearer("bob"))).is_success
        clock.advance(int(spent.headers["retry-after"]))
        assert (await world.client.get(TICKER + "BTC/USDT", headers=bearer("alice"))).is_success


async def test_one_call_for_several_is_charged_to_who_began_it(clock):
    """And whoever joined a call that its beginner may not make asks for themselves."""
    asked = asyncio.Event()

    async def reply(_):
        await asked.wait()
        return httpx.Response(200, json={"t": clock.wall_ms()})

    keys = line(("alice", {"monthly": 1}), "bob")
    async with keyed(clock, {"API_KEYS": keys}, reply=reply) as world:
        both = [
            asyncio.ensure_future(world.client.get(TICKER + "BTC/USDT", headers=bearer(name)))
            for name in ("alice", "bob")
        ]
        await asyncio.sleep(0.05)
        asked.set()
        assert [one.status_code for one in await asyncio.gather(*both)] == [200, 200]
        assert world.gateway.consumers.called == {("alice", "acme"): 1}
        both = [
            world.client.get(TICKER + "BTC/USDT", headers=bearer(name)) for name in ("alice", "bob")
        ]
        assert [one.status_code for one in await asyncio.gather(*both)] == [429, 200]
        assert world.gateway.consumers.called[("bob", "acme")] == 1


async def test_our_own_questions_are_nobodys(clock):
    """What is asked in process, and by probes, is charged to no consumer and refused to none."""
    gateway = gateway_of(clock, {"API_KEYS": line(("alice", {"monthly": 1}))}, Asked("acme"))
    async with gateway:
        await gateway.wait_loaded()
        for _ in range(3):
            await gateway.ticker("BTC/USDT", max_age_s=0)
        assert not gateway.consumers.called


async def test_a_stream_outlives_its_key_by_no_call(clock):
    """Whoever is not in API_KEYS any more may have nothing asked."""
    gateway = gateway_of(clock, {"API_KEYS": line("alice")}, Asked("acme"))
    async with gateway:
        await gateway.wait_loaded()
        CALLER.set("bob")
        with pytest.raises(BudgetSpent, match="bob is in API_KEYS no more"):
            await gateway.ticker("BTC/USDT", max_age_s=0)


async def _ask(gateway, name, count):
    """So many calls for a consumer, in a context of their own."""

    async def ask():
        CALLER.set(name)
        for _ in range(count):
            await gateway.ticker("BTC/USDT", max_age_s=0)

    await asyncio.create_task(ask())


async def test_a_budget_survives_a_restart_in_the_archive(clock, tmp_path):
    """The next process goes on counting where the last one ended."""
    settings = {
        "API_KEYS": line(("alice", {"monthly": 5})),
        "DATABASE_URL": f"sqlite:///{tmp_path / 'archive.db'}",
    }
    for used in (3, 5):
        async with gateway_of(clock, settings, Asked("acme")) as gateway:
            await gateway.wait_loaded()
            done = gateway.consumers.ledger.calls_in_month("alice")
            await _ask(gateway, "alice", round(used - done))
            assert gateway.consumers.ledger.calls_in_month("alice") == used
            assert gateway.usage().kept_by == "archive"
    async with gateway_of(clock, settings, Asked("acme")) as gateway:
        await gateway.wait_loaded()
        with pytest.raises(BudgetSpent):
            await _ask(gateway, "alice", 1)


async def test_processes_without_a_store_divide_what_a_consumer_may(clock):
    """Two workers may make half of its requests a minute each, and half of its calls."""
    keys = line(("alice", {"monthly": 4, "per_min": 10}))
    async with gateway_of(clock, {"API_KEYS": keys, "WORKERS": "2"}, Asked("acme")) as gateway:
        await gateway.wait_loaded()
        assert gateway.consumers.rate("alice").left()[0] == 5
        await _ask(gateway, "alice", 2)
        with pytest.raises(BudgetSpent):
            await _ask(gateway, "alice", 1)
