"""Live events that are written to connections as they are told, over real sockets."""

import asyncio
import json
import socket
import time
from contextlib import asynccontextmanager

import pytest

from coinmux.framework.models.market import Ticker
from coinmux.framework.streams import connections, feed, service
from coinmux.server.asgi import live_lines, sse
from coinmux.server.process.uvicorn_protocol import ServedConnection
from tests.framework.streams.exchange import until
from tests.server.keyed import KEYS, line
from tests.server.live_exchange import say, served

pytestmark = pytest.mark.realtime
TICKER = "/api/market/ticker/stream?symbols=BTC/USDT"
TRADES = "/api/market/trades/stream?symbols=BTC/USDT"
#: Bytes that each buffer between the server and a slow caller takes.
NARROW = 4_096


@pytest.fixture(autouse=True)
def hasty(monkeypatch):
    """Nothing lingers."""
    monkeypatch.setattr(connections, "_LINGER_S", 0.02)
    monkeypatch.setattr(service, "_LINGER_S", 0.02)
    monkeypatch.setattr(feed, "_QUIET_S", 60)


@pytest.fixture
def narrow(monkeypatch):
    """Connections that take little before their caller counts as slow."""
    made = ServedConnection.connection_made

    def connection_made(self, transport):
        made(self, transport)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, NARROW)
        transport.set_write_buffer_limits(NARROW)

    monkeypatch.setattr(ServedConnection, "connection_made", connection_made)


class Caller:
    """Reads the answer's bytes only when a test asks for events."""

    def __init__(self, reader, writer):
        self._reader = reader
        self._writer = writer
        self._raw = b""
        self._body = b""
        self.head = b""
        self.is_whole = False

    async def begun(self):
        while b"\r\n\r\n" not in self._raw:
            self._raw += await asyncio.wait_for(self._reader.read(2_048), 5)
        self.head, _, self._raw = self._raw.partition(b"\r\n\r\n")
        return self

    async def body(self, end=b"\n\n"):
        """What comes until `end`, of the body whose pieces are put together."""
        while end not in self._body:
            while not self._take_piece():
                read = await asyncio.wait_for(self._reader.read(2_048), 5)
                if not read:
                    raise EOFError
                self._raw += read
            if self.is_whole:
                raise EOFError
        text, _, self._body = self._body.partition(end)
        return text.decode()

    def _take_piece(self):
        size, found, rest = self._raw.partition(b"\r\n")
        if not found or len(rest) < int(size, 16) + 2:
            return False
        piece, self._raw = rest[: int(size, 16)], rest[int(size, 16) + 2 :]
        self.is_whole = not piece
        self._body += piece
        return True

    async def event(self):
        """Kind, id and data of the next event."""
        lines = dict(line.split(": ", 1) for line in (await self.body()).splitlines())
        return lines["event"], lines["id"], json.loads(lines["data"])

    def leave(self):
        self._writer.close()


@asynccontextmanager
async def calling(world, path, *headers, method="GET"):
    """A caller whose answer has begun, who has small buffers."""
    port = int(world.base.rpartition(":")[2])
    own = socket.socket()
    own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, NARROW)
    own.setblocking(False)
    await asyncio.get_running_loop().sock_connect(own, ("127.0.0.1", port))
    reader, writer = await asyncio.open_connection(sock=own, limit=1_024)
    head = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", *headers, "", ""]
    writer.write("\r\n".join(head).encode())
    caller = Caller(reader, writer)
    try:
        yield await caller.begun()
    finally:
        writer.close()


@asynccontextmanager
async def market(live, first=100, **settings):
    """A server that has told the price `first`, with a reader who keeps the feed open."""
    async with served(live, **settings) as world:
        stream = world.gateway.stream("ticker", "BTC/USDT")
        entering = asyncio.ensure_future(stream.open())
        await say(world.exchange, "t:BTC-USDT", first)
        await entering
        try:
            yield world
        finally:
            await stream.close()


async def test_a_slow_caller_beside_a_fast_one_loses_no_trade(live, narrow):
    """The fast one is told all at once; the slow one all of it when it reads, each once."""
    now = int(time.time() * 1000)
    async with served(live) as world:
        speaking = asyncio.ensure_future(say(world.exchange, "x:BTC-USDT", [[0, now]]))
        async with calling(world, TRADES) as slow, calling(world, TRADES) as fast:
            await speaking
            numbers = []
            for number in range(1, 301):
                await world.exchange.say("x:BTC-USDT", [[number, now]])
                if number % 50 == 0:
                    while not numbers or numbers[-1] < number:
                        _, _, told = await fast.event()
                        numbers += [int(one["id"]) for one in told["data"]["trades"]]
            assert numbers == list(range(301))
            (use,) = world.gateway.feeds()
            assert (use.readers, use.dropped) == (2, 0)
            numbers = []
            while not numbers or numbers[-1] < 300:
                _, _, told = await slow.event()
                numbers += [int(one["id"]) for one in told["data"]["trades"]]
            assert numbers == list(range(301))
            await world.exchange.say("x:BTC-USDT", [[301, now]])
            for caller in (slow, fast):
                _, _, told = await caller.event()
                assert [one["id"] for one in told["data"]["trades"]] == ["301"]


async def test_a_slow_caller_gets_the_newest_price_and_none_out_of_order(live, narrow):
    """It is not told all those in between."""
    async with (
        market(live) as world,
        calling(world, TICKER) as slow,
        calling(world, TICKER) as fast,
    ):
        for number in range(1, 301):
            await world.exchange.say("t:BTC-USDT", 100 + number / 100)
            while (await fast.event())[2]["data"]["last"] < 100 + number / 100:
                pass
        prices = []
        while not prices or prices[-1] < 103:
            prices.append((await slow.event())[2]["data"]["last"])
        assert prices == sorted(prices)
        assert prices[0] == 100.0
        assert len(prices) < 200
        await world.exchange.say("t:BTC-USDT", 104)
        assert (await slow.event())[2]["data"]["last"] == 104.0


async def test_an_event_is_encoded_and_framed_once_for_all_connections(live, monkeypatch):
    """Twenty callers get the very same bytes, and each of them only its request's own task."""
    counted = {"encoded": 0, "framed": 0}
    encode, framed = Ticker.encode, live_lines.framed

    def counting_encode(self):
        counted["encoded"] += 1
        return encode(self)

    def counting_framed(*given):
        counted["framed"] += 1
        return framed(*given)

    async with market(live) as world:
        before = len(asyncio.all_tasks())
        callers = [calling(world, TICKER) for _ in range(20)]
        opened = [await one.__aenter__() for one in callers]
        for caller in opened:
            assert (await caller.event())[0] == "snapshot"
        assert len(asyncio.all_tasks()) == before + len(opened)
        monkeypatch.setattr(Ticker, "encode", counting_encode)
        monkeypatch.setattr(live_lines, "framed", counting_framed)
        for number in range(3):
            await world.exchange.say("t:BTC-USDT", 101 + number)
            told = [await caller.event() for caller in opened]
            assert len({ident for _, ident, _ in told}) == 1
            assert {data["data"]["last"] for _, _, data in told} == {101.0 + number}
        monkeypatch.undo()
        assert counted == {"encoded": 3, "framed": 3}
        for one in callers:
            await one.__aexit__(None, None, None)
        await until(lambda: world.desk.live.open == 0)
        assert world.gateway.feeds()[0].readers == 1


async def test_several_markets_come_in_one_stream(live):
    """Each event has the newest id of every market, and such ids resume all of them."""
    path = "/api/market/ticker/stream?symbols=BTC/USDT,ETH/USDT"
    async with market(live) as world:
        speaking = asyncio.ensure_future(say(world.exchange, "t:ETH-USDT", 3_000))
        async with calling(world, path) as one, calling(world, path) as other:
            await speaking
            for caller in (one, other):
                subjects = {(await caller.event())[2]["subject"] for _ in range(2)}
                assert subjects == {"BTC/USDT", "ETH/USDT"}
            await world.exchange.say("t:BTC-USDT", 101)
            _, first, _ = await one.event()
            await world.exchange.say("t:ETH-USDT", 3_001)
            _, second, data = await one.event()
            assert data["data"]["last"] == 3_001.0
            (btc, eth), (same, newer) = first.split(","), second.split(",")
            assert (btc, eth != newer) == (same, True)
            assert [(await other.event())[1] for _ in range(2)] == [first, second]
            async with calling(world, path, f"Last-Event-ID: {first}") as again:
                kind, ident, data = await again.event()
                assert (kind, ident.split(",")[1], data["data"]["last"]) == (
                    "update", newer, 3_001.0,
                )  # fmt: skip


async def test_silence_is_broken_for_all_by_one_timer(live, monkeypatch):
    """A comment comes to each connection."""
    monkeypatch.setattr(sse, "HEARTBEAT_S", 0.1)
    async with (
        market(live) as world,
        calling(world, TICKER) as one,
        calling(world, TICKER) as other,
    ):
        for caller in (one, other):
            await caller.event()
            assert await caller.body() == ": still here"


async def test_a_server_that_stops_ends_the_answer(live):
    """As a whole one, so that its caller connects again from the last event."""
    async with market(live) as world, calling(world, TICKER) as caller:
        await caller.event()
        world.edge.traffic.draining = True
        with pytest.raises(EOFError):
            await caller.event()
        assert caller.is_whole
        await until(lambda: world.desk.live.open == 0)
        world.edge.traffic.draining = False


async def test_a_feed_that_ends_ends_the_answer(live):
    """What was told before comes first."""
    async with served(live) as world:
        speaking = asyncio.ensure_future(say(world.exchange, "t:BTC-USDT", 100))
        async with calling(world, TICKER) as caller:
            await speaking
            await caller.event()
            (voice,) = world.gateway._live_feeds()._feeds.values()
            await voice.close()
            with pytest.raises(EOFError):
                await caller.event()
            assert caller.is_whole


async def test_a_question_for_the_head_alone_follows_nothing(live):
    """The head of a stream, and no reader is left."""
    async with market(live) as world, calling(world, TICKER, method="HEAD") as caller:
        assert b"text/event-stream" in caller.head
        await until(lambda: world.gateway.feeds()[0].readers == 1)
        assert world.desk.live.open == 0


async def test_a_caller_who_leaves_while_it_is_slow_is_forgotten(live, narrow):
    """Whatever waits for it."""
    async with market(live) as world:
        async with calling(world, TICKER) as slow:
            for number in range(200):
                await world.exchange.say("t:BTC-USDT", 100 + number / 100)
            await until(lambda: world.gateway.feeds()[0].events >= 200)
            assert world.gateway.feeds()[0].readers == 2
            slow.leave()
        await until(lambda: world.gateway.feeds()[0].readers == 1)
        assert world.desk.live.open == 0


async def test_a_caller_with_a_key_is_written_to_as_well(live):
    """Its answer's head is dressed; events come as they are told."""
    async with market(live, API_KEYS=line("alice"), ADMIN_TOKEN="t" * 32) as world:
        async with calling(world, TICKER) as refused:
            assert refused.head.startswith(b"HTTP/1.1 401")
        async with calling(world, TICKER, f"X-API-Key: {KEYS['alice']}") as caller:
            await caller.event()
            await world.exchange.say("t:BTC-USDT", 101)
            assert (await caller.event())[2]["data"]["last"] == 101.0
