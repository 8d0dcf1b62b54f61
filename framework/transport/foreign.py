"""Transports that are not ours: what can be held to our rules from outside, and their errors.

docs/transport.md lists what cannot: above all, a foreign transport resolves names by itself, so
only the spelling of an address is checked.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING

import httpx

from coinmux.framework.errors import (
    BadEncoding,
    Disconnected,
    ProtocolViolation,
    ProviderError,
    TLSFailure,
    TooLarge,
    Unreachable,
    UpstreamTimeout,
)
from coinmux.framework.transport import address_guard
from coinmux.framework.transport.httpx_objects import (
    LIMIT,
    UNTIL,
    WholeBody,
    answer_of,
    request_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coinmux.framework.transport.messages import Answer, Outgoing

#: Everything httpx raises by contract.
ERRORS = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError)
#: In this order: a subtype stands before its base.
_FROM_HTTPX: tuple[tuple[type[Exception], type[ProviderError]], ...] = (
    (httpx.TimeoutException, UpstreamTimeout),
    (httpx.ConnectError, Unreachable),
    (httpx.ProxyError, Unreachable),
    (httpx.NetworkError, Disconnected),
    (httpx.DecodingError, BadEncoding),
)


async def exchange(
    transport: httpx.AsyncBaseTransport,
    outgoing: Outgoing,
    until: float,
    limit: int,
    *,
    connect_s: float,
    remaining_s: float,
) -> Answer:
    """One request over a foreign transport; the whole answer, its content coding left on.

    Args:
        transport: carries it.
        outgoing: what to send.
        until: moment of the loop's clock at which waiting ends.
        limit: most bytes of the body.
        connect_s, remaining_s: the same in seconds from now, for httpx's own `timeout`.

    Raises:
        ProviderError: an address that is not public, no answer in time, or one too large.
        httpx.HTTPError: as the transport failed.
    """
    origin = outgoing.origin
    literal = address_guard.literal_address(origin.host)
    if literal is not None:
        address_guard.permitted(origin, [literal])
    request = request_of(outgoing)
    extensions = request.extensions
    extensions[LIMIT] = limit
    extensions[UNTIL] = until
    extensions["timeout"] = {
        "connect": min(connect_s, remaining_s),
        "read": remaining_s,
        "write": remaining_s,
        "pool": remaining_s,
    }
    try:
        async with asyncio.timeout_at(until):
            response = await transport.handle_async_request(request)
            try:
                body = await _read(response, limit)
            finally:
                await response.aclose()
    except TimeoutError as exc:
        raise UpstreamTimeout(f"{origin.netloc}: no answer in time") from exc
    if not 200 <= response.status_code <= 999:
        raise ProtocolViolation(f"{origin.netloc}: status {response.status_code:03}")
    return answer_of(response, body)


async def _read(response: httpx.Response, limit: int) -> bytes:
    declared = response.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared[:20]) > limit:
        raise TooLarge(f"more than {limit} bytes")
    stream = response.stream
    if type(stream) is WholeBody:
        return stream.body
    if not isinstance(stream, httpx.AsyncByteStream):
        raise ProtocolViolation("the transport answered with a synchronous stream")
    body = bytearray()
    async for chunk in stream:
        body += chunk
        if len(body) > limit:
            raise TooLarge(f"more than {limit} bytes")
    return bytes(body)


def provider_error(error: Exception, label: str) -> ProviderError:
    """The framework's error for one that httpx or a transport raised.

    Args:
        error: as it was raised; an error of ours that it wraps is returned unchanged.
        label: host and port, for the message. httpx's own text may hold a URL and is left out.
    """
    for cause in causes(error):
        if isinstance(cause, ProviderError):
            return cause
        if isinstance(cause, ssl.SSLError):
            reason = getattr(cause, "verify_message", None) or getattr(cause, "reason", None)
            reason = reason or "TLS handshake failed"
            failure: ProviderError = TLSFailure(f"{label}: {reason}")
            break
    else:
        kind = next((ours for kind, ours in _FROM_HTTPX if isinstance(error, kind)), None)
        failure = (kind or ProtocolViolation)(f"{label}: {type(error).__name__}")
    failure.__cause__ = error
    return failure


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and the causes behind it, the nearest first."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
