"""Which proxy leads to a host, as the environment says."""

from __future__ import annotations

import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from coinmux.framework.transport.choice import is_named, proxies_of

if TYPE_CHECKING:
    from coinmux.framework.transport.address_guard import Origin

#: Kinds of proxies, and the port of each.
_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy that the operator named.

    Attributes:
        scheme: `http`, `https` (TLS to the proxy itself) or `socks5`; each looks up names itself.
        user, password: empty where it takes none.
    """

    scheme: str
    host: str
    port: int
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    @classmethod
    def parse(cls, address: str) -> Proxy:
        """The proxy at an address; without a scheme it is `http`.

        Raises:
            ValueError: it is no address, or of a kind that is not supported.
        """
        parts = urlsplit(address if "://" in address else f"http://{address}")
        if parts.scheme not in _PORTS:
            known = ", ".join(_PORTS)
            raise ValueError(f"a proxy is one of {known}, not {parts.scheme[:20]!r}")
        try:
            host, port = parts.hostname, parts.port
        except ValueError:
            host = port = None
        if not host:
            raise ValueError("the address of a proxy is written as http://host:port")
        return cls(
            "socks5" if parts.scheme == "socks5h" else parts.scheme,
            host,
            port if port is not None else _PORTS[parts.scheme],
            unquote(parts.username or ""),
            unquote(parts.password or ""),
        )

    @property
    def label(self) -> str:
        """Host and port, without what it is logged in with."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Proxies:
    """The proxies of the environment, as an `httpx.AsyncClient` reads it.

    Args:
        values: variables that win over the environment.
    """

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self._named = {**urllib.request.getproxies(), **proxies_of(values or {})}

    def address(self, scheme: str) -> str | None:
        """The address of the proxy for requests over `http` or `https`; None for none."""
        named = self._named.get(scheme) or self._named.get("all")
        if named is None:
            return None
        return named if "://" in named else f"http://{named}"

    def is_direct(self, netloc: str) -> bool:
        """Whether `NO_PROXY` names the host."""
        if "no" in self._named:
            return is_named(netloc, self._named["no"])
        return bool(urllib.request.proxy_bypass(netloc))

    def of(self, origin: Origin) -> Proxy | None:
        """The proxy that leads to an origin; None where it is dialled directly.

        Raises:
            ValueError: as of `Proxy.parse`.
        """
        address = self.address(origin.scheme)
        if address is None or self.is_direct(origin.netloc):
            return None
        return Proxy.parse(address)
