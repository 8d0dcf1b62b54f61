"""Our requests and answers as httpx has them: what a transport that is not ours takes and gives.

What coinmux adds to a request travels in `request.extensions`, as httpx's own `timeout` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from coinmux.framework.errors import PluginError
from coinmux.framework.transport.address_guard import Origin
from coinmux.framework.transport.messages import Answer, HeaderLines, Outgoing, plain_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

#: Keys of `request.extensions`. The `Origin` the request goes to, with the operator's permit.
ORIGIN = "coinmux.origin"
#: Present for feeds, which have limits of their own.
FEED = "coinmux.feed"
#: Moment of the event loop's clock at which waiting ends.
UNTIL = "coinmux.until"
#: Most bytes of the answer on the wire.
LIMIT = "coinmux.limit"


class WholeBody(httpx.AsyncByteStream):
    """The body of an answer that has come whole; its content coding is still applied."""

    __slots__ = ("body",)

    def __init__(self, body: bytes) -> None:
        self.body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self.body


def request_of(outgoing: Outgoing) -> httpx.Request:
    """A request of ours as httpx has it.

    Raises:
        PluginError: the target makes no URL.
    """
    try:
        url = httpx.URL(f"{outgoing.base}{outgoing.target}")
    except httpx.InvalidURL as exc:
        raise PluginError(f"{outgoing.target[:80]!r} makes no URL: {exc}") from exc
    request = httpx.Request(
        outgoing.method, url, headers=outgoing.headers.raw, content=outgoing.body or None
    )
    request.extensions[ORIGIN] = outgoing.origin
    if outgoing.is_feed:
        request.extensions[FEED] = True
    return request


async def outgoing_of(request: httpx.Request) -> Outgoing:
    """A request of httpx as our connections take it; its body is read.

    Raises:
        BlockedAddress: the URL is not https, or has no usable host.
    """
    return Outgoing(
        request.method,
        origin_of(request),
        request.url.raw_path.decode("ascii"),
        HeaderLines(request.headers.raw),
        await request.aread(),
        is_feed=FEED in request.extensions,
    )


def response_of(answer: Answer) -> httpx.Response:
    """An answer of ours as httpx has it, its content coding left on."""
    return httpx.Response(answer.status, headers=list(answer.raw), stream=WholeBody(answer.body))


def answer_of(response: httpx.Response, body: bytes) -> Answer:
    """A response of httpx as we have it, with the body that was read of it."""
    raw = response.headers.raw
    return Answer(response.status_code, plain_of(raw, {}), body, raw)


def origin_of(request: httpx.Request) -> Origin:
    """Where a request goes: as its endpoint declared, else as its URL says.

    Raises:
        BlockedAddress: the URL is not https, or has no usable host.
    """
    origin = request.extensions.get(ORIGIN)
    if isinstance(origin, Origin):
        return origin
    return Origin.parse(str(request.url.copy_with(userinfo=b"")))
