"""The simulator's WebSocket server, as a plain client sees it."""

import asyncio
import json
import urllib.request
from decimal import Decimal

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from coinmux.framework.plugins.provider_info import ProviderInfo
from coinmux.framework.simulator.providers import SimulatedProvider
from coinmux.framework.simulator.simulator import Simulator
from coinmux.framework.testing.clock import FakeClock


async def until(true):
    """Poll until it is true."""
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110  # nothing to wait on
            await asyncio.sleep(0.01)


async def got(simulator, path):
    """JSON of a path of the simulator."""

    def ask():
        with urllib.request.urlopen(simulator.url + path) as answer:
            return json.load(answer)

    return await asyncio.to_thread(ask)


def test_each_socket_has_a_variable(acme):
    """It leads to loopback, also where a feed is not simulated."""

    async def overrides(provider):
        async with Simulator([provider]) as simulator:
            return simulator.overrides(), simulator.socket_calls

    found, calls = asyncio.run(overrides(acme))
    usual = found["ACME_WS_URL"]
    assert usual.startswith("ws://127.0.0.1:")
    assert found["ACME_WS_URL_SLOW"] == f"{usual}/slow"
    assert list(calls) == ["acme"]
    unspoken = SimulatedProvider(acme.info, [])
    found, calls = asyncio.run(overrides(unspoken))
    assert found["ACME_WS_URL"] == "ws://127.0.0.1:9/acme"
    assert calls == {}


async def test_a_path_names_exchange_and_socket(simulator, open_socket):
    """What is behind is the exchange's own path and query."""
    for socket, target in (("", "/stream?streams=a/b"), ("slow", ""), ("slow", "/v2?x=1")):
        client = await open_socket(socket, target)
        assert await client.frame() == {"hello": target or "/", "socket": socket}
    with pytest.raises(InvalidStatus) as caught:
        await connect(simulator.socket_url("acme").replace("acme", "nobody"))
    assert caught.value.response.status_code == 404


async def test_a_provider_without_sockets_has_no_server(acme):
    """Nothing listens, and nothing of it is named."""
    plain = ProviderInfo(
        name="plain", title="Plain", category="market", base_url="https://plain.example"
    )
    async with Simulator([SimulatedProvider(plain, [])]) as simulator:
        assert set(simulator.overrides()) == {"PLAIN_BASE_URL"}
        assert simulator.socket_calls == {}


async def test_each_kind_is_told(open_socket):
    """At once as a whole, then what changes; heartbeats each second."""
    client = await open_socket()
    for kind, more in (
        ("ticker", {"every_ms": 100}),
        ("order_book", {"every_ms": 100, "depth": 20}),
        ("candles", {"every_ms": 100, "interval": "1m"}),
        ("trades", {"past": 5}),
    ):
        await client.follow(kind, **more)
    wanted = {"ticker": 2, "order_book": 3, "candles": 2, "trades": 2}
    told = {kind: [] for kind in wanted}
    beats = 0
    while not beats or any(len(told[kind]) < count for kind, count in wanted.items()):
        said = json.loads(await asyncio.wait_for(client.socket.recv(), 20))
        beats += "beat" in said
        if "channel" in said:
            told[said["channel"].partition(":")[0]].append(said["data"])
    books = told["order_book"]
    assert [one["whole"] for one in books[:3]] == [True, False, False]
    assert books[1]["first"] == books[0]["last"] + 1
    assert books[2]["previous"] == books[1]["last"]
    assert len(told["trades"][0]) == 5
    ids = [one[0] for row in told["trades"] for one in row]
    assert ids == list(range(ids[0], ids[0] + len(ids)))
    candle, ticker = told["candles"][-1], told["ticker"][-1]
    assert Decimal(candle["low"]) <= Decimal(candle["close"]) <= Decimal(candle["high"])
    assert abs(Decimal(ticker["last"]) / Decimal(candle["close"]) - 1) < Decimal("0.001")


async def test_connections_and_subscriptions_are_counted(simulator, open_socket):
    """Those that are open, and those that ever were, also over HTTP."""
    one, other = await open_socket(), await open_socket()
    await one.follow("ticker")
    await other.follow("ticker")
    await other.follow("trades", "ETH-USDT")
    calls = simulator.socket_calls["acme"]
    assert (calls.opened, calls.open) == (2, 2)
    assert calls.followed == {"ticker:BTC-USDT": 2, "trades:ETH-USDT": 1}
    await other.say("leave", "ticker")
    await until(lambda: calls.followed["ticker:BTC-USDT"] == 1)
    await other.socket.close()
    await until(lambda: calls.open == 1)
    told = (await got(simulator, "/_simulator/calls"))["sockets"]["acme"]
    assert told == {
        "opened": 2,
        "open": 1,
        "subscribed": {"ticker:BTC-USDT": 2, "trades:ETH-USDT": 1},
        "followed": {"ticker:BTC-USDT": 1},
        "cut_slow": 0,
    }


async def test_rest_tells_what_the_feed_tells(acme, hear):
    """A book by REST continues on the socket; lost trades are in REST by their ids."""
    clock = FakeClock()
    async with (
        Simulator([acme], clock) as simulator,
        connect(simulator.socket_url("acme"), ping_interval=None) as socket,
    ):
        client = hear(socket)
        await client.follow("order_book", every_ms=100)
        await client.follow("trades")
        first = await client.told("order_book")
        snapshot = await got(simulator, "/acme/depth?symbol=BTC-USDT&limit=5000")
        assert snapshot == first
        clock.advance(7.5)
        told = {}
        while len(told) < 2:
            said = await client.frame()
            told[said["channel"].partition(":")[0]] = said["data"]
        assert not told["order_book"]["whole"]
        assert told["order_book"]["first"] == snapshot["last"] + 1
        rest = await got(simulator, "/acme/trades?symbol=BTC-USDT")
        assert len(rest) == 1_000
        assert rest[-len(told["trades"]) :] == told["trades"]
        assert len(told["trades"]) > 1


async def test_an_answer_that_is_late_tells_the_same_trades(acme):
    """How an answer is sent changes nothing of what it says."""
    async with Simulator([acme], FakeClock()) as simulator:
        whole = await got(simulator, "/acme/trades?symbol=BTC-USDT")
        simulator.order("acme", "delay", seconds=0.01)
        assert await got(simulator, "/acme/trades?symbol=BTC-USDT") == whole
        assert simulator.log[-1].fault == "delay"


async def test_a_client_that_does_not_read_is_cut_off(simulator, open_socket):
    """It is counted, and nobody else is hurt."""
    slow, good = await open_socket(max_queue=1), await open_socket()
    await slow.follow("order_book", every_ms=50, is_whole=True)
    await good.follow("ticker", every_ms=100)
    simulator.order("acme", "feed_flood", times=20_000, capability="order_book")
    slow.socket.transport.pause_reading()
    calls = simulator.socket_calls["acme"]
    await until(lambda: calls.cut_slow == 1)
    await until(lambda: calls.open == 1)
    simulator.clear()
    assert await good.told("ticker")


async def test_pings_are_answered_and_a_close_too(open_socket):
    """As the protocol wants."""
    client = await open_socket()
    pong = await client.socket.ping(b"abc")
    await client.frame()
    assert await asyncio.wait_for(pong, 5) >= 0
    await client.socket.close(1000, "bye")
    assert client.socket.close_code == 1000


async def test_a_stop_cuts_every_connection(acme):
    """And leaves no task behind."""
    before = asyncio.all_tasks()
    simulator = Simulator([acme])
    await simulator.start()
    async with connect(simulator.socket_url("acme"), ping_interval=None) as socket:
        await socket.send('{"op": "follow", "kind": "ticker", "pair": "BTC-USDT"}')
        await socket.recv()
        await simulator.stop()
        await asyncio.wait_for(socket.wait_closed(), 5)
        assert socket.close_code == 1006
    assert simulator.socket_calls["acme"].open == 0
    assert simulator.socket_calls["acme"].followed == {}
    await until(lambda: asyncio.all_tasks() == before)
