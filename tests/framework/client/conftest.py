"""A served application, and servers that answer as they are told."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from tests.server.conftest import live, patient  # noqa: F401 - they are fixtures


@pytest.fixture
def answering():
    """`async with answering(b"...", ...) as server`: it gives one of these to each request.

    `server.requests` are the heads that came, `server.url` its address. A reply of None closes the
    connection; the last one is given for good.
    """

    @asynccontextmanager
    async def make(*replies):
        server = Answering(list(replies))
        listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
        server.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        try:
            yield server
        finally:
            listener.close()
            for writer in server.writers:
                writer.close()

    return make


class Answering:
    def __init__(self, replies):
        self.replies = replies
        self.requests = []
        self.writers = []
        self.url = ""

    async def serve(self, reader, writer):
        self.writers.append(writer)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        self.requests.append(head)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if reply is not None:
            writer.write(reply)
            await writer.drain()
        writer.close()


def reply(status, body=b"", *lines, kind="application/json"):
    """A whole answer, after which the connection ends."""
    head = [
        f"HTTP/1.1 {status} Said", f"Content-Type: {kind}", f"Content-Length: {len(body)}",
        "Connection: close", *lines, "", "",
    ]  # fmt: skip
    return "\r\n".join(head).encode() + body


PROBLEM = "application/problem+json"
TICKER = (
    b'{"data":{"symbol":"BTC/USDT","last":7.0,"timestamp":1764000000000},"meta":{"capability":'
    b'"ticker","provider":"a","fetched_at":1764000000000,"cache":"miss","stale":false,'
    b'"simulated":false,"elapsed_ms":1.0,"attempts":[],"notes":[]}}'
)


@pytest.fixture
def pauses(monkeypatch):
    """The seconds that were waited, none of which pass."""
    waited = []
    sleep = asyncio.sleep

    async def pause(seconds):
        waited.append(seconds)
        await sleep(0)

    monkeypatch.setattr(asyncio, "sleep", pause)
    return waited
