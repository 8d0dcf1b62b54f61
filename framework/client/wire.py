"""The client's way out: the one module of the client that names the HTTP library.

It goes to one address, the user's own server, and so it is no business of `transport`, which
guards against what sources send and where they lead.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import TypeVar

import httpx

from coinmux.framework.client.faults import BadAnswer, ServerUnreachable

_CONNECT_S = 10.0
#: A server sends a comment after 15 s of silence; one that sends nothing for so long is gone.
_SILENCE_S = 45.0


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered; names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def retry_after_s(self) -> float | None:
        """Seconds after which it may work; None where it did not say."""
        text = self.headers.get("retry-after", "")
        return float(text) if text.isascii() and text.isdigit() else None


class OpenAnswer:
    """An answer that goes on.

    Attributes:
        status: of the answer.
        headers: with names in lower case.
    """

    def __init__(self, response: httpx.Response) -> None:
        self._response = response
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers

    async def whole(self) -> Reply:
        """All of it, where it ends."""
        body = await _guarded(self._response.aread())
        return Reply(self.status, self.headers, body)

    async def pieces(self) -> AsyncGenerator[bytes]:
        """Its bytes as they come.

        Raises:
            ServerUnreachable: it was cut.
        """
        try:
            read = self._response.aiter_bytes()
            async with aclosing(read) as pieces:  # type: ignore[type-var]
                async for piece in pieces:
                    yield piece
        except (httpx.TransportError, httpx.StreamError) as error:
            # The second: it was closed while somebody waited for more.
            raise _unreachable(error) from error

    async def close(self) -> None:
        """End it."""
        await self._response.aclose()


class Wire:
    """Connections to one server.

    Raises:
        ValueError: `base` is no http or https address.
    """

    def __init__(self, base: str, headers: Mapping[str, str]) -> None:
        if not base.startswith(("http://", "https://")):
            raise ValueError(f"a server has an http or https address, not {base[:80]!r}")
        self._http = httpx.AsyncClient(base_url=base, headers=dict(headers))

    async def send(
        self,
        method: str,
        path: str,
        params: Mapping[str, str],
        body: bytes | None,
        headers: Mapping[str, str],
        timeout_s: float,
    ) -> Reply:
        """One request and its whole answer.

        Raises:
            ServerUnreachable: there was no whole answer in time.
            BadAnswer: what came cannot be read as HTTP.
        """
        request = self._http.build_request(
            method, path, params=dict(params), content=body, headers=dict(headers),
            timeout=httpx.Timeout(timeout_s, connect=min(_CONNECT_S, timeout_s)),
        )  # fmt: skip
        response = await _guarded(self._http.send(request))
        return Reply(response.status_code, response.headers, response.content)

    async def open(
        self, path: str, params: Mapping[str, str], headers: Mapping[str, str]
    ) -> OpenAnswer:
        """An answer whose body is read as it comes. Raises as `send`."""
        request = self._http.build_request(
            "GET", path, params=dict(params), headers=dict(headers),
            timeout=httpx.Timeout(_SILENCE_S, connect=_CONNECT_S),
        )  # fmt: skip
        return OpenAnswer(await _guarded(self._http.send(request, stream=True)))

    async def close(self) -> None:
        """End every connection."""
        await self._http.aclose()


T = TypeVar("T")


async def _guarded(sending: Awaitable[T]) -> T:
    try:
        return await sending
    except (httpx.RemoteProtocolError, httpx.DecodingError) as error:
        if "disconnected" in str(error) or "without sending complete" in str(error):
            raise _unreachable(error) from error
        raise BadAnswer(f"what came is not HTTP: {error}") from error
    except httpx.TransportError as error:
        raise _unreachable(error) from error


def _unreachable(error: Exception) -> ServerUnreachable:
    reached_nobody = isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout))
    detail = str(error) or type(error).__name__
    return ServerUnreachable(detail, was_sent=not reached_nobody)
