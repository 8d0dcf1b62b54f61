"""The one way out: requests under a deadline and limits, whole answers or the reason why not."""

from __future__ import annotations

import asyncio
import errno
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self

from coinmux.framework.errors import LocalNetwork, Unreachable, UpstreamTimeout
from coinmux.framework.transport import content_decoding
from coinmux.framework.transport.address_guard import Origin, is_loopback
from coinmux.framework.transport.messages import OutboundRequest, RawReply
from coinmux.framework.transport.pool import Pool, Resolve

if TYPE_CHECKING:
    from coinmux.framework.clock import Clock, Deadline
    from coinmux.framework.secrets import Redactor

__all__ = ["ClientLimits", "OutboundRequest", "RawReply", "SafeHTTPClient", "WireExchange"]

#: Longer bodies are decoded and parsed off the event loop.
OFF_LOOP_BYTES = 262_144
#: So many hosts out of reach within so long, and none answering: it is our own network.
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


class WireExchange(Protocol):
    """What carries requests: the pool, or a stand-in for it."""

    async def exchange(self, request: OutboundRequest, until: float, limit: int) -> RawReply: ...

    async def close(self) -> None: ...


class SafeHTTPClient:
    """Sends the requests of one Gateway. Not shared between event loops.

    Args:
        clock: for the memory of our own network's troubles.
        redactor: cleans what foreign text enters an error.
        limits: of one answer.
        ca_file: certificates trusted besides the usual ones.
        resolve: in place of the system's resolver.
        carrier: in place of the connection pool (`httpx_adapter.HTTPXCarrier`).
    """

    def __init__(
        self,
        clock: Clock,
        redactor: Redactor,
        limits: ClientLimits | None = None,
        *,
        ca_file: str | None = None,
        resolve: Resolve | None = None,
        carrier: WireExchange | None = None,
    ) -> None:
        self.limits = limits if limits is not None else ClientLimits()
        self.redactor = redactor
        self._clock = clock
        self._carrier: WireExchange = (
            carrier
            if carrier is not None
            else Pool(connect_s=self.limits.connect_s, ca_file=ca_file, resolve=resolve)
        )
        self._out_of_reach: dict[str, float] = {}

    async def send(self, request: OutboundRequest, deadline: Deadline) -> RawReply:
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
            reply = await self._carrier.exchange(request, until, limit)
        except Unreachable as exc:
            if self._is_our_network(request.origin, exc):
                raise LocalNetwork(f"no way out, it seems: {exc.detail}") from exc
            raise
        if self._out_of_reach:
            self._out_of_reach.clear()
        coding = reply.headers.get("content-encoding")
        if coding is not None:
            limit = limits.feed_bytes if request.is_feed else limits.decoded_bytes
            if len(reply.body) > OFF_LOOP_BYTES // 4:
                reply.body = await asyncio.to_thread(
                    content_decoding.decode, reply.body, coding, limit
                )
            else:
                reply.body = content_decoding.decode(reply.body, coding, limit)
        return reply

    async def close(self) -> None:
        """Drop all connections."""
        await self._carrier.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _is_our_network(self, origin: Origin, failure: Unreachable) -> bool:
        if is_loopback(origin.host) or not _looks_local(failure.__cause__):
            return False
        now = self._clock.monotonic()
        hosts = self._out_of_reach
        hosts[origin.host] = now
        for host, at in list(hosts.items()):
            if now - at > LOCAL_WINDOW_S:
                del hosts[host]
        return len(hosts) >= LOCAL_HOSTS


def _looks_local(cause: BaseException | None) -> bool:
    if isinstance(cause, socket.gaierror):
        return cause.errno == socket.EAI_AGAIN
    return isinstance(cause, OSError) and cause.errno in _LOCAL_ERRNO
