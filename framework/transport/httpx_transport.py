"""httpx's own connections, as `HTTP_TRANSPORT=httpx` asks for."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

import httpx

from coinmux.framework.transport.pool import IDLE_PER_ORIGIN, IDLE_S
from coinmux.framework.transport.proxies import Proxies

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping


class HTTPXTransport(httpx.AsyncBaseTransport):
    """httpx's own connections, set up by the environment as an `httpx.AsyncClient` is.

    `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` choose a proxy, `SSL_CERT_FILE` and
    `SSL_CERT_DIR` the trusted certificates. HTTP/2 is used where `h2` is installed.

    Args:
        verify: certificates trusted in place of the environment's.
        values: variables that win over the environment.

    Attributes:
        proxies: those that are used; WebSockets go through them too.
    """

    def __init__(
        self, verify: ssl.SSLContext | None = None, values: Mapping[str, str] | None = None
    ) -> None:
        self._verify = verify
        self.proxies = Proxies(values)
        self._direct = _connections(verify, None)
        self._proxied = {
            scheme: _connections(verify, address)
            for scheme in ("http", "https")
            if (address := self.proxies.address(scheme)) is not None
        }

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry one request, through the environment's proxy where it names one for the host.

        Raises:
            httpx.TransportError: the request failed.
        """
        url = request.url
        transport = self._proxied.get(url.scheme)
        if transport is None or self.proxies.is_direct(url.netloc.decode("ascii")):
            transport = self._direct
        return await transport.handle_async_request(request)

    def tls(self) -> ssl.SSLContext:
        """A context of TLS that trusts what the requests trust, for WebSockets."""
        if self._verify is not None:
            return self._verify
        context = httpx.create_ssl_context()
        context.set_alpn_protocols(["http/1.1"])
        return context

    async def aclose(self) -> None:
        """Drop all connections."""
        for transport in (self._direct, *self._proxied.values()):
            await transport.aclose()


def _connections(verify: ssl.SSLContext | None, proxy: str | None) -> httpx.AsyncHTTPTransport:
    return httpx.AsyncHTTPTransport(
        verify=verify if verify is not None else True,
        http2=importlib.util.find_spec("h2") is not None,
        proxy=proxy,
        limits=httpx.Limits(
            max_connections=None,
            max_keepalive_connections=IDLE_PER_ORIGIN,
            keepalive_expiry=IDLE_S,
        ),
    )
