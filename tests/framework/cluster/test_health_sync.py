"""Circuits, holds and probes are one for all workers, late ones included."""

import asyncio
import time

import pytest

from coinmux import (
    AllProvidersFailed,
    AuthRefused,
    Empty,
    NoProviderAvailable,
    RequestOptions,
    TickerQuery,
    Unreachable,
)
from coinmux.framework.clock import SystemClock
from coinmux.framework.errors import Outcome, RateLimited
from coinmux.framework.health.status import RemoteResult
from coinmux.framework.reports.status import ServiceReport
from tests.framework.cluster.support import until
from tests.framework.conftest import ScriptedProvider

QUERY = TickerQuery(symbol="BTC/USDT")
ANEW = RequestOptions(max_age_s=0)


def scripted(*outcomes, name="a", **info):
    return ScriptedProvider(name, outcomes, SystemClock(), **info)


def state(gateway, name="a"):
    return gateway.source_health_of(name).state


async def fail(gateway, times):
    for _ in range(times):
        with pytest.raises((AllProvidersFailed, NoProviderAvailable)):
            await gateway.fetch("ticker", QUERY, ANEW)


async def test_failures_of_all_workers_open_one_circuit(workers):
    plugin = scripted(Unreachable("gone"))
    async with workers(3, plugin) as gateways:
        await listening(gateways)
        for gateway in gateways:
            await fail(gateway, 1)
        await until(lambda: [state(one) for one in gateways] == ["OFFLINE"] * 3)
        assert plugin.calls == 3
        await fail(gateways[0], 2)
        assert plugin.calls == 3, "who opened nothing itself does not call either"
        retry_at = [one.source_health_of("a").retry_at for one in gateways]
        assert max(retry_at) - min(retry_at) < 1000


async def listening(gateways):
    """Each hears what another tells."""
    first = gateways[0]
    before = [one.state.news.heard for one in gateways[1:]]

    async def tell(_):
        first.state.news.reset(None)

    await until(
        lambda: all(
            one.state.news.heard > was for one, was in zip(gateways[1:], before, strict=True)
        ),
        tell,
    )
    second = gateways[1]
    was = first.state.news.heard

    async def answer(_):
        second.state.news.reset(None)

    await until(lambda: first.state.news.heard > was, answer)
    await asyncio.sleep(0.05)


async def test_who_comes_later_knows_what_is_offline_and_for_how_long(workers):
    plugin = scripted(Unreachable("gone"))
    async with workers(2, plugin) as gateways:
        await listening(gateways)
        await fail(gateways[0], 3)
        assert state(gateways[0]) == "OFFLINE"
        async with workers(1, plugin) as (late,):
            assert state(late) == "OFFLINE"
            health = late.source_health_of("a")
            assert 290_000 < health.retry_at - time.time() * 1000 <= 300_000
            assert health.last_error.code == "upstream_unreachable"
            await fail(late, 1)
        assert plugin.calls == 3


async def test_who_has_not_heard_yet_that_it_is_open_does_not_call_it_closed(workers):
    """Its own first failure is under way while the others have had three."""
    plugin = scripted(Unreachable("gone"))
    async with workers(2, plugin) as gateways:
        await listening(gateways)
        await fail(gateways[0], 3)
        gateways[1].state.news.result(RemoteResult("a", "ticker", "F", 0.1, "upstream_unreachable"))
        await asyncio.sleep(0.1)
        async with workers(1, plugin) as (late,):
            assert state(late) == "OFFLINE"


async def test_one_worker_makes_the_probe_and_all_hear_how_it_ended(workers):
    plugin = scripted(Unreachable("gone"))
    async with workers(5, plugin, OFFLINE_RETRY_S="1") as gateways:
        await listening(gateways)
        await fail(gateways[0], 3)
        await until(lambda: [state(one) for one in gateways] == ["OFFLINE"] * 5)
        await asyncio.sleep(1.05)
        plugin.outcomes = ["slow"]
        before = plugin.calls
        told = await asyncio.gather(
            *(one.fetch("ticker", QUERY, ANEW) for one in gateways), return_exceptions=True
        )
        answered = [one for one in told if not isinstance(one, Exception)]
        assert plugin.calls == before + 1
        assert len(answered) == 1
        assert {type(one) for one in told if isinstance(one, Exception)} <= {
            AllProvidersFailed,
            NoProviderAvailable,
        }
        await until(lambda: {state(one) for one in gateways} == {"DEGRADED"})
        async with workers(1, plugin) as (late,):
            assert state(late) in ("UNKNOWN", "HEALTHY")


async def test_one_wait_for_all(workers):
    plugin = scripted(RateLimited("slow down", retry_after_s=30), priority=1)
    other = scripted(1.0, name="b", priority=50)
    async with workers(2, plugin, other) as gateways:
        await listening(gateways)
        assert (await gateways[0].fetch("ticker", QUERY, ANEW)).provider == "b"
        await until(lambda: gateways[1].source_health_of("a").hold_until is not None)
        assert (await gateways[1].fetch("ticker", QUERY, ANEW)).provider == "b"
        async with workers(1, plugin, other) as (late,):
            assert (await late.fetch("ticker", QUERY, ANEW)).provider == "b"
        assert plugin.calls == 1


async def test_a_refused_key_is_refused_for_all(workers):
    plugin = scripted(AuthRefused("no"))
    async with workers(2, plugin) as gateways:
        await listening(gateways)
        await fail(gateways[0], 1)
        await until(lambda: state(gateways[1]) == "DISABLED")
        assert gateways[1].source_health_of("a").disabled_reason == "key_refused"


async def test_a_reset_is_one_for_all_and_for_who_comes_later(workers):
    plugin = scripted(Empty())
    async with workers(2, plugin) as gateways:
        await listening(gateways)
        await fail(gateways[0], 3)
        await until(lambda: state(gateways[1]) == "OFFLINE")
        gateways[1].reset("a")
        await until(lambda: state(gateways[0]) == "UNKNOWN")
        async with workers(1, plugin) as (late,):
            assert state(late) == "UNKNOWN"


async def test_settings_read_anew_are_read_by_all(workers, monkeypatch):
    plugin = scripted(1.0)
    async with workers(2, plugin) as gateways:
        await listening(gateways)
        told = []
        gateways[1].events.subscribe(lambda event: told.append(event.message))
        await gateways[0].reload()
        await until(lambda: "configuration reloaded" in told)


async def test_what_is_missed_while_the_store_is_away_is_read_afterwards(workers, server):
    plugin = scripted(Unreachable("gone"))
    async with workers(2, plugin) as (one, other):
        await listening([one, other])
        server.run("CLIENT", "NO-EVICT", "off")
        server.run("CLIENT", "KILL", "TYPE", "pubsub")
        await fail(one, 3)
        await until(lambda: state(other) == "OFFLINE")
        assert plugin.calls == 3


async def test_damaged_news_is_passed_over(workers, server):
    async with workers(2, scripted(1.0)) as gateways:
        await listening(gateways)
        server.run("PUBLISH", "coinmux:news", "nonsense")
        server.run("SET", "coinmux:circuit:{a}:", "nonsense", "PX", "100000")
        await until(lambda: gateways[1].state.news.damaged > 0)
        async with workers(1, scripted(1.0)) as (late,):
            assert state(late) == "UNKNOWN"
            assert late.state.news.damaged > 0
        assert (await gateways[1].fetch("ticker", QUERY, ANEW)).provider == "a"


async def test_one_worker_does_the_background_work_and_another_when_it_leaves(workers):
    plugin = scripted(1.0)
    async with workers(1, plugin) as (stays,):
        async with workers(1, plugin) as (leaves,):
            assert await leaves.state.leads("checker") is True
            assert await stays.state.leads("checker") is False
            assert await leaves.state.leads("checker") is True
        assert await stays.state.leads("checker") is True


async def test_the_store_is_a_service_whose_password_nobody_sees(workers, server):
    address = server.url.replace("//", "//:hunter-two-2@")
    gateway = workers.one(scripted(1.0), STATE_URL=address)
    async with gateway:
        line = gateway.status().services[1]
        assert line.name == "shared_state"
        assert "hunter" not in str(gateway.status())
        assert gateway.redactor.clean("it is hunter-two-2") == "it is ***"
    async with workers(2, scripted(1.0)) as (one, _):
        await until(lambda: one.state.workers == 2)
        assert one.status().services[1] == ServiceReport(
            name="shared_state", status="ONLINE", detail="shared by 2 workers"
        )


async def test_results_of_one_turn_of_the_loop_are_sent_together(workers):
    """One script takes all of them, and each arrives."""
    async with workers(2, scripted(5.0)) as gateways:
        await listening(gateways)
        news, other = gateways[0].state.news, gateways[1].state.news
        lane = gateways[0].state.store._lane
        heard, commands = other.heard, lane.commands
        for _ in range(50):
            news.result(RemoteResult("a", "ticker", Outcome.SUCCESS))
        await until(lambda: other.heard >= heard + 50)
        # The sign of life and the reading of the windows may fall between.
        assert 1 <= lane.commands - commands <= 5
