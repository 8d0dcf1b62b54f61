"""HTTP/1.1 over raw TCP: whole requests in, the given bytes out, however wrong they are."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from coinmux.framework.simulator.delivery import Delivery, wire
from coinmux.framework.simulator.player import PlayedAnswer

_HEAD_LIMIT = 65_536
_BODY_LIMIT = 8_388_608


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came.

    Attributes:
        target: path and query, undecoded.
        headers: lower-case names; of a repeated one the last.
    """

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


Handle = Callable[[Request], Delivery]


class Loopback:
    """A server on one address.

    Args:
        handle: answers each request at once; its `Delivery` says how long to wait.

    Attributes:
        peers: connections that are open.
        tasks: deliveries under way.
        quiet: set when the last connection has closed.
    """

    def __init__(self, handle: Handle) -> None:
        self.handle = handle
        self.peers: set[_Peer] = set()
        self.tasks: set[asyncio.Task[None]] = set()
        self.quiet = asyncio.Event()
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        if self._server is None:
            raise RuntimeError("the simulator has not been started")
        return int(self._server.sockets[0].getsockname()[1])

    async def start(self, host: str, port: int) -> None:
        """Listen; port 0 takes a free one."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Peer(self), host, port, backlog=512)

    async def stop(self) -> None:
        """Stop listening, drop every connection and wait until what was under way is over."""
        if self._server is None:
            return
        self._server.close()
        # A connection accepted just now has its protocol in the loop's next rounds.
        for _ in range(2):
            await asyncio.sleep(0)
        for peer in list(self.peers):
            peer.drop()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        if self.peers:
            await self.quiet.wait()
        await self._server.wait_closed()
        self._server = None


class _Peer(asyncio.Protocol):
    """The server's end of one connection: one request at a time, in order."""

    def __init__(self, server: Loopback) -> None:
        self._server = server
        self._buffer = bytearray()
        self._transport: Any = None
        self.task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._server.peers.add(self)
        self._server.quiet.clear()

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.peers.discard(self)
        if not self._server.peers:
            self._server.quiet.set()
        if self.task is not None:
            self.task.cancel()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._advance()

    def drop(self) -> None:
        """End the connection now, and whatever is being written to it."""
        if self.task is not None:
            self.task.cancel()
        self._transport.abort()

    def _advance(self) -> None:
        while self.task is None and not self._transport.is_closing():
            request = self._next()
            if request is None:
                return
            delivery = self._server.handle(request)
            if delivery.wait_s or delivery.drip_s:
                self.task = asyncio.get_running_loop().create_task(self._slowly(delivery))
                self._server.tasks.add(self.task)
                self.task.add_done_callback(self._server.tasks.discard)
                return
            self._transport.write(delivery.data)
            self._end(delivery, request)

    def _end(self, delivery: Delivery, request: Request | None = None) -> None:
        if delivery.then == "reset":
            sock = self._transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._transport.abort()
        elif delivery.then == "close" or (
            request is not None and request.headers.get("connection", "").lower() == "close"
        ):
            self._transport.close()

    async def _slowly(self, delivery: Delivery) -> None:
        """Write after a wait or byte by byte; cancelled when the client or the server goes."""
        if delivery.wait_s == float("inf"):
            await asyncio.get_running_loop().create_future()
        await asyncio.sleep(delivery.wait_s)
        if delivery.drip_s:
            for at in range(len(delivery.data)):
                self._transport.write(delivery.data[at : at + 1])
                await asyncio.sleep(delivery.drip_s)
        else:
            self._transport.write(delivery.data)
        self.task = None
        self._end(delivery)
        self._advance()

    def _next(self) -> Request | None:
        """The next whole request of the buffer; None until it is there."""
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > _HEAD_LIMIT:
                self._refuse(431)
            return None
        first, *lines = self._buffer[:end].decode("latin-1").split("\r\n")
        words = first.split(" ")
        if len(words) != 3 or not words[1].startswith("/"):
            self._refuse(400)
            return None
        headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        length = headers.get("content-length", "0")
        if "transfer-encoding" in headers or not (length.isascii() and length.isdigit()):
            self._refuse(411)
            return None
        total = end + 4 + int(length)
        if int(length) > _BODY_LIMIT:
            self._refuse(413)
            return None
        if len(self._buffer) < total:
            return None
        body = bytes(self._buffer[end + 4 : total])
        del self._buffer[:total]
        return Request(words[0], words[1], headers, body)

    def _refuse(self, status: int) -> None:
        self._buffer.clear()
        self._transport.write(wire(PlayedAnswer(status, {"connection": "close"}, b"")))
        self._transport.close()
