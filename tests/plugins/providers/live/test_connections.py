"""The framework's connections and the exchanges' simulated ends understand each other."""

from __future__ import annotations

import asyncio
import importlib

import pytest

from coinmux import CAPABILITIES, Symbol, Trade, UnknownSymbol
from coinmux import sockets as s
from coinmux.framework.simulator.sockets.speech import Follow, Unfollow
from coinmux.framework.streams.connections import Connections
from tests.plugins.live_checks import NOW_MS, PAIR, Walk, candle_now, ticker_now, trades_now
from tests.plugins.sample_replay import provider

FEEDS = [
    (name, capability)
    for name in ("binance", "kraken", "bitfinex", "bitstamp")
    for capability in ("ticker", "trades", "order_book", "candles")
    if name != "bitstamp" or capability in ("trades", "order_book")
]


class Exchange:
    """The other end of a connection, without a network: what is sent is answered at once."""

    alive_at = 0.0
    bytes_in = 0

    def __init__(self, name, pairs):
        self.module = importlib.import_module(f"coinmux.plugins.providers.{name}.simulated_socket")
        self.pairs = pairs
        self.follows = {}
        self.opened = 0

    def open_wire(self, socket, dialect, until):
        async def open_(heard, lost):
            self.end = self.module.Socket(socket, self.pairs)
            self.heard, self.lost = heard, lost
            self.follows.clear()
            self.opened += 1
            # What it greets with comes once the client waits for it.
            asyncio.get_running_loop().call_soon(self.take, self.end.greeting("/", NOW_MS))
            return self

        return open_

    def take(self, said):
        for one in said:
            if isinstance(one, Follow):
                self.follows[one.channel] = one
            elif isinstance(one, Unfollow):
                del self.follows[one.channel]
            else:
                self.heard(one)

    def tell(self, row):
        for follow in list(self.follows.values()):
            self.take(self.end.tell(follow, row, NOW_MS))

    def send(self, frame):
        said = self.end.heard(frame, NOW_MS)
        asyncio.get_running_loop().call_soon(self.take, said)

    def ping(self):
        pass

    async def wait_closed(self):
        pass

    def close(self):
        pass


class Listener:
    """What a feed is told."""

    def __init__(self):
        self.begins = 0
        self.rows = []
        self.errors = []
        self.bad = []

    def begun(self):
        self.begins += 1

    def renewed(self):
        self.begins += 1

    def heard(self, said, at):
        self.rows.extend(said)

    def unreadable(self, error):
        self.bad.append(error)

    def lost(self, error):
        self.errors.append(error)


class Joined:
    """A feed of a provider on the framework's connections."""

    def __init__(self, name, capability, pairs=None):
        module = provider(name)
        info = module.provider_info()
        query = CAPABILITIES[capability].query.model_validate({"symbol": PAIR})
        self.exchange = Exchange(name, pairs or {info.symbols.native(PAIR): PAIR})
        self.listener = Listener()
        self.connections = Connections(
            dict(info.sockets), module.socket_dialect, self.exchange.open_wire
        )
        hook = getattr(module, f"stream_{capability}")
        self.followed = self.connections.follow(lambda: hook(query), self.listener)

    async def until(self, is_so):
        for _ in range(200):
            if is_so():
                return
            await asyncio.sleep(0.01)
        raise AssertionError("it did not come to be so")


ROWS = {
    "ticker": ticker_now(), "trades": trades_now(), "candles": candle_now(interval="1h"),
    "order_book": Walk().whole(),
}  # fmt: skip
KINDS = {
    "ticker": object, "trades": Trade, "candles": s.LiveCandle, "order_book": s.BookChange,
}  # fmt: skip


@pytest.mark.parametrize(("name", "capability"), FEEDS)
async def test_a_feed_begins_is_heard_begins_again_and_ends(name, capability):
    """On one connection, with nothing unreadable."""
    joined = Joined(name, capability)
    listener, exchange = joined.listener, joined.exchange
    try:
        await joined.until(lambda: listener.begins == 1)
        exchange.tell(ROWS[capability])
        assert listener.rows
        assert all(isinstance(row, KINDS[capability]) for row in listener.rows)
        listener.rows.clear()
        joined.followed.again()
        await joined.until(lambda: listener.begins == 2)
        exchange.tell(ROWS[capability])
        assert listener.rows
        if capability == "order_book":
            assert listener.rows[0].is_whole
        joined.followed.stop()
        await joined.until(lambda: not exchange.follows)
        assert (listener.errors, listener.bad, exchange.opened) == ([], [], 1)
    finally:
        await joined.connections.close()


@pytest.mark.parametrize("name", ["kraken", "bitfinex"])
async def test_a_pair_that_is_not_listed_is_told(name):
    """Those exchanges say so; on the others it stays silent."""
    joined = Joined(name, "trades", {"OTHER": Symbol("ETH/USDT")})
    try:
        await joined.until(lambda: joined.listener.errors)
        assert type(joined.listener.errors[0]) is UnknownSymbol
        assert joined.listener.begins == 0
    finally:
        await joined.connections.close()
