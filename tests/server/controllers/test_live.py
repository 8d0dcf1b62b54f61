"""Live feeds over HTTP and a WebSocket, from an exchange on loopback to a reader."""

import asyncio
import json

import pytest
import websockets

from coinmux.framework.streams import connections, feed, service
from tests.framework.streams.exchange import until
from tests.server.live_exchange import say, served

pytestmark = pytest.mark.realtime


@pytest.fixture(autouse=True)
def hasty(monkeypatch):
    """Nothing lingers."""
    monkeypatch.setattr(connections, "_LINGER_S", 0.02)
    monkeypatch.setattr(service, "_LINGER_S", 0.02)
    monkeypatch.setattr(feed, "_QUIET_S", 60)


class Events:
    """Server-sent events as a browser reads them."""

    def __init__(self, answer):
        self._lines = answer.aiter_lines()

    async def next(self):
        found = {}
        async for line in self._lines:
            if not line and found:
                return found["event"], found["id"], json.loads(found["data"])
            name, _, value = line.partition(": ")
            if name:
                found[name] = value
        raise EOFError


async def test_prices_come_as_events(live):
    """A snapshot first, each with its id and its source."""
    async with served(live) as world:
        speaking = asyncio.ensure_future(say(world.exchange, "t:BTC-USDT", 101))
        path = "/api/market/ticker/stream?symbols=btc-usdt"
        async with world.client.stream("GET", path, timeout=10) as answer:
            assert answer.status_code == 200
            assert answer.headers["content-type"] == "text/event-stream"
            await speaking
            events = Events(answer)
            kind, first, data = await events.next()
            assert (kind, data["subject"], data["data"]["last"]) == ("snapshot", "BTC/USDT", 101.0)
            assert (data["meta"]["provider"], data["meta"]["live"]) == ("acme", True)
            await say(world.exchange, "t:BTC-USDT", 102)
            kind, second, data = await events.next()
            assert (kind, data["data"]["last"]) == ("update", 102.0)
            assert second != first
        await until(lambda: world.desk.live.open == 0)


async def test_a_stream_resumes_from_its_last_event(live):
    """What came since is sent, and no snapshot."""
    async with served(live) as world:
        path = "/api/market/ticker/stream?symbols=BTC/USDT"
        speaking = asyncio.ensure_future(say(world.exchange, "t:BTC-USDT", 101))
        async with world.client.stream("GET", path, timeout=10) as answer:
            await speaking
            events = Events(answer)
            _, first, _ = await events.next()
            await say(world.exchange, "t:BTC-USDT", 102)
            await until(lambda: world.gateway.feeds()[0].events >= 2)
            headers = {"Last-Event-ID": first}
            async with world.client.stream("GET", path, headers=headers, timeout=10) as again:
                kind, _, data = await Events(again).next()
                assert (kind, data["data"]["last"]) == ("update", 102.0)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/api/market/ticker/stream", "symbols"),
        ("/api/market/ticker/stream?symbols=BTC/USDT&depth=5", "depth"),
        ("/api/market/candles/stream?symbols=BTC/USDT&interval=7m", "interval"),
        ("/api/market/order-book/stream?symbols=BTC/USDT&depth=0", "depth"),
        ("/api/market/trades/stream?symbols=BTC/USDT&strategy=consensus", "strategy"),
        ("/api/market/ticker/stream?symbols=BTC/USDT&strategy=best", "strategy"),
    ],
)
async def test_what_cannot_be_followed_is_a_problem(live, path, name):
    """Before the stream begins, with the parameter's name."""
    async with served(live) as world:
        answer = await world.client.get(path)
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["name"] == name


async def test_one_socket_follows_several_markets(live):
    """All from one subscription each, however many readers there are."""
    async with served(live) as world:
        url = world.base.replace("http://", "ws://") + "/api/ws"
        async with websockets.connect(url) as one, websockets.connect(url) as other:
            for client in (one, other):
                for at, symbol in enumerate(("BTC/USDT", "ETH/USDT")):
                    message = {"op": "subscribe", "id": at, "capability": "ticker"}
                    await client.send(json.dumps({**message, "symbol": symbol}))
            await say(world.exchange, "t:BTC-USDT", 101)
            await say(world.exchange, "t:ETH-USDT", 3_000)
            for client in (one, other):
                found = {}
                while len(found) < 2:
                    said = json.loads(await asyncio.wait_for(client.recv(), 5))
                    if said["event"] == "snapshot":
                        found[said["subscription"]] = said["data"]["last"]
                assert found == {0: 101.0, 1: 3_000.0}
        asked = [one for one in world.exchange.asked if '"subscribe"' in one]
        assert sum("t:BTC-USDT" in one for one in asked) == 1
        assert sum("t:ETH-USDT" in one for one in asked) == 1


async def test_feeds_are_in_the_metrics(live):
    """What is followed, by whom, what was heard; counters stay when a feed ends."""
    async with served(live) as world:
        before = (await world.client.get("/metrics")).text
        assert "coinmux_feed" not in before
        speaking = asyncio.ensure_future(say(world.exchange, "t:BTC-USDT", 101))
        path = "/api/market/ticker/stream?symbols=BTC/USDT"
        async with world.client.stream("GET", path, timeout=10) as answer:
            await speaking
            events = Events(answer)  # kept: the answer ends with the one who reads it
            await events.next()
            text = (await world.client.get("/metrics")).text
            for line in (
                'coinmux_feeds{capability="ticker",state="live"} 1.0',
                'coinmux_feed_readers{capability="ticker"} 1.0',
                'coinmux_feed_messages_total{capability="ticker"} 1.0',
                'coinmux_sockets{source="acme",state="open"} 1.0',
                'coinmux_socket_bytes_total{source="acme"}',
            ):
                assert line in text
        await until(lambda: not world.exchange.peers)
        text = (await world.client.get("/metrics")).text
        assert 'coinmux_feed_messages_total{capability="ticker"} 1.0' in text
        assert "coinmux_feeds{" not in text
