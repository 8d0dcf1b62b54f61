"""A derived source asks other sources through the gateway; no source waits for itself."""

import asyncio

import pytest

from coinmux import (
    AllProvidersFailed,
    Capability,
    Freshness,
    Gateway,
    ProviderInfo,
    Query,
    RequestOptions,
    Result,
    Ticker,
    TickerQuery,
    UnknownSymbol,
    Unreachable,
    hookimpl,
    hookspec,
)
from coinmux.framework.plugins.discovery import in_process

NEW = RequestOptions(max_age_s=0)
PAIRS = ("BTC/USDT", "ETH/USDT")


class Basket(Result):
    """The worth of one of each of two coins."""

    name: str
    worth: float
    timestamp: int | None = None


class BasketQuery(Query[Basket]):
    """Which basket."""

    name: str


BASKET = Capability("basket", BasketQuery, Basket, Freshness(30, 0, 300))


class BasketSpec:
    @hookspec
    def fetch_basket(self, query, http):
        """The worth of a basket."""

    @hookimpl
    def coinmux_capabilities(self):
        return [BASKET]


class BasketSource:
    """The same as a provider of its own, with a hook to choose."""

    def __init__(self, name, hook, asks=("ticker",), **info):
        self.name, self.hook, self.asks, self.info, self.calls = name, hook, asks, info, 0

    @hookimpl
    def provider_info(self):
        return ProviderInfo(
            name=self.name, title=self.name, category="market", base_url="", asks=self.asks,
            **self.info,
        )  # fmt: skip

    @hookimpl
    async def fetch_basket(self, query, http):
        self.calls += 1
        return Basket(name=query.name, worth=await self.hook(http))


class DerivedTicker:
    """A source of tickers that is made of tickers of others."""

    def __init__(self, name, priority):
        self.name, self.priority, self.calls = name, priority, 0

    @hookimpl
    def provider_info(self):
        return ProviderInfo(
            name=self.name, title=self.name, category="market", base_url="",
            asks=("ticker",), priority=self.priority,
        )  # fmt: skip

    @hookimpl
    async def fetch_ticker(self, query, http):
        self.calls += 1
        other = await http.ask(query)
        return Ticker(symbol=query.symbol, last=other.data.last + 1, timestamp=http.now_ms())


class Plain:
    """A source of tickers with prices by pair, and a time they are late by."""

    def __init__(self, name, clock, prices, priority=50):
        self.name, self.clock, self.prices, self.priority = name, clock, prices, priority
        self.calls, self.age_ms, self.error, self.gate = 0, 0, None, None

    @hookimpl
    def provider_info(self):
        return ProviderInfo(
            name=self.name, title=self.name, category="market",
            base_url=f"https://{self.name}.example", priority=self.priority,
        )  # fmt: skip

    @hookimpl
    async def fetch_ticker(self, query, http):
        self.calls += 1
        if self.gate is not None:
            await self.gate.wait()
        if self.error is not None:
            raise self.error
        price = self.prices.get(str(query.symbol))
        if price is None:
            raise UnknownSymbol(query.symbol)
        at = self.clock.wall_ms() - self.age_ms
        return Ticker(symbol=query.symbol, last=price, timestamp=at)


PRICES = {"BTC/USDT": 100.0, "ETH/USDT": 10.0}


def gateway_of(clock, *plugins, **environ):
    found = [in_process("spec", BasketSpec())]
    found += [in_process(f"p{at}", plugin) for at, plugin in enumerate(plugins)]
    return Gateway.from_env(None, environ={"CHECKER": "off", **environ}, found=found, clock=clock)


async def worth(http):
    told = [await http.ask(TickerQuery(symbol=pair)) for pair in PAIRS]
    return sum(one.data.last for one in told)


def basket_of(hook=worth, **more):
    return BasketSource("baskets", hook, **more)


async def test_a_derived_answer_names_what_it_is_made_of(clock):
    """Each input with its question, its source, its time and whether it is stale."""
    plain = Plain("plain", clock, PRICES)
    async with gateway_of(clock, basket_of(), plain) as gateway:
        answer = await gateway.fetch(BasketQuery(name="both"))
        assert answer.data.worth == 110
        (attempt,) = answer.meta["attempts"]
        assert [(one["capability"], one["asked"]["symbol"]) for one in attempt["inputs"]] == [
            ("ticker", "BTC/USDT"), ("ticker", "ETH/USDT"),
        ]  # fmt: skip
        for one in attempt["inputs"]:
            assert one["provider"] == "plain"
            assert one["fetched_at"] == clock.wall_ms()
            assert one["cache"] == "miss"
            assert one["stale"] is False
        decision = gateway.explain("basket", BasketQuery(name="both"))
        assert decision["candidates"][0]["provider"] == "baskets"


async def test_inputs_come_from_the_cache_and_age_the_answer(clock):
    """An answer is as old as the oldest it is made of."""
    plain = Plain("plain", clock, PRICES)
    async with gateway_of(clock, basket_of(), plain) as gateway:
        first = await gateway.ticker("BTC/USDT")
        clock.advance(2.0)
        answer = await gateway.fetch(BasketQuery(name="both"))
        assert plain.calls == 2
        assert answer.meta["attempts"][0]["inputs"][0]["cache"] == "hit"
        assert answer.meta["fetched_at"] == first.meta["fetched_at"]
        assert answer.age_s(clock.monotonic()) == pytest.approx(2.0)


async def test_what_a_derived_source_asked_for_is_cached_for_callers(clock):
    """The next caller's ticker costs no call."""
    plain = Plain("plain", clock, PRICES)
    async with gateway_of(clock, basket_of(), plain) as gateway:
        await gateway.fetch(BasketQuery(name="both"))
        assert (await gateway.ticker("ETH/USDT")).cache == "hit"
        assert plain.calls == 2


async def test_a_derived_source_is_not_blamed_for_its_inputs(clock):
    """All sources of tickers fail: the error says of what, and the derived source stays healthy."""
    plain = Plain("plain", clock, PRICES)
    plain.error = Unreachable("down")
    async with gateway_of(clock, basket_of(), plain) as gateway:
        for _ in range(4):
            with pytest.raises(AllProvidersFailed) as failed:
                await gateway.fetch(BasketQuery(name="both"), NEW)
        (attempt,) = failed.value.attempts
        assert attempt["code"] == "inputs_missing"
        assert gateway.health.standing("baskets", "basket").eligible
        assert not gateway.health.standing("plain", "ticker").eligible


async def test_a_pair_that_nobody_lists_is_said_to_be_unknown(clock):
    """The caller is told which pair, not that sources failed."""
    plain = Plain("plain", clock, {"BTC/USDT": 100.0})
    async with gateway_of(clock, basket_of(), plain) as gateway:
        with pytest.raises(UnknownSymbol):
            await gateway.fetch(BasketQuery(name="both"))


async def test_what_is_made_of_stale_answers_is_stale(clock):
    """A stored ticker served because its sources fail makes the basket stale too."""
    plain = Plain("plain", clock, PRICES)
    async with gateway_of(clock, basket_of(), plain) as gateway:
        await gateway.fetch(BasketQuery(name="both"))
        plain.error = Unreachable("down")
        clock.advance(60.0)
        answer = await gateway.fetch(BasketQuery(name="other"))
        assert answer.meta["stale"] is True
        assert all(one["stale"] for one in answer.meta["attempts"][0]["inputs"])


async def test_a_source_of_tickers_made_of_tickers_does_not_ask_itself(clock):
    """It is passed over in the question it waits for; the answer names both."""
    derived, plain = DerivedTicker("derived", 1), Plain("plain", clock, PRICES)
    async with gateway_of(clock, derived, plain) as gateway:
        answer = await gateway.ticker("BTC/USDT")
        assert (answer.provider, answer.data.last) == ("derived", 101)
        assert answer.meta["attempts"][0]["inputs"][0]["provider"] == "plain"
        assert derived.calls == 1


async def test_two_derived_sources_ask_each_other_once_at_most(clock):
    """Neither waits for itself: the second asks the plain one."""
    one, two = DerivedTicker("one", 1), DerivedTicker("two", 2)
    async with gateway_of(clock, one, two, Plain("plain", clock, PRICES)) as gateway:
        answer = await gateway.ticker("BTC/USDT")
        assert (answer.provider, answer.data.last) == ("one", 102)
        (outer,) = answer.meta["attempts"][0]["inputs"]
        assert outer["provider"] == "two"
        assert [inner["provider"] for inner in outer["inputs"]] == ["plain"]
        assert (one.calls, two.calls) == (1, 1)


async def test_sources_that_are_all_derived_from_each_other_end_in_an_error(clock):
    """At once, and not by the deadline."""
    async with gateway_of(clock, DerivedTicker("one", 1), DerivedTicker("two", 2)) as gateway:
        begun = clock.monotonic()
        with pytest.raises(AllProvidersFailed):
            await asyncio.wait_for(gateway.ticker("BTC/USDT"), 5)
        assert clock.monotonic() - begun < 1


async def test_an_own_answer_in_the_cache_is_no_input(clock):
    """Else a source would feed on what it said before, one higher each time."""
    derived, plain = DerivedTicker("derived", 1), Plain("plain", clock, PRICES)
    async with gateway_of(clock, derived, plain) as gateway:
        for _ in range(3):
            answer = await gateway.fetch(TickerQuery(symbol="BTC/USDT"), NEW)
            assert answer.data.last == 101
        clock.advance(1.0)
        assert (await gateway.ticker("BTC/USDT", provider="derived")).data.last == 101


async def test_two_requests_that_need_each_other_do_not_wait_for_each_other(clock):
    """A ticker made of a basket and a basket made of that ticker, asked at the same time."""

    class OfBasket(DerivedTicker):
        @hookimpl
        def provider_info(self):
            return ProviderInfo(
                name=self.name, title=self.name, category="market", base_url="",
                asks=("basket",), priority=1,
            )  # fmt: skip

        @hookimpl
        async def fetch_ticker(self, query, http):
            basket = await http.ask(BasketQuery(name="both"))
            return Ticker(symbol=query.symbol, last=basket.data.worth, timestamp=http.now_ms())

    plain = Plain("plain", clock, PRICES)
    plain.gate = asyncio.Event()
    async with gateway_of(clock, OfBasket("circle", 1), basket_of(), plain) as gateway:
        both = asyncio.gather(
            gateway.fetch(TickerQuery(symbol="BTC/USDT"), NEW),
            gateway.fetch(BasketQuery(name="both"), NEW),
        )
        await asyncio.sleep(0.05)
        plain.gate.set()
        ticker, basket = await asyncio.wait_for(both, 5)
        assert ticker.data.last == 110
        assert basket.data.worth > 0


async def test_a_capability_that_is_not_declared_is_not_asked(clock):
    """The plugin's defect, named; other sources are asked instead."""
    plain = Plain("plain", clock, PRICES)
    wrong = BasketSource("baskets", worth, asks=("candles",))

    async def sum_of(http):
        return 5.0

    other = BasketSource("other", sum_of, asks=())
    async with gateway_of(clock, wrong, other, plain) as gateway:
        answer = await gateway.fetch(BasketQuery(name="both"))
        assert answer.provider == "other"
        assert answer.meta["attempts"][0]["code"] == "plugin_error"
        assert plain.calls == 0


async def test_a_source_that_declares_nothing_asks_nobody(clock):
    """`http.ask` says what is missing."""
    async with gateway_of(clock, basket_of(asks=()), Plain("plain", clock, PRICES)) as gateway:
        with pytest.raises(AllProvidersFailed) as failed:
            await gateway.fetch(BasketQuery(name="both"))
        assert failed.value.attempts[0]["code"] == "plugin_error"


async def test_questions_without_end_are_refused(clock):
    """A hook in a loop is a defect of its plugin, not a load on sources."""

    async def ever(http):
        while True:
            await http.ask(TickerQuery(symbol="BTC/USDT"))

    plain = Plain("plain", clock, PRICES)
    async with gateway_of(clock, basket_of(ever), plain) as gateway:
        with pytest.raises(AllProvidersFailed) as failed:
            await gateway.fetch(BasketQuery(name="both"))
        assert failed.value.attempts[0]["code"] == "plugin_error"
        assert plain.calls == 1


async def test_one_source_can_be_named(clock):
    """A spread over venues asks each of them by name."""
    here, there = Plain("here", clock, PRICES, 1), Plain("there", clock, {"BTC/USDT": 102.0}, 2)

    async def spread(http):
        one, other = await http.gather(
            *(http.ask(TickerQuery(symbol="BTC/USDT"), provider=name) for name in ("here", "there"))
        )
        return other.data.last - one.data.last

    async with gateway_of(clock, basket_of(spread), here, there) as gateway:
        assert (await gateway.fetch(BasketQuery(name="both"))).data.worth == 2


async def test_a_derived_source_confirms_nobody(clock):
    """It is no voice of its own in a consensus, and explain says so."""
    derived = DerivedTicker("derived", 1)
    one, two = Plain("one", clock, PRICES), Plain("two", clock, PRICES)
    async with gateway_of(clock, derived, one, two, CONSENSUS_SOURCES="3") as gateway:
        options = RequestOptions(strategy="consensus", max_age_s=0)
        answer = await gateway.fetch(TickerQuery(symbol="BTC/USDT"), options)
        assert {vote["provider"] for vote in answer.meta["consensus"]["agreed"]} == {"one", "two"}
        told = gateway.explain("ticker", TickerQuery(symbol="BTC/USDT"), options)
        (line,) = [one for one in told["candidates"] if one["provider"] == "derived"]
        assert line["reason"] == "derived"


async def test_inputs_end_with_their_attempt(clock):
    """A source that hangs does not outlive the derived answer's own deadline."""
    plain = Plain("plain", clock, PRICES)
    plain.gate = asyncio.Event()
    async with gateway_of(clock, basket_of(), plain) as gateway:
        with pytest.raises(AllProvidersFailed) as failed:
            await gateway.fetch(BasketQuery(name="both"), RequestOptions(timeout_s=0.5))
        assert failed.value.attempts[0]["code"] in ("cut_short", "inputs_missing")
