"""What is noted for whoever asks: each question once, by its last word, and none of others."""

import asyncio

import pytest

from coinmux import Gateway, ProviderInfo, Ticker, TickerQuery, hookimpl
from coinmux.framework.dispatch.decision_log import DecisionTrail
from coinmux.framework.errors import BadStatus, UpstreamTimeout
from coinmux.framework.plugins.discovery import in_process
from coinmux.framework.testing.clock import FakeClock


class Exchange:
    def __init__(self, clock):
        self.clock = clock
        self.error = None
        self.gate = None

    @hookimpl
    def provider_info(self):
        return ProviderInfo(name="a", title="A", category="market", base_url="https://a.example")

    @hookimpl
    async def fetch_ticker(self, query, http):
        if self.gate is not None:
            await self.gate.wait()
        if self.error is not None:
            raise self.error
        return Ticker(symbol=query.symbol, last=1.0, timestamp=self.clock.wall_ms())


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def exchange(clock):
    return Exchange(clock)


@pytest.fixture
async def gateway(exchange, clock):
    found = [in_process("a", exchange)]
    gateway = Gateway.from_env(None, environ={"CHECKER": "off"}, found=found, clock=clock)
    async with gateway:
        yield gateway


async def ask(gateway, trail, symbol="BTC"):
    query = TickerQuery(symbol=gateway.parse_symbol(symbol))
    await gateway.fetch("ticker", query, trail=trail)


async def followed(gateway, *symbols):
    """Ask with one trail; the decisions and what was raised."""
    trail = DecisionTrail()
    error = None
    try:
        for symbol in symbols:
            await ask(gateway, trail, symbol)
    except Exception as caught:  # noqa: BLE001 - the test looks at it
        error = caught
    return trail.decisions, error


async def test_each_question_is_noted(gateway):
    """Without a request id, too; a kept answer as such."""
    decisions, _ = await followed(gateway, "BTC", "ETH", "BTC")
    assert [(one.cache, one.provider) for one in decisions] == [
        ("miss", "a"), ("miss", "a"), ("hit", "a"),
    ]  # fmt: skip
    assert [len(one.attempts) for one in decisions] == [1, 1, 0]
    assert decisions[0].attempts[0]["started_at"] == gateway.clock.wall_ms()


async def test_the_last_word_counts(gateway, exchange, clock):
    """Failed, then rescued by what was kept: one decision, and its failed attempt."""
    await gateway.ticker("BTC")
    clock.advance(40)
    exchange.error = UpstreamTimeout("slow")
    (decision,), error = await followed(gateway, "BTC")
    assert error is None
    assert (decision.outcome, decision.cache) == ("answered", "stale")
    assert [one["code"] for one in decision.attempts] == ["upstream_timeout"]


async def test_a_failed_attempt_has_the_status_the_source_sent(gateway, exchange):
    """So that a reader is told `HTTP 500`, where the code alone says no more than "a status"."""
    exchange.error = BadStatus("HTTP 500: down", status=500)
    (decision,), _ = await followed(gateway, "BTC")
    assert [(one["code"], one["status"]) for one in decision.attempts] == [("upstream_status", 500)]


async def test_two_at_a_time_do_not_mix(gateway, exchange):
    """The second shares the call and has a decision of its own."""
    exchange.gate = asyncio.Event()
    asked = [asyncio.ensure_future(followed(gateway, "BTC")) for _ in range(2)]
    await asyncio.sleep(0)
    exchange.gate.set()
    (first, _), (second, _) = await asyncio.gather(*asked)
    assert sorted(one.cache for one in [*first, *second]) == ["coalesced", "miss"]


async def test_a_shared_failure_is_everyones(gateway, exchange):
    """Each learns how it ended."""
    exchange.gate = asyncio.Event()
    exchange.error = UpstreamTimeout("slow")
    asked = [asyncio.ensure_future(followed(gateway, "BTC")) for _ in range(3)]
    await asyncio.sleep(0)
    exchange.gate.set()
    outcomes = [
        (decisions[0].outcome, len(decisions[0].attempts))
        for decisions, _ in await asyncio.gather(*asked)
    ]
    assert sorted(outcomes) == [("all_providers_failed", 0)] * 2 + [("all_providers_failed", 1)]


async def test_who_leaves_is_noted(gateway, exchange):
    """With the code for it."""
    exchange.gate = asyncio.Event()
    trail = DecisionTrail()

    task = asyncio.ensure_future(ask(gateway, trail))
    for _ in range(5):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [one.outcome for one in trail.decisions] == ["caller_left"]


async def test_a_refresh_is_nobodys(gateway, exchange, clock):
    """Who was served the kept answer did not ask for the call behind it."""
    fetched = await gateway.ticker("BTC")
    clock.advance(fetched.fetched.freshness.fresh_s + 0.5)
    decisions, _ = await followed(gateway, "BTC")
    for _ in range(20):
        await asyncio.sleep(0)
    assert [(one.cache, len(one.attempts)) for one in decisions] == [("stale", 0)]


async def test_a_large_batch_is_bounded(gateway):
    """Its first 64 questions are noted."""
    decisions, _ = await followed(gateway, *(f"C{number}" for number in range(80)))
    assert len(decisions) == 64


async def test_the_trail_of_one_caller_is_not_inherited(gateway):
    """A call made beside it without a trail leaves nothing in it."""
    trail = DecisionTrail()
    await ask(gateway, trail)
    await asyncio.ensure_future(gateway.ticker("ETH"))
    assert [str(one.query.symbol) for one in trail.decisions] == ["BTC/USDT"]
