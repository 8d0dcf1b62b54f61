"""Frames are what they are wherever the network cuts their bytes."""

import asyncio
from itertools import pairwise
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from coinmux.framework.transport import websocket
from coinmux.framework.transport.websocket import SocketAddress, WebSocket
from tests.framework.transport.test_websocket import BINARY, MORE, PING, TEXT, accepted, frame

LIMIT = 70_000
TEXTS = st.sampled_from([b"", b"a", "日本".encode(), b"x" * 125, b"x" * 126, b"y" * 65_536])
WHOLE = st.tuples(st.sampled_from([TEXT, BINARY]), TEXTS)
PARTS = st.tuples(st.just(MORE), TEXTS)
PINGS = st.tuples(st.just(PING), st.just(b"now"))


class Transport(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self):
        super().__init__()
        self.written = bytearray()
        self.is_read = True

    def write(self, data):
        self.written += data

    def get_write_buffer_size(self):
        return 0

    def is_closing(self):
        return False

    def pause_reading(self):
        self.is_read = False

    def resume_reading(self):
        self.is_read = True


def sent(messages):
    """The bytes of messages, those in parts with a ping between, and what is to be heard."""
    data, heard = b"", []
    for kind, text in messages:
        if kind == PING:
            data += frame(PING, text)
        elif kind == MORE:
            data += frame(TEXT, text, is_last=False) + frame(PING, b"?") + frame(MORE, b"end")
            heard.append(text.decode() + "end")
        else:
            data += frame(kind, text)
            heard.append(text.decode() if kind == TEXT else text)
    return data, heard


@settings(max_examples=60, deadline=None)
@given(
    st.lists(WHOLE | PARTS | PINGS, max_size=6),
    st.lists(st.integers(0, 200_000), max_size=8),
    st.integers(0, 40),
    st.sampled_from([60.0, 0.0]),
)
def test_messages_come_whole_and_in_order(messages, cuts, small, turn_s):
    """Cut anywhere, in the answer to the handshake too; each ping is answered once.

    Whether all of it is taken in one turn of the loop, or each message in one of its own.
    """

    async def scenario():
        heard, lost = [], []
        address = SocketAddress.parse("wss://exchange.example/")
        socket, transport = WebSocket(address, heard.append, lost.append, LIMIT), Transport()
        socket.connection_made(transport)
        data, expected = sent(messages)
        data = accepted(bytes(transport.written)) + data
        transport.written.clear()
        places = sorted({0, len(data), *range(small), *(cut % (len(data) + 1) for cut in cuts)})
        with patch.object(websocket, "_TURN_S", turn_s):
            for start, end in pairwise(places):
                socket.data_received(data[start:end])
            for _ in range(3 * len(messages) + 1):
                await asyncio.sleep(0)
        assert transport.is_read
        assert heard == expected
        assert lost == []
        pings = sum(kind in (PING, MORE) for kind, _ in messages)
        assert transport.written.count(b"\x8a") >= pings
        assert socket.bytes_in == len(data)

    asyncio.run(scenario())
