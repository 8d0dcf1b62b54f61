"""One WebSocket, dialled under the same guard as a request; only this module names its library.

The protocol is that of `websockets`, without its I/O: our pool dials, so that an address is
resolved, guarded and verified in one place. Compression is off: it costs more CPU than it saves.
Frames that are whole messages are cut from the bytes here: it would make several objects of each.
What comes is handled as it comes: nothing is kept but the message that is not complete yet, so that
memory stays flat however fast a server sends; what we have not read waits at the server. A server
that sends faster than we handle gets a few milliseconds of each turn of the loop: callers come
first.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidHandshake, PayloadTooBig
from websockets.frames import Frame as WireFrame
from websockets.frames import Opcode
from websockets.http11 import Response
from websockets.protocol import OPEN
from websockets.uri import WebSocketURI

from coinmux.framework.errors import (
    BlockedAddress,
    CoinmuxError,
    Disconnected,
    Malformed,
    ProtocolViolation,
    ProviderError,
    TooLarge,
    UpstreamTimeout,
)
from coinmux.framework.transport.address_guard import Origin

if TYPE_CHECKING:
    from coinmux.framework.transport.pool import Pool

_SCHEMES = {"wss": "https", "ws": "http"}
_USER_AGENT = "coinmux/0.1"
#: What waits to be written to a peer that does not read; more ends the connection.
_UNSENT_BYTES = 1_048_576
#: So many bytes are taken apart at once: many frames are small, and each becomes an object.
_SLICE_BYTES = 65_536
#: How long messages of one connection are handled before others have their turn, and how long
#: nothing of it came where they had one.
_TURN_S, _PAUSE_S = 0.005, 0.002
#: How the answer to the handshake ends.
_HEAD_END = b"\r\n\r\n"
#: How a frame begins that is a whole message, and what all others have that are none.
_WHOLE, _WHOLE_TEXT, _CONTROL = (0x81, 0x82), 0x81, 0x08
#: Lengths that stand in so many bytes after them; a greater one is that of a masked frame.
_TWO_BYTES, _EIGHT_BYTES = 126, 127
#: Of a ping, pong or close.
_MOST_OF_CONTROL = 125
#: Parts of one message; none of them needs to have a byte.
_MOST_PARTS = 10_000
#: A peer that does not answer our close is left after so long.
_CLOSE_S = 2.0
#: The protocol's library would write each address into the log, and the token in it.
_NO_LOG = logging.Logger("websockets", logging.CRITICAL)  # noqa: LOG001 - it has no parent


class HandshakeRefused(ProviderError):
    """The server answered the handshake with another status.

    Attributes:
        status: of the answer.
        headers: with lower-case names.
    """

    code = "upstream_status"

    def __init__(self, status: int, headers: Mapping[str, str]) -> None:
        super().__init__(f"the handshake was answered with HTTP {status}")
        self.status = status
        self.headers = headers


@dataclass(frozen=True, slots=True)
class SocketAddress:
    """Where a socket is.

    Attributes:
        target: path and query, which may hold a token and are never shown.
    """

    origin: Origin
    target: str

    @classmethod
    def parse(cls, url: str, *, allowed: bool = False) -> SocketAddress:
        """The address in a `wss` URL; `ws` where the operator named it.

        Raises:
            BlockedAddress: another scheme, credentials, or no usable host.
        """
        scheme, _, rest = url.partition("://")
        known = _SCHEMES.get(scheme.lower())
        if known is None:
            raise BlockedAddress("a socket has a wss address")
        origin = Origin.parse(f"{known}://{rest}", allowed=allowed)
        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return cls(origin, target)


class WebSocket(asyncio.Protocol):
    """An open connection. Made by `open_socket`.

    Args:
        on_frame: called in the event loop with each message, text or binary.
        on_lost: called once when it is over, with the reason.
        limit: largest message, in bytes.
    """

    def __init__(
        self,
        address: SocketAddress,
        on_frame: Callable[[str | bytes], None],
        on_lost: Callable[[CoinmuxError], None],
        limit: int,
    ) -> None:
        origin = address.origin
        self._label = origin.netloc
        uri = WebSocketURI(origin.is_tls, origin.host, origin.port, address.target, "")
        self._wire = ClientProtocol(uri, max_size=limit, logger=_NO_LOG)
        self._on_frame = on_frame
        self._on_lost = on_lost
        self._limit = limit
        self._transport: asyncio.Transport | None = None
        loop = asyncio.get_running_loop()
        self._opened: asyncio.Future[None] = loop.create_future()
        # Who dials may have left before it fails.
        self._opened.add_done_callback(_retrieve)
        self._gone: asyncio.Future[None] = loop.create_future()
        self._parts: list[bytes] = []
        self._is_text = True
        self._is_over = False
        self._closing: asyncio.TimerHandle | None = None
        #: Whether the handshake is over, and the last bytes of it until then.
        self._is_framed, self._answered = False, b""
        #: A frame that is not complete, and how many bytes tell more of it.
        self._rest, self._needed = bytearray(), 0
        #: What came and waits for its turn; since when, and until when, one was taken.
        self._waiting = b""
        self._turn_at = self._turned_at = 0.0
        #: Bytes that came in, as they were on the wire.
        self.bytes_in = 0
        #: When the last ping or pong came, by the clock of the loop.
        self.alive_at = 0.0

    @property
    def is_open(self) -> bool:
        """Whether frames may be sent."""
        return self._wire.state is OPEN and not self._is_over

    @property
    def is_ended(self) -> bool:
        """Whether nothing of it is left: its transport is closed."""
        return self._transport is None

    async def opened(self, until: float) -> None:
        """Wait until the server has accepted.

        Args:
            until: moment of the loop's clock at which waiting ends.

        Raises:
            ProviderError: it did not.
        """
        try:
            async with asyncio.timeout_at(until):
                await self._opened
        except TimeoutError:
            self.abort()
            raise UpstreamTimeout(f"{self._label}: no answer to the handshake in time") from None
        except BaseException:
            self.abort()
            raise

    def send(self, frame: str | bytes) -> None:
        """Send one message; nothing where the connection is over."""
        if not self.is_open:
            return
        if isinstance(frame, str):
            self._wire.send_text(frame.encode())
        else:
            self._wire.send_binary(frame)
        self._flush()

    def ping(self) -> None:
        """Send a ping of the WebSocket protocol."""
        if self.is_open:
            self._wire.send_ping(b"")
            self._flush()

    def close(self) -> None:
        """End it as the protocol does; `on_lost` is not called any more."""
        self._is_over = True
        if self._closing is not None:
            return
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        if self._wire.state is OPEN:
            self._wire.send_close(1000)
            self._flush()
            # The peer answers with its own close; one that does not is left.
            self._closing = asyncio.get_running_loop().call_later(_CLOSE_S, transport.abort)
        else:
            transport.abort()

    def abort(self) -> None:
        """Drop it at once."""
        self._is_over = True
        if self._transport is not None:
            self._transport.abort()

    async def wait_closed(self) -> None:
        """Wait until it has ended: at once after `abort`, in two seconds at most after `close`."""
        if self._transport is not None:
            await asyncio.shield(self._gone)

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        request = self._wire.connect()
        request.headers["User-Agent"] = _USER_AGENT
        self._wire.send_request(request)
        self._flush()

    def data_received(self, data: bytes) -> None:
        self.bytes_in += len(data)
        if self._waiting:
            self._waiting += data
        elif self._is_framed:
            self._take_frames(data)
        else:
            self._take_handshake(data)

    def _take_handshake(self, data: bytes) -> None:
        """Hand the answer to the protocol, and nothing of what follows it."""
        seen = self._answered + data
        end = seen.find(_HEAD_END)
        if end < 0:
            self._answered = seen[1 - len(_HEAD_END) :]
            self._hand_on(data)
            return
        cut = end + len(_HEAD_END) - len(self._answered)
        self._hand_on(data[:cut])
        self._is_framed = self._wire.state is OPEN
        if not self._is_framed:
            self._answered = b""
            self._hand_on(data[cut:])
        elif cut < len(data):
            self._take_frames(data[cut:])

    def _take_frames(self, data: bytes) -> None:
        """Take what is complete: whole messages at once, the protocol has every other frame.

        Nearly all frames are whole messages, of which it would make several objects each.
        """
        rest = self._rest
        if rest:
            rest += data
            if len(rest) < self._needed:
                return
            data = bytes(rest)
            rest.clear()
        at, end, is_first = 0, len(data), True
        while (needed := 2) <= end - at:
            kind, length, body = data[at], data[at + 1], at + 2
            if length >= _TWO_BYTES:
                if length > _EIGHT_BYTES:
                    self._hand_on(data[at:])  # masked, which no server's is
                    return
                body += 8 if length == _EIGHT_BYTES else 2
                if body > end:
                    needed = body - at
                    break
                length = int.from_bytes(data[at + 2 : body], "big")
            if length > (self._limit if kind & _CONTROL == 0 else _MOST_OF_CONTROL):
                self._hand_on(data[at:])
                return
            stop = body + length
            if stop > end:
                needed = stop - at
                break
            if (
                kind in _WHOLE
                and not self._parts
                and not self._is_over
                and self._wire.state is OPEN
            ):
                self._say(data[body:stop], is_text=kind == _WHOLE_TEXT)
            else:
                self._hand_on(data[at:stop])
            at = stop
            if self._is_over and (self._transport is None or self._transport.is_closing()):
                return
            # Nearly always one message is all that came.
            if at < end:
                now = time.monotonic()
                if is_first and now - self._turned_at > _PAUSE_S:
                    self._turn_at = now
                is_first, self._turned_at = False, now
                if now - self._turn_at > _TURN_S:
                    self._wait(data[at:])
                    return
        if at < end:
            self._needed = needed
            rest += data[at:]

    def _wait(self, data: bytes) -> None:
        """Let others have their turn before the rest is taken; nothing more is read until then."""
        self._waiting = data
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()
        asyncio.get_running_loop().call_soon(self._go_on)

    def _go_on(self) -> None:
        """Take what waits."""
        data, self._waiting = self._waiting, b""
        self._turn_at = self._turned_at = time.monotonic()
        self._take_frames(data)
        transport = self._transport
        if not self._waiting and transport is not None and not transport.is_closing():
            transport.resume_reading()

    def _hand_on(self, data: bytes) -> None:
        """Have the protocol take bytes apart."""
        if len(data) <= _SLICE_BYTES:
            self._take_bytes(data)
            return
        for at in range(0, len(data), _SLICE_BYTES):
            self._take_bytes(data[at : at + _SLICE_BYTES])
            if self._transport is None or self._transport.is_closing():
                return

    def _take_bytes(self, data: bytes) -> None:
        wire = self._wire
        wire.receive_data(data)
        for event in wire.events_received():
            if isinstance(event, Response):
                self._take_response(event)
            elif not self._is_over:
                self._take(cast("WireFrame", event))
        self._flush()
        if wire.parser_exc is not None:
            self._lose(self._failure_of(wire.parser_exc))
        elif wire.close_rcvd is not None:
            # Answered, or the answer to ours. A server that stays on the line has nothing to say.
            self._lose(Disconnected(f"{self._label}: the connection ended{self._said()}"))

    def eof_received(self) -> None:
        self._wire.receive_eof()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._closing is not None:
            self._closing.cancel()
        self._transport = None
        if not self._gone.done():
            self._gone.set_result(None)
        self._lose(Disconnected(f"{self._label}: the connection ended{self._said()}"))

    def _take_response(self, response: Response) -> None:
        if self._opened.done():
            return
        failure = self._wire.handshake_exc
        if failure is None:
            self._opened.set_result(None)
            return
        if response.status_code != 101:
            headers = {name.lower(): value for name, value in response.headers.raw_items()}
            self._opened.set_exception(HandshakeRefused(response.status_code, headers))
        else:
            self._opened.set_exception(ProtocolViolation(f"{self._label}: {_plain(failure)}"))
        self.abort()

    def _take(self, frame: WireFrame) -> None:
        opcode = frame.opcode
        if opcode is Opcode.TEXT or opcode is Opcode.BINARY:
            self._is_text = opcode is Opcode.TEXT
            if not frame.fin:
                self._parts = [bytes(frame.data)]
                return
            data = bytes(frame.data)
        elif opcode is Opcode.CONT:
            self._parts.append(bytes(frame.data))
            if len(self._parts) > _MOST_PARTS:
                self._lose(TooLarge(f"{self._label}: a message of more than {_MOST_PARTS} parts"))
                return
            if not frame.fin:
                return
            data, self._parts = b"".join(self._parts), []
        else:
            # Pings are answered by the protocol, a close ends the connection.
            self.alive_at = asyncio.get_running_loop().time()
            return
        self._say(data, is_text=self._is_text)

    def _say(self, data: bytes, *, is_text: bool) -> None:
        """Hand a message on."""
        if not is_text:
            self._on_frame(data)
            return
        try:
            text = data.decode()
        except UnicodeDecodeError:
            self._lose(Malformed(f"{self._label}: a text that is not UTF-8"))
            return
        self._on_frame(text)

    def _failure_of(self, failure: Exception) -> ProviderError:
        if isinstance(failure, PayloadTooBig):
            return TooLarge(f"{self._label}: a message of more than {self._limit} bytes")
        if isinstance(failure, EOFError):
            return Disconnected(f"{self._label}: the connection ended{self._said()}")
        return ProtocolViolation(f"{self._label}: {_plain(failure)}")

    def _said(self) -> str:
        """What the peer gave as the reason."""
        close = self._wire.close_rcvd
        if close is None:
            return " without a word"
        reason = f": {close.reason[:100]!r}" if close.reason else ""
        return f", code {close.code}{reason}"

    def _lose(self, error: ProviderError) -> None:
        if not self._opened.done():
            self._opened.set_exception(error)
            self._is_over = True
        if not self._is_over:
            self._is_over = True
            self._on_lost(error)
        if self._transport is not None and not self._transport.is_closing():
            self._transport.abort()

    def _flush(self) -> None:
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        for data in self._wire.data_to_send():
            if data:
                transport.write(data)
            else:
                transport.close()
                return
        if transport.get_write_buffer_size() > _UNSENT_BYTES:
            self._lose(Disconnected(f"{self._label}: it does not read what is sent"))


def _retrieve(opened: asyncio.Future[None]) -> None:
    if not opened.cancelled():
        opened.exception()


async def open_socket(
    pool: Pool,
    address: SocketAddress,
    on_frame: Callable[[str | bytes], None],
    on_lost: Callable[[CoinmuxError], None],
    *,
    until: float,
    limit: int,
) -> WebSocket:
    """Connect to `address`.

    Args:
        pool: dials, under the guard of addresses.
        on_frame, on_lost, limit: as of `WebSocket`.
        until: moment of the loop's clock by which the server must have accepted.

    Raises:
        HandshakeRefused: the server answered with another status.
        ProviderError: unreachable, refused by the guard, late or broken.
    """
    made = await pool.dial(
        address.origin, until, lambda: WebSocket(address, on_frame, on_lost, limit)
    )
    await made.opened(until)
    return made


def _plain(failure: BaseException) -> str:
    """A failure of the protocol in words; what its text quotes may hold anything."""
    if isinstance(failure, InvalidHandshake):
        return "the handshake was not answered as the protocol demands"
    return f"it breaks the WebSocket protocol ({type(failure).__name__})"
