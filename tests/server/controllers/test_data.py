"""`GET /api/data/{capability}`: any capability, a plugin's own too, by the fields of its query."""

from contextlib import asynccontextmanager
from types import SimpleNamespace

import httpx
import pytest
from pydantic import Field

from coinmux import Capability, Freshness, Gateway, ProviderInfo, Query, Result, hookimpl, hookspec
from coinmux.framework.models.capability import CAPABILITIES
from coinmux.framework.plugins.discovery import in_process
from coinmux.server.app import create_app
from coinmux.server.process.simulated_gateway import world_for


class MoonQuery(Query["Moon"]):
    """The phase of the moon."""

    place: str
    day: int = Field(default=1, ge=1, le=31)
    exact: bool = False
    hours: tuple[int, ...] = ()


class Moon(Result):
    """How much of it is lit."""

    place: str
    lit: float
    asked: str


class Almanac:
    @hookspec
    def fetch_moon(self, query, http):
        """The moon now."""

    @hookimpl
    def coinmux_capabilities(self):
        return [Capability("moon", MoonQuery, Moon, Freshness(60, 0, 60))]


class Observatory:
    @hookimpl
    def provider_info(self):
        return ProviderInfo(
            name="sky", title="Sky", category="market", base_url="https://s.example"
        )

    @hookimpl
    async def fetch_moon(self, query, http):
        asked = f"{query.day} {query.exact} {query.hours}"
        return Moon(place=query.place, lit=0.5, asked=asked)


@asynccontextmanager
async def served():
    found = [in_process("almanac", Almanac()), in_process("sky", Observatory())]
    gateway = Gateway.from_env(None, environ={"CHECKER": "off"}, found=found)
    async with gateway:
        edge = create_app(gateway, opens_gateway=False)
        transport = httpx.ASGITransport(edge, client=("127.0.0.1", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            yield SimpleNamespace(client=client, gateway=gateway)


async def test_a_capability_of_a_plugin_is_asked_by_its_fields():
    """The envelope of every other route, typed by the plugin's own query; the second is a hit."""
    async with served() as world:
        target = "/api/data/moon?place=Bern&day=3&exact=yes&hours=1,2&provider=sky"
        first = await world.client.get(target)
        assert first.status_code == 200
        assert first.json()["data"] == {"place": "Bern", "lit": 0.5, "asked": "3 True (1, 2)"}
        assert first.json()["meta"]["provider"] == "sky"
        assert first.headers["cache-status"] == "coinmux; fwd=miss"
        again = await world.client.get(target)
        assert again.json()["meta"]["cache"] == "hit"
        assert (await world.client.get("/api/data/MOON?place=Bern")).status_code == 200


@pytest.mark.parametrize(
    ("query", "name", "message"),
    [
        ("", "place", "is missing"),
        ("place=", "place", "is empty"),
        ("place=a&day=x", "day", "takes a whole number from 1 to 31"),
        ("place=a&day=32", "day", "takes a whole number from 1 to 31"),
        ("place=a&exact=perhaps", "exact", "takes true or false"),
        ("place=a&hours=[1", "hours", "takes a list, written with commas or as JSON"),
        ("place=a&hours=x", "hours[0]", "takes a whole number"),
        ("place=a&size=1", "size", "is no parameter of this route"),
        ("place=a&place=b", "place", "is given more than once"),
        ("place=a&timeout_s=x", "timeout_s", "takes seconds from 0.1 to 30"),
    ],
)
async def test_a_wrong_field_is_named(query, name, message):
    """400 with the field and what it takes, in the words of the other routes."""
    async with served() as world:
        answer = await world.client.get(f"/api/data/moon?{query}")
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert error["name"] == name
    assert "nput" not in error["message"]
    assert error["message"] == message


@pytest.mark.parametrize(
    ("name", "near"), [("mon", "moon"), ("tickr", "ticker"), ("fear-gred", "fear_greed")]
)
async def test_an_unknown_capability_is_404_with_those_there_are(name, near):
    """`known` and `did_you_mean`."""
    async with served() as world:
        answer = await world.client.get(f"/api/data/{name}?place=a")
    assert answer.status_code == 404
    problem = answer.json()
    assert problem["code"] == "not_found"
    assert near in problem["did_you_mean"]
    assert {"moon", *CAPABILITIES} == set(problem["known"])


@pytest.fixture
async def simulated_client(tmp_path):
    async with (
        world_for(str(tmp_path / "none"), simulate=True, CHECKER="off") as (gateway, drill),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(
                create_app(gateway, opens_gateway=False, drill=drill), client=("127.0.0.1", 1)
            ),
            base_url="http://127.0.0.1",
        ) as client,
    ):
        await gateway.wait_loaded()
        yield client


async def test_every_built_in_capability_is_asked_so(simulated_client):
    """Each of them answers in the simulation, or says which field it needs."""
    fields = {
        "ticker": "symbol=BTC/USDT",
        "candles": "symbol=BTC/USDT&interval=1h&limit=3",
        "order_book": "symbol=btc-usdt",
        "trades": "symbol=BTC",
        "markets": "provider=binance",
        "coins": "",
        "global_stats": "",
        "gas": "chain=eth",
        "chain_head": "chain=bitcoin",
        "fear_greed": "",
        "news": "",
        "large_transfers": "min_usd=1000000",
        "text_sentiment": "texts=up and away,down",
    }
    for name, query in fields.items():
        answer = await simulated_client.get(f"/api/data/{name}?{query}")
        assert answer.status_code == 200, (name, answer.text)
        assert answer.json()["meta"]["capability"] == name
    for name in CAPABILITIES.keys() - fields.keys():
        answer = await simulated_client.get(f"/api/data/{name.replace('_', '-')}")
        assert answer.status_code in (200, 400), (name, answer.text)
        if answer.status_code == 400:
            assert all(one["message"] == "is missing" for one in answer.json()["errors"])
