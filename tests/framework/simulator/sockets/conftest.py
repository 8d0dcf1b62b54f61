"""A tiny exchange of our own: JSON commands, one channel for each kind, and a client to hear it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType

import pytest
from websockets.asyncio.client import connect

from coinmux.framework.clock import SystemClock
from coinmux.framework.plugins.provider_info import ProviderInfo
from coinmux.framework.plugins.socket_dialect import SocketInfo
from coinmux.framework.reference.symbols import SymbolStyle
from coinmux.framework.simulator.providers import SimulatedProvider
from coinmux.framework.simulator.simulator import Simulator
from coinmux.framework.simulator.sockets.speech import (
    BookNow,
    CandleNow,
    Follow,
    SimulatedSocket,
    TickerNow,
    Unfollow,
)


def _levels(side):
    return [[f"{price:f}", f"{size:f}"] for price, size in side]


def _told(row):
    if isinstance(row, BookNow):
        return {
            "first": row.first, "last": row.last, "previous": row.previous,
            "whole": row.is_whole, "bids": _levels(row.bids), "asks": _levels(row.asks),
            "best": [f"{side[0][0]:f}" for side in (row.all_bids, row.all_asks)],
            "wrong": row.is_checksum_wrong,
        }  # fmt: skip
    if isinstance(row, TickerNow | CandleNow):
        return {
            name: value if isinstance(value, int | str) else f"{value:f}"
            for name in row.__slots__
            if name != "pair"
            for value in [getattr(row, name)]
        }
    return [[one.id, one.at_ms, one.side, f"{one.price:f}", f"{one.size:f}"] for one in row]


class AcmeSocket(SimulatedSocket):
    """`{"op": "follow", "kind": …, "pair": …}` follows `<kind>:<pair>`."""

    def greeting(self, target, now_ms):
        return [json.dumps({"hello": target, "socket": self.socket})]

    def heard(self, frame, now_ms):
        said = json.loads(frame)
        name = f"{said['kind']}:{said['pair']}"
        if said["op"] == "leave":
            return [json.dumps({"left": name}), Unfollow(name)]
        pair = self.pairs.get(said["pair"])
        if pair is None:
            return [json.dumps({"error": f"no {name}"})]
        more = {n: v for n, v in said.items() if n not in ("op", "kind", "pair")}
        return [json.dumps({"following": name}), Follow(name, said["kind"], pair, **more)]

    def tell(self, follow, row, now_ms):
        return [
            json.dumps({"channel": follow.channel, "pair": str(follow.pair), "data": _told(row)})
        ]

    def idle(self, now_ms):
        return ['{"beat":1}']

    def refuse(self, frame, now_ms):
        return ['{"error":"refused"}']


def _rest_book(path, params, book):
    return _told(book) if path == "/depth" else None


def _rest_trades(path, params, trades):
    return _told(trades) if path == "/trades" else None


@pytest.fixture
def acme(monkeypatch):
    """The exchange, with two sockets."""
    package, module = ModuleType("acme_feeds"), ModuleType("acme_feeds.simulated_socket")
    package.__path__ = []
    module.Socket, module.rest_book, module.rest_trades = AcmeSocket, _rest_book, _rest_trades
    for one in (package, module):
        one.__spec__ = ModuleSpec(one.__name__, None)
        monkeypatch.setitem(sys.modules, one.__name__, one)
    info = ProviderInfo(
        name="acme",
        title="Acme",
        category="market",
        base_url="https://acme.example",
        symbols=SymbolStyle("-"),
        sockets={
            "": SocketInfo(url="wss://acme.example"),
            "slow": SocketInfo(url="wss://slow.acme.example"),
        },
    )
    return SimulatedProvider(info, [], "acme_feeds")


@pytest.fixture
async def simulator(acme):
    async with Simulator([acme], SystemClock()) as running:
        yield running


class Client:
    """Hears one socket: frames as JSON, the told data by channel."""

    def __init__(self, socket):
        self.socket = socket

    async def say(self, op, kind, pair="BTC-USDT", **more):
        await self.socket.send(json.dumps({"op": op, "kind": kind, "pair": pair, **more}))

    async def frame(self):
        """The next frame that is no heartbeat."""
        while True:
            said = json.loads(await asyncio.wait_for(self.socket.recv(), 10))
            if "beat" not in said:
                return said

    async def told(self, kind, pair="BTC-USDT"):
        """The next data of a channel."""
        while True:
            said = await self.frame()
            if said.get("channel") == f"{kind}:{pair}":
                return said["data"]

    async def follow(self, kind, pair="BTC-USDT", **more):
        await self.say("follow", kind, pair, **more)
        while "following" not in await self.frame():
            pass


@pytest.fixture
def hear():
    """Makes a `Client` of a socket."""
    return Client


@pytest.fixture
async def open_socket(simulator):
    """Opens sockets that are closed at the end."""
    async with contextlib.AsyncExitStack() as stack:

        async def opened(socket="", target="", **options):
            url = simulator.socket_url("acme", socket) + target
            options.setdefault("ping_interval", None)
            return Client(
                await stack.enter_async_context(connect(url, close_timeout=0.2, **options))
            )

        yield opened
