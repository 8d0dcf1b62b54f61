"""A hook that holds up the event loop is named, counted against its plugin, and loses its place."""

import asyncio
import re
import time

import pytest

from coinmux import (
    AllProvidersFailed,
    Gateway,
    ProviderInfo,
    RequestOptions,
    RoutingError,
    State,
    Ticker,
    TickerQuery,
    Unreachable,
    hookimpl,
)
from coinmux.framework.plugins import loop_watch
from coinmux.framework.plugins.discovery import in_process

QUERY = TickerQuery(symbol="BTC/USDT")
#: Longer than a step may take in these tests.
SLEEP_S = 0.3
block = time.sleep


def answer(query):
    return Ticker(symbol=query.symbol, last=1.0)


async def sleeps(query, http):
    block(SLEEP_S)
    return answer(query)


async def sleeps_between(query, http):
    await asyncio.sleep(0)
    block(SLEEP_S)
    await asyncio.sleep(0)
    return answer(query)


async def sleeps_in_a_gathered_call(query, http):
    async def one():
        await asyncio.sleep(0)
        block(SLEEP_S)

    await http.gather(one(), one())
    return answer(query)


async def sleeps_and_raises(query, http):
    block(SLEEP_S)
    raise Unreachable("gone")


async def computes(query, http):
    end = time.thread_time() + SLEEP_S
    while time.thread_time() < end:
        sum(range(1000))
    return answer(query)


async def sleeps_when_cancelled(query, http):
    try:
        await asyncio.sleep(3600)
    finally:
        block(SLEEP_S)


class Exchange:
    def __init__(self, name, priority, fetch):
        self.info = ProviderInfo(
            name=name, title=name, category="market", priority=priority,
            base_url=f"https://{name}.example", timeout_s=4.0,
        )  # fmt: skip
        self.fetch = fetch

    @hookimpl
    def provider_info(self):
        return self.info

    @hookimpl
    async def fetch_ticker(self, query, http):
        return await self.fetch(query, http)


async def good(query, http):
    await asyncio.sleep(0)
    return answer(query)


def gateway_of(fetch):
    found = [in_process("odd", Exchange("odd", 1, fetch)), in_process("b", Exchange("b", 2, good))]
    return Gateway.from_env(None, environ={"CHECKER": "off"}, found=found)


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """Half of what a hook sleeps: time a busy machine kept the loop waiting is left out of a step.

    From half on it is read, so that such a wait alone is no blocking either.
    """
    monkeypatch.setattr(loop_watch, "BLOCKED_S", SLEEP_S / 2)
    monkeypatch.setattr(loop_watch, "NOTABLE_S", SLEEP_S / 2)


@pytest.mark.parametrize(
    "fetch",
    [sleeps, sleeps_between, sleeps_in_a_gathered_call, sleeps_and_raises, computes],
    ids=lambda one: one.__name__,
)
async def test_it_is_named_counted_and_passed_over(fetch):
    """Another source answers; the event names source, hook and time; three times are too many."""
    async with gateway_of(fetch) as gateway:
        answered = await gateway.fetch(QUERY)
        assert answered.provider == "b"
        assert [one.get("code") for one in answered.meta["attempts"]] == ["plugin_timeout", None]
        told = [one for one in gateway.events.recent() if one.kind == "plugin"]
        assert [(one.level, one.source) for one in told] == [("warning", "odd")]
        assert re.match(r"odd: fetch_ticker held up the event loop for \d+ ms", told[0].message)
        for _ in range(2):
            with pytest.raises(AllProvidersFailed):
                await gateway.fetch(QUERY, RequestOptions(provider="odd"))
        assert gateway.health.snapshot("odd").state is State.OFFLINE


async def test_it_counts_when_the_caller_has_gone():
    """A caller whose time is over because of it is no excuse for it."""
    async with gateway_of(sleeps_when_cancelled) as gateway:
        with pytest.raises(RoutingError):
            await gateway.fetch(QUERY, RequestOptions(provider="odd", timeout_s=0.3))
        async with asyncio.timeout(5):
            while gateway.health.snapshot("odd").failures == 0:  # noqa: ASYNC110
                await asyncio.sleep(0)
        assert gateway.health.snapshot("odd").failures == 1


async def test_waiting_is_no_blocking():
    """An awaited pause as long is an answer like any other."""

    async def waits(query, http):
        await asyncio.sleep(SLEEP_S * 1.2)
        return answer(query)

    async with gateway_of(waits) as gateway:
        assert (await gateway.fetch(QUERY)).provider == "odd"


async def test_a_plain_function_may_take_its_time():
    """It runs in a thread."""

    class Plain(Exchange):
        @hookimpl
        def fetch_ticker(self, query, http):
            time.sleep(SLEEP_S * 1.2)
            return answer(query)

    found = [in_process("odd", Plain("odd", 1, None))]
    async with Gateway.from_env(None, environ={"CHECKER": "off"}, found=found) as gateway:
        assert (await gateway.fetch(QUERY)).provider == "odd"


def test_what_a_busy_machine_takes_is_not_the_hooks(monkeypatch):
    """Time in which the loop had no processor is left out of a step."""
    starved = iter([10.0, 10.5, 13.0])
    monkeypatch.setattr(loop_watch, "_starved_s", lambda: next(starved))
    watch = loop_watch.LoopWatch()
    watch.step(0.6)
    assert watch.longest_s == pytest.approx(0.1)
    watch.step(5.0)
    assert watch.longest_s == pytest.approx(2.0)
