"""Which client a reverse proxy asks for. Only proxies named in `TRUSTED_PROXIES` are believed.

Anyone can send these headers, and a proxy passes on those it does not know. So one header is read,
the one the operator says the proxies set, from its end: what stands furthest right was written by
the proxy that is connected, and what a client wrote itself stands to the left of that.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from coinmux.framework.config.settings import Network
    from coinmux.server.asgi.scope import RawHeaders, RequestState, Scope

#: `for=` of RFC 7239, with or without quotes.
_FOR = re.compile(r'(?:^|;)\s*for\s*=\s*("[^"]*"|[^;\s]+)', re.IGNORECASE)
_REMEMBERED = 1_024
#: More hops than any honest request has; what lies before them is not looked at.
_MOST_HOPS = 32


class TrustedProxies:
    """The proxies that are believed.

    Args:
        networks: `TRUSTED_PROXIES`.
        header: `PROXY_CLIENT_HEADER`.
    """

    def __init__(self, networks: Iterable[Network], header: str) -> None:
        self._networks = tuple(networks)
        self._header = header.encode("ascii")
        self._is_forwarded = header == "forwarded"
        self._named: dict[str, bool] = {}

    def __bool__(self) -> bool:
        return bool(self._networks)

    def names(self, address: str) -> bool:
        """Whether the proxy at that address is believed."""
        known = self._named.get(address)
        if known is None:
            found = _address(address)
            known = found is not None and any(found in network for network in self._networks)
            if len(self._named) >= _REMEMBERED:
                self._named.clear()
            self._named[address] = known
        return known

    def relay(self, scope: Scope, state: RequestState) -> None:
        """Have `scope` name the client for whom a named proxy asks, and say that it was relayed.

        A proxy that names no client is taken for the client.
        """
        peer = scope.get("client")
        if not peer or not self.names(peer[0]):
            return
        state.is_relayed = True
        # The same bytes of another client would be counted as this one's.
        state.raw = b""
        if (client := self.client(scope["headers"])) is not None:
            scope["client"] = (client, 0)

    def client(self, headers: RawHeaders) -> str | None:
        """The address nearest to us that is no named proxy's; None where the header has none."""
        values = [value.decode("latin-1") for name, value in headers if name == self._header]
        hops = [hop.strip() for hop in ",".join(values).split(",") if hop.strip()]
        furthest = None
        for hop in list(reversed(hops))[:_MOST_HOPS]:
            found = _address(self._host(hop))
            if found is None:
                # "unknown", a name or rubbish: nothing beyond it can be believed.
                return furthest
            furthest = str(found)
            if not self.names(furthest):
                return furthest
        return furthest

    def _host(self, hop: str) -> str:
        if not self._is_forwarded:
            return hop
        found = _FOR.search(hop)
        return "" if found is None else found[1].strip('"')


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An address as proxies write it: bare, in brackets, with a port."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found
