"""Sources whose exchange is on loopback, and a gateway over them."""

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from types import SimpleNamespace

from coinmux import (
    Candles,
    Disconnected,
    Gateway,
    ProviderInfo,
    SymbolStyle,
    Ticker,
    Trade,
    Trades,
    UnknownSymbol,
    hookimpl,
    sockets,
)
from coinmux.framework.plugins.discovery import in_process
from tests.framework.streams.exchange import Dialect, Exchange

STYLE = SymbolStyle(separator="-")


class Acme:
    """A source that is followed on `exchange`, and asked for what a test gives it.

    Attributes:
        asked: the queries it was asked by REST.
        trades: what it answers to a question of trades.
        candles: rows it answers to a question of candles.
        unlisted: assets it does not list.
        answered: while it is not set, a question of a price waits.
        failures: how many of the next such questions fail.
    """

    def __init__(self, name, exchange, priority=10, **info):
        self.exchange = exchange
        self.asked = []
        self.trades = []
        self.candles = []
        self.price = 100.0
        self.unlisted = set()
        self.answered = asyncio.Event()
        self.answered.set()
        self.failures = 0
        self.info = ProviderInfo(
            name=name, title=name.title(), category="market", base_url=f"https://{name}.example",
            priority=priority, symbols=STYLE, intervals={"1m": "1m"},
            sockets={"": sockets.SocketInfo(url=f"wss://{name}.example")}, **info,
        )  # fmt: skip

    @hookimpl
    def provider_info(self):
        return self.info

    @hookimpl
    async def fetch_ticker(self, query):
        self.asked.append(query)
        if query.symbol.base in self.unlisted:
            raise UnknownSymbol(query.symbol)
        await self.answered.wait()
        if self.failures:
            self.failures -= 1
            raise Disconnected("not now")
        return Ticker(symbol=query.symbol, last=self.price)

    @hookimpl
    async def fetch_trades(self, query):
        self.asked.append(query)
        return Trades.latest(query, [trade(*row) for row in self.trades])

    @hookimpl
    async def fetch_candles(self, query):
        self.asked.append(query)
        return Candles.from_rows(query, self.candles)

    @hookimpl
    def socket_dialect(self, socket):
        return Dialect()

    @hookimpl
    def stream_ticker(self, query):
        def read(channel, body):
            return [Ticker(symbol=query.symbol, last=body)]

        return sockets.Subscription(channels=(f"t:{STYLE.native(query.symbol)}",), read=read)

    @hookimpl
    def stream_trades(self, query):
        def read(channel, body):
            return [trade(*row) for row in body]

        return sockets.Subscription(
            channels=(f"x:{STYLE.native(query.symbol)}",), read=read, ids="successive"
        )

    @hookimpl
    def stream_order_book(self, query):
        def read(channel, body):
            return [sockets.BookChange(**body)]

        return sockets.Subscription(
            channels=(f"b:{STYLE.native(query.symbol)}",), read=read,
            book=sockets.BookRules(link="previous"),
        )  # fmt: skip

    @hookimpl
    def stream_candles(self, query):
        def read(channel, body):
            return [sockets.LiveCandle(*row) for row in body]

        return sockets.Subscription(channels=(f"c:{STYLE.native(query.symbol)}",), read=read)


def trade(number, at_ms, price=100.0):
    return Trade(id=str(number), timestamp=at_ms, price=price, amount=1.0)


@asynccontextmanager
async def following(*names, also=(), **settings):
    """A gateway over sources of these names, best first, each with an exchange on loopback.

    Args:
        also: further plugins.
    """
    async with AsyncExitStack() as stack:
        exchanges = [await stack.enter_async_context(Exchange().open()) for _ in names]
        plugins = {
            name: Acme(name, exchange, priority=10 * at)
            for at, (name, exchange) in enumerate(zip(names, exchanges, strict=True))
        }
        urls = {f"{name.upper()}_WS_URL": plugin.exchange.url for name, plugin in plugins.items()}
        environ = {"CHECKER": "off", "ARCHIVE": "off", **urls, **settings}
        found = [*(in_process(name, plugin) for name, plugin in plugins.items()), *also]
        gateway = Gateway.from_env(None, environ=environ, found=found)
        assert await gateway.wait_loaded() == []
        async with gateway:
            yield SimpleNamespace(
                gateway=gateway, plugins=plugins, environ=environ,
                exchanges=dict(zip(names, exchanges, strict=True)),
            )  # fmt: skip
