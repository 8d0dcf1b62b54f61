"""A load on loopback: so many connections, each one request at a time, no client library."""

import asyncio
import time


class _Caller(asyncio.Protocol):
    def __init__(self, targets, host, done, deadline):
        self.targets, self.host, self.done, self.deadline = targets, host, done, deadline
        self.count = 0
        self.bad = 0
        self.need = 0
        self.buffer = b""

    def connection_made(self, transport):
        self.transport = transport
        self._ask()

    def _ask(self):
        target = self.targets[self.count % len(self.targets)]
        self.transport.write(b"GET %b HTTP/1.1\r\nHost: %b\r\n\r\n" % (target, self.host))

    def data_received(self, data):
        self.buffer += data
        head, found, rest = self.buffer.partition(b"\r\n\r\n")
        if not found:
            return
        at = head.lower().index(b"content-length:") + 15
        length = int(head[at : head.find(b"\r\n", at) if b"\r\n" in head[at:] else None])
        if len(rest) < length:
            return
        self.bad += not head.startswith(b"HTTP/1.1 200")
        self.buffer = b""
        self.count += 1
        if time.perf_counter() < self.deadline:
            self._ask()
        else:
            self.transport.close()

    def connection_lost(self, error):
        if not self.done.done():
            self.done.set_result((self.count, self.bad))


async def run(port: int, targets: list[bytes], *, connections: int, seconds: float):
    """Requests answered, those not 200, and the seconds it took."""
    loop = asyncio.get_running_loop()
    host = f"127.0.0.1:{port}".encode()
    begun = time.perf_counter()
    ends = []
    for at in range(connections):
        done = loop.create_future()
        mine = targets[at % len(targets) :] + targets[: at % len(targets)]
        await loop.create_connection(
            lambda done=done, mine=mine: _Caller(mine, host, done, begun + seconds),
            "127.0.0.1",
            port,
        )
        ends.append(done)
    counts = await asyncio.gather(*ends)
    taken = time.perf_counter() - begun
    return sum(c for c, _ in counts), sum(b for _, b in counts), taken
