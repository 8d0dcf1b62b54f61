"""A quota that runs short is shared by those who want it."""

import pytest

from coinmux.framework.testing.clock import FakeClock
from tests.server.keyed import TICKER, Asked, bearer, keyed, line

HOUR_S = 3_600


@pytest.fixture
def clock():
    return FakeClock()


async def _ask(world, name, count=1):
    return [
        (await world.client.get(TICKER + "BTC/USDT", headers=bearer(name))) for _ in range(count)
    ]


async def test_who_used_more_than_its_share_waits_for_who_used_less(clock):
    """Said in the error, in explain and in the usage; nobody waits while there is plenty."""
    async with keyed(clock, {"API_KEYS": line("alice", "bob")}, Asked("acme", quota=20)) as world:
        assert all(one.is_success for one in await _ask(world, "alice", 17))  # alone: all of it
        assert all(one.is_success for one in await _ask(world, "bob"))
        (refused,) = await _ask(world, "alice")
        told = refused.json()
        assert (refused.status_code, told["code"]) == (503, "no_provider_available")
        assert "acme: its quota runs short: alice used 17 in 24 h" in told["detail"]
        assert "share of each of the 2 who ask is 10" in told["detail"]
        assert [one["reason"] for one in told["candidates"]] == ["over_share"]
        assert (await _ask(world, "bob"))[0].is_success
        asked = "/api/routing/explain?capability=ticker&symbol=BTC/USDT"
        explained = {
            name: (await world.client.get(asked, headers=bearer(name))).json()["candidates"][0]
            for name in ("alice", "bob")
        }
        assert explained["alice"]["reason"] == "over_share"
        assert explained["bob"]["verdict"] == "chosen"
        usage = (await world.client.get("/api/usage", headers=bearer("alice"))).json()
        share = usage["consumers"][0]["sources"][0]["share"]
        assert (share["used"], share["share"], share["among"]) == (17, 10, 2)
        assert (share["is_short"], share["is_over"]) == (True, True)


async def test_another_source_is_asked_in_its_place(clock):
    """It is no failure of the request while anyone else can answer."""
    scarce, plenty = Asked("acme", quota=10), Asked("other", priority=20)
    async with keyed(clock, {"API_KEYS": line("alice", "bob")}, scarce, plenty) as world:
        served = [one.headers["x-provider"] for one in await _ask(world, "alice", 9)]
        assert served[:8] == ["acme"] * 8
        pinned = f"{TICKER}BTC/USDT&provider=acme"
        assert (await world.client.get(pinned, headers=bearer("bob"))).is_success
        refused = await world.client.get(pinned, headers=bearer("alice"))
        assert refused.json()["candidates"][0]["reason"] == "over_share"
        assert (await _ask(world, "alice"))[0].headers["x-provider"] == "other"


async def test_what_nobody_else_wants_is_denied_to_nobody(clock):
    """Once the others have been quiet for an hour, the rest may be used."""
    async with keyed(clock, {"API_KEYS": line("alice", "bob")}, Asked("acme", quota=20)) as world:
        await _ask(world, "alice", 16)
        await _ask(world, "bob")
        assert not (await _ask(world, "alice"))[0].is_success
        clock.advance(HOUR_S)
        assert (await _ask(world, "alice"))[0].is_success


async def test_a_call_counts_as_the_source_counts_it(clock):
    """A request of weight three takes three of the share, and one of the budget."""
    async with keyed(
        clock, {"API_KEYS": line("alice", "bob")}, Asked("acme", quota=30, weight=3)
    ) as world:
        await _ask(world, "alice", 8)
        usage = (await world.client.get("/api/usage", headers=bearer("alice"))).json()
        (alice,) = usage["consumers"]
        assert (alice["calls"], alice["sources"][0]["share"]["used"]) == (8, 24)
