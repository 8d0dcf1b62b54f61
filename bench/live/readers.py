"""Readers of server-sent events on loopback, as many as there may be, that only count."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncIterator

_MOMENT = re.compile(rb'"volume_base":(\d+\.?\d*)')
#: Connections that are opened together.
_TOGETHER = 50
_PATIENCE_S = 60.0


class Readers:
    """Those of one server.

    Attributes:
        count: events that came, of all of them.
        delays: seconds from the exchange to one reader, of each of its events.
    """

    def __init__(self, port: int, path: str) -> None:
        self._port = port
        self._head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
        self._transports: list[asyncio.BaseTransport] = []
        self.count = 0
        self.delays: list[float] = []
        self.refused: bytes | None = None

    def __len__(self) -> int:
        return len(self._transports)

    async def grow(self, size: int) -> None:
        """Have as many readers, each with its answer begun."""
        while (missing := size - len(self)) > 0:
            made = [self._open() for _ in range(min(_TOGETHER, missing))]
            self._transports += await asyncio.gather(*made)
            if self.refused is not None:
                raise RuntimeError(f"a reader was refused: {self.refused[:300]!r}")

    async def _open(self) -> asyncio.BaseTransport:
        loop = asyncio.get_running_loop()
        begun: asyncio.Future[None] = loop.create_future()
        is_first = not self._transports
        transport, _ = await loop.create_connection(
            lambda: _Reader(self, begun, is_timed=is_first), "127.0.0.1", self._port
        )
        transport.write(self._head)
        await asyncio.wait_for(begun, _PATIENCE_S)
        return transport

    def close(self) -> None:
        """They leave."""
        for transport in self._transports:
            transport.close()
        self._transports.clear()


class _Reader(asyncio.Protocol):
    def __init__(self, owner: Readers, begun: asyncio.Future[None], *, is_timed: bool) -> None:
        self._owner = owner
        self._begun = begun
        self._is_timed = is_timed

    def data_received(self, data: bytes) -> None:
        if not self._begun.done():
            self._begun.set_result(None)
            if not data.startswith(b"HTTP/1.1 200"):
                self._owner.refused = data
        self._owner.count += data.count(b"\ndata: ")
        if self._is_timed:
            now = time.monotonic()
            self._owner.delays += [now - float(one) for one in _MOMENT.findall(data)]

    def connection_lost(self, error: Exception | None) -> None:
        if not self._begun.done():
            self._begun.set_exception(ConnectionResetError("the server closed the connection"))


@contextlib.asynccontextmanager
async def readers(port: int, path: str) -> AsyncIterator[Readers]:
    """Readers that leave at the end."""
    made = Readers(port, path)
    try:
        yield made
    finally:
        made.close()
