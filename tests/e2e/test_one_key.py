"""Every keyless source down, one key set: the source with the key answers."""

import time

import pytest

from coinmux import AllProvidersFailed, Gateway
from coinmux.framework.plugins.discovery import PluginLoader
from coinmux.framework.simulator.simulator import Simulator, simulated_providers
from coinmux.framework.testing.clock import FakeClock

KEYED = [
    ("COINCAP_API_KEY", "coincap", "ticker", {"symbol": "BTC/USD"}),
    ("CRYPTOCOMPARE_API_KEY", "cryptocompare", "candles", {"symbol": "BTC/USDT"}),
    ("ETHERSCAN_API_KEY", "etherscan", "gas", {"chain": "ethereum"}),
    ("NEWSAPI_KEY", "newsapi", "news", {"asset": "BTC"}),
    ("HF_TOKEN", "huggingface", "text_sentiment", {"texts": ("Bitcoin soars",)}),
]


@pytest.mark.parametrize(("variable", "name", "capability", "asked"), KEYED)
async def test_the_source_with_the_key_answers(variable, name, capability, asked):
    """Its turn comes however many keyless ones stand before it."""
    loader = PluginLoader()
    loader.load(loader.discover(), wait_s=20, limit_s=20)
    clock = FakeClock(wall_ms=int(time.time() * 1000))
    plugins = [provider.plugin for provider in loader.providers.values()]
    simulator = Simulator(simulated_providers(plugins), clock=clock)
    async with simulator:
        environ = {
            **simulator.overrides(),
            "CHECKER": "off",
            variable: "a-key-nobody-has-0123",
            **{f"{one.upper()}_RATE_LIMIT": "off" for one in loader.providers},
        }
        async with Gateway.from_env(None, environ=environ, clock=clock, simulated=True) as gateway:
            assert await gateway.wait_loaded() == []
            off = {n for n, source in gateway.sources.items() if not source.feature.enabled}
            assert name not in off
            for one, source in gateway.sources.items():
                if one != name and source.feature.enabled and source.info.base_url:
                    simulator.order(one, "status", code=500)
            answers = []
            for _ in range(2):
                try:
                    answers.append((await gateway.get(capability, **asked)).provider)
                except AllProvidersFailed as error:
                    answers.append(str(error))
                gateway.cache.clear()
            assert answers == [name, name]
