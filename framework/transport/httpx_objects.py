"""httpx's requests and responses, made cheaply: what every transport takes and gives.

httpx spends most of its time on encoding bodies and on reading them piece by piece. Both are
skipped here: a request gets its headers and its stream ready made, a response a body that is whole.
What coinmux adds to a request travels in `request.extensions`, as httpx's own `timeout` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx

from coinmux.framework.errors import PluginError
from coinmux.framework.transport.address_guard import Origin

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

#: Keys of `request.extensions`. The `Origin` the request goes to, with the operator's permit.
ORIGIN = "coinmux.origin"
#: Present for feeds, which have limits of their own.
FEED = "coinmux.feed"
#: Moment of the event loop's clock at which waiting ends.
UNTIL = "coinmux.until"
#: Most bytes of the answer on the wire.
LIMIT = "coinmux.limit"

#: Header names remembered in lower case; a bound against a source that invents names.
NAMES = 1_000
#: The body of a request that has none.
NO_BODY = httpx.ByteStream(b"")
#: Headers of one connection; each transport writes its own.
_HOP_HEADERS = frozenset({b"content-length", b"transfer-encoding", b"connection"})


class PreparedRequest(httpx.Request):
    """A request made from an endpoint; its `httpx.URL` is parsed when it is first read.

    Parsing a URL costs more than the rest of a request, and the guarded transport needs only the
    target.

    Args:
        base: scheme and host, such as `https://api.example`.
        target: path and query, encoded.
    """

    def __init__(
        self,
        method: str,
        base: str,
        target: str,
        *,
        headers: httpx.Headers,
        stream: httpx.AsyncByteStream,
        extensions: dict[str, Any],
    ) -> None:
        self.method = method
        self.headers = httpx.Headers(headers)
        self.stream = stream
        self.extensions = extensions
        self.raw_target = target.encode("ascii")
        self._base = base
        self._url: httpx.URL | None = None

    @property
    def url(self) -> httpx.URL:
        """The whole URL.

        Raises:
            PluginError: the target makes no URL.
        """
        if self._url is None:
            target = self.raw_target.decode("ascii")
            try:
                self._url = httpx.URL(f"{self._base}{target}")
            except httpx.InvalidURL as exc:
                raise PluginError(f"{target[:80]!r} makes no URL: {exc}") from exc
        return self._url

    @url.setter
    def url(self, url: httpx.URL) -> None:
        self._url = url
        self.raw_target = url.raw_path


def target_of(request: httpx.Request) -> bytes:
    """Path and query of a request, as they stand on the request line."""
    return request.raw_target if type(request) is PreparedRequest else request.url.raw_path


class WholeBody(httpx.AsyncByteStream):
    """The body of an answer that has come whole; its content coding is still applied."""

    __slots__ = ("body",)

    def __init__(self, body: bytes) -> None:
        self.body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self.body


class WholeResponse(httpx.Response):
    """A response of which every byte has come.

    Its `httpx.Headers` are built when they are first read: an ordinary call never reads them.

    Args:
        status: HTTP status.
        raw: header names and values as they came.
        plain: see `plain_headers`.
        body: its content coding is still applied.
    """

    def __init__(
        self, status: int, raw: list[tuple[bytes, bytes]], plain: Mapping[str, str], body: bytes
    ) -> None:
        super().__init__(status, stream=WholeBody(body))
        self.plain = plain
        self.body = body
        self._raw = raw
        self._built: httpx.Headers | None = None
        self._decoded: bytes | None = None

    @property
    def headers(self) -> httpx.Headers:
        """All headers as they came."""
        if self._built is None:
            self._built = httpx.Headers(self._raw)
        return self._built

    @headers.setter
    def headers(self, headers: httpx.Headers) -> None:
        self._built = headers

    @property
    def content(self) -> bytes:
        """The body, decoded by `SafeHTTPClient`, or else by httpx once read."""
        return super().content if self._decoded is None else self._decoded

    def decoded(self, body: bytes) -> WholeResponse:
        """The response itself, with `body` for its content."""
        self._decoded = body
        return self


def origin_of(request: httpx.Request) -> Origin:
    """Where a request goes: as its endpoint declared, else as its URL says.

    Raises:
        BlockedAddress: the URL is not https, or has no usable host.
    """
    origin = request.extensions.get(ORIGIN)
    if isinstance(origin, Origin):
        return origin
    return Origin.parse(str(request.url.copy_with(userinfo=b"")))


def head_of(request: httpx.Request) -> bytes:
    """The header lines of a request, each ended by CRLF, without those of a connection."""
    return b"".join(
        [
            b"%s: %s\r\n" % (name, value)
            for name, value in request.headers.raw
            if name.lower() not in _HOP_HEADERS
        ]
    )


def plain_headers(response: httpx.Response) -> Mapping[str, str]:
    """Headers by lower-case name, repeated ones joined by a comma; no cookies."""
    if type(response) is WholeResponse:
        return response.plain
    return plain_of(response.headers.raw, {})


def plain_of(raw: list[tuple[bytes, bytes]], names: dict[bytes, str]) -> dict[str, str]:
    """`plain_headers` of header lines.

    Args:
        raw: names and values as they came.
        names: names seen so far, raw to lower case; taken from and added to.
    """
    headers: dict[str, str] = {}
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
