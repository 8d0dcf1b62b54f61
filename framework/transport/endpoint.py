"""A base URL made ready for requests: header lines and query prepared once, checked once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from coinmux.framework.errors import PluginError
from coinmux.framework.transport.address_guard import Origin
from coinmux.framework.transport.content_decoding import ACCEPTED
from coinmux.framework.transport.messages import HeaderLines, Outgoing

Scalar = str | int | float | bool | None

#: Paths remembered as they go out; a bound, since some hold a pair.
PATHS = 256
USER_AGENT = "coinmux/0.1"
_JSON = "application/json"
_FEED = "application/rss+xml, application/atom+xml, application/xml;q=0.9, */*;q=0.5"
_TARGET = re.compile(r"[!-~]*")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HEADER_VALUE = re.compile(r"[\t -~\x80-\xff]*")
#: Not escaped in a query, in addition to letters, digits and `_.-~` (RFC 3986 section 3.4).
_QUERY_SAFE = ",:/"
#: Left as it is in a path; what may not stand there is refused.
_ASCII = "".join(map(chr, range(0x7F)))


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A base URL made ready for requests.

    Attributes:
        origin: where it is.
        prefix: path before each path asked.
        query: of the base URL and of keys sent as parameters, encoded.
        headers, feed_headers: sent with requests for JSON and for feeds.
        lines: `headers` as a mapping, by lower-case name, for calls that add their own.
    """

    origin: Origin
    prefix: str
    query: str = field(repr=False)
    headers: HeaderLines = field(repr=False)
    feed_headers: HeaderLines = field(repr=False)
    lines: Mapping[str, tuple[str, str]] = field(repr=False)
    _paths: dict[str, str] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )  # asked before, to what they are on the request line

    @classmethod
    def of(
        cls,
        url: str,
        *,
        allowed: bool = False,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Endpoint:
        """The endpoint at `url`.

        Raises:
            BlockedAddress: no https (unless `allowed`), or no usable host.
            ValueError: a header cannot be sent.
        """
        origin = Origin.parse(url, allowed=allowed)
        parts = urlsplit(url)
        lines = {
            "host": ("Host", origin.netloc),
            "user-agent": ("User-Agent", USER_AGENT),
            "accept": ("Accept", _JSON),
            "accept-encoding": ("Accept-Encoding", ACCEPTED),
        }
        lines.update(_checked(headers or {}))
        feed_lines = {**lines, "accept": ("Accept", _FEED)}
        query = "&".join(filter(None, (parts.query, encode_params(params or {}))))
        return cls(
            origin,
            parts.path,
            query,
            _headers(lines),
            _headers(feed_lines),
            lines,
        )

    def target(self, path: str, params: Mapping[str, Scalar] | None) -> str:
        """Path and query to put on the request line, letters beyond ASCII escaped as UTF-8.

        Raises:
            PluginError: the path holds what a path may not.
        """
        target = self._paths.get(path)
        if target is None:
            target = self._path(path)
        query = encode_params(params) if params else ""
        if self.query:
            query = f"{query}&{self.query}" if query else self.query
        if not query:
            return target
        return f"{target}&{query}" if "?" in target else f"{target}?{query}"

    def _path(self, path: str) -> str:
        # A base URL's own trailing slash counts only when nothing follows it.
        target = self.prefix.rstrip("/") + path if path else self.prefix
        if not target.isascii():
            # Tickers of any script are pairs, and a plugin may put one into a path.
            target = quote(target, _ASCII)
        if not _TARGET.fullmatch(target) or "#" in target:
            raise PluginError(f"a path takes printable ASCII, encoded; not {path[:80]!r}")
        if not target.startswith("/"):
            target = "/" + target
        if len(self._paths) < PATHS:
            self._paths[path] = target
        return target

    def request(
        self,
        method: str,
        path: str,
        params: Mapping[str, Scalar] | None,
        headers: HeaderLines,
        body: bytes = b"",
        *,
        is_feed: bool = False,
    ) -> Outgoing:
        """A request to this endpoint.

        Raises:
            PluginError: the path holds what a path may not.
        """
        target = self.target(path, params)
        return Outgoing(method, self.origin, target, headers, body, is_feed=is_feed)

    def headers_with(self, headers: Mapping[str, str]) -> HeaderLines:
        """Headers of a request with a call's own ones over the source's.

        Raises:
            PluginError: a header cannot be sent.
        """
        try:
            return _headers({**self.lines, **_checked(headers)})
        except ValueError as exc:
            raise PluginError(str(exc)) from exc


def encode_params(params: Mapping[str, Scalar]) -> str:
    """A query string in the mapping's order; None is left out, booleans are `true` and `false`."""
    parts = []
    for name, value in params.items():
        if type(value) is str:
            text = value if value.isalnum() and value.isascii() else quote(value, _QUERY_SAFE)
        elif value is None:
            continue
        elif type(value) is bool:
            text = "true" if value else "false"
        else:
            text = quote(str(value), _QUERY_SAFE)
        plain = name.isidentifier() and name.isascii()
        parts.append(f"{name if plain else quote(name, '')}={text}")
    return "&".join(parts)


def is_header_value(text: str) -> bool:
    """Whether a header can carry the text: no line break, no control character, Latin-1."""
    return _HEADER_VALUE.fullmatch(text) is not None


def _checked(headers: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    checked = {}
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name):
            raise ValueError(f"{name[:40]!r} is no header name")
        if not is_header_value(value):
            raise ValueError(f"the header {name} holds characters no header can carry")
        checked[name.lower()] = (name, value)
    return checked


def _headers(lines: Mapping[str, tuple[str, str]]) -> HeaderLines:
    return HeaderLines(
        [(name.encode("latin-1"), value.encode("latin-1")) for name, value in lines.values()]
    )
