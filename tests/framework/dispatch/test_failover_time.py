"""How the time of a request is shared out: between sources, and while the only one is busy."""

import time

import pytest

from coinmux import (
    Gateway,
    NoProviderAvailable,
    ProviderBusy,
    ProviderInfo,
    RateLimit,
    RequestOptions,
    Ticker,
    TickerQuery,
    hookimpl,
)
from coinmux.framework.plugins.discovery import in_process

QUERY = TickerQuery(symbol="BTC/USDT")
BRIEF = RequestOptions(max_age_s=0, timeout_s=0.8)


async def test_a_source_that_hangs_leaves_the_next_one_time(gateway_of):
    async with gateway_of(a=["hang"], b=[2.0]) as world:
        answer = await world.gateway.fetch("ticker", QUERY, BRIEF)
        assert answer.provider == "b"
        assert answer.meta["attempts"][0]["code"] == "cut_short"
        assert world.gateway.source_health_of("a").state == "UNKNOWN"


async def test_it_does_so_when_its_own_timeout_is_longer_than_the_request(gateway_of):
    settings = {"A_TIMEOUT_S": "30"}
    async with gateway_of(_settings=settings, a=["hang"], b=[2.0]) as world:
        assert (await world.gateway.fetch("ticker", QUERY, BRIEF)).provider == "b"


async def test_several_that_were_cut_short_rank_a_source_after_others_for_a_minute(gateway_of):
    async with gateway_of(a=["hang"], b=[2.0]) as world:
        for _ in range(2):
            await world.gateway.fetch("ticker", QUERY, RequestOptions(max_age_s=0, timeout_s=0.9))
            world.clock.advance(1.1)
        calls = world.plugins["a"].calls
        assert (await world.gateway.fetch("ticker", QUERY, BRIEF)).provider == "b"
        assert world.plugins["a"].calls == calls == 2
        explained = world.gateway.explain("ticker", QUERY, BRIEF)["candidates"]
        assert [(one["provider"], one["reason"]) for one in explained] == [
            ("b", "first_choice"), ("a", "slower"),
        ]  # fmt: skip
        assert world.gateway.source_health_of("a").state == "UNKNOWN"
        world.clock.advance(61)
        world.plugins["a"].outcomes = [2.0]
        assert (await world.gateway.fetch("ticker", QUERY, BRIEF)).provider == "a"


async def test_a_deadline_too_short_for_anyone_moves_no_order(gateway_of):
    async with gateway_of(a=["hang"], b=["hang"]) as world:
        for _ in range(3):
            with pytest.raises(Exception, match=r"deadline|failed"):
                await world.gateway.fetch(
                    "ticker", QUERY, RequestOptions(max_age_s=0, timeout_s=0.1)
                )
            world.clock.advance(1.1)
        order = [score.name for score, _ in world.gateway.router.order("ticker", "priority")]
        assert order == ["a", "b"]


class Limited:
    """A source that may be asked once in so many seconds."""

    def __init__(self, name, per_s):
        self.name, self.per_s = name, per_s

    @hookimpl
    def provider_info(self):
        return ProviderInfo(
            name=self.name, title=self.name, category="market",
            base_url=f"https://{self.name}.example", rate_limits=(RateLimit(1, self.per_s),),
        )  # fmt: skip

    @hookimpl
    async def fetch_ticker(self, query, http):
        return Ticker(symbol=query.symbol, last=1.0)


async def use_up(gateway, name):
    gate = gateway.sources[name].gate
    await gate.enter()
    gate.leave()


def gateway_with(*plugins):
    found = [in_process(plugin.name, plugin) for plugin in plugins]
    return Gateway.from_env(None, environ={"CHECKER": "off"}, found=found)


@pytest.mark.parametrize("provider", ["a", None], ids=["pinned", "the only one"])
async def test_a_busy_source_that_alone_may_answer_is_waited_for(provider):
    async with gateway_with(Limited("a", 0.4)) as gateway:
        await use_up(gateway, "a")
        begun = time.monotonic()
        answer = await gateway.fetch(
            QUERY, RequestOptions(max_age_s=0, provider=provider, timeout_s=2)
        )
        assert answer.provider == "a"
        assert time.monotonic() - begun > 0.2


@pytest.mark.parametrize(("times", "calls"), [(3, 4), (9, 4)])
async def test_one_that_was_busy_and_is_free_when_this_is_known_is_asked_again(
    gateway_of, times, calls
):
    """Where a process stands still, all that wait are refused before others are done."""
    async with gateway_of(a=[*[ProviderBusy("full")] * times, 2.0]) as world:
        if times < calls:
            assert (await world.gateway.fetch("ticker", QUERY, BRIEF)).data.last == 2.0
        else:
            with pytest.raises(NoProviderAvailable, match="busy"):
                await world.gateway.fetch("ticker", QUERY, BRIEF)
        assert world.plugins["a"].calls == calls


async def test_no_one_waits_for_a_busy_source_while_another_is_free():
    async with gateway_with(Limited("a", 30), Limited("b", 30)) as gateway:
        await use_up(gateway, "a")
        begun = time.monotonic()
        answer = await gateway.fetch(QUERY, RequestOptions(max_age_s=0))
        assert (answer.provider, time.monotonic() - begun < 0.2) == ("b", True)


async def test_who_cannot_be_served_in_time_is_told_at_once(gateway_of):
    class Entering(Limited):
        @hookimpl
        async def fetch_ticker(self, query, http):
            await http._source.gate.enter(1)
            raise AssertionError

    async with gateway_with(Entering("a", 30)) as gateway:
        await use_up(gateway, "a")
        begun = time.monotonic()
        with pytest.raises(NoProviderAvailable, match="busy"):
            await gateway.fetch(QUERY, RequestOptions(max_age_s=0, provider="a"))
        assert time.monotonic() - begun < 0.2
