"""Metrics and value locked: by any name that is written sensibly, and no source asked in vain."""

import pytest

from coinmux import MetricForm, MetricInfo, ProviderInfo, UnknownSymbol, hookimpl
from coinmux import models as m
from coinmux.framework.plugins.discovery import in_process


class Series:
    """A source of two metrics and of a form of its own."""

    def __init__(self):
        self.asked = []

    @hookimpl
    def provider_info(self):
        return ProviderInfo(
            name="series", title="Series", category="onchain", base_url="https://series.example",
            metrics={
                "hash_rate": MetricInfo("mining power", "TH/s", frozenset({"BTC"})),
                "mvrv": MetricInfo("market over realised", "ratio"),
            },
            metric_forms=(MetricForm(r"(query|market)/[a-z0-9]+", "query/<id>", "a query"),),
        )  # fmt: skip

    @hookimpl
    async def fetch_onchain_metric(self, query, http):
        self.asked.append(query.metric)
        points = ((http.now_ms() // 86_400_000 * 86_400_000 - 86_400_000, 1.0),)
        return m.OnchainMetric(metric=query.metric, asset=query.asset, points=points)

    @hookimpl
    async def fetch_tvl(self, query, http):
        self.asked.append(query.protocol or query.chain)
        if query.chain == "nosuch":
            raise UnknownSymbol("nosuch")
        return m.Tvl(name="x", chain=query.chain, tvl_usd=1.0)


@pytest.fixture
async def world(app_of):
    plugin = Series()
    async with app_of(_found=[in_process("series", plugin)]) as world:
        world.series = plugin
        yield world


@pytest.mark.parametrize(
    ("path", "metric"),
    [
        ("hash_rate", "hash_rate"), ("HASH_RATE", "hash_rate"), ("query/4321", "query/4321"),
        ("query%2F4321", "query/4321"), ("market/mvrv", "market/mvrv"),
        ("market/mvrv/", "market/mvrv"), ("query/4321?asset=ETH", "query/4321"),
    ],
)  # fmt: skip
async def test_a_metric_is_asked_by_its_name_slashes_included(world, path, metric):
    """A slash may be written as it is, or encoded."""
    answer = await world.client.get(f"/api/onchain/{path}")
    assert answer.status_code == 200, answer.text
    assert answer.json()["data"]["metric"] == metric
    again = await world.client.get(f"/api/onchain/{path}")
    assert again.json()["meta"]["cache"] == "hit"


async def test_every_metric_is_listed(world):
    """With what it is, its unit, and who has it."""
    listed = (await world.client.get("/api/onchain")).json()
    assert listed["metrics"][0] == {
        "name": "hash_rate", "description": "estimated mining power", "unit": "TH/s",
        "providers": ["series"], "enabled_providers": ["series"], "assets": ["BTC"],
    }  # fmt: skip
    assert [one["name"] for one in listed["metrics"]] == ["hash_rate", "mvrv"]
    assert listed["metrics"][1]["assets"] is None
    assert listed["forms"] == [
        {"form": "query/<id>", "description": "a query", "providers": ["series"]}
    ]


@pytest.mark.parametrize("name", ["hash-rate", "hashrate", "hash_rates", "foo", "price", "a/b/c"])
async def test_an_unknown_metric_is_404_and_nobody_is_asked(world, name):
    """With the known ones; a near one is named."""
    answer = await world.client.get(f"/api/onchain/{name}")
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (404, "unknown_metric")
    assert problem["known"] == ["hash_rate", "mvrv", "query/<id>"]
    assert problem.get("did_you_mean") == (["hash_rate"] if "hash" in name else None)
    assert world.series.asked == []


async def test_a_metric_that_is_not_served_for_a_coin_is_404(world):
    """The source is not asked: it says for which coins it has the metric."""
    answer = await world.client.get("/api/onchain/hash_rate?asset=DOGE")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_symbol")
    assert "DOGE" in answer.json()["detail"]
    assert world.series.asked == []


@pytest.mark.parametrize("chain", ["ethereum", "Ethereum", "ETHEREUM", "eth", " Ethereum "])
async def test_a_chain_is_taken_in_any_case(world, chain):
    """One question, however it is written."""
    answer = await world.client.get("/api/defi/tvl", params={"chain": chain})
    assert answer.json()["data"]["chain"] == "ethereum"


async def test_a_chain_that_no_source_lists_is_an_unknown_chain(world):
    """The word is the same as on routes below `/api/chain`."""
    answer = await world.client.get("/api/defi/tvl?chain=nosuch")
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (404, "unknown_chain")
    assert "ethereum" in problem["known"]
    assert "nosuch is not listed" in problem["detail"]


@pytest.mark.parametrize(
    ("protocol", "slug"),
    [("Aave", "aave"), ("aave", "aave"), ("Uniswap V3", "uniswap-v3"), ("curve_dex", "curve-dex")],
)
async def test_a_protocol_is_taken_by_its_name_or_its_slug(world, protocol, slug):
    """A name in any case, with spaces, becomes the slug."""
    answer = await world.client.get("/api/defi/tvl", params={"protocol": protocol})
    assert answer.status_code == 200
    assert world.series.asked == [slug]


async def test_a_protocol_that_cannot_be_one_is_told_what_would_do(world):
    """Never by the pattern it fails."""
    answer = await world.client.get("/api/defi/tvl?protocol=a%24b")
    assert answer.status_code == 400
    assert "such as aave" in answer.json()["detail"]
    assert "pattern" not in answer.text
