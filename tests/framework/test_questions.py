"""Questions by method, by query and by name are the same question, and their types are known."""

import inspect
from typing import get_type_hints

import pytest

import coinmux
from coinmux import (
    CAPABILITIES,
    Answer,
    Capability,
    Freshness,
    Gateway,
    InvalidRequest,
    Query,
    RequestOptions,
    Result,
    TickerQuery,
    hookimpl,
    hookspec,
)
from coinmux.framework import questions
from coinmux.framework.cache.answer import FetchResult
from coinmux.framework.indicator_questions import GatewayQuestions
from coinmux.framework.plugins.discovery import in_process
from coinmux.framework.plugins.provider_info import ProviderInfo

ADDRESS = "0x" + "ab" * 20
#: Each capability's method called with everything it takes but options, and the same as a query.
CALLS = {
    "ticker": (("BTC/USDT",), {}, {"symbol": "BTC/USDT"}),
    "candles": (
        ("BTC/USDT", "4h", 7),
        {"start": 1_700_000_000_000, "end": 1_700_100_000_000},
        {
            "symbol": "BTC/USDT",
            "interval": "4h",
            "limit": 7,
            "start": 1_700_000_000_000,
            "end": 1_700_100_000_000,
        },
    ),
    "order_book": (("BTC/USDT", 5), {}, {"symbol": "BTC/USDT", "depth": 5}),
    "trades": (("BTC/USDT", 5), {}, {"symbol": "BTC/USDT", "limit": 5}),
    "markets": (("kraken",), {}, {}),
    "coins": ((2, 10, "EUR"), {}, {"page": 2, "per_page": 10, "quote": "EUR"}),
    "global_stats": ((), {}, {}),
    "gas": (("eth",), {}, {"chain": "ethereum"}),
    "chain_head": (("bitcoin",), {}, {"chain": "bitcoin"}),
    "balance": (("ethereum", ADDRESS), {}, {"chain": "ethereum", "address": ADDRESS}),
    "transactions": (
        ("ethereum", ADDRESS, 5, "next"),
        {},
        {"chain": "ethereum", "address": ADDRESS, "limit": 5, "cursor": "next"},
    ),
    "token_balances": (("ethereum", ADDRESS), {}, {"chain": "ethereum", "address": ADDRESS}),
    "entity": ((ADDRESS, "ethereum"), {}, {"chain": "ethereum", "address": ADDRESS}),
    "large_transfers": (
        (1_000_000, "BTC", "bitcoin", 5),
        {},
        {"min_usd": 1_000_000, "asset": "BTC", "chain": "bitcoin", "limit": 5},
    ),
    "news": (("BTC", 5), {"sentiment": True}, {"asset": "BTC", "limit": 5, "sentiment": True}),
    "fear_greed": ((5,), {}, {"limit": 5}),
    "social": (("BTC",), {}, {"asset": "BTC"}),
    "onchain_metric": (
        ("nvt", "ETH", "1w"),
        {"start": 1_700_000_000_000, "end": 1_700_100_000_000},
        {
            "metric": "nvt",
            "asset": "ETH",
            "interval": "1w",
            "start": 1_700_000_000_000,
            "end": 1_700_100_000_000,
        },
    ),
    "tvl": (("aave", "Ethereum"), {}, {"protocol": "aave", "chain": "Ethereum"}),
    "text_sentiment": ((["up"], "finbert"), {}, {"texts": ("up",), "model": "finbert"}),
}


class Recorder(GatewayQuestions):
    """Records each query and its options in place of asking."""

    parse_symbol = staticmethod(coinmux.Symbol.parse)

    async def fetch(self, query, options, /):
        return query, options


@pytest.mark.parametrize("name", CAPABILITIES)
async def test_every_built_in_capability_has_a_method_that_asks_its_query(name):
    """The method of a capability's name builds the query that its fields by name build."""
    arguments, keywords, fields = CALLS[name]
    asked, options = await getattr(Recorder(), name)(*arguments, **keywords, timeout_s=2)
    assert asked == CAPABILITIES[name].query(**fields)
    assert options.timeout_s == 2
    assert (options.provider == "kraken") == (name == "markets")


@pytest.mark.parametrize("name", CAPABILITIES)
async def test_each_method_has_the_defaults_of_its_query(name):
    """What a caller leaves out is what the query leaves out."""
    row = CAPABILITIES[name]
    needed = [key for key, field in row.query.model_fields.items() if field.is_required()]
    given = {key: value for key, value in CALLS[name][2].items() if key in needed}
    method = getattr(Recorder(), name)
    extra = {"provider": "kraken"} if name == "markets" else {}
    asked, _ = await method(**given, **extra)
    assert asked == row.query(**given)


@pytest.mark.parametrize("name", CAPABILITIES)
def test_each_method_and_query_names_the_capabilitys_result(name):
    """An editor knows the result from the method and from the query."""
    row = CAPABILITIES[name]
    annotation = inspect.signature(getattr(GatewayQuestions, name)).return_annotation
    assert annotation == f"Answer[{row.result.__name__}]"
    base = row.query.__mro__[1].__pydantic_generic_metadata__["args"][0]
    assert getattr(base, "__forward_arg__", base) in (row.result.__name__, row.result)


async def test_a_query_its_name_and_a_method_ask_the_same(gateway_of):
    """`fetch(query)`, `fetch(name, query)`, `get` and the method share one cached answer."""
    query = TickerQuery(symbol="BTC/USDT")
    async with gateway_of(a=[1.0]) as world:
        first = await world.gateway.fetch(query)
        assert (await world.gateway.fetch("ticker", query)).fetched is first.fetched
        assert (await world.gateway.get("ticker", symbol="btc")).fetched is first.fetched
        assert (await world.gateway.ticker("BTC/USDT")).fetched is first.fetched
        assert (await world.gateway.fetch(query, RequestOptions(max_age_s=0))).cache == "miss"


async def test_what_is_asked_wrongly_is_refused_in_words(gateway_of):
    """A query of an unknown type, or of another capability, names what was expected."""

    class Stray(Query):
        """Of no capability."""

    async with gateway_of(a=[1.0]) as world:
        with pytest.raises(InvalidRequest, match="no capability takes a Stray"):
            await world.gateway.fetch(Stray())
        with pytest.raises(InvalidRequest, match="gas takes a GasQuery"):
            await world.gateway.fetch("gas", TickerQuery(symbol="BTC/USDT"))
        with pytest.raises(InvalidRequest, match="RequestOptions"):
            await world.gateway.fetch(TickerQuery(symbol="BTC/USDT"), "fastest")
        with pytest.raises(InvalidRequest, match="depth"):
            await world.gateway.order_book("BTC/USDT", 0)


class Moon(Result):
    lit: float


class MoonQuery(Query[Moon]):
    """The phase of the moon."""


class MoonPlugin:
    @hookspec
    def fetch_moon(self, query, http):
        """The moon."""

    @hookspec
    def fetch_tide(self, query, http):
        """The tide."""

    def __init__(self, *names):
        self.names = names

    @hookimpl
    def coinmux_capabilities(self):
        return [Capability(name, MoonQuery, Moon, Freshness(1, 0, 0)) for name in self.names]


class MoonSource:
    @hookimpl
    def provider_info(self):
        return ProviderInfo(
            name="lunar", title="Lunar", category="market", base_url="https://lunar.example"
        )

    @hookimpl
    async def fetch_moon(self, query, http):
        return Moon(lit=0.5)


def moon_gateway(*names):
    found = [in_process("moon", MoonPlugin(*names)), in_process("lunar", MoonSource())]
    return Gateway.from_env(None, environ={"CHECKER": "off"}, found=found)


async def test_a_plugins_capability_is_asked_by_its_query():
    """A plugin's query finds its capability as a built-in one does."""
    async with moon_gateway("moon") as gateway:
        answer = await gateway.fetch(MoonQuery())
        assert (answer.data.lit, answer.meta["capability"]) == (0.5, "moon")


async def test_a_query_of_two_capabilities_wants_the_name():
    """Where two capabilities share a type of query, the name decides."""
    async with moon_gateway("moon", "tide") as gateway:
        with pytest.raises(InvalidRequest, match="moon or tide"):
            await gateway.fetch(MoonQuery())
        assert (await gateway.fetch("moon", MoonQuery())).data.lit == 0.5


async def test_the_old_names_work_and_warn(gateway_of):
    """`ask` and `Ask` still answer, with a warning that states the present name."""
    async with gateway_of(a=[1.0]) as world:
        with pytest.warns(DeprecationWarning, match="fetch"):
            answer = await world.gateway.ask("ticker", TickerQuery(symbol="BTC/USDT"))
        assert answer.data.last == 1.0
    with pytest.warns(DeprecationWarning, match=r"coinmux\.RequestOptions"):
        assert coinmux.Ask is RequestOptions
    with pytest.warns(DeprecationWarning, match=r"coinmux\.IndicatorResult"):
        assert coinmux.Routed is coinmux.IndicatorResult
    with pytest.raises(AttributeError, match="Nothing"):
        coinmux.Nothing  # noqa: B018 - reading it is the test


def test_the_generic_envelopes_cost_nothing_at_run_time():
    """Answers have slots only, as before."""
    for kind in (Answer, FetchResult):
        assert not hasattr(kind.__new__(kind), "__dict__")
    assert get_type_hints(questions.query_of)["kind"]
