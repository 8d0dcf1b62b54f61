"""The door over standard input and output, for a host that starts the command itself.

Standard output carries the protocol and nothing else: while it is served, the SDK has it to itself,
and whatever else is printed there goes to standard error.
"""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any, NoReturn

from mcp.server.stdio import stdio_server

from coinmux.server.mcp.door import Door
from coinmux.server.mcp.session import session_server
from coinmux.server.mcp.visits import OwnVisits

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from coinmux.framework.gateway import Gateway


async def serve_stdio(
    opened: AbstractAsyncContextManager[Gateway],
    stop: asyncio.Event,
    leave: Callable[[Exception | None], NoReturn],
) -> None:
    """Answer until standard input ends.

    Args:
        opened: gives the gateway; it is opened once nothing can be printed on the way of answers.
        stop: ends it before.
        leave: ends the process at once, where it is stopped or has failed: a thread of the SDK
            waits for a line of standard input, and only its end would wake it.
    """
    door: asyncio.Future[Door] = asyncio.get_running_loop().create_future()

    async def ready() -> Door:
        return await asyncio.shield(door)

    async def serve(read: Any, write: Any) -> None:
        server = session_server(ready)
        await server.run(read, write, server.create_initialization_options())

    async def work() -> None:
        async with opened as gateway:
            door.set_result(Door(gateway, OwnVisits(gateway)))
            await asyncio.Event().wait()

    try:
        async with stdio_server() as (read, write):
            failed = None
            try:
                await _first(serve(read, write), work(), stop.wait())
            except Exception as error:  # noqa: BLE001 - `leave` tells it
                failed = error
            if failed is not None or stop.is_set():
                leave(failed)
    except* BrokenPipeError:
        # The host has gone while it was answered.
        pass


async def _first(*parts: Coroutine[Any, Any, object]) -> None:
    """Run all until one ends, then end the others; raises what it or they raised."""
    tasks = [asyncio.ensure_future(one) for one in parts]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    for task in tasks:
        if not task.cancelled():
            task.result()
