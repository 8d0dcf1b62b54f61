"""Sizes of orders and trades: worth about the same in any coin."""

import pytest

from coinmux import Gateway, OrderBookQuery, TradesQuery
from coinmux.framework.plugins.discovery import PluginLoader
from coinmux.framework.routing.options import RequestOptions
from coinmux.framework.simulator.simulator import Simulator, simulated_providers

SOURCES = ("binance", "kraken", "okx", "htx", "gemini")


async def worth(gateway, source, pair):
    """What all bids, all asks and all trades are worth, in quote."""
    options, symbol = RequestOptions(provider=source), gateway.parse_symbol(pair)
    book = (await gateway.fetch(OrderBookQuery(symbol=symbol), options)).data
    trades = (await gateway.fetch(TradesQuery(symbol=symbol), options)).data.trades
    return [
        sum(price * amount for price, amount in book.bids),
        sum(price * amount for price, amount in book.asks),
        sum(one.price * one.amount for one in trades),
    ]


@pytest.mark.parametrize("source", SOURCES)
async def test_orders_and_trades_are_worth_as_much_in_a_cheap_coin(source):
    """Two dogecoins are not worth an order; a book holds about as many dollars as of bitcoin.

    Its trades add up to the volume of its market, which is smaller.
    """
    plugins = [found.load() for found in PluginLoader().discover(allow=[source])]
    async with Simulator(simulated_providers(plugins)) as simulator:
        environ = {
            "CHECKER": "off", "ARCHIVE": "off", "PROVIDERS_ONLY": source, **simulator.overrides(),
        }  # fmt: skip
        async with Gateway.from_env(None, environ=environ, simulated=True) as gateway:
            await gateway.wait_loaded()
            of_bitcoin = await worth(gateway, source, "BTC/USDT")
            *sides, trades = await worth(gateway, source, "DOGE/USDT")
            # In coins they would differ by half a million.
            for mine, others in zip(sides, of_bitcoin, strict=False):
                assert 0.1 < mine / others < 10
            assert trades > 100
