"""Indicators that are followed, over HTTP and a WebSocket."""

import asyncio
import json
import time

import pytest
import websockets

from coinmux.framework.plugins.discovery import PluginLoader
from coinmux.framework.streams import connections, feed, service
from tests.framework.streams.exchange import until
from tests.server.controllers.test_live import Events
from tests.server.live_exchange import say, served

pytestmark = pytest.mark.realtime
PATH = "/api/indicators/rsi/stream?symbol=btc-usdt&interval=1m&period=7"


@pytest.fixture(autouse=True)
def hasty(monkeypatch):
    """Nothing lingers."""
    monkeypatch.setattr(connections, "_LINGER_S", 0.02)
    monkeypatch.setattr(service, "_LINGER_S", 0.02)
    monkeypatch.setattr(feed, "_QUIET_S", 60)


def history(world):
    """The time of the open candle, before which there are enough."""
    minute = int(time.time() // 60) * 60_000
    world.acme.candles = [
        [minute - at * 60_000, 100, 102 + at % 3, 98, 100 + at % 3, 5] for at in range(1, 300)
    ]
    return minute


def candle(minute, close):
    return [[minute, "100", "104", "98", str(close), "1", False]]


async def test_values_come_as_events(live):
    """In the words of the markets' streams; they resume as those do."""
    async with served(live, *PluginLoader().discover(allow=["rsi"])) as world:
        minute = history(world)
        speaking = asyncio.ensure_future(say(world.exchange, "c:BTC-USDT", candle(minute, 101)))
        async with world.client.stream("GET", PATH, timeout=10) as answer:
            assert answer.status_code == 200
            await speaking
            events = Events(answer)
            kind, first, said = await events.next()
            assert (kind, said["subject"]) == ("snapshot", "RSI(7) BTC/USDT 1m")
            data = said["data"]
            assert (data["indicator"], data["symbol"], data["interval"]) == (
                "rsi",
                "BTC/USDT",
                "1m",
            )
            assert data["parameters"]["period"] == 7
            assert (data["timestamps"][-1], data["last_closed"]) == (minute, False)
            assert len(data["values"]["rsi"]) == len(data["timestamps"]) == 200
            assert (said["meta"]["provider"], said["meta"]["live"]) == ("acme", True)
            await say(world.exchange, "c:BTC-USDT", candle(minute, 102))
            kind, second, said = await events.next()
            assert (kind, said["data"]["timestamps"]) == ("update", [minute])
            headers = {"Last-Event-ID": first}
            async with world.client.stream("GET", PATH, headers=headers, timeout=10) as again:
                kind, ident, _ = await Events(again).next()
                assert (kind, ident) == ("update", second)
        await until(lambda: world.desk.live.open == 0)
        await until(lambda: world.gateway.feeds() == [])


async def test_a_question_for_the_head_follows_nothing_for_long(live):
    """What was begun to answer it ends with it."""
    async with served(live, *PluginLoader().discover(allow=["rsi"])) as world:
        minute = history(world)
        speaking = asyncio.ensure_future(say(world.exchange, "c:BTC-USDT", candle(minute, 101)))
        answer = await world.client.head(PATH)
        await speaking
        assert (answer.status_code, answer.content) == (200, b"")
        await until(lambda: world.gateway.feeds() == [])


async def test_the_socket_follows_indicators_too(live):
    """Beside markets, by members of their own."""
    async with served(live, *PluginLoader().discover(allow=["rsi"])) as world:
        minute = history(world)
        url = world.base.replace("http://", "ws://") + "/api/ws"
        async with websockets.connect(url) as client:
            message = {
                "op": "subscribe", "id": "r", "capability": "indicator", "indicator": "rsi",
                "symbol": "BTC/USDT", "interval": "1m", "parameters": {"period": 7},
            }  # fmt: skip
            await client.send(json.dumps(message))
            await say(world.exchange, "c:BTC-USDT", candle(minute, 101))
            said = {}
            while said.get("event") != "snapshot":
                said = json.loads(await asyncio.wait_for(client.recv(), 5))
            assert said["subscription"] == "r"
            assert said["data"]["parameters"]["period"] == 7


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"indicator": None}, "indicator"),
        ({"symbol": None}, "symbol"),
        ({"symbol": "!!"}, "symbol"),
        ({"indicator": 5}, "indicator"),
        ({"parameters": [1]}, "parameters"),
        ({"parameters": {"period": 1}}, "period"),
        ({"closed_only": "yes"}, "closed_only"),
        ({"interval": "7m"}, "interval"),
        ({"strategy": "best"}, "strategy"),
        ({"depth": 5}, "depth"),
    ],
)
async def test_the_socket_refuses_what_does_not_belong(live, wrong, name):
    """With the member's name; the connection goes on."""
    async with served(live, *PluginLoader().discover(allow=["rsi"])) as world:
        url = world.base.replace("http://", "ws://") + "/api/ws"
        async with websockets.connect(url) as client:
            message = {
                "op": "subscribe", "id": 1, "capability": "indicator", "indicator": "rsi",
                "symbol": "BTC/USDT", **wrong,
            }  # fmt: skip
            given = {name: value for name, value in message.items() if value is not None}
            await client.send(json.dumps(given))
            said = json.loads(await asyncio.wait_for(client.recv(), 5))
            assert said["event"] == "error"
            assert said["problem"]["errors"][0]["name"] == name
            await client.send(json.dumps({"op": "ping"}))
            assert json.loads(await asyncio.wait_for(client.recv(), 5))["event"] == "pong"


async def test_a_followed_indicator_takes_no_age_of_answers(live):
    """What is followed is never taken from a cache."""
    async with served(live, *PluginLoader().discover(allow=["rsi"])) as world:
        answer = await world.client.get(PATH + "&max_age_s=5")
        assert answer.status_code == 400
