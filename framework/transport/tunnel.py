"""A connection through a proxy: CONNECT over HTTP or TLS, or SOCKS 5; then TLS to where it leads.

The proxy learns the name of the host and nothing else. Whatever it answers, no text of it and
nothing it is logged in with gets into an error.
"""

from __future__ import annotations

import asyncio
import base64
import ipaddress
import re
import ssl
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar, cast

from coinmux.framework.errors import Disconnected, ProtocolViolation, Unreachable
from coinmux.framework.transport.dialling import transport_over

if TYPE_CHECKING:
    import socket

    from coinmux.framework.transport.address_guard import Origin
    from coinmux.framework.transport.proxies import Proxy

P = TypeVar("P", bound=asyncio.Protocol)

#: Most bytes of a proxy's answer, and most interim answers before it.
_MOST_BYTES, _MOST_INTERIM = 16_384, 8
_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5]\d\d)(?: [^\r\n]*)?\r\n")
#: Statuses of a proxy that tried and did not get there.
_NOT_REACHED = frozenset({500, 502, 503, 504})
_CREDENTIALS = 407
#: What SOCKS answers where it does not lead there (RFC 1928 section 6).
_SOCKS_SAID = {
    2: "does not allow it",
    3: "cannot reach it: its network is unreachable",
    4: "cannot reach it: the host is unreachable",
    5: "cannot reach it: the connection is refused",
    6: "cannot reach it in time",
}
#: What an address is in SOCKS, and how long it is.
_V4, _NAME, _V6 = 1, 3, 4
_LENGTHS = {_V4: 4, _V6: 16}


async def open_through(
    proxy: Proxy,
    origin: Origin,
    make: Callable[[], P],
    dial: Callable[[str, int], Awaitable[socket.socket]],
    context: Callable[[], ssl.SSLContext],
) -> P:
    """A connection to `origin` of any protocol, through `proxy`.

    Args:
        make: of the protocol.
        dial: connects to the proxy itself.
        context: of TLS, to the proxy and to the origin.

    Raises:
        ProviderError: the proxy does not lead there.
        OSError: the proxy cannot be reached, or TLS fails.
    """
    loop = asyncio.get_running_loop()
    talk = _Talk(f"{origin.netloc}: the proxy {proxy.label}")
    is_tls = proxy.scheme == "https"
    transport, _ = await transport_over(
        await dial(proxy.host, proxy.port),
        lambda: talk,
        ssl=context() if is_tls else None,
        server_hostname=proxy.host if is_tls else None,
    )
    try:
        if proxy.scheme == "socks5":
            await _ask_socks(talk, proxy, origin)
        else:
            await _ask_http(talk, proxy, origin)
        talk.finish()
        protocol = make()
        if origin.is_tls:
            inner = await loop.start_tls(
                transport, protocol, context(), server_hostname=origin.host.rstrip(".")
            )
            if inner is None:
                raise Disconnected(f"{talk.who} ended the connection during the TLS handshake")
            transport = inner
        else:
            transport.set_protocol(protocol)
        protocol.connection_made(transport)
    except BaseException:
        transport.abort()
        raise
    return protocol


async def _ask_http(talk: _Talk, proxy: Proxy, origin: Origin) -> None:
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    lines = [f"CONNECT {host}:{origin.port} HTTP/1.1", f"Host: {host}:{origin.port}"]
    has_credentials = bool(proxy.user or proxy.password)
    if has_credentials:
        pair = base64.b64encode(f"{proxy.user}:{proxy.password}".encode()).decode()
        lines.append(f"Proxy-Authorization: Basic {pair}")
    talk.send("\r\n".join([*lines, "", ""]).encode())
    for _ in range(_MOST_INTERIM):
        found = _STATUS.match(await talk.until(b"\r\n\r\n"))
        if found is None:
            raise ProtocolViolation(f"{talk.who} does not answer in HTTP")
        status = int(found[1])
        if status >= 200:
            break
    else:
        raise ProtocolViolation(f"{talk.who} does not come to an answer")
    if status < 300:
        return
    if status == _CREDENTIALS:
        raise Unreachable(_refused_credentials(talk, has_credentials=has_credentials))
    what = "cannot reach it" if status in _NOT_REACHED else "does not lead there"
    raise Unreachable(f"{talk.who} {what}: HTTP {status}")


async def _ask_socks(talk: _Talk, proxy: Proxy, origin: Origin) -> None:
    user, password = proxy.user.encode()[:255], proxy.password.encode()[:255]
    has_credentials = bool(user or password)
    talk.send(b"\x05\x02\x00\x02" if has_credentials else b"\x05\x01\x00")
    version, method = await talk.exactly(2)
    if version != 5:
        raise ProtocolViolation(f"{talk.who} does not speak SOCKS 5")
    is_taken = method == 0
    if method == 2 and has_credentials:
        talk.send(b"\x01" + bytes([len(user)]) + user + bytes([len(password)]) + password)
        is_taken = (await talk.exactly(2))[1] == 0
    if not is_taken:
        raise Unreachable(_refused_credentials(talk, has_credentials=has_credentials))
    talk.send(b"\x05\x01\x00" + _socks_address(origin.host) + origin.port.to_bytes(2, "big"))
    version, said, _, kind = await talk.exactly(4)
    if version != 5:
        raise ProtocolViolation(f"{talk.who} does not speak SOCKS 5")
    if said != 0:
        raise Unreachable(f"{talk.who} {_SOCKS_SAID.get(said, f'says no: SOCKS {said}')}")
    length = (await talk.exactly(1))[0] if kind == _NAME else _LENGTHS.get(kind)
    if length is None:
        raise ProtocolViolation(f"{talk.who} does not speak SOCKS 5")
    await talk.exactly(length + 2)


def _socks_address(host: str) -> bytes:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        name = host.rstrip(".").encode("ascii")
        return bytes([_NAME, len(name)]) + name
    return bytes([_V4 if address.version == 4 else _V6]) + address.packed


def _refused_credentials(talk: _Talk, *, has_credentials: bool) -> str:
    if has_credentials:
        return f"{talk.who} does not take the user name and password it is given"
    return f"{talk.who} wants a user name and a password"


class _Talk(asyncio.Protocol):
    """What is said to a proxy before it leads on.

    Attributes:
        who: the proxy and where it is to lead, for errors.
    """

    def __init__(self, who: str) -> None:
        self.who = who
        self._got = bytearray()
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._is_over = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._got += data
        if len(self._got) > _MOST_BYTES and self._transport is not None:
            self._transport.pause_reading()
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_over = True
        self._wake()

    def send(self, data: bytes) -> None:
        assert self._transport is not None
        self._transport.write(data)

    async def until(self, mark: bytes) -> bytes:
        """What comes up to a mark, which is included."""
        while (at := self._got.find(mark)) < 0:
            await self._more()
        return self._taken(at + len(mark))

    async def exactly(self, count: int) -> bytes:
        """So many bytes."""
        while len(self._got) < count:
            await self._more()
        return self._taken(count)

    def finish(self) -> None:
        """The answer is complete: nothing may follow it before we speak.

        Raises:
            ProtocolViolation: something does.
        """
        if self._got:
            raise ProtocolViolation(f"{self.who} says more than its answer")

    async def _more(self) -> None:
        if len(self._got) > _MOST_BYTES:
            raise ProtocolViolation(f"{self.who} answers with more than {_MOST_BYTES} bytes")
        if self._is_over:
            raise Disconnected(f"{self.who} ended the connection without an answer")
        self._waiter = asyncio.get_running_loop().create_future()
        await self._waiter

    def _taken(self, count: int) -> bytes:
        taken = bytes(self._got[:count])
        del self._got[:count]
        return taken

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
