"""The guarded transport: httpx's interface over our own connections.

Addresses are checked once resolved, every byte is counted, and one deadline holds for the whole
exchange. It serves an `httpx.AsyncClient` as it serves a `Gateway`.
"""

from __future__ import annotations

import asyncio

import httpx

from coinmux.framework.errors import (
    Disconnected,
    ProtocolViolation,
    ProviderError,
    Unreachable,
    UpstreamTimeout,
)
from coinmux.framework.transport.httpx_objects import LIMIT, UNTIL, outgoing_of, response_of
from coinmux.framework.transport.pool import Pool

_TO_HTTPX: dict[type[ProviderError], type[httpx.TransportError]] = {
    Unreachable: httpx.ConnectError,
    UpstreamTimeout: httpx.ReadTimeout,
    Disconnected: httpx.ReadError,
    ProtocolViolation: httpx.RemoteProtocolError,
}


class GuardedTransport(httpx.AsyncBaseTransport):
    """An httpx transport over the guarded pool.

    Args:
        pool: the connections; closed with the transport. `SafeHTTPClient` asks it directly.
        limit: most bytes of an answer on the wire, where the request names no limit.
        timeout_s: of a request that names no timeout of its own.
    """

    def __init__(
        self, pool: Pool | None = None, *, limit: int = 8 * 1_048_576, timeout_s: float = 10.0
    ) -> None:
        self.pool = pool if pool is not None else Pool()
        self._limit = limit
        self._timeout_s = timeout_s

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry one request. Redirects, cookies and proxies are not handled here.

        Raises:
            httpx.TransportError: the request failed; the cause is the framework's error.
        """
        extensions = request.extensions
        until = extensions.get(UNTIL)
        if until is None:
            timeout_s = extensions.get("timeout", {}).get("read") or self._timeout_s
            until = asyncio.get_running_loop().time() + timeout_s
        try:
            outgoing = await outgoing_of(request)
            limit = extensions.get(LIMIT, self._limit)
            return response_of(await self.pool.exchange(outgoing, until, limit))
        except ProviderError as exc:
            kind = next((_TO_HTTPX[t] for t in type(exc).__mro__ if t in _TO_HTTPX), None)
            raise (kind or httpx.TransportError)(str(exc), request=request) from exc

    async def aclose(self) -> None:
        """Drop all connections."""
        await self.pool.close()
