"""What one routed call takes, in counts that are the same on every machine."""

import asyncio
import sys
from collections import Counter

import pytest

from coinmux import Gateway, ProviderInfo, RequestOptions, Symbol, hookimpl
from coinmux import models as m
from coinmux.framework.clock import SystemClock
from coinmux.framework.plugins import adapters
from coinmux.framework.plugins.discovery import in_process

NO_CACHE = RequestOptions(max_age_s=0)
QUERY = m.TickerQuery(symbol=Symbol.of("BTC", "USDT"))
#: Functions in Python that a call of one source enters, the hook's model included. Each costs a
#: fifth of a microsecond; the number may fall, and rises for a reason only.
FRAMES = 152


class AtOnce:
    """A source whose hook returns at once."""

    def __init__(self, number):
        self.number = number

    @hookimpl
    def provider_info(self):
        name = f"source_{self.number}"
        return ProviderInfo(
            name=name, title=name, category="market", base_url="https://a.example",
            priority=self.number,
        )  # fmt: skip

    @hookimpl
    async def fetch_ticker(self, query, http):
        return m.Ticker(symbol=query.symbol, last=1.5, timestamp=SystemClock().wall_ms())


@pytest.fixture
def gateway_of(monkeypatch):
    """A gateway of so many such sources, which count as built in."""
    monkeypatch.setattr(adapters, "PROJECT", "in-process")

    def make(sources):
        found = [in_process(f"source_{at}", AtOnce(at)) for at in range(sources)]
        return Gateway.from_env(None, environ={"CHECKER": "off"}, found=found)

    return make


async def entered(gateway):
    """How often each function in Python is entered during one call."""
    for _ in range(3):
        await gateway.fetch(QUERY, NO_CACHE)
    counts = Counter()

    def note(frame, event, _):
        # A coroutine that goes on is entered again, which is what it costs.
        code = frame.f_code
        if event == "call" and "asyncio" not in code.co_filename:
            counts[code.co_qualname] += 1

    sys.setprofile(note)
    try:
        await gateway.fetch(QUERY, NO_CACHE)
    finally:
        sys.setprofile(None)
    return counts


async def test_a_routed_call_enters_so_many_functions(gateway_of):
    async with gateway_of(1) as gateway:
        counts = await entered(gateway)
        assert counts.total() <= FRAMES, counts.most_common()


async def test_the_number_of_sources_makes_no_difference(gateway_of):
    """Their order is stored, and only the first is judged."""
    async with gateway_of(1) as one, gateway_of(100) as hundred:
        assert (await entered(hundred)).total() <= (await entered(one)).total() + 2


async def test_one_task_and_no_timer_for_each_call(gateway_of, monkeypatch):
    """The hook's task; limits share one timer, and the caller runs the call itself."""
    loop = asyncio.get_running_loop()
    async with gateway_of(1) as gateway:
        await gateway.fetch(QUERY, NO_CACHE)
        made = Counter()

        def counted(owner, name):
            real = getattr(owner, name)

            def call(*args, **more):
                made[name] += 1
                return real(*args, **more)

            monkeypatch.setattr(owner, name, call)

        for name in ("create_task", "create_future", "call_at", "call_later"):
            counted(loop, name)
        for _ in range(10):
            await gateway.fetch(QUERY, NO_CACHE)
        monkeypatch.undo()
        eager = sys.version_info >= (3, 12)
        assert made["create_task"] == (0 if eager else 10)
        assert made["call_at"] + made["call_later"] == 0
        # The caller's wait; none where the hook's task ended at its first step.
        assert made["create_future"] == (0 if eager else 10)


async def test_a_model_is_built_once_and_encoded_never(gateway_of):
    async with gateway_of(1) as gateway:
        counts = await entered(gateway)
        assert counts["Result._without_bad_fields"] <= 1
        assert counts["Result.encode"] == 0
