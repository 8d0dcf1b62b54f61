"""Lists of markets decide who is asked about a pair, and what may have been meant by it."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from coinmux import (
    AllProvidersFailed,
    BadStatus,
    Gateway,
    NoProviderAvailable,
    ProviderBusy,
    ProviderInfo,
    RateLimit,
    RequestOptions,
    Symbol,
    SymbolStyle,
    Ticker,
    TickerQuery,
    UnknownSymbol,
    Unreachable,
    hookimpl,
)
from coinmux import models as m
from coinmux.framework.background.market_lists import AGAIN_S, EVERY_S
from coinmux.framework.plugins.discovery import in_process
from coinmux.framework.routing.market_directory import KEPT_S
from coinmux.framework.testing.clock import FakeClock

FRESH = RequestOptions(max_age_s=0)
PAIRS = ("BTC/USDT", "ETH/USDT", "AR/BUSD", *(f"COIN{n}/USDT" for n in range(30)))


class Exchange:
    """A source of tickers with a list of markets; its spelling is joined unless told otherwise."""

    def __init__(self, name, clock, pairs=PAIRS, joined=True, **info):
        self.name, self.clock, self.pairs = name, clock, pairs
        self.asked, self.lists = [], 0
        self.style = SymbolStyle(separator="" if joined else "-")
        self.answers = {}
        self.info = ProviderInfo(
            name=name, title=name, category="market", base_url=f"https://{name}.example",
            symbols=self.style, **info,
        )  # fmt: skip

    @hookimpl
    def provider_info(self):
        return self.info

    @hookimpl
    async def fetch_ticker(self, query, http):
        native = self.style.native(query.symbol)
        self.asked.append(str(query.symbol))
        if native in self.answers:
            raise self.answers[native]
        if native not in {self.style.native(Symbol(pair)) for pair in self.pairs}:
            raise UnknownSymbol(query.symbol)
        return Ticker(symbol=query.symbol, last=1.0, timestamp=self.clock.wall_ms())

    @hookimpl
    async def fetch_markets(self, query, http):
        self.lists += 1
        if isinstance(self.pairs, Exception):
            raise self.pairs
        return m.Markets(
            markets=tuple(
                m.Market(
                    symbol=pair, native=self.style.native(Symbol(pair)), active=pair[:2] != "AR"
                )
                for pair in self.pairs
            )
        )


class Aggregator(Exchange):
    """A source without a list."""

    fetch_markets = None


@asynccontextmanager
async def world(*names, clock=None, **exchanges):
    clock = clock or FakeClock()
    plugins = [Exchange(name, clock) for name in names]
    plugins += [make(clock) for make in exchanges.values()]
    found = [in_process(plugin.name, plugin) for plugin in plugins]
    gateway = Gateway.from_env(None, environ={"CHECKER": "off"}, found=found, clock=clock)
    async with gateway:
        gateway.plugins = {plugin.name: plugin for plugin in plugins}
        yield gateway


async def read_all(gateway):
    while await gateway._lists.round() is not None:
        pass


async def ask(gateway, pair, **options):
    return await gateway.fetch(
        TickerQuery(symbol=gateway.parse_symbol(pair)), RequestOptions(max_age_s=0, **options)
    )


async def test_an_answer_needs_no_list():
    async with world("a") as gateway:
        assert (await ask(gateway, "BTC/USDT")).provider == "a"
        assert gateway.plugins["a"].lists == 0


async def test_a_pair_missing_from_every_list_costs_no_call():
    async with world("a", "b", "c") as gateway:
        await read_all(gateway)
        with pytest.raises(UnknownSymbol) as caught:
            await ask(gateway, "BTC/USTD")
        assert caught.value.extra["did_you_mean"] == ["BTC/USDT"]
        assert [plugin.asked for plugin in gateway.plugins.values()] == [[], [], []]
        assert (await ask(gateway, "BTC/USDT")).provider == "a"


async def test_only_the_source_whose_list_has_the_pair_is_asked():
    def rare(clock):
        return Exchange("rare", clock, (*PAIRS, "RARE/USDT"), priority=500)

    async with world("a", "b", rare=rare) as gateway:
        await read_all(gateway)
        assert (await ask(gateway, "RARE/USDT")).provider == "rare"
        assert gateway.plugins["a"].asked == []
        candidates = gateway.explain("ticker", TickerQuery(symbol="RARE/USDT"), FRESH)["candidates"]
        reasons = {one["provider"]: one["reason"] for one in candidates}
        assert reasons == {
            "rare": "first_choice", "a": "unsupported_symbol", "b": "unsupported_symbol",
        }  # fmt: skip


async def test_a_listed_pair_whose_source_is_down_is_not_called_unknown():
    def rare(clock):
        return Exchange("rare", clock, (*PAIRS, "RARE/USDT"))

    async with world("a", "b", rare=rare) as gateway:
        await read_all(gateway)
        gateway.plugins["rare"].answers["RAREUSDT"] = Unreachable("down")
        with pytest.raises(Exception, match="every source that was tried failed"):
            await ask(gateway, "RARE/USDT")


@pytest.mark.parametrize("pair", ["BTCU/SDT", "BT/CUSDT", "ETHU/SDT", "COIN1U/SDT"])
@pytest.mark.parametrize("read", [False, True], ids=["before the lists", "with lists"])
async def test_a_pair_of_the_same_joined_letters_is_never_answered(pair, read):
    async with world("a", "b") as gateway:
        if read:
            await read_all(gateway)
        with pytest.raises(UnknownSymbol):
            await ask(gateway, pair)
        with pytest.raises(UnknownSymbol):
            await ask(gateway, pair, provider="a")
        assert gateway.plugins["a"].asked == []
        assert gateway.source_health_of("a").failures == 0


async def test_where_either_pair_may_be_meant_the_list_is_read_first():
    async with world("a") as gateway:
        with pytest.raises(NoProviderAvailable) as caught:
            await ask(gateway, "ARB/USD", provider="a")
        assert caught.value.candidates[0]["reason"] == "list_awaited"
        assert caught.value.retry_after_s == 1.0
        # Even without a schedule: the question waits for it.
        assert await gateway._lists.round(scheduled=False) == "a"
        with pytest.raises(UnknownSymbol):
            await ask(gateway, "ARB/USD", provider="a")
        assert (await ask(gateway, "AR/BUSD", provider="a")).data.symbol == "AR/BUSD"


async def test_a_separator_tells_the_border_without_a_list():
    async with world(dashed=lambda clock: Exchange("dashed", clock, joined=False)) as gateway:
        with pytest.raises(UnknownSymbol):
            await ask(gateway, "BTCU/SDT")
        assert gateway.plugins["dashed"].asked == ["BTCU/SDT"]


async def test_a_short_list_is_a_part_and_rules_nothing_out():
    async with world(small=lambda clock: Exchange("small", clock, PAIRS[:3])) as gateway:
        await read_all(gateway)
        gateway.plugins["small"].pairs = (*PAIRS, "NEW/USDT")
        assert (await ask(gateway, "NEW/USDT")).provider == "small"
        with pytest.raises(UnknownSymbol):
            await ask(gateway, "BTCU/SDT")
        assert gateway.plugins["small"].asked == ["NEW/USDT"]


async def test_no_quota_is_spent_on_a_pair_that_five_others_do_not_list():
    def metered(clock):
        limits = (RateLimit(10_000, 30 * 86_400),)
        return Aggregator("metered", clock, joined=False, rate_limits=limits, priority=1)

    async with world(*"abcde", metered=metered) as gateway:
        asked = gateway.plugins["metered"].asked
        await read_all(gateway)
        with pytest.raises(UnknownSymbol):
            await ask(gateway, "NOPE/USDT")
        assert asked == []
        # A known coin in a known currency may be converted there; who pins it, means it.
        with pytest.raises(UnknownSymbol):
            await ask(gateway, "BTC/PLN")
        with pytest.raises(UnknownSymbol):
            await ask(gateway, "NOPE/USDT", provider="metered")
        assert asked == ["BTC/PLN", "NOPE/USDT"]


async def test_answers_of_five_sources_spare_a_quota_as_lists_do():
    def metered(clock):
        limits = (RateLimit(10_000, 30 * 86_400),)
        return Aggregator("metered", clock, joined=False, rate_limits=limits, priority=500)

    async with world(*"abcde", metered=metered) as gateway:
        with pytest.raises(UnknownSymbol):
            await ask(gateway, "NOPE/USDT")
        assert gateway.plugins["a"].asked == ["NOPE/USDT"]
        assert gateway.plugins["metered"].asked == []


async def test_lists_are_read_once_an_hour_and_again_soon_after_a_failure():
    clock = FakeClock()
    async with world("a", clock=clock) as gateway:
        await read_all(gateway)
        await read_all(gateway)
        plugin = gateway.plugins["a"]
        assert plugin.lists == 1
        clock.advance(EVERY_S)
        plugin.pairs, pairs = Unreachable("down"), plugin.pairs
        await read_all(gateway)
        assert plugin.lists == 2
        assert "BTC/USDT" in gateway.markets_known
        clock.advance(AGAIN_S)
        plugin.pairs = (*pairs, "NEW/USDT")
        await read_all(gateway)
        assert "NEW/USDT" in gateway.markets_known


async def test_a_list_that_cannot_be_read_again_is_dropped_after_a_day():
    clock = FakeClock()
    async with world("a", clock=clock) as gateway:
        await read_all(gateway)
        gateway.plugins["a"].pairs = Unreachable("down")
        clock.advance(KEPT_S + 1)
        await gateway._lists.round()
        assert gateway.sources["a"].listed is None


async def test_the_list_a_caller_asked_for_is_kept_and_outlives_a_reload():
    async with world("a") as gateway:
        await gateway.get("markets", options=RequestOptions(provider="a"))
        assert "BTC/USDT" in gateway.markets_known
        await gateway.reload()
        assert "BTC/USDT" in gateway.markets_known
        assert await gateway._lists.round() is None
        assert "AR/BUSD" in gateway.sources["a"].listed.pairs
        assert "AR/BUSD" not in gateway.markets_known, "it is listed, and not traded now"


async def test_the_task_reads_lists_after_the_first_answers():
    clock = FakeClock()
    found = [in_process("a", plugin := Exchange("a", clock))]
    gateway = Gateway.from_env(None, environ={"CHECKER": "on"}, found=found, clock=clock)
    async with gateway:
        await asyncio.sleep(0.01)
        assert plugin.lists == 0


@pytest.mark.parametrize(
    ("pair", "means"),
    [
        ("BTC/USTD", "BTC/USDT"),
        ("bitcoin", "BTC/USDT"),
        ("Ethereum/USDT", "ETH/USDT"),
        ("USDT/BTC", "BTC/USDT"),
        ("BTCU/SDT", "BTC/USDT"),
        ("ETH/USD", "ETH/USDT"),
        ("COIN7X/USDT", "COIN7/USDT"),
        ("\u0412\u0422\u0421/USDT", "BTC/USDT"),  # Cyrillic
        ("BTC/USD\u03a4", "BTC/USDT"),  # Greek
    ],
)
async def test_a_pair_nobody_lists_comes_with_what_may_have_been_meant(pair, means):
    async with world("a", "b") as gateway:
        await read_all(gateway)
        with pytest.raises(UnknownSymbol) as caught:
            await ask(gateway, pair)
        assert means in caught.value.extra["did_you_mean"]


@pytest.mark.parametrize(
    ("pair", "means"),
    [("BTC/USTD", "BTC/USDT"), ("bitcoin", "BTC/USDT"), ("SOLANA/USD", "SOL/USD")],
)
async def test_without_lists_the_shipped_table_suggests(pair, means):
    async with world(dashed=lambda clock: Exchange("dashed", clock, joined=False)) as gateway:
        with pytest.raises(UnknownSymbol) as caught:
            await ask(gateway, pair)
        assert caught.value.extra["did_you_mean"][0] == means


async def test_a_busy_or_offline_source_makes_no_server_error_of_an_unknown_pair():
    async with world("a", "b", "c") as gateway:
        gateway.plugins["b"].answers["NOPEUSDT"] = ProviderBusy("its limit is used up")
        gateway.plugins["c"].answers["NOPEUSDT"] = Unreachable("down")
        for _ in range(3):
            with pytest.raises(Exception):  # noqa: B017 - whatever it is, c goes offline
                await ask(gateway, "NOPE/USDT", provider="c")
        assert gateway.source_health_of("c").state == "OFFLINE"
        for _ in range(2):
            with pytest.raises(UnknownSymbol) as caught:
                await ask(gateway, "NOPE/USDT")
        codes = {one["provider"]: one["code"] for one in caught.value.extra["attempts"]}
        assert codes == {"b": "provider_busy"}, "a is remembered, c is offline"


@pytest.mark.parametrize(
    ("pair", "kind"), [("NOSUCHCOIN/USDT", UnknownSymbol), ("ETH/EUR", AllProvidersFailed)]
)
async def test_a_pair_of_an_unknown_coin_that_is_refused_in_any_words_is_unknown(pair, kind):
    """A refusal of a pair that may well exist can be the source's own trouble."""
    async with world("a", "b") as gateway:
        for plugin in gateway.plugins.values():
            plugin.answers[pair.replace("/", "")] = BadStatus("HTTP 400: bad", status=400)
        with pytest.raises(kind):
            await ask(gateway, pair)
        assert gateway.source_health_of("a").failures == 0


async def test_a_pinned_source_that_does_not_know_a_pair_says_so_whatever_others_list():
    async with world("b", a=lambda clock: Exchange("a", clock, pairs=("BTC/USDT",))) as gateway:
        await read_all(gateway)
        for _ in range(2):
            with pytest.raises(UnknownSymbol):
                await ask(gateway, "ETH/USDT", provider="a")
