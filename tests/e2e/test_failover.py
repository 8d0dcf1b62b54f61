"""Real sockets, real providers, the simulator in place of the world, faults to order."""

import asyncio
import time
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest

from coinmux import (
    AllProvidersFailed,
    Gateway,
    NoProviderAvailable,
    RequestOptions,
    Symbol,
    TickerQuery,
)
from coinmux.framework.plugins.discovery import PluginLoader
from coinmux.framework.simulator.simulator import Simulator, simulated_providers
from coinmux.framework.testing.clock import FakeClock

PAIRS = [
    Symbol.of(base, quote)
    for base in ("BTC", "ETH", "SOL", "XRP", "BNB", "DOGE")
    for quote in ("USDT", "USDC", "USD", "EUR")
]
FRESH = RequestOptions(max_age_s=0)
QUERY = TickerQuery(symbol="BTC/USDT")


@asynccontextmanager
async def world(*names, **settings):
    loader = PluginLoader()
    loader.load(loader.discover(allow=names), wait_s=10, limit_s=10)
    clock = FakeClock(wall_ms=int(time.time() * 1000))
    plugins = [provider.plugin for provider in loader.providers.values()]
    simulator = Simulator(simulated_providers(plugins), clock=clock)
    async with simulator:
        environ = {
            **simulator.overrides(),
            "PLUGINS_ALLOW": ",".join(names),
            "CHECKER": "off",
            **{f"{name.upper()}_RATE_LIMIT": "off" for name in names},
            **settings,
        }
        async with Gateway.from_env(None, environ=environ, clock=clock, simulated=True) as gateway:
            assert await gateway.wait_loaded() == []
            yield SimpleNamespace(gateway=gateway, simulator=simulator, clock=clock)


async def test_three_fail_in_three_ways_and_the_fourth_answers_all_of_a_thousand():
    async with world(
        "binance", "kraken", "coinbase_exchange", "okx", KRAKEN_TIMEOUT_S="0.3"
    ) as here:
        here.simulator.order("binance", "status", code=500)
        here.simulator.order("kraken", "hang")
        here.simulator.order("coinbase_exchange", "garbage")
        left = iter(range(1000))

        async def caller():
            answers = []
            for at in left:
                query = TickerQuery(symbol=PAIRS[at % len(PAIRS)])
                answers.append(await here.gateway.fetch("ticker", query, FRESH))
            return answers

        answers = [a for some in await asyncio.gather(*(caller() for _ in range(32))) for a in some]
        assert len(answers) == 1000
        assert {answer.provider for answer in answers} == {"okx"}
        assert all(answer.meta["simulated"] for answer in answers)


async def test_an_offline_source_is_left_alone_until_its_time_then_called_once():
    async with world("binance", "okx") as here:
        here.simulator.order("binance", "status", code=503)
        for _ in range(3):
            with pytest.raises(AllProvidersFailed):
                await here.gateway.fetch(
                    "ticker", QUERY, RequestOptions(provider="binance", max_age_s=0)
                )
        called = here.simulator.calls["binance"]
        assert called == 3
        here.clock.advance(299)
        for pair in PAIRS:
            answer = await here.gateway.fetch("ticker", TickerQuery(symbol=pair), FRESH)
            assert answer.provider == "okx"
        with pytest.raises(NoProviderAvailable):
            await here.gateway.fetch(
                "ticker", QUERY, RequestOptions(provider="binance", max_age_s=0)
            )
        assert here.simulator.calls["binance"] == called
        here.clock.advance(2)
        queries = [TickerQuery(symbol=pair) for pair in PAIRS]
        await asyncio.gather(*(here.gateway.fetch("ticker", query, FRESH) for query in queries))
        assert here.simulator.calls["binance"] == called + 1
        assert here.gateway.source_health_of("binance").state == "OFFLINE"
        here.simulator.clear()
        here.clock.advance(301)
        assert (await here.gateway.fetch("ticker", QUERY, FRESH)).provider == "binance"
        assert here.gateway.source_health_of("binance").recoveries == 1


@pytest.mark.parametrize(
    ("kind", "options", "code"),
    [
        ("status", {"code": 500}, "upstream_status"),
        ("status", {"code": 451}, "upstream_geo_blocked"),
        ("rate_limit", {"retry_after": 7}, "upstream_rate_limited"),
        ("garbage", {}, "upstream_protocol"),
        ("truncate", {}, "upstream_disconnected"),
        ("wrong_symbol", {}, "upstream_implausible"),
        ("empty", {}, "upstream_empty"),
        ("malformed_json", {}, "upstream_malformed"),
        ("html", {"challenge": False}, "upstream_not_json"),
        ("html", {"challenge": True}, "upstream_challenge"),
        ("disconnect", {}, "upstream_disconnected"),
        ("reset", {}, "upstream_disconnected"),
        ("bad_gzip", {}, "upstream_encoding"),
        ("redirect", {}, "upstream_redirect"),
        ("negative_price", {}, "upstream_implausible"),
        ("drip", {}, "upstream_timeout"),
        ("hang", {}, "upstream_timeout"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
async def test_each_fault_has_its_code_and_falls_over(kind, options, code):
    async with world("binance", "okx", BINANCE_TIMEOUT_S="0.3") as here:
        here.simulator.order("binance", kind, **options)
        answer = await here.gateway.fetch("ticker", QUERY, FRESH)
        assert answer.provider == "okx"
        assert answer.meta["attempts"][0]["code"] == code


async def test_a_time_in_another_unit_is_null_and_said():
    """The price is what it was; a price of null is none, and the next source answers."""
    async with world("binance", "okx") as here:
        here.simulator.order("binance", "seconds_for_ms", count=1)
        answer = await here.gateway.fetch("ticker", QUERY, FRESH)
        assert (answer.provider, answer.data.timestamp) == ("binance", None)
        assert any(note.startswith("timestamp is null") for note in answer.meta["notes"])
        body = {"symbol": "BTCUSDT", "lastPrice": None, "closeTime": None}
        here.simulator.order("binance", "status", code=200, body=body)
        answer = await here.gateway.fetch("ticker", QUERY, FRESH)
        assert answer.provider == "okx"
        assert answer.meta["attempts"][0]["code"] == "unknown_symbol"
        assert here.gateway.health.snapshot("binance").failures == 0


async def test_explain_agrees_with_the_next_request_through_thick_and_thin():
    names = ("binance", "kraken", "coinbase_exchange", "okx", "bybit", "kucoin")
    async with world(*names) as here:
        kinds = ["status", "rate_limit", "empty", "html", "disconnect"]
        for round_ in range(25):
            victim = names[round_ * 7 % len(names)]
            if round_ % 6 == 5:
                here.simulator.clear()
            else:
                here.simulator.order(victim, kinds[round_ % len(kinds)])
            shown = here.gateway.explain("ticker", QUERY, FRESH)
            chosen = next(c["provider"] for c in shown["candidates"] if c["verdict"] == "chosen")
            try:
                answer = await here.gateway.fetch("ticker", QUERY, FRESH)
                tried = answer.meta["attempts"]
            except AllProvidersFailed as error:
                tried = error.attempts
            assert tried[0]["provider"] == chosen
            skipped = {c["provider"] for c in shown["candidates"] if c["rank"] is None}
            assert not skipped & {attempt["provider"] for attempt in tried}
            here.clock.advance(31)


@pytest.mark.parametrize("name", ["coingecko", "blockscout"])
async def test_a_planted_key_appears_nowhere(name):
    key = "hunter2-hunter2-hunter2"
    variables = {
        "coingecko": "COINGECKO_DEMO_API_KEY",
        "blockscout": "BLOCKSCOUT_API_KEY",
    }
    async with world(name, **{variables[name]: key}) as here:
        here.simulator.order(name, "status", code=403, body={"error": f"the key {key} is wrong"})
        source = here.gateway.sources[name]
        for capability in source.fetch:
            parameters = {
                "ticker": {"symbol": "BTC/USD"}, "candles": {"symbol": "BTC/USD", "interval": "4h"},
            }.get(capability, {"chain": "ethereum", "address": "0x" + "1" * 40})  # fmt: skip
            parameters = parameters if capability not in ("coins", "global_stats") else {}
            if capability in ("gas", "chain_head"):
                parameters = {"chain": "ethereum"}
            with pytest.raises(Exception, match=r"^(?!.*hunter2)"):
                await here.gateway.get(capability, **parameters)
        shown = [
            here.gateway.source_health(),
            here.gateway.provider_list(),
            here.gateway.provider(name),
            here.gateway.features(),
            here.gateway.missing(),
            [(e.message, str(e.detail)) for e in here.gateway.events.recent()],
        ]
        assert here.simulator.calls[name] > 0
        assert "hunter2" not in str(shown)


@pytest.mark.parametrize(
    "body",
    [
        {"symbol": "BTCUSDT"},
        {"symbol": "BTCUSDT", "lastPrice": {"price": "1"}},
        {"symbol": "BTCUSDT", "lastPrice": [1, 2]},
        [{"symbol": "BTCUSDT", "lastPrice": "1"}],
        {"symbol": "BTCUSDT", "lastPrice": "1,234.5"},
    ],
    ids=["missing", "object", "list", "a list of it", "no number"],
)
async def test_D10_another_shape_is_a_failure_of_the_source_and_the_next_answers(body):
    async with world("binance", "okx") as here:
        here.simulator.order("binance", "status", code=200, body=body)
        answer = await here.gateway.fetch("ticker", QUERY, FRESH)
        assert answer.provider == "okx"
        assert [(one["provider"], one.get("code")) for one in answer.meta["attempts"]] == [
            ("binance", "upstream_schema"),
            ("okx", None),
        ]
        assert here.gateway.health.snapshot("binance").failures == 1
