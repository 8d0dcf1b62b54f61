"""A load on loopback: so many connections, each one request at a time, no client library."""

from __future__ import annotations

import asyncio
import time
from functools import partial


class _Caller(asyncio.Protocol):
    def __init__(
        self, targets: list[bytes], host: bytes, done: asyncio.Future[tuple[int, int]], end: float
    ) -> None:
        self._requests = [b"GET %b HTTP/1.1\r\nHost: %b\r\n\r\n" % (one, host) for one in targets]
        self._done = done
        self._end = end
        self._count = 0
        self._bad = 0
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._ask()

    def _ask(self) -> None:
        self._transport.write(self._requests[self._count % len(self._requests)])

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        if len(rest) < length:
            return
        self._bad += not head.startswith(b"HTTP/1.1 200")
        self._buffer = b""
        self._count += 1
        if time.perf_counter() < self._end:
            self._ask()
        else:
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        if not self._done.done():
            self._done.set_result((self._count, self._bad))


async def run(
    port: int, targets: list[bytes], *, connections: int, seconds: float, apart: bool = True
) -> tuple[int, int, float]:
    """Requests answered, those not 200, and the seconds it took.

    Args:
        apart: each connection has targets of its own, where there are enough, so that no two ask
            the same at once; else each goes through all of them, beginning elsewhere. A server
            that shares a call among those who ask the same has less to do then.
    """
    loop = asyncio.get_running_loop()
    host = f"127.0.0.1:{port}".encode()
    begun = time.perf_counter()
    ends = []
    for at in range(connections):
        done: asyncio.Future[tuple[int, int]] = loop.create_future()
        first = at % len(targets)
        mine = targets[first:] + targets[:first]
        if apart:
            mine = targets[at::connections] or mine[:1]
        made = partial(_Caller, mine, host, done, begun + seconds)
        await loop.create_connection(made, "127.0.0.1", port)
        ends.append(done)
    counts = await asyncio.gather(*ends)
    taken = time.perf_counter() - begun
    return sum(count for count, _ in counts), sum(bad for _, bad in counts), taken
