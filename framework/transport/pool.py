"""Connections cached, resolved under guard and dialled: from a request to its answer."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

import certifi

from coinmux.framework.errors import (
    Disconnected,
    Outcome,
    ProviderError,
    TLSFailure,
    Unreachable,
    UpstreamTimeout,
)
from coinmux.framework.transport import address_guard
from coinmux.framework.transport.connection import Connection, StaleConnection
from coinmux.framework.transport.dialling import connected, transport_over

if TYPE_CHECKING:
    from coinmux.framework.transport.address_guard import Origin
    from coinmux.framework.transport.messages import Answer, Outgoing
    from coinmux.framework.transport.proxies import Proxies

P = TypeVar("P", bound=asyncio.Protocol)
#: Host name and port to addresses, as numbers.
Resolve = Callable[[str, int], Awaitable[list[str]]]

IDLE_S = 15.0
#: Servers close idle connections after 5 s and more. A POST is not sent twice, so it takes only a
#: connection that was busy just now.
IDLE_POST_S = 3.0
IDLE_PER_ORIGIN = 64
ADDRESSES_S = 30.0


class Pool:
    """Connections of one event loop.

    Args:
        connect_s: longest wait for resolving, dialling and the TLS handshake together.
        ca_file: certificates trusted in addition to the usual ones.
        resolve: in place of the system's resolver.
        tls: in place of a context that trusts the usual certificates.
        proxies: which lead to some hosts; those look up the names of these.
    """

    def __init__(
        self,
        *,
        connect_s: float = 2.0,
        ca_file: str | None = None,
        resolve: Resolve | None = None,
        tls: ssl.SSLContext | None = None,
        proxies: Proxies | None = None,
    ) -> None:
        self._connect_s = connect_s
        self._ca_file = ca_file
        self._addresses = Addresses(resolve if resolve is not None else _system_resolve)
        self._idle: dict[Origin, deque[Connection]] = {}
        self._open: set[Connection] = set()
        self._names: dict[bytes, str] = {}
        self._tls = tls
        self._proxies = proxies
        self._sweeper: asyncio.TimerHandle | None = None

    async def exchange(self, request: Outgoing, until: float, limit: int) -> Answer:
        """Send a request over an idle connection, or over a new one.

        An idle connection that its peer had closed is replaced once, for GET only; any other
        failure is final.

        Args:
            request: what to send; connections are shared by the requests of one origin.
            until: moment of the loop's clock at which waiting ends.
            limit: most bytes on the wire, headers included.

        Raises:
            ProviderError: unreachable, refused by the guard, late, damaged or too large.
        """
        loop = asyncio.get_running_loop()
        origin = request.origin
        wire = request.wire()
        is_get = request.method == "GET"
        connection = self._take(origin, loop.time(), IDLE_S if is_get else IDLE_POST_S)
        if connection is not None:
            try:
                answer = await connection.exchange(wire, until, limit)
            except StaleConnection as stale:
                if not is_get:
                    # The peer may have read it, so it is not sent again and counts as no failure.
                    stale.outcome = Outcome.NEUTRAL
                    raise
            else:
                self._keep(origin, connection, loop)
                return answer
        connection = await self._connect(origin, until, loop)
        answer = await connection.exchange(wire, until, limit)
        self._keep(origin, connection, loop)
        return answer

    async def close(self) -> None:
        """Drop every connection; exchanges under way end with `Disconnected`."""
        if self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None
        self._idle.clear()
        await self._addresses.close()
        for connection in list(self._open):
            connection.abort()
        for _ in range(4):  # transports report their end in the loop's next rounds
            if not self._open:
                break
            await asyncio.sleep(0)

    def _take(self, origin: Origin, now: float, longest_s: float) -> Connection | None:
        idle = self._idle.get(origin)
        while idle:
            connection = idle.pop()  # the latest: most likely to be open still
            if connection.is_usable:
                if now - connection.idle_since <= longest_s and connection.is_silent:
                    return connection
                connection.abort()
        return None

    def _keep(
        self, origin: Origin, connection: Connection, loop: asyncio.AbstractEventLoop
    ) -> None:
        if not connection.is_usable:
            return
        idle = self._idle.get(origin)
        if idle is None:
            idle = self._idle[origin] = deque()
        connection.idle_since = loop.time()
        idle.append(connection)
        if len(idle) > IDLE_PER_ORIGIN:
            idle.popleft().abort()
        if self._sweeper is None:
            self._sweeper = loop.call_later(IDLE_S, self._sweep, loop)

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        oldest = loop.time() - IDLE_S
        for origin, idle in list(self._idle.items()):
            while idle and (idle[0].idle_since < oldest or not idle[0].is_usable):
                idle.popleft().abort()
            if not idle:
                del self._idle[origin]
        self._sweeper = loop.call_later(IDLE_S, self._sweep, loop) if self._idle else None

    async def _connect(
        self, origin: Origin, until: float, loop: asyncio.AbstractEventLoop
    ) -> Connection:
        label = origin.netloc
        connection = await self.dial(
            origin, until, lambda: Connection(label, self._names, self._open.discard)
        )
        self._open.add(connection)
        return connection

    async def dial(self, origin: Origin, until: float, make: Callable[[], P]) -> P:
        """A new connection of any protocol, under the guard of addresses.

        Args:
            until: moment of the loop's clock at which waiting ends.
            make: of the protocol.

        Raises:
            ProviderError: refused by the guard, unreachable, or late.
        """
        proxy = None if self._proxies is None else self._proxies.of(origin)
        label, host, connect_s = origin.netloc, origin.host, self._connect_s
        if proxy is not None:
            # To the proxy, and from there.
            label, host, connect_s = f"{label} through {proxy.label}", proxy.host, 2 * connect_s
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout_at(min(until, loop.time() + connect_s)):
                if proxy is not None:
                    from coinmux.framework.transport import tunnel

                    address_guard.check_literal(origin)
                    return await tunnel.open_through(
                        proxy, origin, make, self._dial_proxy, self._context
                    )
                addresses = address_guard.permitted(
                    origin, await self._addresses.of(origin.host, origin.port)
                )
                sock = await connected(addresses, origin.port)
                _, protocol = await transport_over(
                    sock,
                    make,
                    ssl=self._context() if origin.is_tls else None,
                    server_hostname=origin.host.rstrip(".") if origin.is_tls else None,
                )
        except ProviderError:
            raise
        except TimeoutError as exc:
            raise UpstreamTimeout(f"{label}: no connection in time") from exc
        except ssl.SSLCertVerificationError as exc:
            raise TLSFailure(f"{label}: {exc.verify_message}") from exc
        except ssl.SSLError as exc:
            raise TLSFailure(f"{label}: {exc.reason or 'TLS handshake failed'}") from exc
        except socket.gaierror as exc:
            raise Unreachable(f"{host} does not resolve: {exc.strerror}") from exc
        except (ConnectionResetError, ConnectionAbortedError, BrokenPipeError) as exc:
            raise Disconnected(f"{label}: connection reset") from exc
        except OSError as exc:
            raise Unreachable(f"{label}: {exc.strerror or 'cannot be reached'}") from exc
        return protocol

    async def _dial_proxy(self, host: str, port: int) -> socket.socket:
        """Connect to a proxy; the operator named it, so it may be anywhere."""
        addresses = await self._addresses.of(host, port)
        return await connected(addresses, port)

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            context = ssl.create_default_context(cafile=certifi.where())
            if self._ca_file is not None:
                context.load_verify_locations(cafile=self._ca_file)
            context.set_alpn_protocols(["http/1.1"])
            self._tls = context
        return self._tls


class Addresses:
    """Resolved names, cached for half a minute; simultaneous lookups of a name are shared."""

    def __init__(self, resolve: Resolve) -> None:
        self._resolve = resolve
        self._known: dict[tuple[str, int], tuple[float, list[str]]] = {}
        self._lookups: dict[tuple[str, int], asyncio.Task[list[str]]] = {}

    async def of(self, host: str, port: int) -> list[str]:
        """The host's addresses; the host itself where it is one.

        Raises:
            BlockedAddress: an odd spelling of an IPv4 address.
            OSError: it does not resolve.
        """
        literal = address_guard.literal_address(host)
        if literal is not None:
            return [literal]
        key = (host, port)
        loop = asyncio.get_running_loop()
        known = self._known.get(key)
        if known is not None and loop.time() - known[0] < ADDRESSES_S:
            return known[1]
        task = self._lookups.get(key)
        if task is None:
            task = self._lookups[key] = loop.create_task(self._look_up(key))
            task.add_done_callback(_retrieve)
        # One caller's deadline must not end the others' lookup.
        return await asyncio.shield(task)

    async def close(self) -> None:
        """End the lookups under way."""
        tasks = list(self._lookups.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _look_up(self, key: tuple[str, int]) -> list[str]:
        try:
            addresses = await self._resolve(*key)
            if not addresses:
                raise socket.gaierror(socket.EAI_NONAME, "no address")
            self._known[key] = (asyncio.get_running_loop().time(), addresses)
            return addresses
        finally:
            del self._lookups[key]


def _retrieve(task: asyncio.Task[list[str]]) -> None:
    if not task.cancelled():
        task.exception()


async def _system_resolve(host: str, port: int) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))
