"""What concurrent calls ask of the store goes out together, and each gets its own answer."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from redis.asyncio import ConnectionPool
from redis.exceptions import ConnectionError as StoreConnectionError
from redis.exceptions import ResponseError

from coinmux import RequestOptions, TickerQuery, hookimpl
from coinmux.framework.clock import SystemClock
from coinmux.framework.cluster.lane import Lane
from coinmux.framework.cluster.scripts import LEASE, Script
from coinmux.framework.plugins.rate_limit import RateLimit
from tests.framework.conftest import ScriptedProvider

NO_CACHE = RequestOptions(max_age_s=0)


class Metered(ScriptedProvider):
    """Takes its permit, as a request over HTTP does."""

    @hookimpl
    async def fetch_ticker(self, query, http):
        gate = http._source.gate
        await gate.enter()
        try:
            return await super().fetch_ticker(query, http)
        finally:
            gate.leave()


@asynccontextmanager
async def opened(server, *, protocol=2):
    failures = []
    lane = Lane(failures.append)
    lane.failures = failures
    await lane.open(ConnectionPool.from_url(server.url, protocol=protocol).make_connection())
    try:
        yield lane
    finally:
        lane.close()


async def sent_by(gateway, callers, calls):
    """Commands and trips of `calls` calls by each of as many callers."""
    await asyncio.sleep(0.05)
    lane = gateway.state.store._lane

    async def ask(caller):
        query = TickerQuery(symbol=f"C{caller}/USDT")
        for _ in range(calls):
            await gateway.fetch("ticker", query, NO_CACHE)

    # The scripts are known to the store from here on.
    await asyncio.gather(*(ask(caller) for caller in range(callers)))
    await lane.ask("PING")
    commands, trips = lane.commands, lane.trips
    await asyncio.gather(*(ask(caller) for caller in range(callers)))
    await lane.ask("PING")
    return lane.commands - commands - 1, lane.trips - trips - 1


def metered():
    return Metered("a", [1.0], SystemClock(), rate_limits=(RateLimit(1_000_000, 60.0),))


@pytest.fixture
def undisturbed(monkeypatch):
    """No sign of life is sent between."""
    monkeypatch.setattr("coinmux.framework.cluster.cluster._BEAT_S", 60.0)


async def test_a_call_alone_sends_its_permit_its_result_and_its_answer(workers, undisturbed):
    """Three commands, and two trips: the result and the answer go out together."""
    async with workers(1, metered()) as (gateway,):
        commands, trips = await sent_by(gateway, 1, 20)
        assert commands == 3 * 20
        assert trips <= 2 * 20


async def test_calls_at_once_share_their_trips(workers, undisturbed):
    """Eight callers make fewer trips than calls, and one message takes the results of a turn."""
    async with workers(1, metered()) as (gateway,):
        commands, trips = await sent_by(gateway, 8, 20)
        assert commands < 3 * 8 * 20
        assert trips <= 2 * 20 + 8


@pytest.mark.parametrize("protocol", [2, 3])
async def test_each_gets_its_own_answer(store, protocol):
    async with opened(store, protocol=protocol) as lane:
        trips = lane.trips
        answers = await asyncio.gather(*(lane.ask("ECHO", f"{at}") for at in range(100)))
        assert answers == [str(at).encode() for at in range(100)]
        assert lane.trips == trips + 1


async def test_an_error_is_that_callers_alone(store):
    async with opened(store) as lane:
        first, wrong, last = await asyncio.gather(
            lane.ask("ECHO", "a"), lane.ask("NONSENSE"), lane.ask("ECHO", "b"),
            return_exceptions=True,
        )  # fmt: skip
        assert (first, last) == (b"a", b"b")
        assert isinstance(wrong, ResponseError)
        assert lane.failures == []


async def test_an_error_that_nobody_waits_for_is_reported(store):
    async with opened(store) as lane:
        lane.post_script(Script("return redis.call('NONSENSE')"), 0)
        assert await lane.ask("ECHO", "a") == b"a"
        await lane.ask("PING")
        assert len(lane.failures) == 1


async def test_a_caller_that_leaves_takes_nobodys_answer(store):
    async with opened(store) as lane:
        left = lane.ask("ECHO", "left")
        stays = lane.ask("ECHO", "stays")
        left.cancel()
        assert await stays == b"stays"


async def test_a_script_that_the_store_has_forgotten_is_sent_whole(store):
    async with opened(store) as lane:
        assert await lane.ask_script(LEASE, 1, "lease", "one", 5_000) == 1
        store.run("SCRIPT", "FLUSH")
        assert await lane.ask_script(LEASE, 1, "lease", "other", 5_000) == 0


async def test_a_store_that_stalls_ends_every_call_in_time(store):
    """The first that is too late ends the connection, and with it all that wait."""
    async with opened(store) as lane:
        lane.within_s = 0.05
        lane.ask("BLPOP", "nothing", 0)
        found = await asyncio.gather(
            *(lane.ask("ECHO", "a") for _ in range(3)), return_exceptions=True
        )
        assert [type(one) for one in found] == [TimeoutError] * 3
        assert [type(one) for one in lane.failures] == [TimeoutError]
        with pytest.raises(StoreConnectionError):
            await lane.ask("PING")


async def test_a_store_that_goes_ends_every_call(store):
    async with opened(store) as lane:
        asked = lane.ask("BLPOP", "nothing", 0)
        await asyncio.sleep(0.05)
        store.run("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        with pytest.raises((OSError, StoreConnectionError)):
            await asked
        assert len(lane.failures) == 1
