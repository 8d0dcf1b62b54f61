"""One HTTP/1.1 connection: a request out, an answer in, every byte counted.

Parsing is llhttp's, strict, through httptools. What llhttp lets pass and we do not: endless
headers or informational answers, bytes without a request, an answer larger than its limit.
"""

from __future__ import annotations

import asyncio
import math
import select
from typing import TYPE_CHECKING, cast

import httptools

from coinmux.framework.errors import (
    BadEncoding,
    Disconnected,
    Malformed,
    ProtocolViolation,
    ProviderError,
    TooLarge,
    UpstreamTimeout,
)
from coinmux.framework.transport.messages import Answer, plain_of

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

HEAD_BYTES = 65_536
HEAD_LINES = 200
#: More `103 Early Hints` than this before an answer, and no answer is expected any more.
INFORMATIONAL = 16
#: A timer set for this much later than a deadline is near enough.
TIMER_S = 0.001


class StaleConnection(Disconnected):
    """An idle connection was closed before any answer came; a GET may be sent once more."""


class Connection(asyncio.Protocol):
    """One connection, used for one exchange at a time.

    Args:
        label: host and port, for messages.
        names: see `plain_of`; shared by the connections of a pool.
        on_lost: called once when the connection is gone.
    """

    __slots__ = (
        "_answers", "_body", "_done", "_expires", "_failure", "_head_done", "_headers",
        "_informational", "_keep", "_label", "_limit", "_loop", "_lost", "_names", "_on_lost",
        "_parser", "_raw_headers", "_silence", "_status", "_timer", "_transport", "_until",
        "_until_eof", "_waiter", "_wire", "idle_since",
    )  # fmt: skip

    def __init__(
        self, label: str, names: dict[bytes, str], on_lost: Callable[[Connection], object]
    ) -> None:
        self.idle_since = 0.0
        self._label = label
        self._names = names
        self._on_lost = on_lost
        self._parser = httptools.HttpResponseParser(self)
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._silence: Callable[[int], object] | None = None
        #: One timer serves exchange after exchange: it looks at the time, and at `_until`, when it
        #: rings. Setting and cancelling one for each costs more than parsing an answer.
        self._timer: asyncio.TimerHandle | None = None
        self._expires = math.inf
        self._until = math.inf
        self._waiter: asyncio.Future[None] | None = None
        self._failure: ProviderError | None = None
        self._lost = False
        self._keep = True
        self._answers = 0
        self._begin(0)

    def _begin(self, limit: int) -> None:
        self._limit = limit
        self._wire = 0
        self._status = 0
        self._raw_headers: list[tuple[bytes, bytes]] = []
        self._headers: dict[str, str] = {}
        self._body: bytes | bytearray = b""
        self._informational = 0
        self._head_done = False
        self._until_eof = False
        self._done = False

    @property
    def is_usable(self) -> bool:
        """Whether another request may be sent."""
        return self._keep and not self._lost and self._failure is None

    @property
    def is_silent(self) -> bool:
        """Whether nothing lies on the socket that the loop has not come round to read yet: bytes
        without a request, or its peer's end.
        """
        if self._silence is None or self._transport is None or self._transport.is_closing():
            return False
        return not self._silence(0)

    async def exchange(self, wire: bytes, until: float, limit: int) -> Answer:
        """Send and wait for the whole answer; its content coding is left on.

        Args:
            wire: the request as it goes out.
            until: moment of the loop's clock at which waiting ends.
            limit: most bytes on the wire, headers included.

        Raises:
            StaleConnection: idle connection closed before a byte of the answer.
            ProviderError: the answer is late, damaged or too large. The connection is then gone.
        """
        transport = self._transport
        if transport is None or self._lost:
            raise StaleConnection(f"{self._label}: connection closed")
        self._begin(limit)
        self._waiter = waiter = self._loop.create_future()
        transport.write(wire)
        self._until = until
        if until < self._expires - TIMER_S:
            self._arm(until)
        try:
            await waiter
        except BaseException:
            self.abort()
            raise
        finally:
            self._waiter = None
        if self._failure is not None:
            raise self._failure
        self._answers += 1
        body = self._body
        if type(body) is not bytes:
            body = bytes(body)
        return Answer(self._status, self._headers, body, self._raw_headers)

    def abort(self) -> None:
        """Drop the connection at once."""
        self._keep = False
        if self._transport is not None:
            self._transport.abort()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._silence = _watch(transport.get_extra_info("socket"))

    def data_received(self, data: bytes) -> None:
        if self._waiter is None or self._done or self._failure is not None:
            # No request was sent: these bytes must not be taken for the answer to the next one.
            self.abort()
            return
        self._wire += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._failure = ProtocolViolation(f"{self._label} switches protocols")
        except httptools.HttpParserError as exc:
            if self._failure is None:
                self._failure = (
                    Malformed(f"{self._label}: bytes after the end of the answer")
                    if self._done
                    else ProtocolViolation(f"{self._label}: {exc}")
                )
        if self._failure is None and not self._done:
            if not self._head_done:
                if self._wire > HEAD_BYTES or len(self._raw_headers) > HEAD_LINES:
                    self._failure = ProtocolViolation(f"{self._label}: headers do not end")
            elif self._wire > self._limit:
                self._failure = self._too_large()
        if self._failure is not None or self._done:
            self._settle()

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = True
        self._transport = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._on_lost(self)
        if self._waiter is None or self._done or self._failure is not None:
            return
        if self._until_eof and exc is None:
            self._keep = False
            self._done = True
        elif self._answers and not self._wire:
            self._failure = StaleConnection(f"{self._label}: idle connection was closed")
        else:
            what = "answer cut off" if self._wire else "connection closed without an answer"
            self._failure = Disconnected(f"{self._label}: {what}")
        self._settle()

    # httptools callbacks; an error raised here stops the parser

    def on_message_begin(self) -> None:
        if self._done:
            self._fail(Malformed(f"{self._label}: bytes after the end of the answer"))

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._head_done:  # a trailer is nothing to us
            self._raw_headers.append((name, value))

    def on_headers_complete(self) -> None:
        self._status = status = self._parser.get_status_code()
        raw = self._raw_headers
        if len(raw) > HEAD_LINES or (
            self._wire > HEAD_BYTES and sum(len(n) + len(v) + 4 for n, v in raw) > HEAD_BYTES
        ):
            self._fail(ProtocolViolation(f"{self._label}: headers too large"))
        if status < 200:
            self._informational += 1
            if status < 100:
                self._fail(ProtocolViolation(f"{self._label}: status {status:03}"))
            if self._informational > INFORMATIONAL:
                self._fail(UpstreamTimeout(f"{self._label} sends informational answers only"))
            return
        if not self._answers and not self._parser.get_http_version().startswith("1."):
            self._fail(ProtocolViolation(f"{self._label} speaks another version of HTTP"))
        self._head_done = True
        self._headers = headers = plain_of(raw, self._names)
        length = headers.get("content-length")
        if length is not None:
            if int(length) > self._limit:
                self._fail(self._too_large())
        elif "transfer-encoding" in headers:
            if headers["transfer-encoding"].lower() != "chunked":
                coding = headers["transfer-encoding"][:40]
                self._fail(BadEncoding(f"{self._label}: transfer coding {coding!r}"))
        else:
            self._until_eof = status not in (204, 304)

    def on_body(self, data: bytes) -> None:
        body = self._body
        if not body:
            self._body = data
        elif type(body) is bytearray:
            body += data
        else:
            joined = bytearray(body)
            joined += data
            self._body = joined

    def on_message_complete(self) -> None:
        if not self._head_done:
            self._raw_headers = []
            return
        self._done = True
        self._keep = self._parser.should_keep_alive()

    def _too_large(self) -> TooLarge:
        return TooLarge(f"{self._label}: more than {self._limit} bytes")

    def _fail(self, failure: ProviderError) -> None:
        self._failure = failure
        raise failure

    def _arm(self, until: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._expires = until
        self._timer = self._loop.call_at(until, self._expire)

    def _expire(self) -> None:
        self._timer = None
        self._expires = math.inf
        if self._waiter is None:
            return
        if self._loop.time() < self._until:
            self._arm(self._until)
        elif not self._done and self._failure is None:
            what = "no answer" if not self._wire else "answer incomplete"
            self._failure = UpstreamTimeout(f"{self._label}: {what} in time")
            self._settle()

    def _settle(self) -> None:
        if self._failure is not None or not self._keep:
            self.abort()
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


def _watch(handle: socket.socket | None) -> Callable[[int], object] | None:
    """What tells, when called with 0, whether there is something to read from a socket."""
    if handle is None or (number := handle.fileno()) < 0:
        return None
    if not hasattr(select, "poll"):  # Windows
        return lambda wait_s: select.select([number], [], [], wait_s)[0]
    waiting = select.poll()
    waiting.register(number, select.POLLIN)
    return waiting.poll
