"""One WebSocket against servers that do what no good one does, on loopback."""

import asyncio
import base64
import hashlib
import struct
import time
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.server import serve

from coinmux.framework.errors import (
    Disconnected,
    ProtocolViolation,
    TLSFailure,
    TooLarge,
    UpstreamTimeout,
)
from coinmux.framework.testing.raw_server import Peer, RawServer
from coinmux.framework.transport.pool import Pool
from coinmux.framework.transport.websocket import HandshakeRefused, SocketAddress, open_socket
from tests.framework.streams.exchange import until
from tests.framework.transport.test_client import Certificates

pytestmark = pytest.mark.realtime
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, BINARY, CLOSE, PING, MORE = 1, 2, 8, 9, 0


def frame(opcode, data=b"", *, is_last=True, reserved=0):
    """A frame as a server sends it."""
    head = bytes([is_last << 7 | reserved << 4 | opcode])
    if len(data) < 126:
        return head + bytes([len(data)]) + data
    if len(data) < 65_536:
        return head + b"\x7e" + struct.pack("!H", len(data)) + data
    return head + b"\x7f" + struct.pack("!Q", len(data)) + data


def accepted(request, *more):
    """The answer to a handshake."""
    key = next(
        line.partition(b":")[2].strip()
        for line in request.split(b"\r\n")
        if line.lower().startswith(b"sec-websocket-key:")
    )
    accept = base64.b64encode(hashlib.sha1(key + _GUID).digest())
    lines = [
        b"HTTP/1.1 101 Switching Protocols", b"Upgrade: websocket", b"Connection: Upgrade",
        b"Sec-WebSocket-Accept: " + accept, *more,
    ]  # fmt: skip
    return b"\r\n".join([*lines, b"", b""])


def saying(*frames):
    """A server that accepts, sends these frames, and stays."""

    async def handle(peer):
        await peer.send(accepted(await peer.request()))
        for one in frames:
            await peer.send(one)
        await peer.hang()

    return RawServer(handle)


class Heard:
    """What came, and why it ended."""

    def __init__(self):
        self.frames = []
        self.lost = asyncio.get_running_loop().create_future()

    async def error(self):
        return await asyncio.wait_for(self.lost, 5)


@asynccontextmanager
async def opened(url, *, limit=1_000, seconds=5.0, on_frame=None, **pool_options):
    """An open socket, and what it hears."""
    pool = Pool(**pool_options)
    heard = Heard()
    address = SocketAddress.parse(url.replace("http", "ws", 1), allowed=True)
    end = asyncio.get_running_loop().time() + seconds
    socket = None
    try:
        socket = await open_socket(
            pool, address, on_frame or heard.frames.append, heard.lost.set_result,
            until=end, limit=limit,
        )  # fmt: skip
        yield socket, heard
    finally:
        if socket is not None:
            socket.abort()
            await socket.wait_closed()
        await pool.close()


@pytest.mark.parametrize(
    "wrong", [{"address": "127.0.0.2"}, {"own": True}, {"days": -1}],
    ids=["another host", "self-signed", "expired"],
)  # fmt: skip
async def test_a_wrong_certificate_is_refused(tmp_path, wrong):
    """And never tried without verification."""
    certificates = Certificates(tmp_path)
    async with RawServer(Peer.hang, context=certificates.server(**wrong)) as server:
        with pytest.raises(TLSFailure):
            async with opened(server.url, ca_file=str(certificates.file)):
                pass
        assert server.requests == []


async def test_a_good_certificate_is_taken(tmp_path):
    """By the authority that is trusted."""
    certificates = Certificates(tmp_path)
    context = certificates.server()

    async def handle(peer):
        await peer.send(accepted(await peer.request()) + frame(TEXT, b"hello"))
        await peer.hang()

    async with (
        RawServer(handle, context=context) as server,
        opened(server.url, ca_file=str(certificates.file)) as (socket, heard),
    ):
        await until(lambda: heard.frames)
        assert heard.frames == ["hello"]
        assert socket.bytes_in > 100


async def test_a_handshake_that_is_never_answered_ends_in_time():
    """The server holds the line and says nothing."""
    async with RawServer(Peer.hang) as server:
        with pytest.raises(UpstreamTimeout, match="no answer to the handshake"):
            async with opened(server.url, seconds=0.2):
                pass


async def test_a_handshake_that_is_no_websocket_is_refused():
    """A status is told, anything else is a broken protocol."""
    async with RawServer.answering(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n") as server:
        with pytest.raises(HandshakeRefused) as caught:
            async with opened(server.url):
                pass
        assert caught.value.status == 403

    async def wrong_key(peer):
        answer = accepted(b"Sec-WebSocket-Key: " + base64.b64encode(bytes(16)))
        await peer.request()
        await peer.send(answer)
        await peer.hang()

    async with RawServer(wrong_key) as server:
        with pytest.raises(ProtocolViolation):
            async with opened(server.url):
                pass


async def test_compression_that_nobody_asked_for_is_refused():
    """In the handshake, and in a frame: a bomb is never unpacked."""

    async def handle(peer):
        extension = b"Sec-WebSocket-Extensions: permessage-deflate"
        await peer.send(accepted(await peer.request(), extension))
        await peer.hang()

    async with RawServer(handle) as server:
        with pytest.raises(ProtocolViolation):
            async with opened(server.url):
                pass
    bomb = frame(TEXT, b"\x00" * 100, reserved=4)
    async with saying(bomb) as server, opened(server.url) as (_, heard):
        assert isinstance(await heard.error(), ProtocolViolation)
        assert heard.frames == []


@pytest.mark.parametrize(
    "frames",
    [
        [frame(TEXT, b"x" * 1_001)],
        [frame(TEXT, b"x" * 600, is_last=False), frame(MORE, b"x" * 600)],
        # A length alone is enough: nothing of it is waited for.
        [b"\x81\x7f" + struct.pack("!Q", 1 << 40)],
    ],
    ids=["one frame", "several frames", "a length"],
)
async def test_a_message_over_the_limit_ends_the_connection(frames):
    """Before it is there as a whole."""
    async with saying(*frames) as server, opened(server.url) as (_, heard):
        error = await heard.error()
        assert isinstance(error, TooLarge)
        assert "1000 bytes" in error.detail
        assert heard.frames == []


async def test_a_message_of_endless_empty_parts_ends_the_connection():
    """None of them has a byte that would count."""
    begin, more = frame(TEXT, is_last=False), frame(MORE, is_last=False) * 1_000
    async with saying(begin, *[more] * 11) as server, opened(server.url) as (_, heard):
        assert isinstance(await heard.error(), TooLarge)


async def test_what_is_cut_into_parts_is_one_message():
    """Of each kind, with pings in between."""
    frames = [
        frame(TEXT, b"one ", is_last=False), frame(PING, b"?"), frame(MORE, b"two"),
        frame(BINARY, b"\x00", is_last=False), frame(MORE, b"\x01"),
    ]  # fmt: skip
    async with saying(*frames) as server, opened(server.url) as (_, heard):
        await until(lambda: len(heard.frames) == 2)
        assert heard.frames == ["one two", b"\x00\x01"]


async def test_a_server_that_says_goodbye_and_stays_has_left():
    """Its connection ends at once, with its reason, not when it hangs up."""
    goodbye = frame(CLOSE, struct.pack("!H", 1001) + b"maintenance")
    async with saying(goodbye) as server, opened(server.url) as (socket, heard):
        error = await heard.error()
        assert isinstance(error, Disconnected)
        assert "code 1001: 'maintenance'" in error.detail
        await asyncio.wait_for(socket.wait_closed(), 1)


@pytest.mark.parametrize("is_mute", [False, True], ids=["talks on", "half-open"])
async def test_a_server_that_does_not_answer_our_close_is_left(monkeypatch, is_mute):
    """What it says meanwhile is not heard."""
    monkeypatch.setattr("coinmux.framework.transport.websocket._CLOSE_S", 0.1)

    async def handle(peer):
        await peer.send(accepted(await peer.request()))
        await (peer.hang() if is_mute else peer.loop(frame(TEXT, b"more"), pause_s=0.01))

    async with RawServer(handle) as server, opened(server.url) as (socket, heard):
        socket.close()
        before = len(heard.frames)
        await asyncio.wait_for(socket.wait_closed(), 5)
        assert socket.is_ended
        assert len(heard.frames) == before
        assert not heard.lost.done()


async def test_a_close_that_is_answered_ends_the_connection():
    """Without a wait."""

    async def stay(peer):
        await peer.wait_closed()

    async with serve(stay, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with opened(f"http://127.0.0.1:{port}") as (socket, heard):
            socket.close()
            socket.close()
            await asyncio.wait_for(socket.wait_closed(), 1)
            assert not heard.lost.done()


async def test_nothing_is_kept_of_a_flood_but_the_message_that_is_not_complete():
    """However fast a server sends: the rest waits there."""
    small, big = frame(TEXT, b'{"price": 1}') * 4_000, frame(TEXT, b"x" * 200_000)
    last = frame(TEXT, b"last")
    kept, sockets, done = [], [], asyncio.Event()

    def take(text):
        kept.append(sum(len(one._wire.reader.buffer) for one in sockets))
        if text == "last":
            done.set()

    async def flood(peer):
        await peer.send(accepted(await peer.request()))
        for one in [small, big, big, small] * 8 + [last]:
            await peer.send(one)
        await peer.hang()

    async with (
        RawServer(flood) as server,
        opened(server.url, limit=300_000, on_frame=take) as (socket, _),
    ):
        sockets.append(socket)
        await asyncio.wait_for(done.wait(), 60)
        assert socket.bytes_in > 4_000_000
    assert len(kept) == 8 * (2 * 4_000 + 2) + 1
    assert max(kept) <= 300_000


async def test_a_flood_leaves_others_their_turns_and_nothing_is_lost_of_it():
    """In the order it came, up to the end of the connection; here each message takes a while."""
    heard, turns, ended = [], 0, asyncio.Event()

    def take(text):
        heard.append(text)
        busy_until = time.perf_counter() + 0.000_2
        while time.perf_counter() < busy_until:
            pass

    async def flood(peer):
        await peer.send(accepted(await peer.request()))
        numbers = [frame(TEXT, str(number).encode()) for number in range(2_000)]
        await peer.send(b"".join(numbers) + frame(CLOSE, struct.pack("!H", 1000)))
        await peer.hang()

    async def take_turns():
        nonlocal turns
        while not ended.is_set():
            turns += bool(heard)
            await asyncio.sleep(0)

    async with RawServer(flood) as server, opened(server.url, on_frame=take) as (_, told):
        others = asyncio.ensure_future(take_turns())
        error = await told.error()
        ended.set()
        await others
    assert heard == [str(number) for number in range(2_000)]
    assert isinstance(error, Disconnected)
    assert turns > 20


async def test_a_flood_over_tls_is_read_to_its_end(tmp_path):
    """What was decrypted already waits, too."""
    certificates = Certificates(tmp_path)
    heard, done = [], asyncio.Event()

    def take(text):
        heard.append(text)
        time.sleep(0.000_3)
        if len(heard) == 2_000:
            done.set()

    async def flood(peer):
        await peer.send(accepted(await peer.request()))
        numbers = [frame(TEXT, str(number).encode()) for number in range(2_000)]
        await peer.send(b"".join(numbers))
        await peer.hang()

    async with (
        RawServer(flood, context=certificates.server()) as server,
        opened(server.url, ca_file=str(certificates.file), on_frame=take),
    ):
        await asyncio.wait_for(done.wait(), 30)
    assert heard == [str(number) for number in range(2_000)]


async def test_a_peer_that_does_not_read_is_left():
    """Once more waits for it than a client ever has to say."""

    async def deaf(peer):
        await peer.send(accepted(await peer.request()))
        await asyncio.Event().wait()

    async with RawServer(deaf) as server, opened(server.url) as (socket, heard):
        for _ in range(100):
            socket.send(b"x" * 262_144)
        error = await heard.error()
        assert "does not read" in error.detail
        assert not socket.is_open
