"""A gateway for the commands: on the world, or on a simulator of it in the same process."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from coinmux.framework.config.env_file import EnvConfig
from coinmux.framework.config.settings import Settings
from coinmux.framework.errors import InvalidRequest
from coinmux.framework.gateway import Gateway
from coinmux.framework.plugins.discovery import PluginLoader

if TYPE_CHECKING:
    from coinmux.framework.other_workers import OtherWorkers
    from coinmux.framework.plugins.discovery import Found
    from coinmux.framework.simulator.simulator import Simulator

#: Faults that need no further arguments.
_DRILLS: Mapping[str, str] = {
    "disconnect": "the connection ends before there is an answer",
    "hang": "no answer ever comes",
    "delay": "answers come a second late",
    "drip": "answers come byte by byte",
    "status": "500, an internal error",
    "rate_limit": "429, too many requests",
    "empty": "answers are empty",
    "garbage": "answers are no text",
    "malformed_json": "answers are broken JSON",
    "html": "a web page in place of data",
    "wrong_symbol": "prices of another pair",
    "seconds_for_ms": "times in another unit",
    "negative_price": "prices below zero",
    "lie": "prices a fifth too high",
    "feed_drop": "its live connections are cut again and again",
    "feed_silence": "its live feeds fall silent",
    "feed_lie": "live prices a fifth too high",
}


@asynccontextmanager
async def simulator_for(
    env_file: str, *, port: int = 0, folders: Sequence[Path] = ()
) -> AsyncIterator[Simulator]:
    """A simulator of every installed provider that ships samples, and of those of `folders`."""
    # Imported here, so that a gateway on the world starts without it.
    from coinmux.framework.simulator.simulator import Simulator, simulated_providers

    settings: Settings = EnvConfig(Path(env_file), os.environ).settings
    loader = PluginLoader(folders)
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


class SimulatorDrill:
    """Breaks and mends providers of a simulator; an `OwnDrill`."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    @property
    def faults(self) -> Mapping[str, str]:
        """The faults that can be ordered, each with its description."""
        return _DRILLS

    @property
    def followed(self) -> Collection[str]:
        """Providers with live feeds: they alone take the faults that begin with `feed_`."""
        return [name for name, one in self._simulator.providers.items() if one.info.sockets]

    def before_answers(self, work: Callable[[], None]) -> None:
        """Do `work` before each answer of a provider."""
        self._simulator.before_answers(work)

    def broken(self) -> dict[str, str]:
        """The fault in force of each broken provider."""
        found: dict[str, str] = {}
        for order in self._simulator.faults():
            names = (
                list(self._simulator.providers) if order["provider"] == "*" else [order["provider"]]
            )
            for name in names:
                found.setdefault(name, order["kind"])
        return found

    def break_(self, provider: str, fault: str) -> None:
        """Corrupt every answer of `provider`, or its live feeds, from now on, in one way.

        Raises:
            InvalidRequest: the simulator does not simulate this provider, or it has no live feeds.
        """
        if provider not in self._simulator.providers:
            raise InvalidRequest(f"{provider} is not simulated: there is nothing to break")
        if fault.startswith("feed_") and provider not in self.followed:
            raise InvalidRequest(f"{provider} has no live feeds: there is nothing to break")
        self.mend(provider)
        self._simulator.order(provider, fault)

    def mend(self, provider: str) -> None:
        """Let `provider` answer correctly again."""
        self._simulator.clear(provider)


def _alone(_: Gateway) -> OtherWorkers | None:
    return None


@asynccontextmanager
async def world_for(
    env_file: str,
    *,
    simulate: bool = False,
    found: Iterable[Found] | None = None,
    others: Callable[[Gateway], OtherWorkers | None] = _alone,
    folders: Sequence[Path] = (),
    **settings: str,
) -> AsyncIterator[tuple[Gateway, SimulatorDrill | None]]:
    """As `gateway_for`, and with `simulate` what breaks its sources.

    Args:
        others: the other workers of the same server, for the gateway that is about to open.
        folders: of projects whose plugins need not be installed.
    """
    if not simulate:
        environ = {**os.environ, **settings}
        gateway = Gateway.from_env(env_file, environ=environ, found=found, plugin_folders=folders)
        gateway.others = others(gateway)
        async with gateway:
            yield gateway, None
        return
    async with simulator_for(env_file, folders=folders) as simulator:
        environ = {
            **simulator.placeholder_keys(),
            **os.environ,
            **simulator.overrides(),
            **settings,
        }
        gateway = Gateway.from_env(
            env_file, environ=environ, found=found, simulated=True, plugin_folders=folders
        )
        gateway.renewal.environ_of = partial(_play, simulator, gateway)
        gateway.others = others(gateway)
        async with gateway:
            yield gateway, SimulatorDrill(simulator)


def _play(simulator: Simulator, gateway: Gateway, loader: PluginLoader) -> dict[str, str]:
    """Play what plugins that came meanwhile answer; the variables that lead to it."""
    from coinmux.framework.samples.format import BadSample
    from coinmux.framework.simulator.simulator import SimulatedProvider, simulated_providers

    for provider in loader.providers.values():
        former = gateway.loader.providers.get(provider.info.name)
        if former is provider:
            continue
        try:
            for one in simulated_providers([provider.plugin]):
                simulator.take(one)
        except BadSample as error:
            # The real source is not asked in its place.
            simulator.take(SimulatedProvider(provider.info, [], None))
            message = f"{provider.info.name} is simulated without samples: {error}"
            gateway.events.publish("plugin", message, level="warning", source=provider.info.name)
    had = gateway.registry.environ or {}
    keys = {name: key for name, key in simulator.placeholder_keys().items() if name not in had}
    return {**keys, **simulator.overrides()}


@asynccontextmanager
async def gateway_for(
    env_file: str,
    *,
    simulate: bool = False,
    found: Iterable[Found] | None = None,
    **settings: str,
) -> AsyncIterator[Gateway]:
    """A gateway in use; with `simulate` it asks a simulator and marks every answer.

    Args:
        env_file: file of settings and keys.
        simulate: whether to ask a simulator.
        found: its plugins; those installed when None.
        settings: variables that win over file and environment.
    """
    world = world_for(
        env_file, simulate=simulate, found=found, others=_alone, folders=(), **settings
    )
    async with world as (gateway, _):
        yield gateway
