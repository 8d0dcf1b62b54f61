"""A request on its way out and the answer to it, in the form our own connections take and give.

No objects of httpx: these cost more than the exchange itself. `httpx_objects` translates, for the
transports that are not ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from coinmux.framework.transport.address_guard import Origin

#: Header names remembered in lower case; a bound against a source that invents names.
NAMES = 1_000
#: Headers of one connection; each transport writes its own.
_HOP_HEADERS = frozenset({b"content-length", b"transfer-encoding", b"connection"})


class HeaderLines:
    """Header lines of a request, made ready for the wire once.

    Attributes:
        raw: names and values.
        wire: the lines as they go out, each ended by CRLF, without those of a connection.
        last: `wire` and the empty line after it, for a request without a body.
    """

    __slots__ = ("last", "raw", "wire")

    def __init__(self, raw: Iterable[tuple[bytes, bytes]]) -> None:
        self.raw = list(raw)
        self.wire = b"".join(
            b"%s: %s\r\n" % (name, value)
            for name, value in self.raw
            if name.lower() not in _HOP_HEADERS
        )
        self.last = self.wire + b"\r\n"

    def __repr__(self) -> str:
        return f"<HeaderLines {b', '.join(name for name, _ in self.raw).decode('latin-1')}>"


class Outgoing:
    """One request.

    Args:
        origin: where it goes, with the operator's permit.
        target: path and query, encoded.
        is_feed: a feed, which has limits of its own.
    """

    __slots__ = ("body", "headers", "is_feed", "method", "origin", "target")

    def __init__(
        self,
        method: str,
        origin: Origin,
        target: str,
        headers: HeaderLines,
        body: bytes = b"",
        *,
        is_feed: bool = False,
    ) -> None:
        self.method = method
        self.origin = origin
        self.target = target
        self.headers = headers
        self.body = body
        self.is_feed = is_feed

    @property
    def base(self) -> str:
        """Scheme and host."""
        return f"{self.origin.scheme}://{self.origin.netloc}"

    def wire(self) -> bytes:
        """The request as it goes out on an HTTP/1.1 connection."""
        start = f"{self.method} {self.target} HTTP/1.1\r\n".encode("ascii")
        if not self.body:
            return start + self.headers.last
        length = b"Content-Length: %d\r\n\r\n" % len(self.body)
        return b"".join((start, self.headers.wire, length, self.body))


class Answer:
    """One answer, of which every byte has come.

    Attributes:
        status: HTTP status.
        headers: by lower-case name, repeated ones joined by a comma; no cookies.
        body: its content coding is undone by `SafeHTTPClient`.
        raw: header names and values as they came.
    """

    __slots__ = ("body", "headers", "raw", "status")

    def __init__(
        self,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        raw: Sequence[tuple[bytes, bytes]] = (),
    ) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self.raw = raw


def plain_of(raw: Sequence[tuple[bytes, bytes]], names: dict[bytes, str]) -> dict[str, str]:
    """Headers by lower-case name, repeated ones joined by a comma; no cookies.

    Args:
        raw: names and values as they came.
        names: names seen so far, raw to lower case; taken from and added to.
    """
    try:
        # Nearly every answer: names seen before, each once.
        headers = {names[name]: value.decode("latin-1") for name, value in raw}
    except KeyError:
        pass
    else:
        if len(headers) == len(raw) and "set-cookie" not in headers:
            return headers
    headers = {}
    for raw_name, raw_value in raw:
        name = names.get(raw_name)
        if name is None:
            name = raw_name.decode("latin-1").lower()
            if len(names) < NAMES and len(raw_name) <= 64:
                names[raw_name] = name
        if name in headers:
            headers[name] = f"{headers[name]}, {raw_value.decode('latin-1')}"
        elif name != "set-cookie":
            headers[name] = raw_value.decode("latin-1")
    return headers
