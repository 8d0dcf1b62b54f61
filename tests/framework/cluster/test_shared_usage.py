"""What consumers used, counted once by all workers."""

import asyncio

import pytest

from coinmux.framework.consumers import consumers
from coinmux.framework.consumers.caller import CALLER
from coinmux.framework.errors import BudgetSpent
from tests.framework.cluster.support import until
from tests.server.keyed import line


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    """So that a test need not wait for what happens every second."""
    monkeypatch.setattr(consumers, "STORE_S", 0.1)


def _charge(gateway, name, calls):
    CALLER.set(name)
    for _ in range(calls):
        gateway.consumers.charge("acme", 1)
    CALLER.set(None)


def _used(gateway):
    return gateway.consumers.ledger.calls_in_month("alice")


async def test_a_budget_is_one_for_all_workers(workers):
    """What one worker had asked counts with the others, and after all of them have ended."""
    keys = line(("alice", {"monthly": 10}))
    async with workers(2, API_KEYS=keys) as (one, two):
        _charge(one, "alice", 6)
        _charge(two, "alice", 4)
        await until(lambda: _used(one) == _used(two) == 10)
        for gateway in (one, two):
            CALLER.set("alice")
            with pytest.raises(BudgetSpent):
                gateway.consumers.check_budget()
            CALLER.set(None)
        assert one.usage().kept_by == "store"
    async with workers(1, API_KEYS=keys) as (later,):
        assert _used(later) == 10


async def test_requests_per_minute_are_one_for_all_workers(workers):
    """Whichever worker a request comes to."""
    async with workers(2, API_KEYS=line(("alice", {"per_min": 6}))) as gateways:
        waits = [await gateways[at % 2].consumers.rate("alice").take() for at in range(7)]
        assert waits[:6] == [0] * 6
        assert 0 < waits[6] <= 61


async def test_a_store_that_is_lost_and_empty_again_is_told_anew(workers, server):
    """Meanwhile each worker counts on; nothing is forgotten."""
    async with workers(1, API_KEYS=line(("alice", {"monthly": 10, "per_min": 9}))) as (one,):
        _charge(one, "alice", 3)
        await until(lambda: not one.consumers.ledger._places["store"].unheard)
        await asyncio.to_thread(server.kill)
        await until(lambda: not one.state.store.online)
        _charge(one, "alice", 2)
        assert _used(one) == 5
        assert await one.consumers.rate("alice").take() == 0
        await asyncio.to_thread(server.start)
        await until(lambda: one.state.store.online)
        async with workers(1, API_KEYS=line(("alice", {"monthly": 10}))) as (other,):
            await until(lambda: _used(other) == 5)
