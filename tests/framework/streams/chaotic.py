"""A gateway over venues without a network, read while they go wrong."""

import asyncio
from contextlib import asynccontextmanager, suppress

import pytest

from coinmux import Gateway
from coinmux.framework.errors import CoinmuxError
from coinmux.framework.plugins.discovery import in_process
from coinmux.framework.streams import connections as connections_module
from coinmux.framework.streams.wires import Wires

BEAT_S = 0.5


class Middle:
    """In place of a random generator: what is spread is in the middle, each time the same."""

    def uniform(self, low, high):
        return (low + high) / 2


@asynccontextmanager
async def gateway_over(venues, clock, **settings):
    """A gateway whose sources are these venues, by name."""
    environ = {"CHECKER": "off", "ARCHIVE": "off", **settings}
    found = [in_process(name, venue.plugin) for name, venue in venues.items()]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            Wires, "opener", lambda self, socket, dialect, until:
            venues[self._source.name].opener(until)
        )  # fmt: skip
        patch.setattr(connections_module, "Random", Middle)
        gateway = Gateway.from_env(None, environ=environ, found=found, clock=clock)
        assert await gateway.wait_loaded() == []
        async with gateway:
            yield gateway


async def read(gateway, capability, symbol, witness):
    """Read until cancelled; what cannot be opened now is opened later."""
    interval = {"interval": "1m"} if capability == "candles" else {}
    while True:
        try:
            async with gateway.stream(capability, symbol, **interval) as stream:
                async for event in stream:
                    witness.see(event)
                witness.wrong.append("its stream ended")
                return
        except CoinmuxError:
            witness.is_marked = True
            await asyncio.sleep(1.0)


@asynccontextmanager
async def reading(gateway, capability, symbol, witness):
    """A reader for as long as the block lasts."""
    task = asyncio.ensure_future(read(gateway, capability, symbol, witness))
    try:
        yield task
    finally:
        if task.done():
            task.result()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def beats(venues, witness, count):
    """Let so many moments pass, in which every market trades."""
    for _ in range(count):
        await asyncio.sleep(BEAT_S)
        for venue in venues.values():
            venue.move()
        witness.look()
