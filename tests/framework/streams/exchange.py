"""A small exchange on loopback: a WebSocket server that does what a test tells it to."""

import asyncio
import json
from contextlib import asynccontextmanager

from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

from coinmux import sockets
from coinmux.framework.errors import Malformed, UnknownSymbol
from coinmux.framework.streams.connections import Connections
from coinmux.framework.streams.wires import refusal
from coinmux.framework.transport.pool import Pool
from coinmux.framework.transport.websocket import HandshakeRefused, SocketAddress, open_socket


class Exchange:
    """Confirms every channel it is asked for, but those of `unknown`.

    Attributes:
        peers: connections that are open.
        connected: how many ever were.
        asked: messages that came, oldest first.
        refuse: a status to answer handshakes with.
        is_silent: whether it answers nothing.
    """

    def __init__(self):
        self.peers = []
        self.connected = 0
        self.asked = []
        self.refuse = None
        self.retry_after = None
        self.is_silent = False
        self.unknown = set()
        self.channels = {}

    async def _serve(self, peer):
        self.peers.append(peer)
        self.connected += 1
        try:
            async for text in peer:
                self.asked.append(text)
                if not self.is_silent:
                    await self._answer(peer, json.loads(text))
        except ConnectionClosed:
            pass
        finally:
            self.peers.remove(peer)
            self.channels.pop(peer, None)

    async def _answer(self, peer, message):
        for channel in message.get("channels", ()):
            if channel in self.unknown:
                await peer.send(json.dumps({"op": "unknown", "channel": channel}))
            elif message["op"] == "subscribe":
                self.channels.setdefault(peer, set()).add(channel)
                await peer.send(json.dumps({"op": "subscribed", "channel": channel}))
            else:
                self.channels.get(peer, set()).discard(channel)

    def _before(self, connection, request):
        if self.refuse is None:
            return None
        answer = connection.respond(self.refuse, "no")
        if self.retry_after is not None:
            answer.headers["Retry-After"] = self.retry_after
        return answer

    async def say(self, channel, body):
        """Send a message of a channel to all who follow it."""
        for peer, channels in list(self.channels.items()):
            if channel in channels:
                await peer.send(json.dumps({"op": "data", "channel": channel, "body": body}))

    async def send(self, frame):
        """Send a frame as it is to every peer."""
        for peer in list(self.peers):
            await peer.send(frame)

    def cut(self):
        """Cut every connection without a word."""
        for peer in list(self.peers):
            peer.transport.abort()

    @asynccontextmanager
    async def open(self):
        async with serve(self._serve, "127.0.0.1", 0, process_request=self._before) as server:
            self.port = server.sockets[0].getsockname()[1]
            self.url = f"ws://127.0.0.1:{self.port}/feed?token=s3cret"
            yield self
            self.cut()


class Dialect(sockets.SocketDialect):
    """The exchange's language."""

    def subscribe(self, channels):
        return [json.dumps({"op": "subscribe", "channels": list(channels)})]

    def unsubscribe(self, channels):
        return [json.dumps({"op": "unsubscribe", "channels": list(channels)})]

    def keep_alive(self):
        return '{"op": "ping"}'

    def read(self, frame):
        try:
            said = json.loads(frame)
        except ValueError as error:
            raise Malformed("not JSON") from error
        match said["op"]:
            case "data":
                yield sockets.Message(said["channel"], said["body"])
            case "subscribed":
                yield sockets.Subscribed([said["channel"]])
            case "unknown":
                yield sockets.Refused([said["channel"]], UnknownSymbol(said["channel"]))
            case "leaving":
                yield sockets.Leaving("maintenance")
            case "ping":
                yield sockets.Reply('{"op": "pong"}')
            case _:
                yield sockets.Alive()


class Quiet(Dialect):
    """The same, kept alive by the protocol's own pings."""

    def keep_alive(self):
        return None


class Ear:
    """A listener that remembers."""

    def __init__(self):
        self.log = []

    def begun(self):
        self.log.append("begun")

    def renewed(self):
        self.log.append("renewed")

    def heard(self, said, at):
        self.log.extend(said)

    def unreadable(self, error):
        self.log.append(("unreadable", error.code))

    def lost(self, error):
        self.log.append(("lost", error.code))


def subscription(*channels, silence_s=None, socket="", book=None):
    """Made anew for each connection; its reader gives bodies as they are."""

    def read(channel, body):
        if body == "bad":
            raise Malformed("bad")
        return [(channel, body)]

    return lambda: sockets.Subscription(
        channels=channels, read=read, silence_s=silence_s, socket=socket, book=book
    )


class NoWaits:
    """In place of a random generator: hardly any pause."""

    def uniform(self, low, high):
        return 0.01


@asynccontextmanager
async def connections(exchange, *, dialect=Dialect, **limits):
    """The connections of a source whose exchange this is; closed with everything at the end."""
    pool = Pool()
    info = sockets.SocketInfo(url="wss://acme.example", **limits)
    address = SocketAddress.parse(exchange.url, allowed=True)
    opened, lost, wires = [], [], []

    def open_wire(socket, dialect, until):
        async def opened(on_frame, on_lost):
            try:
                wire = await open_socket(
                    pool, address, on_frame, on_lost, until=until, limit=info.frame_bytes
                )
                wires.append(wire)
                return wire
            except HandshakeRefused as refused:
                raise refusal(refused, 1_764_000_000_000) from refused

        return opened

    made = Connections(
        {"": info}, lambda socket: dialect(), open_wire, rng=NoWaits(),
        on_opened=opened.append, on_lost=lost.append,
    )  # fmt: skip
    made.opened, made.lost, made.wires = opened, lost, wires
    before = asyncio.all_tasks()
    try:
        yield made
    finally:
        await made.close()
        await pool.close()
        ours = {one for one in asyncio.all_tasks() - before if "connections" in repr(one)}
        assert not ours


async def until(condition):
    """Wait until it holds."""
    for _ in range(1_000):
        if condition():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("never came true")
