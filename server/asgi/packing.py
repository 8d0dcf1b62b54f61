"""Bodies on the wire: compressed where the caller takes that, and left out where it has them."""

from __future__ import annotations

import gzip
import hashlib
from collections import OrderedDict
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coinmux.server.asgi.scope import RawHeader, RawHeaders

#: Below this, a packet more or less is all that is saved.
WORTH_PACKING = 1_024
#: Compressed bodies kept, so that one that is asked for often is compressed once.
_MOST_KEPT = 128
_MOST_KEPT_BYTES = 8_000_000
#: Levels of gzip: of bodies that are kept, and of those that change with each look.
_THOROUGH, _QUICK = 6, 1
#: Media types that are text.
PACKED_TYPES = (
    b"application/json",
    b"application/problem+json",
    b"application/openmetrics-text",
    b"image/svg+xml",
    b"text/",
)
#: What a 304 leaves out: it has no body to describe.
_OF_THE_BODY = frozenset({b"content-type", b"content-length", b"content-encoding"})
_VARY = b"vary"


class Packer:
    """Decides what of a finished response goes out, and keeps what was compressed."""

    def __init__(self) -> None:
        self._kept: OrderedDict[bytes, bytes] = OrderedDict()
        self._bytes = 0

    def pack(
        self, asked: RawHeaders, status: int, headers: RawHeaders, body: bytes, *, method: str
    ) -> tuple[int, RawHeaders, bytes]:
        """Status, headers and body as they are sent.

        What a GET request is answered with has a weak `ETag`, by its bytes where the answer names
        none itself, unless nobody may store it. A body of a kilobyte and more is compressed with
        gzip where the caller takes that and it is text.

        Args:
            asked: headers of the request.
            headers: with `content-type`, and `content-length` of `body`.
        """
        own = dict(headers)
        if b"content-encoding" in own:
            return status, headers, body
        wants = dict(asked)
        is_kept = status == 200 and b"no-store" not in own.get(b"cache-control", b"")
        etag = own.get(b"etag")
        if method != "GET":
            etag = None  # a condition of another method is none of what its answer says
        elif etag is None and is_kept:
            etag = b'W/"%b"' % _digest(body)
            headers = [*headers, (b"etag", etag)]
        kind = own.get(b"content-type", b"")
        is_packed = (
            len(body) >= WORTH_PACKING
            and kind.startswith(PACKED_TYPES)
            and not kind.startswith(b"text/event-stream")
        )
        if is_packed:
            headers = varying(headers, b"accept-encoding")
        if status == 200 and etag is not None and has(wants.get(b"if-none-match"), etag):
            bare = [one for one in headers if one[0] not in _OF_THE_BODY]
            return 304, bare, b""
        if not is_packed or not takes_gzip(wants.get(b"accept-encoding", b"")):
            return status, headers, body
        packed = self._packed(body) if is_kept else gzip.compress(body, _QUICK, mtime=0)
        # Two encodings of one body are no longer equal byte for byte, so the tag is weak.
        sent = [_weak(one) for one in headers if one[0] != b"content-length"]
        sent.append((b"content-encoding", b"gzip"))
        sent.append((b"content-length", b"%d" % len(packed)))
        return status, sent, packed

    def _packed(self, body: bytes) -> bytes:
        """The body compressed; once for the same bytes, as two of one tag may differ."""
        digest = _digest(body)
        packed = self._kept.get(digest)
        if packed is not None:
            self._kept.move_to_end(digest)
            return packed
        packed = self._kept[digest] = gzip.compress(body, _THOROUGH, mtime=0)
        self._bytes += len(packed)
        while len(self._kept) > _MOST_KEPT or self._bytes > _MOST_KEPT_BYTES:
            _, dropped = self._kept.popitem(last=False)
            self._bytes -= len(dropped)
        return packed


def _digest(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=12).hexdigest().encode("ascii")


def _weak(header: RawHeader) -> RawHeader:
    name, value = header
    return (name, b"W/" + value) if name == b"etag" and not value.startswith(b"W/") else header


def varying(headers: RawHeaders, on: bytes) -> RawHeaders:
    """`headers` with `on` among what the answer varies by."""
    given = [value for name, value in headers if name == _VARY]
    words = b", ".join(given)
    if on in words.lower():
        return headers
    others = [one for one in headers if one[0] != _VARY]
    return [*others, (_VARY, b", ".join([*given, on]))]


def has(if_none_match: bytes | None, etag: bytes) -> bool:
    """Whether the caller has the body of `etag`, by the weak comparison of RFC 9110."""
    if if_none_match is None:
        return False
    mine = etag.removeprefix(b"W/")
    tags = (tag.strip().removeprefix(b"W/") for tag in if_none_match.split(b","))
    return any(tag in (mine, b"*") for tag in tags)


@lru_cache(maxsize=256)
def takes_gzip(accept_encoding: bytes) -> bool:
    """Whether a caller that sent this `Accept-Encoding` takes gzip."""
    wanted: dict[bytes, float] = {}
    for part in accept_encoding.lower().split(b","):
        name, _, weight = part.partition(b";")
        wanted[name.strip()] = _weight(weight)
    return wanted.get(b"gzip", wanted.get(b"*", 0.0)) > 0


@lru_cache(maxsize=256)
def wants_page(accept: bytes) -> bool:
    """Whether a caller that sent this `Accept` is a browser that shows what comes."""
    kinds = [part.partition(b";")[0].strip() for part in accept.lower().split(b",")]
    return b"text/html" in kinds and b"application/json" not in kinds


@lru_cache(maxsize=256)
def takes_json(accept: bytes) -> bool:
    """Whether a caller that sent this `Accept` takes JSON."""
    for part in accept.lower().split(b","):
        kind, _, weight = part.partition(b";")
        if kind.strip() in _JSON_RANGES and _weight(weight) > 0:
            return True
    return not accept.strip()


def weights(accept: bytes) -> dict[bytes, float]:
    """The weight of each range of an `Accept`."""
    parts = [part.partition(b";") for part in accept.lower().split(b",")]
    return {kind.strip(): _weight(weight) for kind, _, weight in parts}


_JSON_RANGES = (b"*/*", b"application/*", b"application/json", b"application/problem+json")


def _weight(text: bytes) -> float:
    """The `q` of a header's part; 1 where there is none or it cannot be read."""
    _, _, value = text.replace(b" ", b"").partition(b"q=")
    try:
        return float(value) if value else 1.0
    except ValueError:
        return 1.0
