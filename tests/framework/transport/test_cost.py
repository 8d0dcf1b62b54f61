"""What one question to a source makes: counted, since times differ from machine to machine."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from coinmux import UpstreamTimeout
from coinmux.framework.clock import Deadline, SystemClock
from coinmux.framework.secrets import Redactor
from coinmux.framework.testing.bind import outbound
from coinmux.framework.testing.raw_server import Peer, RawServer, response
from coinmux.framework.transport.client import SafeHTTPClient
from coinmux.framework.transport.connection import Connection
from coinmux.framework.transport.endpoint import Endpoint
from coinmux.framework.transport.messages import Answer, HeaderLines, Outgoing

QUESTIONS = 10
TICKER = b'{"symbol": "BTCUSDT", "lastPrice": "73346.14"}'


class Counted:
    """How often something was called."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, owner: object, name: str) -> None:
        self.times = 0
        real = getattr(owner, name)

        def call(*args, **kwargs):
            self.times += 1
            return real(*args, **kwargs)

        monkeypatch.setattr(owner, name, call)


class Upstream(asyncio.Protocol):
    """Answers whatever comes, without a task or a future of its own."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(response(TICKER))


@asynccontextmanager
async def upstream() -> AsyncIterator[str]:
    server = await asyncio.get_running_loop().create_server(Upstream, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_a_question_makes_one_request_one_future_and_one_answer(monkeypatch):
    """No task, no timer and no object of httpx."""
    async with upstream() as url, outbound(url) as http:
        await http.get_json("/api/ticker", {"symbol": "BTCUSDT"})  # connects
        loop = asyncio.get_running_loop()
        made = {
            "tasks": Counted(monkeypatch, loop, "create_task"),
            "timers": Counted(monkeypatch, loop, "call_at"),
            "requests of httpx": Counted(monkeypatch, httpx.Request, "__init__"),
            "responses of httpx": Counted(monkeypatch, httpx.Response, "__init__"),
            "headers of httpx": Counted(monkeypatch, httpx.Headers, "__init__"),
            "URLs of httpx": Counted(monkeypatch, httpx.URL, "__init__"),
            "header lines": Counted(monkeypatch, HeaderLines, "__init__"),
            "requests": Counted(monkeypatch, Outgoing, "__init__"),
            "futures": Counted(monkeypatch, loop, "create_future"),
            "answers": Counted(monkeypatch, Answer, "__init__"),
        }
        for _ in range(QUESTIONS):
            await http.get_json("/api/ticker", {"symbol": "BTCUSDT"})
        counts = {what: counted.times for what, counted in made.items()}
    once = dict.fromkeys(("requests", "futures", "answers"), QUESTIONS)
    assert counts == dict.fromkeys(made, 0) | once


async def test_a_body_that_came_in_one_piece_is_not_copied(monkeypatch):
    """What llhttp cut out of the bytes that came is what is parsed."""
    pieces: list[bytes] = []
    bodies: list[bytes] = []
    on_body, make = Connection.on_body, Answer.__init__

    def cut(self, data):
        pieces.append(data)
        on_body(self, data)

    def answer(self, status, headers, body, raw=()):
        bodies.append(body)
        make(self, status, headers, body, raw)

    monkeypatch.setattr(Connection, "on_body", cut)
    monkeypatch.setattr(Answer, "__init__", answer)
    async with upstream() as url, outbound(url) as http:
        await http.get_json("/api/ticker")
    assert pieces == [TICKER]
    assert bodies[0] is pieces[0]


async def test_the_timer_of_a_connection_keeps_each_deadline():
    """A nearer deadline than the one before is kept, and an earlier one ends nobody else's call."""

    async def handle(peer: Peer) -> None:
        await peer.request()
        await peer.send(response(TICKER))
        await peer.request()
        await asyncio.sleep(0.3)
        await peer.send(response(TICKER))
        await peer.request()
        await peer.send(response(TICKER))
        await peer.hang()

    clock = SystemClock()
    async with RawServer(handle) as server, SafeHTTPClient(clock, Redactor()) as client:
        endpoint = Endpoint.of(server.url, allowed=True)

        async def ask(timeout_s: float) -> bytes:
            request = endpoint.request("GET", "/", None, endpoint.headers)
            return (await client.send(request, Deadline.after(clock, timeout_s))).body

        assert await ask(0.15) == TICKER
        assert await ask(60) == TICKER
        assert await ask(60) == TICKER
        with pytest.raises(UpstreamTimeout, match="no answer in time"):
            async with asyncio.timeout(5):
                await ask(0.05)
        assert server.connections == 1


def test_our_own_connections_do_without_httpx():
    """Importing it is slow, and only a transport that is not ours needs it."""
    script = (
        "import sys; from coinmux import Gateway; "
        "Gateway.from_env(None, environ={}); "
        "print('httpx' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
