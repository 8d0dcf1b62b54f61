"""The head of a request: what is looked at first, and what no honest client sends."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from coinmux.framework.errors import InvalidRequest
from coinmux.server.asgi.packing import takes_json
from coinmux.server.asgi.problems import BodyTooLarge, UnsupportedMediaType

if TYPE_CHECKING:
    from coinmux.server.asgi.scope import RawHeaders, Scope

_SANE_ID = re.compile(rb"[A-Za-z0-9._-][A-Za-z0-9._:/=+@-]{0,63}")
#: W3C Trace Context: version, trace, the caller's span, flags.
_TRACE = re.compile(rb"[0-9a-f]{2}-([0-9a-f]{32}-[0-9a-f]{16})-[0-9a-f]{2}")
#: Bytes of path and query together; no honest client sends a symbol of 10 kB (`faults.md` H3).
_TARGET_LIMIT = 8_192
_HEADERS_LIMIT = 100
BODY_LIMIT = 1_048_576
_LOOKED_AT = frozenset(
    {
        b"host",
        b"x-request-id",
        b"content-length",
        b"content-encoding",
        b"traceparent",
        b"origin",
        b"accept",
        b"sec-fetch-site",
    }
)


class RequestHead:
    """The headers of a request that are looked at before anything else; one pass over all.

    Attributes:
        request_id: the caller's own where it is sane, else empty.
        is_replaced: whether the caller sent an id that was not taken.
        is_unusual: whether a cached answer may not be sent as it is: the request comes from another
            site's page or does not take JSON, or the caller is to be told of its id.
    """

    __slots__ = ("coding", "hosts", "is_replaced", "is_unusual", "length", "request_id")

    def __init__(self, headers: RawHeaders) -> None:
        self.hosts: list[bytes] = []
        self.request_id = ""
        self.is_replaced = False
        self.is_unusual = False
        self.length = b""
        self.coding = b""
        for name, value in headers:
            if name not in _LOOKED_AT:
                continue
            if name == b"host":
                self.hosts.append(value)
            elif name == b"accept":
                if value != b"*/*" and not takes_json(value):
                    self.is_unusual = True
            elif name == b"x-request-id":
                if _SANE_ID.fullmatch(value):
                    self.request_id = value.decode("ascii")
                else:
                    self.is_replaced = self.is_unusual = True
            elif name == b"traceparent":
                if not self.request_id and (trace := _TRACE.fullmatch(value)):
                    self.request_id = trace[1].decode("ascii")
            elif name == b"content-length":
                self.length = value
            elif name == b"content-encoding":
                self.coding = value
            elif name == b"origin" or value == b"cross-site":
                self.is_unusual = True


def check_target(scope: Scope) -> None:
    """Refuse paths and query strings that no honest client sends (`faults.md` H3)."""
    path: bytes = scope.get("raw_path") or scope["path"].encode("utf-8", "surrogatepass")
    query: bytes = scope["query_string"]
    if len(path) + len(query) > _TARGET_LIMIT:
        where = "query" if len(query) > len(path) else "path"
        raise _bad(where, f"is longer than {_TARGET_LIMIT} bytes together")
    if len(scope["headers"]) > _HEADERS_LIMIT:
        raise _bad("headers", f"are more than {_HEADERS_LIMIT}")
    if b"%" in path or b"%" in query or not (path.isascii() and query.isascii()):
        _check_text("path", unquote_to_bytes(path))
        _check_text("query", unquote_to_bytes(query))


def _check_text(where: str, plain: bytes) -> None:
    if b"\0" in plain:
        raise _bad(where, "holds a NUL")
    try:
        plain.decode("utf-8")
    except UnicodeDecodeError:
        raise _bad(where, "is not UTF-8") from None


def check_body(length: bytes, coding: bytes) -> None:
    """Refuse a body that is announced as too large, or compressed."""
    if coding and coding.lower() != b"identity":
        raise UnsupportedMediaType("bodies are taken without content coding")
    if length and not (length.isdigit() and len(length) <= 20):
        raise _bad("Content-Length", "takes a whole number")
    if length and int(length) > BODY_LIMIT:
        raise BodyTooLarge(f"at most {BODY_LIMIT} bytes")


def _bad(name: str, message: str) -> InvalidRequest:
    return InvalidRequest(f"{name} {message}", errors=[{"name": name, "message": message}])
