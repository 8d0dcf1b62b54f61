"""httpx's own connections, as `HTTP_TRANSPORT=httpx` asks for."""

from __future__ import annotations

import importlib.util
import urllib.request
from typing import TYPE_CHECKING

import httpx

from coinmux.framework.transport.choice import is_named, proxies_of
from coinmux.framework.transport.pool import IDLE_PER_ORIGIN, IDLE_S

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
    """

    def __init__(
        self, verify: ssl.SSLContext | None = None, values: Mapping[str, str] | None = None
    ) -> None:
        proxies = {**urllib.request.getproxies(), **proxies_of(values or {})}
        self._proxies = proxies
        self._direct = _connections(verify, None)
        self._proxied = {
            scheme: _connections(verify, _address(proxy))
            for scheme in ("http", "https")
            if (proxy := proxies.get(scheme) or proxies.get("all"))
        }

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry one request, through the environment's proxy where it names one for the host.

        Raises:
            httpx.TransportError: the request failed.
        """
        url = request.url
        transport = self._proxied.get(url.scheme)
        if transport is None or self._goes_direct(url.netloc.decode("ascii")):
            transport = self._direct
        return await transport.handle_async_request(request)

    def _goes_direct(self, netloc: str) -> bool:
        if "no" in self._proxies:
            return is_named(netloc, self._proxies["no"])
        return bool(urllib.request.proxy_bypass(netloc))

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


def _address(proxy: str) -> str:
    return proxy if "://" in proxy else f"http://{proxy}"
