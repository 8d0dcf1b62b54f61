"""Gateways of plugins made on the spot, and the application over them."""

import asyncio
from contextlib import asynccontextmanager
from types import SimpleNamespace

import httpx
import pytest

from coinmux import Gateway
from coinmux.framework.clock import SystemClock
from coinmux.framework.plugins.discovery import PluginLoader, in_process
from coinmux.framework.testing.clock import FakeClock
from coinmux.server.app import create_app
from coinmux.server.monitoring import process_metrics
from coinmux.server.process.uvicorn_server import build
from tests.server.scripted import ScriptedProvider
from tests.server.served import start


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
