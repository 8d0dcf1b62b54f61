"""Answers as bytes: the same headers whichever way the answer came."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import msgspec

from coinmux.framework.cache.answer import Answer
from coinmux.server.asgi.scope import state_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from coinmux.framework.errors import CoinmuxError
    from coinmux.server.asgi.scope import RawHeader, RawHeaders, Receive, Scope, Send

_ENCODER = msgspec.json.Encoder()
_JSON = (b"content-type", b"application/json")
#: The value of `Cache-Control` for what changes from one look to the next.
NO_STORE = b"no-store"
#: On every response; pages carry more (`faults.md` S6).
SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
)


def lines_of(headers: Iterable[RawHeader]) -> bytes:
    """Header lines as they are sent."""
    return b"".join([b"%b: %b\r\n" % header for header in headers])


#: `SECURITY_HEADERS` as they are sent.
SECURITY_LINES = lines_of(SECURITY_HEADERS)


def answer_headers(answer: Answer, now: float) -> RawHeaders:
    """Headers of `answer` at monotonic `now`."""
    size = len(answer.body)
    headers = provenance_headers(answer, now, answer.tag)
    headers.append((b"content-length", b"%d" % size))
    return headers


def provenance_headers(answer: Answer, now: float, tag: bytes) -> RawHeaders:
    """Headers of `answer`, or of a body made from it, all but its length.

    `Cache-Control` gives the whole freshness and `Age` what is used of it (RFC 9111), so that a
    cache downstream keeps an answer no longer than this one does.

    Args:
        tag: names what the body says, as `tag_of`: its form may be chosen by `Accept`.
    """
    age_s = answer.age_s(now)
    ttl_s = answer.ttl_s(now)
    cache = answer.cache
    if cache == "hit" or cache == "stale":
        status = b"coinmux; hit; ttl=%d" % ttl_s
    elif cache == "coalesced":
        status = b"coinmux; fwd=miss; collapsed"
    else:
        status = b"coinmux; fwd=miss"
    return [
        _JSON,
        (b"cache-control", b"max-age=%d" % max(0.0, age_s + ttl_s)),
        (b"age", b"%d" % age_s),
        (b"cache-status", status),
        (b"x-provider", answer.provider.encode("ascii")),
        (b"vary", b"accept"),
        (b"etag", weak_tag(tag)),
    ]


def weak_tag(tag: bytes) -> bytes:
    """The `ETag` of bodies that say what `tag` names, byte for byte equal or not (RFC 9110)."""
    return b'W/"%b"' % tag


def joined_tag(tags: Iterable[bytes]) -> bytes:
    """The `ETag` of a body that says what each of `tags` names, in their order."""
    return weak_tag(blake2b(b" ".join(tags), digest_size=12).hexdigest().encode("ascii"))


def tag_of_error(error: CoinmuxError) -> bytes:
    """Names what an error says that stands in the place of an answer: not which request had it."""
    return str(error).encode()


async def send_answer(answer: Answer, now: float, send: Send) -> None:
    """Send `answer`."""
    await send(
        {"type": "http.response.start", "status": 200, "headers": answer_headers(answer, now)}
    )
    await send({"type": "http.response.body", "body": answer.body})


class Bytes:
    """A finished response that a route handler returns; an ASGI application.

    Args:
        body: as it goes out.
        headers: in addition to `Content-Length`.
    """

    __slots__ = ("_body", "_headers", "_status")

    def __init__(self, body: bytes, headers: RawHeaders, status: int = 200) -> None:
        self._body = body
        self._headers = headers
        self._status = status

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        bare = self._status in (204, 304)
        headers = list(self._headers)
        if not bare:
            headers.append((b"content-length", b"%d" % len(self._body)))
        await send({"type": "http.response.start", "status": self._status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if bare else self._body})


class Answered:
    """An `Answer` as a response that a route handler returns; an ASGI application."""

    __slots__ = ("_answer", "_now")

    def __init__(self, answer: Answer, now: float) -> None:
        self._answer = answer
        self._now = now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = self._answer
        form = state_of(scope).form
        if form is None:
            await send_answer(answer, self._now, send)
            return
        # Imported here, as it makes use of this module.
        from coinmux.server.asgi.tabular import tabled

        table, name = answer.data.table(), answer.fetched.capability
        await tabled(table, answer, self._now, form, name, answer.tag)(scope, receive, send)


def as_json(value: Any, *, cache_control: bytes = b"no-cache", status: int = 200) -> Bytes:
    """`value` as JSON."""
    body = _ENCODER.encode(value)
    return Bytes(body, [_JSON, (b"cache-control", cache_control)], status)
