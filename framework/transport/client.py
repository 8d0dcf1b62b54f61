"""The one way out: requests under a deadline and limits, whole answers or the reason why not."""

from __future__ import annotations

import asyncio
import errno
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self

from coinmux.framework.errors import LocalNetwork, Unreachable, UpstreamTimeout
from coinmux.framework.transport import content_decoding
from coinmux.framework.transport.address_guard import is_loopback
from coinmux.framework.transport.causes import causes
from coinmux.framework.transport.pool import Pool, Resolve

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from coinmux.framework.clock import Clock, Deadline
    from coinmux.framework.secrets import Redactor
    from coinmux.framework.transport.address_guard import Origin
    from coinmux.framework.transport.messages import Answer, Outgoing

#: Longer bodies are decoded and parsed off the event loop.
OFF_LOOP_BYTES = 262_144
#: If this many hosts fail within this time and none answers, our own network is down.
LOCAL_HOSTS = 3
LOCAL_WINDOW_S = 15.0
_LOCAL_ERRNO = frozenset(
    {
        errno.ENETUNREACH,
        errno.ENETDOWN,
        errno.EHOSTUNREACH,
        errno.EADDRNOTAVAIL,
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOBUFS,
    }
)


class Way(Protocol):
    """What carries requests: our own connections, or a foreign transport held to our rules."""

    async def exchange(self, request: Outgoing, until: float, limit: int, /) -> Answer:
        """One request, one whole answer, its content coding left on.

        Raises:
            ProviderError: there is none, or one that breaks a rule.
        """
        ...

    async def close(self) -> None:
        """Drop all connections."""
        ...


@dataclass(frozen=True, slots=True)
class ClientLimits:
    """What one answer may cost.

    Attributes:
        connect_s: resolving, dialling and TLS together.
        wire_bytes, decoded_bytes: most bytes as they come, and once decoded.
        feed_bytes: both, for feeds.
    """

    connect_s: float = 2.0
    wire_bytes: int = 8 * 1_048_576
    decoded_bytes: int = 16 * 1_048_576
    feed_bytes: int = 4 * 1_048_576


class SafeHTTPClient:
    """Sends the requests of one Gateway. Not shared between event loops.

    Args:
        clock: dates the failures of our own network.
        redactor: removes secrets from foreign text in errors.
        limits: of one answer.
        ca_file: certificates trusted in addition to the usual ones.
        resolve: in place of the system's resolver.
        transport: any transport of httpx, in place of the guarded one; closed with the client.
    """

    def __init__(
        self,
        clock: Clock,
        redactor: Redactor,
        limits: ClientLimits | None = None,
        *,
        ca_file: str | None = None,
        resolve: Resolve | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.limits = limits if limits is not None else ClientLimits()
        self.redactor = redactor
        self._clock = clock
        connect_s = self.limits.connect_s
        self._way: Way = (
            Pool(connect_s=connect_s, ca_file=ca_file, resolve=resolve)
            if transport is None
            else _way_over(transport, connect_s)
        )
        self._transport = transport
        self._socket_pool: Pool | None = None
        self._out_of_reach: dict[str, float] = {}
        #: Told the source, `Date` and `Age` of each reply.
        self.on_date: Callable[[str, str, str | None], None] | None = None
        #: Told the source and the weight of each request that goes out; None while no keys are set.
        self.charge: Callable[[str, float], None] | None = None

    async def send(self, request: Outgoing, deadline: Deadline) -> Answer:
        """One request, one whole answer of any status, content coding undone.

        Raises:
            ProviderError: no answer, or one that breaks HTTP or a limit.
        """
        remaining_s = deadline.remaining_s()
        if remaining_s <= 0:
            raise UpstreamTimeout(f"{request.origin.netloc}: no time left to ask")
        limits = self.limits
        limit = limits.feed_bytes if request.is_feed else limits.wire_bytes
        until = asyncio.get_running_loop().time() + remaining_s
        try:
            answer = await self._way.exchange(request, until, limit)
        except Unreachable as exc:
            failure = exc
        else:
            if self._out_of_reach:
                self._out_of_reach.clear()
            coding = answer.headers.get("content-encoding")
            if coding is not None:
                limit = limits.feed_bytes if request.is_feed else limits.decoded_bytes
                answer.body = await _decoded(answer.body, coding, limit)
            return answer
        # Raised here, outside the handler, so that the error keeps the cause it came with.
        if self._is_our_network(request.origin, failure):
            raise LocalNetwork(f"no way out, it seems: {failure.detail}") from failure
        raise failure

    def pool(self) -> Pool:
        """What dials WebSockets: the pool of requests, or another beside a foreign transport.

        A foreign transport carries requests alone; where it is httpx's own, WebSockets go through
        the same proxies and trust the same certificates.
        """
        if self._socket_pool is None:
            way = self._way
            self._socket_pool = (
                way
                if isinstance(way, Pool)
                else _pool_beside(self._transport, self.limits.connect_s)
            )
        return self._socket_pool

    async def close(self) -> None:
        """Drop all connections."""
        await self._way.close()
        if self._socket_pool is not None and self._socket_pool is not self._way:
            await self._socket_pool.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _is_our_network(self, origin: Origin, failure: Unreachable) -> bool:
        if is_loopback(origin.host) or not _looks_local(failure):
            return False
        now = self._clock.monotonic()
        hosts = self._out_of_reach
        hosts[origin.host] = now
        for host, at in list(hosts.items()):
            if now - at > LOCAL_WINDOW_S:
                del hosts[host]
        return len(hosts) >= LOCAL_HOSTS


def _way_over(transport: httpx.AsyncBaseTransport, connect_s: float) -> Way:
    # Imported here: our own connections do without httpx, which is slow to import.
    from coinmux.framework.transport.foreign import Foreign
    from coinmux.framework.transport.guarded import GuardedTransport

    if type(transport) is GuardedTransport:
        return transport.pool
    return Foreign(transport, connect_s)


def _pool_beside(transport: httpx.AsyncBaseTransport | None, connect_s: float) -> Pool:
    from coinmux.framework.transport.httpx_transport import HTTPXTransport

    if isinstance(transport, HTTPXTransport):
        return Pool(connect_s=connect_s, tls=transport.tls(), proxies=transport.proxies)
    return Pool(connect_s=connect_s)


async def _decoded(body: bytes, coding: str, limit: int) -> bytes:
    if len(body) > OFF_LOOP_BYTES // 4:
        return await asyncio.to_thread(content_decoding.decode, body, coding, limit)
    return content_decoding.decode(body, coding, limit)


def _looks_local(failure: Unreachable) -> bool:
    """Whether the operating system's error behind a failure is about this machine's network."""
    for cause in causes(failure):
        if isinstance(cause, socket.gaierror):
            return cause.errno == socket.EAI_AGAIN
        if isinstance(cause, OSError) and cause.errno in _LOCAL_ERRNO:
            return True
    return False
