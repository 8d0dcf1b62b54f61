"""The border to httpx, in both directions; the one module that names it.

`GuardedTransport` gives an `httpx.AsyncClient` our guard, limits and connections. `HTTPXCarrier`
lets any httpx transport carry a `SafeHTTPClient`'s requests: a mock in a test, another library's
transport in a trial. Neither is on the way of ordinary requests: building httpx's request and
response objects alone costs more than a whole exchange without them (docs/transport.md).
"""

from __future__ import annotations

import asyncio

import httpx

from coinmux.framework.errors import (
    Disconnected,
    ProtocolViolation,
    ProviderError,
    TooLarge,
    Unreachable,
    UpstreamTimeout,
)
from coinmux.framework.transport.address_guard import Origin
from coinmux.framework.transport.messages import OutboundRequest, RawReply
from coinmux.framework.transport.pool import Pool

#: What httpx asks for by default is more than is decoded here, so it is not passed on.
_DROPPED = frozenset({b"content-length", b"transfer-encoding", b"connection"})
_TO_HTTPX: dict[type[ProviderError], type[httpx.TransportError]] = {
    Unreachable: httpx.ConnectError,
    UpstreamTimeout: httpx.ReadTimeout,
    Disconnected: httpx.ReadError,
    ProtocolViolation: httpx.RemoteProtocolError,
}
#: In this order: a subtype stands before its base.
_FROM_HTTPX: tuple[tuple[type[Exception], type[ProviderError]], ...] = (
    (httpx.TimeoutException, UpstreamTimeout),
    (httpx.ConnectError, Unreachable),
    (httpx.NetworkError, Disconnected),
    (httpx.TransportError, ProtocolViolation),
)


class GuardedTransport(httpx.AsyncBaseTransport):
    """An httpx transport over the guarded pool.

    Args:
        pool: the connections; closed with the transport.
        limit: most bytes of an answer on the wire.
        timeout_s: of a request that names no timeout of its own.
    """

    def __init__(
        self, pool: Pool | None = None, *, limit: int = 8 * 1_048_576, timeout_s: float = 10.0
    ) -> None:
        self._pool = pool if pool is not None else Pool()
        self._limit = limit
        self._timeout_s = timeout_s

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry one request; redirects, cookies and proxies are not this transport's business.

        Raises:
            httpx.TransportError: the request failed; the cause is the framework's error.
        """
        timeout_s = request.extensions.get("timeout", {}).get("read") or self._timeout_s
        until = asyncio.get_running_loop().time() + timeout_s
        head = b"".join(
            b"%s: %s\r\n" % (name, value)
            for name, value in request.headers.raw
            if name.lower() not in _DROPPED
        )
        try:
            outbound = OutboundRequest(
                Origin.parse(str(request.url.copy_with(userinfo=b""))),
                request.method,
                request.url.raw_path.decode("ascii"),
                head,
                await request.aread(),
            )
            reply = await self._pool.exchange(outbound, until, self._limit)
        except ProviderError as exc:
            kind = next((_TO_HTTPX[t] for t in type(exc).__mro__ if t in _TO_HTTPX), None)
            raise (kind or httpx.TransportError)(str(exc), request=request) from exc
        headers = [(k, v) for k, v in reply.headers.items() if k != "transfer-encoding"]
        return httpx.Response(
            reply.status, headers=headers, stream=httpx.ByteStream(reply.body), request=request
        )

    async def aclose(self) -> None:
        """Drop all connections."""
        await self._pool.close()


class HTTPXCarrier:
    """Carries a client's requests over any httpx transport.

    The guard does not reach into a foreign transport: addresses are checked as spelled, not as
    resolved.
    """

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

    async def exchange(self, request: OutboundRequest, until: float, limit: int) -> RawReply:
        """One request, one whole answer; its content coding is left on.

        Raises:
            ProviderError: no answer, or a larger one.
        """
        origin = request.origin
        lines = (line.split(b": ", 1) for line in request.head.split(b"\r\n") if line)
        outbound = httpx.Request(
            request.method,
            f"{origin.scheme}://{origin.netloc}{request.target}",
            headers=[(name, value) for name, value in lines],
            content=request.body or None,
        )
        try:
            async with asyncio.timeout_at(until):
                response = await self._transport.handle_async_request(outbound)
                try:
                    body = await _read(response, limit)
                finally:
                    await response.aclose()
        except ProviderError:
            raise
        except TimeoutError as exc:
            raise UpstreamTimeout(f"{origin.netloc}: no answer in time") from exc
        except httpx.TransportError as exc:
            kind = next(ours for theirs, ours in _FROM_HTTPX if isinstance(exc, theirs))
            raise kind(f"{origin.netloc}: {type(exc).__name__}") from exc
        headers = {k: v for k, v in response.headers.items() if k != "set-cookie"}
        return RawReply(response.status_code, headers, body)

    async def close(self) -> None:
        """Close the transport."""
        await self._transport.aclose()


async def _read(response: httpx.Response, limit: int) -> bytes:
    body = bytearray()
    stream = response.stream
    if not isinstance(stream, httpx.AsyncByteStream):
        raise ProtocolViolation("the transport answered with a synchronous stream")
    async for chunk in stream:
        body += chunk
        if len(body) > limit:
            raise TooLarge(f"more than {limit} bytes")
    return bytes(body)
