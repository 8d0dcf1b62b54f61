"""A second source asked besides a slow one, and the budget of those asked after failures."""

import asyncio

import pytest

from coinmux import AllProvidersFailed, Empty, State, Unreachable
from coinmux.framework.routing import hedging


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    monkeypatch.setattr(hedging, "LEAST_S", 0.02)


HEDGE = {"HEDGE": "on"}


async def test_without_it_a_slow_source_is_waited_for(gateway_of):
    async with gateway_of(a=["slow"], b=[6.1]) as world:
        answer = await world.gateway.ticker("BTC/USDT")
        assert answer.provider == "a"
        assert world.plugins["b"].calls == 0


async def test_a_source_that_hangs_is_beaten_by_the_next(gateway_of):
    """The slow one is ended, its health untouched, and the answer says so."""
    async with gateway_of(HEDGE, a=["hang"], b=[6.1]) as world:
        answer = await asyncio.wait_for(world.gateway.ticker("BTC/USDT"), 1)
        assert answer.provider == "b"
        assert [(one["provider"], one["outcome"]) for one in answer.meta["attempts"]] == [
            ("b", "ok"), ("a", "failed"),
        ]  # fmt: skip
        assert answer.meta["attempts"][1]["code"] == "cut_short"
        assert world.gateway.health.snapshot("a").state is State.UNKNOWN
        assert not world.gateway._dispatcher._runner._hooks.left


async def test_a_source_that_answers_in_time_is_not_hedged(gateway_of):
    async with gateway_of(HEDGE, a=[6.0], b=[6.1]) as world:
        for _ in range(5):
            answer = await world.gateway.ticker("BTC/USDT", max_age_s=0)
            assert answer.provider == "a"
        assert world.plugins["b"].calls == 0


async def test_the_first_wins_where_the_second_fails(gateway_of):
    async with gateway_of(HEDGE, a=["late"], b=[Empty("x")], c=[3.0]) as world:
        world.plugins["a"].late_s = 0.06
        answer = await world.gateway.ticker("BTC/USDT")
        assert answer.provider == "a"
        assert world.plugins["c"].calls == 0


async def test_both_failing_the_third_is_asked(gateway_of):
    async with gateway_of(HEDGE, a=["late failure"], b=[Empty("x")], c=[3.0]) as world:
        world.plugins["a"].late_s = 0.06
        answer = await world.gateway.ticker("BTC/USDT")
        assert answer.provider == "c"
        assert [one["provider"] for one in answer.meta["attempts"]] == ["b", "a", "c"]


async def test_hedges_are_a_twentieth_of_the_requests_at_most(gateway_of):
    """One is there from the start; the next takes twenty requests."""
    async with gateway_of(HEDGE, a=["late"], b=[6.1]) as world:
        world.plugins["a"].late_s = 0.06
        first = await world.gateway.ticker("BTC/USDT", max_age_s=0)
        assert first.provider == "b"
        for _ in range(3):
            answer = await world.gateway.ticker("BTC/USDT", max_age_s=0)
            assert answer.provider == "a"
        assert world.plugins["b"].calls == 1


async def test_a_pinned_source_is_never_hedged(gateway_of):
    async with gateway_of(HEDGE, a=["late"], b=[6.1]) as world:
        world.plugins["a"].late_s = 0.06
        answer = await world.gateway.ticker("BTC/USDT", provider="a")
        assert answer.provider == "a"
        assert world.plugins["b"].calls == 0


async def test_a_caller_who_leaves_ends_both(gateway_of):
    async with gateway_of(HEDGE, a=["hang"], b=["hang"]) as world:
        call = asyncio.ensure_future(world.gateway.ticker("BTC/USDT"))
        await asyncio.sleep(0.1)
        assert world.plugins["b"].calls == 1
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await asyncio.sleep(0.01)
        assert len(world.gateway._dispatcher._flights) == 0


async def test_a_third_source_for_every_request_has_a_budget(gateway_of, monkeypatch):
    """Two sources that fail every other time stay online; past thirty thirds nobody gets one."""
    from coinmux.framework.dispatch import failover

    monkeypatch.setattr(failover, "_BUDGET_LOOK_S", 0.0)
    flaky = [1.0, Empty("x")] * 400
    async with gateway_of(a=[*flaky], b=[*flaky], c=[3.0]) as world:
        gateway = world.gateway
        for name in "ab":
            await gateway.ticker("BTC/USDT", provider=name, max_age_s=0)
        answered = refused = 0
        for _ in range(200):
            try:
                answer = await gateway.ticker("BTC/USDT", max_age_s=0)
            except AllProvidersFailed:
                refused += 1
            else:
                answered += answer.provider == "c"
            for name in "ab":
                if world.plugins[name].outcomes[0] == 1.0:
                    await gateway.ticker("BTC/USDT", provider=name, max_age_s=0)
        assert answered + refused == 200
        assert answered == pytest.approx(30 + 0.2 * 600, abs=8)
        told = [one.message for one in gateway.events.recent(500) if one.kind == "decision"]
        assert "no further alternative: their budget is used up" in told


async def test_sources_that_are_offline_by_now_cost_no_budget(gateway_of):
    """A hundred at once: three fail all, and all are answered by the fourth."""
    async with gateway_of(
        a=[Unreachable("x")], b=[Unreachable("x")], c=[Unreachable("x")], d=[4.0]
    ) as world:
        answers = await asyncio.gather(*(world.gateway.ticker(f"C{at}/USDT") for at in range(100)))
        assert {answer.provider for answer in answers} == {"d"}
