"""A request ready for the wire, and its answer as it came."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coinmux.framework.transport.address_guard import Origin


@dataclass(slots=True)
class OutboundRequest:
    """A request ready for the wire.

    Attributes:
        origin: where to.
        method: `GET` or `POST`.
        target: path and query, percent-encoded ASCII.
        head: header lines, `Host` among them, each ended by CRLF; no `Content-Length`.
        body: sent with its length when not empty.
        is_feed: held to the limits of feeds.
    """

    origin: Origin
    method: str
    target: str
    head: bytes
    body: bytes = b""
    is_feed: bool = False


@dataclass(slots=True)
class RawReply:
    """An answer as it came.

    Attributes:
        status: 200 to 999.
        headers: by lower-case name, repeated ones joined by a comma; no cookies.
        body: content coding still applied when it comes from a connection.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
