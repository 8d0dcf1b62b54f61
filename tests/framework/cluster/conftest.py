"""Workers that share a real Valkey or Redis."""

from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from coinmux import Gateway
from coinmux.framework.clock import SystemClock
from coinmux.framework.cluster import cluster
from coinmux.framework.plugins.discovery import in_process


@pytest.fixture
def server(store):
    """The store the workers share."""
    return store


@pytest.fixture
def workers(server, monkeypatch):
    """`async with workers(3, plugin, …) as gateways`: as many that share the store."""

    # So that a test need not wait for what happens every other second.
    monkeypatch.setattr(cluster, "_BEAT_S", 0.2)

    def one(*plugins, **settings):
        environ = {"CHECKER": "off", "STATE_URL": server.url, **settings}
        found = [in_process(plugin.name, plugin) for plugin in plugins]
        return Gateway.from_env(None, environ=environ, found=found, clock=SystemClock())

    @asynccontextmanager
    async def make(count, *plugins, **settings):
        async with AsyncExitStack() as stack:
            yield [await stack.enter_async_context(one(*plugins, **settings)) for _ in range(count)]

    make.one = one
    return make
