"""A connection to the first of some addresses that accepts, and its transport."""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import ssl as tls

P = TypeVar("P", bound=asyncio.Protocol)

#: RFC 8305 section 5: the next address is tried when one has not answered in this time.
_STAGGER_S = 0.25
#: Turns of the loop after which it has the socket, and not its number alone.
_TAKEN_TURNS = 3


async def transport_over(
    sock: socket.socket,
    make: Callable[[], P],
    *,
    ssl: tls.SSLContext | None,
    server_hostname: str | None,
) -> tuple[asyncio.Transport, P]:
    """A transport over a connected socket, which closes it from then on.

    uvloop takes the number of a socket first, and the socket itself two turns later. Where its
    caller leaves in between, it closes the number, and the socket closes that number once more when
    it is collected: by then another connection may have it, and one party is sent what another
    one is meant. So nobody leaves in between.

    Args:
        make: of the protocol.

    Raises:
        OSError: TLS fails, or the other side leaves.
    """
    loop = asyncio.get_running_loop()
    making = loop.create_task(
        loop.create_connection(make, sock=sock, ssl=ssl, server_hostname=server_hostname)
    )
    try:
        return await asyncio.shield(making)
    except asyncio.CancelledError:
        making.add_done_callback(_abandon)
        _cancel_later(loop, making, _TAKEN_TURNS)
        raise


def _cancel_later(loop: asyncio.AbstractEventLoop, task: asyncio.Task[object], turns: int) -> None:
    if turns:
        loop.call_soon(_cancel_later, loop, task, turns - 1)
    else:
        task.cancel()


def _abandon(making: asyncio.Task[tuple[asyncio.Transport, P]]) -> None:
    if not making.cancelled() and making.exception() is None:
        making.result()[0].abort()


async def connected(addresses: list[str], port: int) -> socket.socket:
    """A socket to the first of the addresses to accept, each tried a moment after the last.

    Raises:
        OSError: none does.
    """
    loop = asyncio.get_running_loop()
    if len(addresses) == 1:
        return await _dial_one(loop, addresses[0], port)  # no race, so no tasks
    waiting = deque(_interleaved(addresses))
    pending: set[asyncio.Task[socket.socket]] = set()
    error: OSError = OSError("no address")
    try:
        while waiting or pending:
            if waiting:
                pending.add(loop.create_task(_dial_one(loop, waiting.popleft(), port)))
            done, pending = await asyncio.wait(
                pending,
                timeout=_STAGGER_S if waiting else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
            for task in done:
                failure = task.exception()
                if failure is None:
                    pending |= done - {task}
                    return task.result()
                if not isinstance(failure, OSError):
                    raise failure
                error = failure
        raise error
    finally:
        # Nothing is awaited here: a caller that leaves now would lose the connection that was made.
        for task in pending:
            task.cancel()
            task.add_done_callback(_drop)


def _drop(task: asyncio.Task[socket.socket]) -> None:
    if not task.cancelled() and task.exception() is None:
        task.result().close()


async def _dial_one(loop: asyncio.AbstractEventLoop, address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await loop.sock_connect(sock, (address, port))
    except BaseException:
        sock.close()
        raise
    return sock


def _interleaved(addresses: list[str]) -> list[str]:
    """The resolver's order, families alternating, so that one broken family costs one step."""
    first = [a for a in addresses if (":" in a) == (":" in addresses[0])]
    other = [a for a in addresses if a not in first]
    mixed: list[str] = []
    while first or other:
        if first:
            mixed.append(first.pop(0))
        if other:
            mixed.append(other.pop(0))
    return mixed
