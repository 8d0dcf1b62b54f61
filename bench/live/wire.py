"""Frames as the bytes that come from a connection, and our WebSocket past its handshake."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Callable
from typing import Any

from coinmux.framework.plugins.socket_dialect import Frame
from coinmux.framework.transport.websocket import SocketAddress, WebSocket

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_LIMIT = 16_777_216


def framed(frame: Frame) -> bytes:
    """A frame as a server sends it, uncompressed."""
    data = frame.encode() if isinstance(frame, str) else frame
    kind = b"\x81" if isinstance(frame, str) else b"\x82"
    if len(data) < 126:
        return kind + bytes([len(data)]) + data
    if len(data) < 65_536:
        return kind + b"\x7e" + len(data).to_bytes(2, "big") + data
    return kind + b"\x7f" + len(data).to_bytes(8, "big") + data


def receiver(on_frame: Callable[[Frame], None], on_lost: Any) -> Callable[[bytes], None]:
    """Takes the bytes of an open connection, as its event loop would give them to our client."""
    written = bytearray()
    address = SocketAddress.parse("wss://exchange.example/stream")
    socket = WebSocket(address, on_frame, on_lost, _LIMIT)
    socket.connection_made(_Transport(written))
    lines = bytes(written).split(b"\r\n")
    key = next(one[19:] for one in lines if one.lower().startswith(b"sec-websocket-key: "))
    accept = base64.b64encode(hashlib.sha1(key + _GUID).digest())
    socket.data_received(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )
    return socket.data_received


class _Transport(asyncio.Transport):
    """Notes what is written."""

    def __init__(self, written: bytearray) -> None:
        super().__init__()
        self._written = written

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._written += data

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return False

    def abort(self) -> None:
        """Nothing is open."""
