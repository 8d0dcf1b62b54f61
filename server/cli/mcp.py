"""`mcp`: the door for language models, over standard input and output or over HTTP."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import traceback
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, NoReturn

import rich_click as click

from coinmux.framework.errors import CoinmuxError
from coinmux.server.cli.console import EXIT_FAILED, EXIT_OK, env_file, errors
from coinmux.server.cli.values import Whole
from coinmux.server.mcp import check_installed
from coinmux.server.process import event_log
from coinmux.server.process.simulated_gateway import gateway_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from coinmux.framework.gateway import Gateway


@click.command()
@click.option("--http", is_flag=True, help="Serve /mcp over HTTP, beside the REST API.")
@click.option("--host", help="With --http: address to listen on [setting HOST].")
@click.option("--port", type=Whole(0, 65535), help="With --http: port to listen on [setting PORT].")
@click.option("--simulate", is_flag=True, help="Answer with simulated data.")
@env_file
@click.pass_context
def mcp(
    context: click.Context,
    http: bool,
    host: str | None,
    port: int | None,
    simulate: bool,
    env_file: str,
) -> None:
    """Serve language models by the Model Context Protocol; read only.

    Without --http it speaks on standard input and output, for hosts that start it themselves.
    """
    check_installed("coinmux mcp")
    if not http:
        if host is not None or port is not None:
            raise click.UsageError("--host and --port need --http")
        asyncio.run(_over_stdio(env_file, simulate=simulate))
        return
    # Imported here: what serves HTTP is not needed to speak on standard output.
    from coinmux.server.cli.serve import serve

    # In the environment, so that each of several workers finds it.
    os.environ["MCP"] = "on"
    context.invoke(serve, host=host, port=port, simulate=simulate, workers=None, env_file=env_file)


async def _over_stdio(env: str, *, simulate: bool) -> None:
    """Serve whoever started the command until standard input ends, or the process is told to."""
    # Imported here: the SDK is an extra, and takes a second.
    from coinmux.server.mcp.stdio import serve_stdio

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sign, stop.set)
    await serve_stdio(_logged(env, simulate=simulate), stop, _leave)


def _leave(error: Exception | None) -> NoReturn:
    """End the process with the exit code of every command; everything of ours is closed."""
    code = EXIT_OK
    if isinstance(error, CoinmuxError):
        code = errors(error)
    elif error is not None:
        traceback.print_exception(error)
        code = EXIT_FAILED
    sys.stderr.flush()
    os._exit(code)


@asynccontextmanager
async def _logged(env: str, *, simulate: bool) -> AsyncIterator[Gateway]:
    """A gateway in use, whose events are written to standard error."""
    async with gateway_for(env, simulate=simulate) as gateway:
        restore = event_log.configure(gateway)
        try:
            yield gateway
        finally:
            restore()
