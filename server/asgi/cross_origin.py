"""What pages of other sites may do: nothing, or what `CORS_ORIGINS` says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coinmux.server.asgi.packing import varying
from coinmux.server.asgi.problems import ForbiddenOrigin

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from coinmux.server.asgi.scope import RawHeader, RawHeaders

#: What a page may read besides the body.
_EXPOSED = (
    b"access-control-expose-headers",
    b"Age, Cache-Status, ETag, RateLimit, RateLimit-Policy, Retry-After, X-Provider, X-Request-ID",
)
_PREFLIGHT: tuple[RawHeader, ...] = (
    (b"access-control-allow-methods", b"GET, HEAD, POST"),
    (
        b"access-control-allow-headers",
        b"Accept, Authorization, Content-Type, If-None-Match, Last-Event-ID, MCP-Protocol-Version, "
        b"Mcp-Method, Mcp-Name, X-API-Key, X-Request-ID, traceparent",
    ),
    (b"access-control-max-age", b"600"),
)
_ALLOW_ORIGIN = b"access-control-allow-origin"


class CrossOrigin:
    """The rule for pages of other sites.

    Args:
        origins: whose pages may read answers; `*` for all.

    Attributes:
        is_on: whether any may.
    """

    def __init__(self, origins: Iterable[str]) -> None:
        self._allowed = frozenset(origin.lower().encode("ascii") for origin in origins)
        self._all = b"*" in self._allowed
        self.is_on = bool(self._allowed)

    def allows(self, origin: bytes) -> bool:
        """Whether pages of `origin` may read answers; never the opaque origin by its name."""
        return self._all or origin.lower() in self._allowed

    def check(self, origin: bytes) -> None:
        """Refuse a request that a browser says another site's page made.

        Sources have limits and quotas, and a page that cannot read the answer could spend them.

        Raises:
            ForbiddenOrigin: the page's origin is not among those allowed.
        """
        if not self.allows(origin):
            raise ForbiddenOrigin(
                "a page of another site may not ask sources; CORS_ORIGINS names those that may"
            )

    def headers(self, headers: RawHeaders, origin: bytes, *, is_preflight: bool) -> RawHeaders:
        """`headers` with what lets a page of `origin` read the answer, if it may."""
        if any(name == _ALLOW_ORIGIN for name, _ in headers):
            return headers
        if not self._all:
            headers = varying(headers, b"origin")
        if not origin or not self.allows(origin):
            return headers
        more = [(_ALLOW_ORIGIN, b"*" if self._all else origin), _EXPOSED]
        return [*headers, *more, *(_PREFLIGHT if is_preflight else ())]


def is_foreign(headers: Mapping[bytes, bytes]) -> bool:
    """Whether a browser says that a page of another site makes the request by itself.

    A link that a person follows is no such request, unless it opens within the other page or ahead
    of time. Browsers send no `Sec-Fetch-Site` to a plain-http address of the network, and older
    ones send none at all; their `Origin` says it then, where they send one.
    """
    site = headers.get(b"sec-fetch-site")
    if site is None:
        origin = headers.get(b"origin")
        return origin is not None and origin.partition(b"://")[2] != headers.get(b"host")
    if site != b"cross-site":
        return False
    is_followed = (
        headers.get(b"sec-fetch-user") == b"?1"
        and headers.get(b"sec-fetch-mode") == b"navigate"
        and headers.get(b"sec-fetch-dest", b"document") == b"document"
        and b"sec-purpose" not in headers
    )
    return not is_followed
