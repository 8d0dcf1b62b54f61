"""The WebSocket protocol on one TCP connection of a server, and ways to break it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

if TYPE_CHECKING:
    from coinmux.framework.plugins import socket_dialect


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a handshake is refused with."""

    status: int
    text: str
    headers: Mapping[str, str] = field(default_factory=dict)


class Hearer(Protocol):
    """Who speaks over a connection."""

    def begun(self, wire: Wire) -> None:
        """The handshake is done."""
        ...

    def hears(self) -> bool:
        """Whether what comes now is heard at all."""
        ...

    def is_mute(self) -> bool:
        """Whether pings are not answered."""
        ...

    def heard(self, frame: socket_dialect.Frame) -> None:
        """A whole message came."""
        ...

    def ended(self) -> None:
        """The connection is gone."""
        ...


class Wire(asyncio.Protocol):
    """One connection.

    Args:
        accept: who speaks to a client that asks for this path and query.
        wires: open connections; it keeps itself in them.
    """

    def __init__(self, accept: Callable[[str], Hearer | Refusal], wires: set[Wire]) -> None:
        self._accept = accept
        self._wires = wires
        self._protocol = ServerProtocol(max_size=1_048_576)
        self._transport: Any = None
        self._hearer: Hearer | None = None
        self._parts: list[bytes] = []
        self._is_text = True

    @property
    def waiting(self) -> int:
        """Bytes that the client has not taken yet."""
        return int(self._transport.get_write_buffer_size())

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._wires.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._wires.discard(self)
        if self._hearer is not None:
            self._hearer.ended()

    def data_received(self, data: bytes) -> None:
        if self._hearer is not None and not self._hearer.hears():
            return
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            if isinstance(event, Request):
                self._shake(event)
            elif isinstance(event, Frame):
                self._read(event)
        self._flush()

    def eof_received(self) -> bool:
        self._protocol.receive_eof()
        self._flush()
        return False

    def send(self, frame: socket_dialect.Frame) -> None:
        """Send a message; nothing once the connection ends."""
        if self._transport.is_closing() or self._protocol.close_expected():
            return
        if isinstance(frame, str):
            self._protocol.send_text(frame.encode())
        else:
            self._protocol.send_binary(frame)
        self._flush()

    def close(self, code: int, reason: str) -> None:
        """Send a close frame."""
        self._protocol.send_close(code, reason)
        self._flush()

    def write(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._transport.write(data)

    def cut(self) -> None:
        """End it without a word."""
        self._transport.abort()

    def _shake(self, request: Request) -> None:
        found = self._accept(request.path)
        if isinstance(found, Refusal):
            response = self._protocol.reject(found.status, found.text)
            for name, value in found.headers.items():
                response.headers[name] = value
            self._protocol.send_response(response)
            return
        response = self._protocol.accept(request)
        self._protocol.send_response(response)
        self._flush()
        if response.status_code == 101:
            self._hearer = found
            found.begun(self)

    def _read(self, frame: Frame) -> None:
        assert self._hearer is not None
        if frame.opcode == Opcode.PING and self._hearer.is_mute():
            # The answer is made already.
            self._protocol.data_to_send()
        if frame.opcode in (Opcode.PING, Opcode.PONG, Opcode.CLOSE):
            return
        if frame.opcode != Opcode.CONT:
            self._is_text = frame.opcode == Opcode.TEXT
            self._parts.clear()
        self._parts.append(bytes(frame.data))
        if frame.fin:
            whole = b"".join(self._parts)
            self._parts.clear()
            self._hearer.heard(whole.decode() if self._is_text else whole)

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self._transport.write(data)
            else:
                # The protocol is over: so is the connection.
                self._transport.close()
