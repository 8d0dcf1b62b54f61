"""Where requests may go: https to public addresses, unless the operator named the address."""

from __future__ import annotations

import functools
import ipaddress
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from coinmux.framework.errors import BlockedAddress

if TYPE_CHECKING:
    from collections.abc import Iterable

_HOST = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*\.?")
# A last label of digits, or 0x…, is how inet_aton's odd spellings of IPv4 end (127.1, 0x7f.1).
_NUMERIC_END = re.compile(r"(?:.*\.)?(?:\d+|0x[0-9a-f]*)\.?")
#: What `is_global` takes for public: IPv6 that carries an IPv4 address, site-local addresses
#: (RFC 3879) and the relays of 6to4 (RFC 7526).
_NOT_PUBLIC = tuple(
    ipaddress.ip_network(network)
    for network in ("::ffff:0:0/96", "64:ff9b::/96", "2002::/16", "fec0::/10", "192.88.99.0/24")
)


@dataclass(frozen=True, slots=True)
class Origin:
    """One scheme, host and port.

    Attributes:
        scheme: `https`, or `http` where allowed.
        host: lower case ASCII; an IP literal without brackets.
        port: 1 to 65535.
        allowed: the operator named this origin, so it may be private and plain http.
    """

    scheme: str
    host: str
    port: int
    allowed: bool = False
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        key = (self.scheme, self.host, self.port, self.allowed)
        object.__setattr__(self, "_hash", hash(key))

    def __hash__(self) -> int:
        # Connections are looked up by origin, twice a request.
        return self._hash

    @classmethod
    def parse(cls, url: str, *, allowed: bool = False) -> Origin:
        """The origin of a URL.

        Raises:
            BlockedAddress: no https, credentials in the URL, or no host that could be declared.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
            host = (parts.hostname or "").encode("idna" if not url.isascii() else "ascii").decode()
        except ValueError as exc:
            raise BlockedAddress(f"no usable address: {exc}") from exc
        host = host.lower()
        if parts.scheme != "https" and not (allowed and parts.scheme == "http"):
            raise BlockedAddress(f"{host or 'the address'} is not asked over https")
        if parts.username is not None or parts.password is not None:
            raise BlockedAddress(f"{host}: an address takes no user name or password")
        if not _HOST.fullmatch(host) and _literal(host) is None:
            raise BlockedAddress(f"{host[:80]!r} is not a host name")
        if port is None:
            port = 443 if parts.scheme == "https" else 80
        if port == 0:
            raise BlockedAddress(f"{host}: port 0")
        return cls(parts.scheme, host, port, allowed)

    @property
    def is_tls(self) -> bool:
        return self.scheme == "https"

    @property
    def netloc(self) -> str:
        """Host and port as the `Host` header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.is_tls else 80) else f"{host}:{self.port}"


def literal_address(host: str) -> str | None:
    """The host itself where it is an IP address; None where it is a name.

    Raises:
        BlockedAddress: an IPv4 address in a spelling only `inet_aton` knows.
    """
    if _literal(host) is not None:
        return host
    if _NUMERIC_END.fullmatch(host):
        raise BlockedAddress(f"{host!r} is an odd spelling of an IPv4 address")
    return None


def permitted(origin: Origin, addresses: Iterable[str]) -> list[str]:
    """Those of the resolved addresses that may be dialled.

    Raises:
        BlockedAddress: none may.
    """
    found = list(addresses)
    if origin.allowed:
        return found
    public = [address for address in found if is_public(address)]
    if not public:
        raise BlockedAddress(
            f"{origin.host} resolves to {', '.join(found[:3])}, which is not public"
        )
    return public


def check_literal(origin: Origin) -> None:
    """Check an address that is written as numbers; a name is looked up by somebody else.

    Raises:
        BlockedAddress: it is not public, or spelled oddly.
    """
    literal = literal_address(origin.host)
    if literal is not None:
        permitted(origin, [literal])


def is_public(address: str) -> bool:
    """True for a unicast address of the public internet."""
    parsed = _literal(address)
    if parsed is None or not parsed.is_global or parsed.is_multicast or parsed.is_reserved:
        return False
    return not any(
        parsed in network for network in _NOT_PUBLIC if network.version == parsed.version
    )


def is_loopback(host: str) -> bool:
    """True for `localhost` and for loopback addresses."""
    parsed = _literal(host)
    return parsed.is_loopback if parsed is not None else host.rstrip(".").endswith("localhost")


@functools.lru_cache(maxsize=1024)
def _literal(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
