"""Gateways of plugins made on the spot, and the application over them."""

import asyncio
import math
import signal
import socket
import subprocess
import sys
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest

from coinmux import (
    Candles,
    Gas,
    Gateway,
    News,
    NewsItem,
    ProviderInfo,
    Ticker,
    TokenBalances,
    Transactions,
    UnknownSymbol,
    hookimpl,
)
from coinmux.framework.clock import SystemClock
from coinmux.framework.plugins.discovery import PluginLoader, in_process
from coinmux.framework.testing.clock import FakeClock
from coinmux.server.app import create_app
from coinmux.server.monitoring import process_metrics
from coinmux.server.process.uvicorn_server import build


class ScriptedProvider:
    """Answers each ticker with the next outcome, the last one for good: a price, or an error.

    `hang` waits until it is cancelled, and counts that it was.
    """

    def __init__(self, name, outcomes, clock, **info):
        self.outcomes = list(outcomes)
        self.clock = clock
        self.calls = 0
        self.cancelled = 0
        self.candle_calls = 0
        #: Candles the market has, pairs it has not, and what becomes of a question for candles.
        self.life = 1000
        self.unlisted = frozenset()
        self.candle_error = None
        self.after_each = lambda: None
        self.info = ProviderInfo(
            **{
                "name": name,
                "title": name.title(),
                "category": "market",
                "base_url": f"https://{name}.example",
                **info,
            }
        )

    @hookimpl
    def provider_info(self):
        return self.info

    @hookimpl
    async def fetch_ticker(self, query, http):
        self.calls += 1
        outcome = self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]
        if outcome == "unknown":
            raise UnknownSymbol(query.symbol)
        if outcome == "hang":
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                self.cancelled += 1
                raise
        if isinstance(outcome, tuple):
            await asyncio.sleep(outcome[0])
            outcome = outcome[1]
        if isinstance(outcome, BaseException):
            raise outcome
        return Ticker(symbol=query.symbol, last=outcome, timestamp=self.clock.wall_ms())

    @hookimpl
    async def fetch_candles(self, query, http):
        self.candle_calls += 1
        self.after_each()
        if self.candle_error is not None:
            raise self.candle_error
        if query.symbol in self.unlisted:
            raise UnknownSymbol(query.symbol)
        now = self.clock.wall_ms() // query.interval.ms * query.interval.ms
        rows = [
            [now - back * query.interval.ms, 1.0, 2.0, 0.5, 1.5 + 0.2 * math.sin(back), 10.0]
            for back in range(min(query.limit, self.life))
        ]
        return Candles.from_rows(query, rows)

    @hookimpl
    async def fetch_gas(self, query, http):
        unit = "sat/vB" if query.chain == "bitcoin" else "gwei"
        return Gas(chain=query.chain, unit=unit, standard=1.0, timestamp=self.clock.wall_ms())

    @hookimpl
    async def fetch_transactions(self, query, http):
        return Transactions(
            chain=query.chain,
            address=query.address,
            transactions=[
                {"hash": "0x1", "sender": "0xa", "to": "0xb", "asset": "ETH", "raw": "1",
                 "amount": 1e-18, "timestamp": self.clock.wall_ms()}
            ],
        )  # fmt: skip

    @hookimpl
    async def fetch_token_balances(self, query, http):
        return TokenBalances(chain=query.chain, address=query.address, tokens=[])

    @hookimpl
    async def fetch_news(self, query, http):
        item = NewsItem(id="1", title=f"on {query.asset}", url="https://news.example/1", source="x")
        return News(items=[item])


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def app_of(clock):
    """`async with app_of(a=[1.0]) as world`: its client, gateway, plugins and edge.

    `_settings` are variables, `_info` what a provider declares, `_peer` the address of the client,
    `_found` further plugins.
    """

    @asynccontextmanager
    async def make(
        _settings=None, _info=None, _peer="127.0.0.1", _bound=None, _found=(), **scripts
    ):
        plugins = {
            name: ScriptedProvider(
                name, script, clock, priority=at * 10, **(_info or {}).get(name, {})
            )
            for at, (name, script) in enumerate(scripts.items())
        }
        environ = {"CHECKER": "off", **(_settings or {})}
        found = [*(in_process(name, plugin) for name, plugin in plugins.items()), *_found]
        gateway = Gateway.from_env(None, environ=environ, found=found, clock=clock)
        assert await gateway.wait_loaded() == []
        edge = create_app(gateway, bound=_bound)
        async with running(edge):
            transport = httpx.ASGITransport(edge, client=(_peer, 50_000))
            base = "http://127.0.0.1:7860"
            async with httpx.AsyncClient(transport=transport, base_url=base) as client:
                yield SimpleNamespace(
                    client=client, gateway=gateway, plugins=plugins, edge=edge, clock=clock,
                    environ=environ, desk=edge._lane.app.state["desk"],
                )  # fmt: skip

    return make


@pytest.fixture(autouse=True)
def patient(request, monkeypatch):
    """A busy machine holds up the loop of a test: no event tells of it, and no work is shed."""
    if request.path.name != "test_admission.py":
        monkeypatch.setattr(process_metrics, "_NOTABLE_LAG_MS", float("inf"))
        monkeypatch.setattr(process_metrics, "_STRAINED_LAG_MS", float("inf"))


@pytest.fixture
def live():
    """As `app_of`, on a real socket and the real clock."""

    @asynccontextmanager
    async def make(_settings=None, _info=None, _found=(), _drill=None, **scripts):
        plugins = {
            name: ScriptedProvider(
                name, script, SystemClock(), priority=at * 10, **(_info or {}).get(name, {})
            )
            for at, (name, script) in enumerate(scripts.items())
        }
        environ = {"CHECKER": "off", **(_settings or {})}
        found = [*(in_process(name, plugin) for name, plugin in plugins.items()), *_found]
        gateway = Gateway.from_env(None, environ=environ, found=found)
        assert await gateway.wait_loaded() == []
        edge = create_app(gateway, bound="127.0.0.1", drill=_drill)
        server = build(edge, host="127.0.0.1", port=0)
        task = asyncio.ensure_future(server.serve())
        while not server.started:
            assert not task.done()
            await asyncio.sleep(0.01)
        (base,) = server.addresses()
        try:
            async with httpx.AsyncClient(base_url=base) as client:
                yield SimpleNamespace(
                    client=client, gateway=gateway, plugins=plugins, edge=edge, base=base,
                    environ=environ, desk=edge._lane.app.state["desk"],
                )  # fmt: skip
        finally:
            server.should_exit = True
            await task

    return make


SEVEN = ("sma", "ema", "rsi", "macd", "atr", "stoch_rsi", "bollinger_bands")


@pytest.fixture
def indicator_app(app_of):
    """`app_of` with the seven indicators."""

    def make(_found=(), **options):
        return app_of(_found=[*PluginLoader().discover(allow=SEVEN), *_found], **options)

    return make


@asynccontextmanager
async def running(app):
    """The application's lifespan, as a server runs it."""
    inbound, outbound = asyncio.Queue(), asyncio.Queue()
    task = asyncio.ensure_future(app({"type": "lifespan", "asgi": {}}, inbound.get, outbound.put))
    await inbound.put({"type": "lifespan.startup"})
    assert (await outbound.get())["type"] == "lifespan.startup.complete"
    try:
        yield
    finally:
        await inbound.put({"type": "lifespan.shutdown"})
        assert (await outbound.get())["type"] == "lifespan.shutdown.complete"
        await task


@pytest.fixture(name="running")
def running_fixture():
    return running


class Process:
    """A server in a process of its own, of one scripted provider."""

    def __init__(self, process, port):
        self.process = process
        self.port = port
        self.writers = []

    def signal(self, sign=signal.SIGTERM):
        self.process.send_signal(sign)

    async def ended(self):
        """The exit code and the log, once it is over."""
        _, log = await asyncio.wait_for(asyncio.to_thread(self.process.communicate), 10)
        return self.process.returncode, log

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.stderr.close()
        self.process.wait()

    async def open(self, request=b""):
        """A connection on which `request` was sent; closed with the test."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.writers.append(writer)
        writer.write(request)
        return reader, writer

    async def close(self):
        for writer in self.writers:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
        self.writers.clear()

    async def get(self, target, *lines):
        """Status line, headers and body of one answer on a connection of its own."""
        head = [f"GET {target} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", "Connection: close"]
        reader, _ = await self.open("\r\n".join([*head, *lines, "", ""]).encode())
        answer = await asyncio.wait_for(reader.read(), 10)
        head, _, body = answer.partition(b"\r\n\r\n")
        return head.decode("latin-1"), body


_SCRIPT = """
import asyncio, sys
import coinmux.server.process.uvicorn_protocol, coinmux.server.process.uvicorn_server
from coinmux import Gateway
from coinmux.framework.clock import SystemClock
from coinmux.framework.plugins.discovery import PluginLoader, in_process
sys.path.insert(0, {folder!r})
from conftest import ScriptedProvider

coinmux.server.process.uvicorn_protocol.PATIENCE_S = {patience_s}
coinmux.server.process.uvicorn_protocol.CONNECTION_LIMIT = {connections}
if {of_a_client!r}:
    coinmux.server.process.uvicorn_protocol.CLIENT_LIMIT = {of_a_client!r}
    coinmux.server.process.uvicorn_protocol.is_loopback = lambda address: False
coinmux.server.process.uvicorn_server.GRACE_S = {grace_s}

async def main():
    plugin = ScriptedProvider("a", {outcomes!r}, SystemClock())
    environ = {{"CHECKER": "off", "ARCHIVE": "off", "PORT": "{port}", **{settings!r}}}
    found = [in_process("a", plugin), *PluginLoader().discover(allow=["sma"])]
    gateway = Gateway.from_env(None, environ=environ, found=found)
    assert await gateway.wait_loaded() == []
    async with gateway:
        return await coinmux.server.process.uvicorn_server.serve(gateway)

raise SystemExit(asyncio.run(main()))
"""


def start(outcomes, *, patience_s=10, connections=512, of_a_client=None, grace_s=10, **variables):
    """A server that listens, in a process of its own.

    With `of_a_client` this machine counts as a distant client of so many connections.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    script = _SCRIPT.format(
        folder=str(Path(__file__).parent),
        outcomes=outcomes,
        port=port,
        patience_s=patience_s,
        connections=connections,
        of_a_client=of_a_client,
        grace_s=grace_s,
        settings=variables,
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script], cwd=Path(__file__).parents[2], stderr=subprocess.PIPE
    )
    lines = []
    while not any(b"listening on" in line for line in lines):
        line = process.stderr.readline()
        assert line, b"".join(lines)
        lines.append(line)
    return Process(process, port)


@pytest.fixture
async def serve():
    """`serve([1.0])`: a server on a real socket, ended with the test."""
    started = []

    def begin(outcomes, **options):
        started.append(start(outcomes, **options))
        return started[-1]

    yield begin
    for server in started:
        await server.close()
        server.end()


@pytest.fixture(scope="module")
def shared_process():
    server = start([1.5])
    yield server
    server.end()


@pytest.fixture
async def shared_server(shared_process):
    """One server for all tests of the module that do not harm it."""
    yield shared_process
    await shared_process.close()
