"""The client over a server on a real socket: the gateway's questions, models and errors."""

import inspect
import subprocess
import sys

import msgspec
import numpy as np
import pytest

from coinmux import (
    AllProvidersFailed,
    Candles,
    DeadlineExceeded,
    FeatureDisabled,
    GasQuery,
    Gateway,
    InsufficientData,
    InvalidRequest,
    NotFound,
    RequestOptions,
    Ticker,
    TickerQuery,
    UnknownIndicator,
    UnknownProvider,
    Unreachable,
)
from coinmux.client import Asked, AsyncClient, Client, Refused
from coinmux.framework.client.decoding import data_of
from coinmux.framework.config.api_keys import Consumer, digest_of, new_key
from coinmux.framework.models.capability import CAPABILITIES
from coinmux.framework.plugins.discovery import PluginLoader, in_process
from coinmux.framework.questions import Questions
from coinmux.server.openapi.examples import EXAMPLES
from tests.server.controllers.test_data import Almanac, Observatory
from tools.sync_stub import CLIENT, stub

SEVEN = ("sma", "ema", "rsi", "macd", "atr", "stoch_rsi", "bollinger_bands")


def indicators():
    return PluginLoader().discover(allow=SEVEN)


async def test_an_answer_is_that_of_the_gateway(live):
    """The same model, provenance and age; the second comes from the server's cache."""
    async with live(a=[1.5]) as world, AsyncClient(world.base) as client:
        answer = await client.ticker("btc-usdt")
        assert isinstance(answer.data, Ticker)
        own = await world.gateway.ticker("BTC/USDT")
        assert answer.data == own.data
        assert answer.provider == "a"
        assert answer.meta == {**own.meta, "cache": "miss", "notes": []}
        assert (await client.ticker("BTC/USDT", max_age_s=60)).meta["cache"] == "hit"


async def test_candles_are_columns(live):
    """As the gateway has them, ready for numpy and frames."""
    async with live(a=[1.0]) as world, AsyncClient(world.base) as client:
        answer = await client.candles("BTC/USDT", "4h", limit=30)
        own = (await world.gateway.candles("BTC/USDT", "4h", limit=30)).data
        assert isinstance(answer.data, Candles)
        np.testing.assert_array_equal(answer.data.to_numpy(), own.to_numpy())
        assert answer.data.last_closed == own.last_closed
        assert answer.meta["complete"] is True
        assert len(answer.to_pandas()) == 30


def test_each_model_reads_what_it_writes():
    """Of every capability that has an example in the API's own document."""
    assert len(EXAMPLES) >= 10
    for name, example in EXAMPLES.items():
        model = CAPABILITIES[name].result
        read = data_of(msgspec.json.encode(example["data"]), model)
        again = data_of(read.encode(), model)
        assert again.encode() == read.encode(), name


async def test_questions_and_options_reach_the_server(live):
    """Pinned, not cached, by a query of one's own, and by a name."""
    async with live(a=[1.0], b=[2.0]) as world, AsyncClient(world.base) as client:
        assert (await client.ticker("BTC/USDT", provider="b")).data.last == 2.0
        query = TickerQuery(symbol=client.parse_symbol("BTC/USDT"))
        found = await client.fetch(query, RequestOptions(provider="b", max_age_s=0))
        assert (found.data.last, world.plugins["b"].calls) == (2.0, 2)
        by_name = await client.get("gas", chain="bitcoin")
        assert by_name.data.unit == "sat/vB"
        history = await client.transactions("bitcoin", "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq")
        assert history.provider == "a"


async def test_a_plugins_own_capability_needs_no_model_here(live):
    """Its members are attributes, whichever they are."""
    found = [in_process("almanac", Almanac()), in_process("sky", Observatory())]
    async with live(_found=found, a=[1.0]) as world, AsyncClient(world.base) as client:
        moon = await client.get("moon", place="Oslo", hours=[1, 2], exact=True)
        assert (moon.data.lit, moon.data.asked) == (0.5, "1 True (1, 2)")
        assert moon.meta["provider"] == "sky"
        with pytest.raises(AttributeError, match="it has place, lit, asked"):
            _ = moon.data.phase


async def test_indicators_have_their_values_and_provenance(live):
    """Parameters are the indicator's own."""
    async with live(_found=indicators(), a=[1.0]) as world, AsyncClient(world.base) as client:
        rsi = await client.indicator("rsi", "BTC/USDT", "4h", 5, parameters={"period": 7})
        assert rsi.data.parameters["period"] == 7
        assert len(rsi.data.values["rsi"]) == len(rsi.data.timestamps) == 5
        assert (rsi.provider, rsi.meta["candles"]) == ("a", 500)


async def test_many_questions_are_asked_at_once(live):
    """Of any kind, in their order, errors in their place."""
    async with live(_found=indicators(), a=[1.0]) as world, AsyncClient(world.base) as client:
        told = await client.batch(
            [
                Asked.of("ticker", symbol="BTC/USDT").how(max_age_s=0),
                GasQuery(chain="ethereum"),
                Asked.indicator("rsi", symbol="BTC/USDT", period=7, limit=2),
                Asked.of("nothing"),
                Asked.explain("ticker", symbol="BTC/USDT"),
            ],
            timeout_s=5,
        )
        ticker, gas, rsi, nothing, why = told
        assert (ticker.data.last, gas.data.unit) == (1.0, "gwei")
        assert len(rsi.data.values["rsi"]) == 2
        assert isinstance(nothing, NotFound)
        assert "ticker" in nothing.extra["known"]
        assert why["candidates"][0]["provider"] == "a"


async def test_a_long_question_is_sent_in_a_body(live):
    """No server takes a target of any length."""
    async with live(a=[1.0]) as world, AsyncClient(world.base) as client:
        with pytest.raises(InvalidRequest) as caught:
            await client.get("ticker", symbol="B" * 5_000)
        assert caught.value.extra["request_id"]


async def test_the_history_of_a_source_is_that_of_the_server(live):
    """Over the window that is asked for, which the server judges."""
    async with live(a=[1.0]) as world, AsyncClient(world.base) as client:
        await client.ticker("BTC/USDT")
        found = await client.source_history("a", 3_600)
        own = world.gateway.source_history("a", 3_600)
        assert (found.name, found.window_s) == (own.name, 3_600)
        assert [one.state for one in found.intervals] == [one.state for one in own.intervals]
        with pytest.raises(InvalidRequest, match="window_s"):
            await client.source_history("a", 1)
        with pytest.raises(UnknownProvider):
            await client.source_history("c")


async def test_a_consumer_sees_its_own_usage(live):
    """What it may, and what is left of it."""
    key = new_key()
    world = live({"API_KEYS": Consumer("alice", digest_of(key)).line()}, a=[1.0])
    async with world as served, AsyncClient(served.base, api_key=key) as client:
        await client.ticker("BTC/USDT")
        (own,) = (await client.usage()).consumers
        assert (own.name, own.requests) == ("alice", 1)


async def test_reports_are_the_gateways_own(live):
    """The same types, by the same names."""
    async with live(a=[1.0]) as world, AsyncClient(world.base) as client:
        gateway = world.gateway
        await client.ticker("BTC/USDT")
        assert [one.name for one in (await client.provider_list()).providers] == ["a"]
        assert (await client.provider("a")).name == "a"
        assert await client.capability_list() == gateway.capability_list()
        assert await client.metric_list() == gateway.metric_list()
        assert await client.features() == gateway.features()
        assert await client.missing() == gateway.missing()
        assert await client.model_status() == gateway.model_status()
        assert (await client.source_health_of("a")).successes == 1
        assert (await client.source_health()).summary.total == 1
        assert (await client.status()).status == "ONLINE"
        assert await client.setting_list() == gateway.setting_list()
        assert await client.plugin_list() == gateway.plugin_list()
        query = TickerQuery(symbol=client.parse_symbol("BTC/USDT"))
        explained = await client.explain("ticker", query)
        assert explained["candidates"][0]["provider"] == "a"


ERRORS = [
    (lambda c: c.ticker("BTC/USDT", provider="b"), AllProvidersFailed, "attempts"),
    (lambda c: c.ticker("BTC/USDT", provider="nobody"), UnknownProvider, "did_you_mean"),
    (lambda c: c.ticker("BTC/USDT", provider="off"), FeatureDisabled, "reason"),
    (lambda c: c.get("ticker"), InvalidRequest, "errors"),
    (lambda c: c.get("tickr"), NotFound, "known"),
    (lambda c: c.indicator("rsy", "BTC/USDT"), UnknownIndicator, "did_you_mean"),
    (lambda c: c.ticker("SLOW/USDT", provider="c", timeout_s=1.5), DeadlineExceeded, "attempts"),
]


@pytest.mark.parametrize(("ask", "kind", "member"), ERRORS)
async def test_errors_are_those_of_the_gateway(live, ask, kind, member):
    """By the code of the problem document, with its members and the request's id."""
    settings = {"OFF_ENABLED": "no"}
    async with (
        live(
            settings, {}, indicators(), a=[1.0], b=[Unreachable("gone")], c=["hang"], off=[1.0]
        ) as world,
        AsyncClient(world.base) as client,
    ):
        with pytest.raises(kind) as caught:
            await ask(client)
        assert type(caught.value) is kind
        assert caught.value.extra["request_id"]
        if member != "did_you_mean":
            assert caught.value.extra[member]
        if kind is AllProvidersFailed:
            assert caught.value.attempts[0]["code"] == "upstream_unreachable"
            assert caught.value.attempts[0]["provider"] == "b"


async def test_too_few_candles_say_how_many(live):
    """Attributes of the error are there as where it was raised."""
    async with live(_found=indicators(), a=[1.0]) as world, AsyncClient(world.base) as client:
        world.plugins["a"].life = 5
        with pytest.raises(InsufficientData) as caught:
            await client.indicator("rsi", "BTC/USDT")
        assert (caught.value.required, caught.value.available) == (15, 5)


async def test_a_key_is_sent_and_a_wrong_one_is_refused(live):
    """What only a server refuses has its code."""
    key = new_key()
    settings = {"API_KEYS": Consumer("alice", digest_of(key)).line()}
    async with live(settings, a=[1.0]) as world:
        async with AsyncClient(world.base, api_key=key) as client:
            assert (await client.ticker("BTC/USDT")).data.last == 1.0
        async with AsyncClient(world.base, api_key="wrong") as client:
            with pytest.raises(Refused) as caught:
                await client.ticker("BTC/USDT")
            assert (caught.value.code, caught.value.status) == ("api_key_refused", 401)


async def test_an_answer_that_is_known_is_not_sent_again(live):
    """The client asks with its tag and gives the answer it has, as new as the server says."""
    async with live(a=[1.0]) as world, AsyncClient(world.base) as client:
        world.plugins["a"].clock = type("Fixed", (), {"wall_ms": staticmethod(lambda: told_ms)})
        told_ms = world.gateway.clock.wall_ms()
        first = await client.ticker("BTC/USDT")
        seen = []
        world.gateway.events.subscribe(lambda one: seen.append(one) if one.kind == "request" else 0)
        again = await client.ticker("BTC/USDT")
        assert [one.detail["status"] for one in seen] == [304]
        assert again.data == first.data
        assert again.meta["provider"] == "a"
        assert abs(again.meta["fetched_at"] - first.meta["fetched_at"]) < 2_000


def test_the_twin_blocks():
    """Every method of the client, those of the gateway's questions included, is in its stub."""
    assert CLIENT.path.read_text() == stub(CLIENT)


async def test_the_twin_works_in_a_notebook(live):
    """Inside a running loop, whose server answers meanwhile."""
    import asyncio

    async with live(a=[1.0]) as world:

        def ask():
            with Client(world.base) as client:
                (gas,) = client.batch([GasQuery(chain="ethereum")])
                return client.ticker("BTC/USDT").data.last, gas.data.unit

        assert await asyncio.to_thread(ask) == (1.0, "gwei")
    with pytest.raises(RuntimeError, match="with Client"):
        Client().ticker("BTC/USDT")


def test_questions_are_named_as_the_gateways():
    """One table: the client adds none of its own and leaves none out."""
    asked = {name for name, one in vars(Questions).items() if inspect.iscoroutinefunction(one)}
    assert asked >= {"ticker", "candles", "news", "tvl"}
    for name in asked - {"fetch"}:
        assert getattr(AsyncClient, name) is getattr(Gateway, name)


def test_an_address_is_one():
    with pytest.raises(ValueError, match="http or https"):
        AsyncClient("127.0.0.1:7860")


def test_importing_the_client_loads_no_gateway():
    """Nor plugins, server or database."""
    script = (
        "import sys, coinmux.client; "
        "print([one for one in ('pluggy', 'litestar', 'sqlalchemy', 'redis', 'uvicorn', "
        "'coinmux.framework.gateway', 'coinmux.framework.sources.http') if one in sys.modules])"
    )
    shown = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert shown.stdout == "[]\n"
