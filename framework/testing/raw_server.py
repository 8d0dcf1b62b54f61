"""A TCP server that writes exactly the given bytes, for faults no HTTP server would commit."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import ssl

Handler = Callable[["Peer"], Awaitable[None]]


class Peer:
    """The server's end of one connection.

    Attributes:
        number: 1 for the first connection the server took, and so on.
    """

    def __init__(
        self,
        number: int,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        requests: list[bytes],
    ) -> None:
        self.number = number
        self._reader = reader
        self._writer = writer
        self._requests = requests

    async def request(self) -> bytes:
        """The next request, head and body; b"" when the client has gone."""
        try:
            head = await self._reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            return b""
        length = 0
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        request = head + (await self._reader.readexactly(length) if length else b"")
        self._requests.append(request)
        return request

    async def send(self, data: bytes) -> None:
        """Write and wait until the kernel has it.

        Raises:
            ConnectionError: the client has gone.
        """
        self._writer.write(data)
        await self._writer.drain()

    async def loop(self, data: bytes, *, pause_s: float = 0.0) -> None:
        """Write `data` again and again until the client goes."""
        while not self._writer.is_closing():
            await self.send(data)
            await asyncio.sleep(pause_s)

    async def drip(self, data: bytes, *, pause_s: float = 0.1) -> None:
        """Write one byte at a time."""
        for index in range(len(data)):
            await self.send(data[index : index + 1])
            await asyncio.sleep(pause_s)

    async def hang(self) -> None:
        """Read and say nothing until the client goes."""
        with contextlib.suppress(ConnectionError):
            while await self._reader.read(65_536):
                pass

    def close(self) -> None:
        """End the connection in good order."""
        self._writer.close()

    def reset(self) -> None:
        """End the connection with RST."""
        sock = self._writer.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()


class RawServer:
    """Serves on loopback for as long as its context lasts.

    Args:
        handler: called for each connection, which is closed when it returns.
        context: for TLS.

    Attributes:
        requests: all that was asked, as it came.
        connections: how many were taken.
    """

    def __init__(self, handler: Handler, *, context: ssl.SSLContext | None = None) -> None:
        self._handler = handler
        self._context = context
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.requests: list[bytes] = []
        self.connections = 0

    @classmethod
    def answering(cls, *answers: bytes, close: bool = False) -> Self:
        """A server that gives these answers in turn, the last one for ever.

        Args:
            answers: whole responses as they go over the wire.
            close: whether to close after each.
        """
        left = list(answers)

        async def handle(peer: Peer) -> None:
            while await peer.request():
                await peer.send(left.pop(0) if len(left) > 1 else left[0])
                if close:
                    return

        return cls(handle)

    @property
    def port(self) -> int:
        assert self._server is not None, "the server has not been started"
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def url(self) -> str:
        scheme = "http" if self._context is None else "https"
        return f"{scheme}://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", 0, ssl=self._context, limit=1_048_576
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        # A connection accepted just now has its task in the loop's next rounds.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            await self._handler(Peer(self.connections, reader, writer, self.requests))
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client went, or the test is over
        finally:
            self._tasks.discard(task)
            writer.close()


def response(
    body: bytes = b'{"ok":1}',
    *,
    status: str = "200 OK",
    headers: Iterable[tuple[str, str]] = (),
    content_type: str | None = "application/json",
    length: int | None = None,
) -> bytes:
    """A whole HTTP/1.1 response.

    Args:
        body: as it goes over the wire.
        status: code and reason.
        headers: further ones.
        content_type: None for none.
        length: of `Content-Length`, where it is to differ from the body's.
    """
    lines = [f"HTTP/1.1 {status}"]
    if content_type is not None:
        lines.append(f"Content-Type: {content_type}")
    lines.append(f"Content-Length: {len(body) if length is None else length}")
    lines.extend(f"{name}: {value}" for name, value in headers)
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def chunked(*chunks: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    """A whole chunked HTTP/1.1 response; `end` closes it."""
    head = (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    return head + b"".join(b"%x\r\n%s\r\n" % (len(c), c) for c in chunks) + end
