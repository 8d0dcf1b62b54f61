"""The background checker probes what is due, once, and nothing else."""

import asyncio

import pytest

from coinmux import AllProvidersFailed, Channel, CoinmuxError, Empty, RequestOptions, TickerQuery
from coinmux.framework.errors import Outcome

QUERY = TickerQuery(symbol="BTC/USDT")
ON = {"CHECKER": "on"}


async def settled(gateway):
    await gateway.checker.stop()


async def test_unproven_sources_are_probed_at_start_and_only_then(gateway_of):
    async with gateway_of(_settings=ON, a=[1.0], b=[Empty()]) as world:
        await settled(world.gateway)
        plugins = world.plugins
        calls = [plugins["a"].calls, plugins["b"].calls]
        if calls == [0, 0]:
            await world.gateway.checker.round()
        assert [plugins["a"].calls, plugins["b"].calls] == [1, 1]
        await world.gateway.checker.round()
        assert [plugins["a"].calls, plugins["b"].calls] == [1, 1]
        assert world.gateway.source_health_of("a").state == "HEALTHY"
        assert world.gateway.source_health_of("b").state == "DEGRADED"


async def test_a_degraded_source_is_probed_after_a_minute_of_rest(gateway_of):
    async with gateway_of(_settings=ON, a=[Empty(), 1.0]) as world:
        await settled(world.gateway)
        if world.plugins["a"].calls == 0:
            await world.gateway.checker.round()
        world.clock.advance(59)
        assert await world.gateway.checker.round() == 0
        world.clock.advance(2)
        assert await world.gateway.checker.round() == 1
        assert world.plugins["a"].calls == 2


async def test_an_offline_source_is_probed_once_it_is_due_and_not_before(gateway_of):
    async with gateway_of(_settings=ON, a=[Empty()], b=[1.0]) as world:
        gateway, plugin = world.gateway, world.plugins["a"]
        await settled(gateway)
        while gateway.source_health_of("a").state != "OFFLINE":
            with pytest.raises(AllProvidersFailed):
                await gateway.fetch("ticker", QUERY, RequestOptions(provider="a", max_age_s=0))
        calls = plugin.calls
        world.clock.advance(299)
        await gateway.checker.round()
        assert plugin.calls == calls
        world.clock.advance(1 + 30.1)  # the rest, and the most that jitter adds
        plugin.outcomes = [2.0]
        await gateway.checker.round()
        assert plugin.calls == calls + 1
        assert gateway.source_health_of("a").recoveries == 1


async def test_with_a_checker_requests_leave_probes_to_it_where_others_can_answer(gateway_of):
    async with gateway_of(_settings=ON, a=[Empty()], b=[1.0]) as world:
        gateway = world.gateway
        await settled(gateway)
        while gateway.source_health_of("a").state != "OFFLINE":
            with pytest.raises(AllProvidersFailed):
                await gateway.fetch("ticker", QUERY, RequestOptions(provider="a", max_age_s=0))
        calls = world.plugins["a"].calls
        world.clock.advance(301)
        answer = await gateway.fetch("ticker", QUERY, RequestOptions(max_age_s=0))
        assert (answer.provider, world.plugins["a"].calls) == ("b", calls)


async def test_G9_a_round_that_raises_is_told_and_begun_again(gateway_of, monkeypatch):
    async with gateway_of(_settings=ON, a=[1.0]) as world:
        checker = world.gateway.checker
        await settled(world.gateway)

        async def broken():
            raise RuntimeError("defect")

        monkeypatch.setattr(checker, "round", broken)
        checker.start()
        for _ in range(100):
            await asyncio.sleep(0.001)
            if checker.failures:
                break
        assert checker.running
        services = {s.name: s.status for s in world.gateway.status().services}
        assert services["health_monitor"] == "DEGRADED"
        assert any(event.kind == "error" for event in world.gateway.events.recent())


async def test_a_source_that_answers_no_odd_question_is_asked_one_of_ours(gateway_of):
    """Odd questions count for nobody, so a source that is broken must be found out otherwise."""
    async with gateway_of(_settings=ON, a=[1.0]) as world:
        gateway, plugin = world.gateway, world.plugins["a"]
        await settled(gateway)
        if plugin.calls == 0:
            await gateway.checker.round()
        assert gateway.source_health_of("a").state == "HEALTHY"
        plugin.outcomes = [Empty() for _ in range(6)]
        for base in ("NOPE", "NOSUCH", "NEVER"):
            query = TickerQuery(symbol=f"{base}/USDT")
            with pytest.raises(CoinmuxError):
                await gateway.fetch("ticker", query, RequestOptions(provider="a"))
        assert gateway.source_health_of("a").failures == 0
        for probes in (1, 2, 3):
            world.clock.advance(10)
            assert await gateway.checker.round() == 1, probes
        assert gateway.source_health_of("a").state == "OFFLINE"


async def test_a_source_that_answers_ours_is_left_alone_after_that(gateway_of):
    async with gateway_of(_settings=ON, a=[1.0]) as world:
        gateway, plugin = world.gateway, world.plugins["a"]
        await settled(gateway)
        if plugin.calls == 0:
            await gateway.checker.round()
        plugin.outcomes = [*(Empty() for _ in range(3)), 1.0]
        for base in ("NOPE", "NOSUCH", "NEVER"):
            with pytest.raises(CoinmuxError):
                await gateway.fetch(
                    "ticker", TickerQuery(symbol=f"{base}/USDT"), RequestOptions(provider="a")
                )
        world.clock.advance(10)
        assert await gateway.checker.round() == 1
        world.clock.advance(10)
        assert await gateway.checker.round() == 0
        assert gateway.source_health_of("a").state == "HEALTHY"


async def test_what_nobody_asks_is_probed_in_turn_once_a_minute(gateway_of):
    """So that a healthy state has a proof; ten minutes after the last call at the earliest."""
    async with gateway_of(_settings=ON, a=[1.0], b=[1.0]) as world:
        checker, plugins = world.gateway.checker, world.plugins
        await settled(world.gateway)
        await checker.round()
        before = [plugins["a"].calls, plugins["b"].calls]
        world.clock.advance(599)
        assert await checker.round() == 0
        world.clock.advance(2)
        assert [await checker.round() for _ in range(3)] == [1, 0, 0]
        world.clock.advance(61)
        assert [await checker.round() for _ in range(3)] == [1, 0, 0]
        assert [plugins["a"].calls, plugins["b"].calls] == [count + 1 for count in before]


async def test_probes_of_idle_sources_can_be_switched_off(gateway_of):
    async with gateway_of(_settings={**ON, "PROBE_IDLE": "off"}, a=[1.0]) as world:
        await settled(world.gateway)
        await world.gateway.checker.round()
        world.clock.advance(3_600)
        assert await world.gateway.checker.round() == 0


async def test_after_a_reset_nothing_stays_unknown(gateway_of):
    async with gateway_of(_settings=ON, a=[1.0]) as world:
        await settled(world.gateway)
        await world.gateway.checker.round()
        world.gateway.reset_all()
        assert world.gateway.source_health_of("a").state == "UNKNOWN"
        await world.gateway.checker.round()
        assert world.gateway.source_health_of("a").state == "HEALTHY"


async def test_a_source_whose_channels_all_rest_is_not_probed_until_one_is_due(gateway_of):
    """A probe could only be told that the source is busy, once a minute, for hours."""
    channels = tuple(Channel(name, f"https://{name}.example") for name in ("x", "y"))
    info = {"a": {"channels": channels}}
    async with gateway_of(_settings=ON, _info=info, a=[Empty()]) as world:
        await settled(world.gateway)
        if world.plugins["a"].calls == 0:
            await world.gateway.checker.round()
        assert world.gateway.source_health_of("a").state == "DEGRADED"
        for name in ("x", "y"):
            tracker = world.gateway.health
            for _ in range(3):
                lease = tracker.begin(f"a:{name}", "channel", 5.0)
                tracker.record(lease, Outcome.FAILURE, elapsed_s=0.1, code="x", message="refused")
        world.clock.advance(61)
        assert await world.gateway.checker.round() == 0
        world.gateway.health.hasten("a")
        assert await world.gateway.checker.round() == 1
        assert world.plugins["a"].calls == 2
