"""A server over one source that is followed on an exchange on loopback."""

import asyncio
from contextlib import asynccontextmanager

from coinmux.framework.plugins.discovery import in_process
from tests.framework.streams.acme import Acme
from tests.framework.streams.exchange import Exchange, until


@asynccontextmanager
async def served(live, *also, **settings):
    """The world of `live`, with its `exchange` and the plugin `acme` that follows it.

    Args:
        also: further plugins.
    """
    async with Exchange().open() as exchange:
        plugin = Acme("acme", exchange)
        settings = {"ACME_WS_URL": exchange.url, "ARCHIVE": "off", **settings}
        async with live(settings, _found=[in_process("acme", plugin), *also]) as world:
            world.exchange, world.acme = exchange, plugin
            yield world


async def say(exchange, channel, body):
    """Say it once the channel is followed."""
    await until(lambda: any(channel in one for one in exchange.channels.values()))
    await exchange.say(channel, body)


async def opened(world, *asked, first, **options):
    """A stream of the server's own gateway that has begun, after `first` was said."""
    stream = world.gateway.stream(*asked, **options)
    async with asyncio.timeout(10):
        entering = asyncio.ensure_future(stream.open())
        await say(world.exchange, *first)
        await entering
    return stream
