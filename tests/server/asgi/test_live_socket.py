"""`/api/ws` with a real client over a real socket."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest
import websockets

from coinmux.server.asgi import live_socket
from coinmux.server.asgi.live_socket import LiveSocket
from coinmux.server.asgi.sse import Streams
from tests.server.keyed import bearer, line
from tests.server.live_streams import ScriptedStreams, event

pytestmark = pytest.mark.realtime
BTC = {"op": "subscribe", "id": 1, "capability": "ticker", "symbol": "BTC/USDT"}


@asynccontextmanager
async def talking(world, path="/api/ws", **options):
    """A client of the socket, what the server opens for it, and how to say and hear."""
    streams = ScriptedStreams()
    world.edge.live = LiveSocket(world.gateway, world.desk.live, streams)
    url = world.base.replace("http://", "ws://") + path
    async with websockets.connect(url, **options) as client:
        yield Talk(client, streams)


class Talk:
    def __init__(self, client, streams):
        self.client = client
        self.streams = streams

    async def say(self, message):
        text = message if isinstance(message, str | bytes) else json.dumps(message)
        await self.client.send(text)

    async def hear(self):
        return json.loads(await asyncio.wait_for(self.client.recv(), 5))

    async def ask(self, message):
        await self.say(message)
        return await self.hear()


async def until(condition):
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("never came true")


async def test_a_market_is_followed_under_the_callers_id(live):
    """It is confirmed, its snapshot comes, then what happens, each with provenance."""
    async with live(a=[1.0]) as world, talking(world) as talk:
        assert await talk.ask(BTC) == {"event": "subscribed", "subscription": 1}
        first = await talk.hear()
        assert first["event"] == "snapshot"
        assert (first["subscription"], first["id"], first["subject"]) == (1, "f-1", "BTC/USDT")
        assert first["data"]["last"] == 100.0
        assert first["meta"]["provider"] == "acme"
        talk.streams.streams["BTC/USDT"].say(event(2, 101.0), event(3, kind="stale"))
        second, third = await talk.hear(), await talk.hear()
        assert (second["event"], second["data"]["last"]) == ("update", 101.0)
        assert (third["event"], third["data"]) == ("stale", None)


async def test_what_is_asked_for_reaches_the_stream(live):
    """Interval, provider and the last id, in the words of the routes."""
    message = {
        "op": "subscribe", "id": "x", "capability": "candles", "symbol": "btc-usdt",
        "interval": "5m", "provider": "Kraken", "since": "f-7",
    }  # fmt: skip
    async with live(a=[1.0]) as world, talking(world) as talk:
        await talk.ask(message)
        (question,) = talk.streams.asked
        assert (str(question.symbol), question.fields) == ("BTC/USDT", {"interval": "5m"})
        assert (question.options.provider, question.since) == ("kraken", "f-7")


async def test_it_is_followed_no_longer_once_that_is_said(live):
    """The stream behind it is closed, and the id may be used again."""
    async with live(a=[1.0]) as world, talking(world) as talk:
        await talk.ask(BTC)
        await talk.hear()
        assert await talk.ask({"op": "unsubscribe", "id": 1}) == {
            "event": "unsubscribed", "subscription": 1,
        }  # fmt: skip
        assert talk.streams.streams["BTC/USDT"].closed
        assert (await talk.ask(BTC))["event"] == "subscribed"


async def test_a_stream_that_ends_is_told(live):
    """The caller may subscribe again."""
    async with live(a=[1.0]) as world, talking(world) as talk:
        await talk.ask(BTC)
        await talk.hear()
        talk.streams.streams["BTC/USDT"].end()
        assert (await talk.hear())["event"] == "unsubscribed"


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ("{", "message"),
        ("[1]", "message"),
        (b"\x00\x01", "message"),
        ({"op": "shout", "id": 1}, "op"),
        ({**BTC, "id": None}, "id"),
        ({**BTC, "id": True}, "id"),
        ({**BTC, "capability": "tickr"}, "capability"),
        ({**BTC, "symbol": 7.5}, "symbol"),
        ({**BTC, "depth": 5}, "depth"),
        ({**BTC, "capability": "order_book", "depth": "5"}, "depth"),
        ({**BTC, "provider": ["a"]}, "provider"),
        ({**BTC, "since": 7}, "since"),
        ({**BTC, "capability": "candles", "interval": "7m"}, "interval"),
        ({**BTC, "capability": "order-book", "depth": 0}, "depth"),
        ({"op": "unsubscribe", "id": 9}, "id"),
    ],
)
async def test_a_message_that_will_not_do_is_answered_with_the_reason(live, message, name):
    """A problem document that names the member; the connection goes on."""
    async with live(a=[1.0]) as world, talking(world) as talk:
        said = await talk.ask(message)
        assert said["event"] == "error"
        assert said["problem"]["errors"][0]["name"] == name
        if name == "op":
            assert said["problem"]["detail"] == "op takes subscribe, unsubscribe or ping"
        assert (await talk.ask({"op": "ping"}))["event"] == "pong"


async def test_a_pair_nobody_lists_is_an_error_of_its_subscription(live):
    """The other subscriptions go on, and the id is free."""
    async with live(a=[1.0]) as world, talking(world) as talk:
        await talk.ask(BTC)
        await talk.hear()
        said = await talk.ask({**BTC, "id": 2, "symbol": "XXX/USDT"})
        assert (said["subscription"], said["problem"]["code"]) == (2, "unknown_symbol")
        talk.streams.streams["BTC/USDT"].say(event(2, 101.0))
        assert (await talk.hear())["subscription"] == 1


async def test_a_defect_behind_a_subscription_is_told_and_ends_no_other(live):
    """As an internal error, without its text."""
    async with live(a=[1.0]) as world, talking(world) as talk:
        await talk.ask(BTC)
        await talk.hear()
        talk.streams.streams["BTC/USDT"].say("no event")
        said = await talk.hear()
        assert (said["event"], said["problem"]["status"]) == ("error", 500)
        assert (await talk.ask({"op": "ping"}))["event"] == "pong"


async def test_one_connection_follows_no_more_than_its_share(live, monkeypatch):
    """Neither markets nor messages without end."""
    monkeypatch.setattr(live_socket, "MOST_SYMBOLS", 1)
    monkeypatch.setattr(live_socket, "_MESSAGES", 4)
    async with live(a=[1.0]) as world, talking(world) as talk:
        await talk.ask(BTC)
        await talk.hear()
        said = await talk.ask({**BTC, "id": 2, "symbol": "ETH/USDT"})
        assert said["problem"]["code"] == "rate_limited"
        said = [await talk.ask({"op": "ping"}) for _ in range(4)]
        assert said[-1]["problem"]["retry_after_s"] > 0


async def test_leaving_closes_what_was_followed(live):
    """Nothing is followed for a caller who is gone."""
    async with live(a=[1.0]) as world:
        async with talking(world) as talk:
            await talk.ask(BTC)
            await talk.hear()
            assert world.desk.live.open == 1
        await until(lambda: talk.streams.streams["BTC/USDT"].closed)
        await until(lambda: world.desk.live.open == 0)


async def test_a_server_that_stops_says_so(live):
    """The close says that it goes away, so that a client connects elsewhere."""
    async with live(a=[1.0]) as world, talking(world) as talk:
        await talk.ask(BTC)
        await talk.hear()
        world.edge.traffic.draining = True
        with pytest.raises(websockets.ConnectionClosed):
            await talk.hear()
        assert talk.client.close_code == 1001


async def test_silence_is_broken_by_a_heartbeat(live, monkeypatch):
    """A caller can tell a quiet market from a dead connection."""
    monkeypatch.setattr(live_socket, "HEARTBEAT_S", 0.01)
    async with live(a=[1.0]) as world, talking(world) as talk:
        assert (await talk.hear())["event"] == "heartbeat"


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/api/ws?x=1", {}, 400),
        ("/api/ws", {"Origin": "https://elsewhere.example"}, 403),
        ("/api/ws", {"Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
async def test_a_handshake_that_will_not_do_is_refused(live, path, headers, status):
    """With a problem document, before anything is opened."""
    async with live(a=[1.0]) as world:
        with pytest.raises(websockets.InvalidStatus) as refused:
            async with talking(world, path, additional_headers=headers):
                pass
        assert refused.value.response.status_code == status
        assert json.loads(refused.value.response.body)["status"] == status


async def test_no_other_path_speaks_websocket(live):
    """It is answered as the request it is."""
    async with live(a=[1.0]) as world:
        with pytest.raises(websockets.InvalidStatus) as refused:
            async with talking(world, "/api/status"):
                pass
        assert refused.value.response.status_code == 200


async def test_no_more_sockets_are_open_than_may_be(live):
    """The next one is refused with the time after which it may come."""
    async with live(a=[1.0]) as world:
        world.desk.live = Streams(world.edge.traffic, 1)
        async with talking(world):
            await until(lambda: world.desk.live.open == 1)
            with pytest.raises(websockets.InvalidStatus) as refused:
                async with talking(world):
                    pass
        assert refused.value.response.status_code == 503
        assert int(refused.value.response.headers["Retry-After"]) >= 1


async def test_a_key_is_needed_where_keys_are_set(live):
    """As for a question about a market."""
    settings = {"API_KEYS": line("alice"), "ADMIN_TOKEN": "t" * 32}
    async with live(settings, a=[1.0]) as world:
        with pytest.raises(websockets.InvalidStatus) as refused:
            async with talking(world):
                pass
        assert refused.value.response.status_code == 401
        async with talking(world, additional_headers=bearer("alice")) as talk:
            assert (await talk.ask(BTC))["event"] == "subscribed"
