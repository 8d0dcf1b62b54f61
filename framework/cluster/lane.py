"""A connection on which everything that is asked within one turn of the loop goes out together.

The store's client connects: address, password, TLS, database. Then its transport speaks this
protocol, because a round trip of the client costs five times what it costs here.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from hiredis import ProtocolError, PushNotification, Reader, pack_command
from redis.exceptions import ConnectionError as StoreConnectionError
from redis.exceptions import ResponseError

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis.asyncio.connection import AbstractConnection

    from coinmux.framework.cluster.scripts import Script

#: A timer that is so late was held up: this process stood still, and what was asked may not even
#: be sent.
_HELD_UP_S = 0.05

Part = str | bytes | int | float


class _Sent(NamedTuple):
    """A command without its answer yet.

    Attributes:
        future: gets the answer; None where nobody waits for it.
        until: when the answer is too late, by the loop's clock.
        script: with its keys and arguments, to send whole to a store that does not know it.
    """

    future: asyncio.Future[Any] | None
    until: float
    script: tuple[Script, tuple[Part, ...]] | None


class Lane(asyncio.Protocol):
    """One connection; answers come in the order of the commands.

    Args:
        failed: called when the connection is of no more use, with why; also with the error that
            a command met whose answer nobody waits for.

    Attributes:
        within_s: an answer that takes longer ends the connection; None for no limit. Moments in
            which this process stood still do not count.
        commands: sent so far.
        trips: writes so far, each with all commands of one turn of the loop.
    """

    def __init__(self, failed: Callable[[BaseException], None]) -> None:
        self._failed = failed
        self._loop = asyncio.get_running_loop()
        self._reader = Reader(replyError=ResponseError)
        self._out: list[bytes] = []
        self._sent: deque[_Sent] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport | None = None
        self._writer: asyncio.StreamWriter | None = None
        self.within_s: float | None = None
        #: An answer that was given more time, once.
        self._spared: _Sent | None = None
        self.commands = 0
        self.trips = 0

    async def open(self, connection: AbstractConnection) -> None:
        """Connect, and take over the transport.

        Raises:
            RedisError, OSError: the store cannot be reached, or refuses the user.
        """
        try:
            await connection.connect()  # type: ignore[no-untyped-call]
        except BaseException:
            await connection.disconnect(nowait=True)
            raise
        # There is no public way to its transport. The client must forget the streams, and they are
        # kept here: whoever collects them closes the transport.
        writer: asyncio.StreamWriter = connection._writer  # type: ignore[assignment] # noqa: SLF001
        connection._writer = connection._reader = None  # noqa: SLF001
        self._writer = writer
        self._transport = cast("asyncio.Transport", writer.transport)
        self._transport.set_protocol(self)

    def close(self, error: BaseException | None = None) -> None:
        """End the connection; all that wait for an answer get `error`."""
        transport, self._transport = self._transport, None
        if self._timer is not None:
            self._timer.cancel()
        if transport is not None:
            transport.abort()
        sent, self._sent = self._sent, deque()
        for one in sent:
            if one.future is not None and not one.future.done():
                one.future.set_exception(error or StoreConnectionError("closed"))
                # The caller may have gone meanwhile.
                one.future.exception()

    def ask(self, *parts: Part) -> asyncio.Future[Any]:
        """Send a command; the future gets its answer, or the error of the store."""
        future = self._loop.create_future()
        self._put(parts, future, None)
        return future

    def ask_script(self, script: Script, *parts: Part) -> asyncio.Future[Any]:
        """Run a script with the number of its keys, its keys and its arguments."""
        future = self._loop.create_future()
        self._put(("EVALSHA", script.digest, *parts), future, (script, parts))
        return future

    def post_script(self, script: Script, *parts: Part) -> None:
        """As `ask_script`, where nobody waits for the answer."""
        self._put(("EVALSHA", script.digest, *parts), None, (script, parts))

    # The protocol

    def data_received(self, data: bytes) -> None:
        """Give each answer to who waits for it."""
        reader = self._reader
        reader.feed(data)
        try:
            while (answer := reader.gets()) is not False:
                self._take(answer)
        except ProtocolError as error:
            self._end(StoreConnectionError(str(error)))

    def connection_lost(self, error: Exception | None) -> None:
        """The store, or the way to it, is gone."""
        if self._transport is not None:
            self._end(error or StoreConnectionError("closed by the store"))

    def _take(self, answer: Any) -> None:
        if isinstance(answer, PushNotification) or not self._sent:
            return  # what the store says by itself
        sent = self._sent.popleft()
        future = sent.future
        if isinstance(answer, ResponseError):
            if sent.script is not None and str(answer).startswith("NOSCRIPT"):
                script, parts = sent.script
                self._put(("EVAL", script.text, *parts), future, None)
            elif future is None:
                self._failed(answer)
            elif not future.done():
                future.set_exception(answer)
        elif future is not None and not future.done():
            future.set_result(answer)

    def _put(
        self,
        parts: tuple[Part, ...],
        future: asyncio.Future[Any] | None,
        script: tuple[Script, tuple[Part, ...]] | None,
    ) -> None:
        if self._transport is None:
            if future is not None:
                future.set_exception(StoreConnectionError("closed"))
            return
        if not self._out:
            self._loop.call_soon(self.flush)
        # Its stub says a tuple of one.
        self._out.append(pack_command(parts))  # type: ignore[arg-type]
        until = self._loop.time() + (self.within_s or 0)
        self._sent.append(_Sent(future, until, script))
        if self._timer is None and self.within_s is not None:
            self._timer = self._loop.call_at(until, self._check)

    def flush(self) -> None:
        """Send what was asked, rather than at the end of this turn of the loop."""
        out, self._out = self._out, []
        if out and self._transport is not None:
            self.commands += len(out)
            self.trips += 1
            self._transport.write(b"".join(out))

    def _check(self) -> None:
        """End the connection where the oldest answer is too late; look again when it would be."""
        self._timer = None
        if not self._sent:
            return
        now, oldest = self._loop.time(), self._sent[0]
        until = oldest.until
        if now - until > _HELD_UP_S and oldest is not self._spared:
            self._spared, until = oldest, now + (self.within_s or 0)
        if now >= until:
            self._end(TimeoutError())
        else:
            self._timer = self._loop.call_at(until, self._check)

    def _end(self, error: BaseException) -> None:
        self.close(error)
        self._failed(error)


class Channel(Lane):
    """A connection that receives the messages of one channel.

    Args:
        heard: called with each.

    Attributes:
        began: set when messages are received.
        ended: set when no more will come.
    """

    def __init__(self, heard: Callable[[bytes], None]) -> None:
        super().__init__(lambda _: None)
        self._heard = heard
        self.began = asyncio.Event()
        self.ended = asyncio.Event()

    def close(self, error: BaseException | None = None) -> None:
        """End the connection."""
        super().close(error)
        self.ended.set()

    def _take(self, answer: Any) -> None:
        if isinstance(answer, ResponseError):
            self._end(answer)
        elif isinstance(answer, list) and answer[0] == b"message":
            self._heard(answer[2])
        elif isinstance(answer, list) and answer[0] == b"subscribe":
            self._sent.clear()
            self.began.set()
