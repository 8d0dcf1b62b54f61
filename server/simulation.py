"""A gateway for the commands: on the world, or on a simulator of it in the same process."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from framework.env import EnvConfig
from framework.gateway import Gateway
from framework.loader import PluginLoader
from framework.settings import Settings
from framework.testing.simulator import Simulator, simulated_providers


@asynccontextmanager
async def simulator_for(env_file: str, *, port: int = 0) -> AsyncIterator[Simulator]:
    """A simulator of every installed provider that ships samples."""
    settings: Settings = EnvConfig(Path(env_file), os.environ).settings
    loader = PluginLoader()
    limit = settings.plugin_load_timeout_s
    loader.load(
        loader.discover(settings.plugins_allow, settings.plugins_block), wait_s=limit, limit_s=limit
    )
    plugins = [provider.plugin for provider in loader.providers.values()]
    simulator = Simulator(simulated_providers(plugins))
    await simulator.start("127.0.0.1", port)
    try:
        yield simulator
    finally:
        await simulator.stop()


@asynccontextmanager
async def gateway_for(
    env_file: str, *, simulate: bool = False, **settings: str
) -> AsyncIterator[Gateway]:
    """A gateway in use; with `simulate` it asks a simulator and marks every answer.

    Args:
        env_file: file of settings and keys.
        simulate: whether to ask a simulator.
        settings: variables that win over file and environment.
    """
    if not simulate:
        environ = {**os.environ, **settings}
        async with Gateway.from_env(env_file, environ=environ) as gateway:
            yield gateway
        return
    async with simulator_for(env_file) as simulator:
        environ = {
            **simulator.placeholder_keys(),
            **os.environ,
            **simulator.overrides(),
            **settings,
        }
        async with Gateway.from_env(env_file, environ=environ, simulated=True) as gateway:
            yield gateway
