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
from coinmux.framework.transport.causes import causes
from coinmux.framework.transport.httpx_objects import (
    LIMIT,
    UNTIL,
    WholeBody,
    answer_of,
    request_of,
)

if TYPE_CHECKING:
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


class Foreign:
    """A foreign transport held to our rules, asked as a `Pool` is.

    Args:
        transport: carries the requests.
        connect_s: longest wait for a connection, for httpx's own `timeout`.
    """

    def __init__(self, transport: httpx.AsyncBaseTransport, connect_s: float) -> None:
        self._transport = transport
        self._connect_s = connect_s

    async def exchange(self, outgoing: Outgoing, until: float, limit: int) -> Answer:
        """One request; the whole answer, its content coding left on.

        Args:
            outgoing: what to send.
            until: moment of the loop's clock at which waiting ends.
            limit: most bytes of the body.

        Raises:
            ProviderError: an address that is not public, no answer in time, one too large, or
                whatever the transport's failure is called here.
        """
        origin = outgoing.origin
        address_guard.check_literal(origin)
        request = request_of(outgoing)
        request.extensions |= self._terms(until, limit)
        try:
            async with asyncio.timeout_at(until):
                response = await self._transport.handle_async_request(request)
                try:
                    body = await _read(response, limit)
                finally:
                    await response.aclose()
        except TimeoutError as exc:
            raise UpstreamTimeout(f"{origin.netloc}: no answer in time") from exc
        except ERRORS as exc:
            failure = provider_error(exc, origin.netloc)
        else:
            if not 200 <= response.status_code <= 999:
                raise ProtocolViolation(f"{origin.netloc}: status {response.status_code:03}")
            return answer_of(response, body)
        raise failure  # outside the handler, so that the error keeps the cause it came with

    async def close(self) -> None:
        """Close the transport."""
        await self._transport.aclose()

    def _terms(self, until: float, limit: int) -> dict[str, object]:
        left_s = max(0.0, until - asyncio.get_running_loop().time())
        timeout = dict.fromkeys(("read", "write", "pool"), left_s)
        timeout["connect"] = min(self._connect_s, left_s)
        return {LIMIT: limit, UNTIL: until, "timeout": timeout}


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
