"""Every exchange's feeds on the simulator, through the gateway: followed and failed over."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from coinmux import Gateway
from coinmux.framework.plugins.discovery import PluginLoader
from coinmux.framework.simulator.simulator import Simulator, simulated_providers
from coinmux.framework.streams import channel_silence
from coinmux.framework.streams import silence as silence_module
from tests.framework.streams.exchange import until

pytestmark = pytest.mark.realtime
DOLLARS = ("kraken", "coinbase_exchange", "bitstamp", "gemini", "bitfinex")
NAMES = (
    "binance", "kraken", "coinbase_exchange", "okx", "bybit", "kucoin", "bitstamp", "gemini",
    "gateio", "mexc", "bitfinex", "htx",
)  # fmt: skip
#: Trades say neither bid nor 24 hours, so it sends no ticker.
WITHOUT = {("bitstamp", "ticker")}


@asynccontextmanager
async def simulated(*names):
    """A gateway over these exchanges, played on loopback."""
    loader = PluginLoader()
    loader.load(loader.discover(names), wait_s=20, limit_s=20)
    assert loader.broken == []
    providers = simulated_providers([one.plugin for one in loader.providers.values()])
    async with Simulator(providers) as simulator:
        environ = {**simulator.overrides(), "CHECKER": "off", "ARCHIVE": "off"}
        gateway = Gateway.from_env(
            None, environ=environ, found=PluginLoader().discover(names), simulated=True
        )
        assert await gateway.wait_loaded() == []
        async with gateway:
            yield gateway, simulator


async def data_of(stream, count):
    """So many events with data."""
    found = []
    async with asyncio.timeout(25):
        while len(found) < count:
            # On a slow machine REST may answer before the exchange tells anything.
            found += [one for one in await stream.batch() if one.data is not None and one.meta.live]
    return found


@pytest.mark.parametrize("name", NAMES)
async def test_an_exchange_is_followed_in_every_way(name):
    """By its own frames, over its own socket, and the data passes every check."""
    symbol = "BTC/USD" if name in DOLLARS else "BTC/USDT"

    async def follow(capability):
        async with gateway.stream(capability, symbol, provider=name) as stream:
            events = await data_of(stream, 3)
        assert events[0].kind == "snapshot"
        assert all(one.meta.provider == name for one in events)
        return events[-1].data

    async with simulated(name) as (gateway, _):
        kinds = [
            one for one in ("ticker", "trades", "order_book", "candles")
            if (name, one) not in WITHOUT
        ]  # fmt: skip
        found = dict(zip(kinds, await asyncio.gather(*map(follow, kinds)), strict=True))
    book = found["order_book"]
    assert book.bids[0][0] < book.asks[0][0]
    assert str(book.symbol) == symbol


async def test_readers_see_another_exchange_within_seconds():
    """The one that told it is cut; nobody is told a trade twice."""
    async with simulated("binance", "okx") as (gateway, simulator):
        async with gateway.stream("trades", "BTC/USDT") as stream:
            first = (await data_of(stream, 2))[-1].meta.provider
            simulator.order(first, "feed_drop", count=100)
            seen, told = [], []
            async with asyncio.timeout(20):
                while not told or told[-1] == first or len(seen) < 3:
                    for event in await stream.batch():
                        if event.kind == "source":
                            told.append(event.meta.provider)
                        elif event.data is not None and told:
                            seen += [(event.meta.provider, one.id) for one in event.data.trades]
        assert set(told) == {"okx" if first == "binance" else "binance"}
        assert len(seen) == len(set(seen))


async def test_a_hundred_readers_are_one_subscription():
    """Of one connection, as the exchange counts them."""
    async with simulated("okx") as (gateway, _):
        streams = [gateway.stream("ticker", "BTC/USDT") for _ in range(100)]
        await asyncio.gather(*(one.open() for one in streams))
        for stream in streams:
            assert await data_of(stream, 1)
        (use,) = gateway.feeds()
        assert use.readers == 100
        (socket,) = [one for one in gateway.live_figures().sockets["okx"] if one.subscriptions]
        assert socket.subscriptions == 1
        for stream in streams:
            await stream.close()
        await until(lambda: not any(one.readers for one in gateway.feeds()))


async def test_a_channel_silenced_on_a_living_connection_is_followed_elsewhere(monkeypatch):
    """Its trades go on; nobody loses the market, and it is said why."""
    monkeypatch.setattr(silence_module, "_LEARNS_S", 1.0)
    monkeypatch.setattr(channel_silence, "_LEAST_S", 1.0)
    monkeypatch.setattr(channel_silence, "_COMES_S", 1.0)
    async with (
        simulated("binance", "okx") as (gateway, simulator),
        gateway.stream("ticker", "BTC/USDT") as stream,
    ):
        first = (await data_of(stream, 3))[-1].meta.provider
        async with gateway.stream("trades", "BTC/USDT", provider=first) as trades:
            await data_of(trades, 1)
            simulator.order(first, "feed_silence", capability="ticker")
            async with asyncio.timeout(60):
                event = await anext(stream)
                while event.kind != "source":
                    event = await anext(stream)
            assert event.meta.provider == {"binance": "okx", "okx": "binance"}[first]
            assert "its channel said nothing for" in event.meta.notes[0]
            assert (await data_of(stream, 1))[0].meta.provider == event.meta.provider
            assert (await data_of(trades, 3))[-1].meta.provider == first
            (use,) = [one for one in gateway.feeds() if one.capability == "trades"]
            assert use.failovers == use.reconnects == 0
