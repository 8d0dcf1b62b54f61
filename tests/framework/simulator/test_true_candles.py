"""A closed candle is the market's, at whatever source, however its rows tell their time."""

import time

import pytest

from coinmux import Gateway, Symbol
from coinmux.framework.plugins.discovery import PluginLoader
from coinmux.framework.reference.intervals import INTERVALS
from coinmux.framework.simulator.price_model import PriceModel
from coinmux.framework.simulator.simulator import Simulator, simulated_providers

pytestmark = pytest.mark.realtime
#: With a pair and an interval that each has of its own.
SOURCES = {
    "binance": ("BTC/USDT", "1h"), "kraken": ("ETH/USD", "1h"), "gemini": ("BTC/USD", "30m"),
    "coinbase_exchange": ("ETH/USD", "1h"), "bitstamp": ("XRP/EUR", "1h"),
    "bitfinex": ("BTC/USD", "1h"), "okx": ("BTC/USDT", "1h"), "bybit": ("BTC/USDT", "1h"),
    "kucoin": ("ETH/USDT", "1h"), "mexc": ("BTC/USDT", "4h"), "gateio": ("SOL/USDT", "1h"),
    "htx": ("BTC/USDT", "30m"), "coingecko": ("XRP/EUR", "30m"),
}  # fmt: skip


@pytest.mark.parametrize("name", SOURCES)
async def test_a_closed_candle_is_the_market_s(name):
    """From its own opening to its own close; sources differ by three hundredths of a percent."""
    pair, interval = SOURCES[name]
    loader = PluginLoader()
    loader.load(loader.discover([name]), wait_s=20, limit_s=20)
    providers = simulated_providers([one.plugin for one in loader.providers.values()])
    async with Simulator(providers) as simulator:
        environ = {**simulator.overrides(), "CHECKER": "off", "ARCHIVE": "off"}
        gateway = Gateway.from_env(
            None, environ=environ, found=PluginLoader().discover([name]), simulated=True
        )
        assert await gateway.wait_loaded() == []
        async with gateway:
            answer = await gateway.candles(pair, interval, limit=20, provider=name)
    step_s, now_s, data = INTERVALS[interval], int(time.time()), answer.data
    opens = [int(at) // 1000 for at in data.timestamp if int(at) // 1000 + step_s <= now_s - 5]
    assert len(opens) >= 15
    true = PriceModel().candles(Symbol(pair), opens, [at + step_s for at in opens], now_s)
    for at, (opened, _, _, close) in enumerate(true):
        assert data.open[at] == pytest.approx(opened, rel=0.001)
        assert data.close[at] == pytest.approx(close, rel=0.001)
