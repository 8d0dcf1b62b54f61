"""Which `Host` a request may name: the defence against names that are pointed at this machine."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable

from coinmux.framework.errors import InvalidRequest

_HOST = re.compile(
    rb"(?:\[(?P<six>[0-9A-Fa-f:.]{2,45})\]|(?P<name>[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,252})))"
    rb"(?::(?P<port>[0-9]{1,5}))?"
)
_REMEMBERED = 256


class Hosts:
    """Loopback names and IP literals with any port, the bound name, and what is allowed by name.

    An IP literal cannot be rebound to another machine, nor can `localhost`. Any other name is
    compared exactly, port included.

    Args:
        allowed: `ALLOWED_HOSTS`.
        bound: what the server is bound to; a name among them is answered to.
    """

    def __init__(self, allowed: Iterable[str], bound: str = "") -> None:
        self._allowed = {host.lower() for host in allowed}
        self._bound = bound.lower()
        self._good: set[bytes] = set()

    def check(self, values: list[bytes]) -> None:
        """Take the values of a request's `Host` headers.

        Raises:
            InvalidRequest: missing, doubled, malformed or not ours.
        """
        if len(values) == 1 and values[0] in self._good:
            return
        if len(values) != 1:
            raise _refusal("is missing" if not values else "is given more than once")
        match = _HOST.fullmatch(values[0])
        if match is None or int(match["port"] or 0) > 65535:
            raise _refusal("is malformed")
        if not self._is_ours(values[0].decode("ascii").lower(), match):
            raise _refusal(
                "is not a name this server answers to; ALLOWED_HOSTS lists those it does"
            )
        if len(self._good) >= _REMEMBERED:
            self._good.clear()
        self._good.add(values[0])

    def _is_ours(self, text: str, match: re.Match[bytes]) -> bool:
        literal = match["six"] or match["name"]
        name = literal.decode("ascii").lower()
        return (
            name == "localhost"
            or is_address(name)
            or text in self._allowed
            or (bool(self._bound) and name == self._bound)
        )


def is_address(text: str) -> bool:
    """Whether `text` is an IP address and no name."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine speaking to itself: an address in loopback, or `localhost`."""
    if host.startswith("127.") or host in ("::1", "localhost"):
        return host == "localhost" or is_address(host)
    if not host.lower().startswith("::ffff:"):
        return False
    try:
        mapped = ipaddress.IPv6Address(host).ipv4_mapped
    except ValueError:
        return False
    return mapped is not None and mapped.is_loopback


def _refusal(why: str) -> InvalidRequest:
    return InvalidRequest(f"Host {why}", errors=[{"name": "Host", "message": why}])
