"""A stranger's package adds a capability and an indicator; each is at every door, untouched."""

import csv
import io
import json
import os
import subprocess
import sys

import httpx
import pytest
from httpx2 import AsyncClient
from mcp import Client as ModelClient
from mcp.client.streamable_http import streamable_http_client

from coinmux.client import Asked, Client
from tests.e2e.conftest import coinmux
from tests.e2e.test_third_party_plugin import ROOT, install

ASKED = {"symbol": "BTC/USDT"}
VENUES = {"binance", "bybit", "coinbase_exchange", "kraken", "okx"}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder with both packages installed, as pip leaves them."""
    target = tmp_path_factory.mktemp("doors") / "site"
    install(target, "coinmux-venues")
    return install(target, "coinmux-choppiness")


@pytest.fixture(scope="module")
def path(site):
    return f"{site}{os.pathsep}{ROOT / 'src'}"


@pytest.fixture(scope="module")
def server(path):
    environ = {
        "PYTHONPATH": path,
        "CHECKER": "off",
        "MCP": "on",
        "VENUES_SOURCES": ",".join(VENUES),
    }
    with coinmux("serve", "--simulate", **environ) as running:
        yield running.url


def get(server, where, **params):
    answer = httpx.get(server + where, params=params, timeout=30)
    assert answer.status_code == 200, answer.text
    return answer


def is_best(data):
    """Whether this is the best bid and ask of the venues it lists."""
    quotes = data["venues"]
    return data["bid"] == max(one["bid"] for one in quotes) and data["ask"] == min(
        one["ask"] for one in quotes
    )


def test_rest_answers_with_what_the_answer_is_made_of(server):
    """Data, source, and each venue's own book as an input."""
    body = get(server, "/api/data/best_prices", **ASKED).json()
    assert is_best(body["data"])
    assert body["meta"]["provider"] == "venues"
    (attempt,) = body["meta"]["attempts"]
    assert {one["provider"] for one in attempt["inputs"]} == VENUES
    assert {one["capability"] for one in attempt["inputs"]} == {"order_book"}


def test_explain_says_who_would_answer(server):
    told = get(server, "/api/routing/explain", capability="best_prices", **ASKED).json()
    assert told["candidates"][0]["provider"] == "venues"


def test_a_wrong_parameter_is_named(server):
    answer = httpx.get(f"{server}/api/data/best_prices", params={"symbl": "BTC/USDT"})
    assert answer.status_code == 400
    assert {one["name"] for one in answer.json()["errors"]} == {"symbl"}


def test_a_value_that_the_plugin_refuses_is_named(server):
    """By the plugin's own words, before any source is asked."""
    answer = httpx.get(f"{server}/api/data/portfolio", params={"holdings": "BTC:0.5,ETH:x"})
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert error["name"] == "holdings"
    assert "BTC:0.5,ETH:2" in error["message"]


def test_the_lists_have_it(server):
    """Capabilities, sources with what they ask for, indicators."""
    rows = {one["name"]: one for one in get(server, "/api/capabilities").json()["capabilities"]}
    assert {"best_prices", "portfolio"} <= rows.keys()
    assert get(server, "/api/providers/venues").json()["asks"] == ["order_book", "ticker"]
    assert "choppiness" in get(server, "/api/indicators").text


def test_openapi_describes_its_answer(server):
    """By the names and descriptions of the plugin's own models."""
    text = get(server, "/schema/openapi.json").text
    assert "best_prices" in text
    assert "The highest bid, in quote units" in text


def test_csv_and_arrow_have_its_rows(server):
    """One row a venue, with the source in each."""
    text = get(server, "/api/data/best_prices.csv", **ASKED).text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {row["venue"] for row in rows} == VENUES
    assert get(server, "/api/data/best_prices.arrow", **ASKED).content


async def test_a_language_model_has_a_tool_for_it(server):
    """With the plugin's own arguments and descriptions; the answer has its source."""
    async with AsyncClient(timeout=30) as http:
        inside = streamable_http_client(f"{server}/mcp", http_client=http)
        async with ModelClient(inside) as client:
            tools = {one.name: one for one in (await client.list_tools()).tools}
            assert set(tools["best_prices"].input_schema["required"]) == {"symbol"}
            assert "portfolio" in tools
            result = await client.call_tool("best_prices", ASKED)
            assert not result.is_error
            assert "venues" in result.content[0].text
            shown = await client.call_tool("indicator", {"name": "choppiness", **ASKED})
            assert not shown.is_error, shown.content[0].text


def test_the_client_asks_for_it_by_its_name(server):
    """Members as attributes, provenance as the server sent it; in a batch beside ours."""
    with Client(server) as client:
        answer = client.get("best_prices", **ASKED)
        assert {one["venue"] for one in answer.data.venues} == VENUES
        assert answer.meta["provider"] == "venues"
        both = client.batch([Asked.of("best_prices", **ASKED), Asked.of("ticker", **ASKED)])
        assert both[0].data.bid_venue in VENUES
        assert both[1].data.last > 0


def test_many_questions_in_one_request_have_it(server):
    queries = [
        {"id": 1, "capability": "portfolio", "params": {"holdings": "BTC:1"}},
        {"id": 2, "indicator": "choppiness", "params": ASKED},
    ]
    answer = httpx.post(f"{server}/api/batch", json={"queries": queries}, timeout=30)
    assert [one["status"] for one in answer.json()["results"]] == [200, 200], answer.text


def test_openbb_has_a_widget_for_it(server):
    """Its endpoint answers rows when asked as the widget says."""
    widgets = get(server, "/widgets.json").json()
    (widget,) = (one for one in widgets.values() if one["endpoint"].endswith("data/best_prices"))
    rows = get(server, f"/{widget['endpoint']}", **ASKED).json()
    assert {row["venue"] for row in rows} == VENUES


def run(path, server, *arguments):
    return subprocess.run(
        [sys.executable, "-P", "-m", "coinmux", *arguments, "--env-file", os.devnull],
        env={**os.environ, "PYTHONPATH": path, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_command_knows_it(path, server):
    """Listed among the providers, with what it answers."""
    done = run(path, server, "providers")
    assert done.returncode == 0, done.stderr
    assert "venues" in done.stdout
    done = run(path, server, "plugins", "venues")
    assert done.returncode == 0, done.stderr
    assert "fetch_best_prices" in done.stdout
    done = run(path, server, "explain", "best_prices", "symbol=BTC/USDT")
    assert done.returncode == 0, done.stderr
    assert "venues" in done.stdout


def test_in_python_it_is_typed_by_its_own_models(path):
    """`gateway.fetch` takes the plugin's query and gives its result, as a data frame too."""
    script = """
import asyncio, json, coinmux_venues as venues
from coinmux import Gateway
from coinmux.framework.simulator.simulator import Simulator, simulated_providers
from coinmux.framework.plugins.discovery import PluginLoader

async def main():
    names = "binance,kraken"
    loader = PluginLoader()
    loader.load(loader.discover(allow=names.split(",")), wait_s=20, limit_s=20)
    simulator = Simulator(simulated_providers(p.plugin for p in loader.providers.values()))
    await simulator.start()
    environ = {**simulator.overrides(), "PLUGINS_ALLOW": names + ",venues", "CHECKER": "off",
               "VENUES_SOURCES": names}
    async with Gateway.from_env(None, environ=environ) as gateway:
        assert await gateway.wait_loaded() == []
        answer = await gateway.fetch(venues.BestPricesQuery(symbol="BTC/USDT"))
        assert type(answer.data) is venues.BestPrices
        held = await gateway.fetch(venues.PortfolioQuery(holdings="BTC:0.5,USDT:100"))
        print(json.dumps({"frame": list(answer.to_pandas()["venue"]), "worth": held.data.worth,
                          "named": (await gateway.get("best_prices", symbol="ETH/USDT")).provider}))
    await simulator.stop()

asyncio.run(main())
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    assert set(shown["frame"]) == {"binance", "kraken"}
    assert shown["worth"] > 100
    assert shown["named"] == "venues"


def test_its_own_tests_pass(path, tmp_path):
    """In a stranger's configuration."""
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-c", str(tmp_path / "pytest.ini"),
         "-p", "no:cacheprovider", str(ROOT / "examples/coinmux-venues/tests")],
        env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "23 passed" in done.stdout
    assert "skipped" not in done.stdout
