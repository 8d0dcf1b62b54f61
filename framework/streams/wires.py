"""Opens a source's WebSockets: its address, what may be dialled, and what a refusal means."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from coinmux.framework.clock import Deadline
from coinmux.framework.errors import BlockedAddress, CoinmuxError, UpstreamTimeout
from coinmux.framework.models.base import Query
from coinmux.framework.plugins.raised import failure_of
from coinmux.framework.sources.http import HTTP
from coinmux.framework.sources.response_errors import from_status, with_wait, without_secrets
from coinmux.framework.transport.websocket import HandshakeRefused, SocketAddress, open_socket

if TYPE_CHECKING:
    from coinmux.framework.clock import Clock
    from coinmux.framework.plugins.socket_dialect import Frame, SocketDialect
    from coinmux.framework.sources.source import Source
    from coinmux.framework.streams.session import OpenWire, Wire
    from coinmux.framework.transport.client import SafeHTTPClient

#: How long a snapshot or a token may take by REST.
_ASK_S = 10.0


class Wires:
    """Opens the WebSockets of one source.

    Args:
        source: as configured.
        client: of the gateway; its connections are dialled by the same pool.
    """

    def __init__(self, source: Source, client: SafeHTTPClient, clock: Clock) -> None:
        self._source = source
        self._client = client
        self._clock = clock

    def http(self) -> HTTP:
        """A way to ask the source by REST, under its limits: for a token or a snapshot."""
        deadline = Deadline.after(self._clock, _ASK_S)
        return HTTP(self._source.bound, self._client, deadline, Query())

    def opener(self, socket: str, dialect: SocketDialect, until: float) -> OpenWire:
        """What opens one WebSocket of `socket`."""

        async def open_wire(
            on_frame: Callable[[Frame], None], on_lost: Callable[[CoinmuxError], None]
        ) -> Wire:
            address = await self._address(socket, dialect, until)
            try:
                return await open_socket(
                    self._client.pool(),
                    address,
                    on_frame,
                    lambda error: on_lost(without_secrets(error, self._client.redactor)),
                    until=until,
                    limit=self._source.info.sockets[socket].frame_bytes,
                )
            except HandshakeRefused as refused:
                raise refusal(refused, self._clock.wall_ms()) from refused
            except CoinmuxError as error:
                raise without_secrets(error, self._client.redactor) from error

        return open_wire

    async def _address(self, socket: str, dialect: SocketDialect, until: float) -> SocketAddress:
        info = self._source.info.sockets[socket]
        named = self._source.socket_urls.get(socket)
        try:
            async with asyncio.timeout_at(until):
                url = await dialect.address(self.http(), named or info.url)
        except TimeoutError:
            raise UpstreamTimeout("its address was not told in time") from None
        except CoinmuxError:
            raise
        except Exception as error:
            raise failure_of(error) from error
        host = urlsplit(url).hostname
        if named is not None:
            # Whatever the source names, the operator's own address counts.
            if host != urlsplit(named).hostname:
                raise BlockedAddress(f"{host} is not the host of the address that was set")
        elif host not in {urlsplit(info.url).hostname, *info.hosts}:
            raise BlockedAddress(f"{host} is not one of its sockets' hosts")
        return SocketAddress.parse(url, allowed=named is not None)


def refusal(refused: HandshakeRefused, now_ms: int) -> CoinmuxError:
    """What the status of a handshake means, as of a request."""
    error = from_status(refused.status, is_json=False, has_key=False, said="the handshake")
    if error is None:
        return refused
    return with_wait(error, refused.status, refused.headers, now_ms)
