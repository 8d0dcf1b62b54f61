"""The whole path: requests through the server, the gateway and the built-in providers' own hooks.

A simulator answers in place of the world, from the samples beside each provider.
"""

from contextlib import asynccontextmanager

import httpx
import jsonschema_rs
import pytest

from coinmux import Gateway
from coinmux.framework.plugins.discovery import PluginLoader
from coinmux.framework.simulator.simulator import Simulator, simulated_providers
from coinmux.server.app import create_app
from coinmux.server.openapi.document import document

ADDRESS = "0xde0b295669a9fd93d5f28d9ec85e40f4cb697bae"
TARGETS = {
    "/api/market/ticker": "?symbol=BTC/USDT",
    "/api/market/candles": "?symbol=BTC/USDT&interval=1h&limit=20",
    "/api/market/order-book": "?symbol=BTC/USDT&depth=5",
    "/api/market/trades": "?symbol=BTC/USDT&limit=5",
    "/api/market/pairs": "?provider=kraken",
    "/api/market/coins": "?per_page=10",
    "/api/market/global": "",
    "/api/chain/{chain}/head": "bitcoin",
    "/api/chain/{chain}/gas": "bitcoin",
    "/api/news": "?limit=5",
    "/api/sentiment/index": "",
    "/api/defi/tvl": "",
}


@asynccontextmanager
async def simulated(running):
    loader = PluginLoader()
    loader.load(loader.discover(), wait_s=10, limit_s=10)
    plugins = [provider.plugin for provider in loader.providers.values()]
    simulator = Simulator(simulated_providers(plugins))
    await simulator.start("127.0.0.1", 0)
    try:
        environ = {**simulator.overrides(), "CHECKER": "off"}
        gateway = Gateway.from_env(None, environ=environ, simulated=True)
        assert await gateway.wait_loaded() == []
        edge = create_app(gateway)
        async with running(edge):
            transport = httpx.ASGITransport(edge)
            base = "http://127.0.0.1:7860"
            async with httpx.AsyncClient(transport=transport, base_url=base) as client:
                yield client, edge
    finally:
        await simulator.stop()


@pytest.mark.parametrize("path", TARGETS)
async def test_each_capability_over_the_simulator(running, path):
    """200, marked as simulated, in the documented shape; then again from the fast lane."""
    extra = TARGETS[path]
    target = path.format(chain=extra) if "{" in path else path + extra
    async with simulated(running) as (client, edge):
        api = document(edge._lane.app)
        content = api["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
        schema = {**content["schema"], "components": api["components"]}
        for _ in range(2):
            answer = await client.get(target)
            assert answer.status_code == 200, answer.text
            assert answer.json()["meta"]["simulated"] is True
            jsonschema_rs.Draft202012Validator(schema).validate(answer.json())


async def test_the_views_over_the_built_in_providers(running):
    """Providers, features, health and capabilities keep to their documented shape."""
    async with simulated(running) as (client, edge):
        api = document(edge._lane.app)
        for path in (
            "/api/providers", "/api/config/features", "/api/config/missing", "/api/config/settings",
            "/api/status",
            "/api/source-health/status", "/api/capabilities", "/api/models/status",
            "/api/monitoring/metrics",
        ):  # fmt: skip
            answer = await client.get(path)
            content = api["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
            schema = {**content["schema"], "components": api["components"]}
            jsonschema_rs.Draft202012Validator(schema).validate(answer.json())


async def test_no_candle_is_lost_between_two_pages(running):
    """One more than a source gives at once: bounds of pages are exclusive at some of them."""
    async with simulated(running) as (client, _):
        providers = (await client.get("/api/providers")).json()["providers"]
        short, asked = {}, 0
        for name in [one["name"] for one in providers if "candles" in one["capabilities"]]:
            for limit in (301, 1000):
                answer = await client.get(
                    "/api/market/candles",
                    params={"symbol": "BTC/USDT", "limit": limit, "provider": name},
                )
                # Some have no more than so many, and say so.
                if answer.status_code == 200 and answer.json()["meta"]["complete"]:
                    asked += 1
                    if (rows := len(answer.json()["data"]["rows"])) != limit:
                        short[name, limit] = rows
    assert short == {}
    assert asked > 20
