"""One connection of a source: opened again when it is lost, and before its source ends it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from coinmux.framework.errors import CoinmuxError
from coinmux.framework.streams.pauses import Pause
from coinmux.framework.streams.place import Place
from coinmux.framework.streams.session import Session
from coinmux.framework.streams.socket_use import SocketUse

if TYPE_CHECKING:
    from random import Random

    from coinmux.framework.limits.rate_window import Limits
    from coinmux.framework.plugins.socket_dialect import SocketDialect, SocketInfo
    from coinmux.framework.streams.pauses import Hold
    from coinmux.framework.streams.session import OpenWire

#: The longest pause where a reader has nobody else, and how often it is looked at.
_HURRIED_S, _LOOK_S = 3.0, 0.5
#: A connection that lasted so long was sound: the pauses begin anew.
_SOUND_S = 60.0
#: How long a connection, its handshake included, may take to open.
_OPEN_S = 10.0
#: How long a new connection may have to wait at most where the source limits them.
_LONGEST_WAIT_S = 60.0


class ConnectionOwner(Protocol):
    """The connections of its source.

    Attributes:
        sockets: by name.
        dialect: makes the dialect of a new connection of a socket.
        open_wire: opens a socket's WebSocket.
        rng: spreads the pauses.
        connects: limits of new connections, by socket.
        hold: how long the source is to be left alone.
        on_opened, on_lost: are told how long it took, and why it was lost.
    """

    sockets: dict[str, SocketInfo]
    dialect: Callable[[str], SocketDialect]
    open_wire: Callable[[str, SocketDialect, float], OpenWire]
    rng: Random
    connects: dict[str, Limits]
    hold: Hold
    on_opened: Callable[[float], None]
    on_lost: Callable[[CoinmuxError], None]

    def let_go(self, session: Session) -> None:
        """End a session; its end is waited for when everything is closed."""
        ...

    def drop(self, connection: Connection) -> None:
        """A connection is empty and over."""
        ...


class Connection:
    """A connection; one session of it after the other.

    Args:
        linger_s: it is kept for so long while nothing is followed on it.
        first_s: the pause before it is tried again, at first.

    Attributes:
        socket: which of the source's sockets.
        place: who is followed on it.
    """

    def __init__(
        self, owner: ConnectionOwner, socket: str, *, linger_s: float, first_s: float
    ) -> None:
        self._owner = owner
        self.socket = socket
        self.place = Place(owner.let_go, self._another_is_due)
        self._loop = asyncio.get_running_loop()
        self._linger_s = linger_s
        self._pause = Pause(owner.rng, first_s)
        #: Before then it is not opened again.
        self._due_at = self._failed_at = 0.0
        #: Set when another session is due: with why it was lost, or None if it soon would be.
        self._over: asyncio.Future[CoinmuxError | None] = self._loop.create_future()
        self._opened = 0
        self._opened_at = 0.0
        self._task = self._loop.create_task(self._run())

    @property
    def is_taking(self) -> bool:
        """Whether more may be followed here."""
        return not self._task.done() and self.place.next is None

    def use(self) -> SocketUse:
        """It in figures."""
        now, place = self._loop.time(), self.place
        session = place.session
        open_now = [one for one in (session, place.next) if one is not None]
        due_at = max(self._due_at, self._owner.hold.until)
        return SocketUse(
            socket=self.socket,
            state=self._state() if place.followed else "idle",
            messages=place.messages + sum(one.messages for one in open_now),
            messages_per_s=None if session is None else session.messages_per_s(now),
            bytes_in=place.bytes_in + sum(one.bytes_in for one in open_now),
            unreadable=place.unreadable + sum(one.unreadable for one in open_now),
            subscriptions=len(place.followed),
            channels=place.channels,
            last_message_s=(
                now - session.last_at if session is not None and session.messages else None
            ),
            age_s=None if session is None else now - session.opened_at,
            longest_pause_s=None if session is None else session.silence.longest_s,
            silent_after_s=None if session is None else session.silence.after_s(now),
            reconnects=max(self._opened - 1, 0),
            retry_s=max(due_at - now, 0.0) if place.is_waiting else None,
            error=None if place.error is None else place.error.detail,
        )

    def _state(self) -> str:
        if self.place.session is not None:
            return "open"
        return "waiting" if self.place.is_waiting else "connecting"

    def look(self, now: float) -> None:
        """Look for feeds that are silent for too long."""
        for followed in list(self.place.followed):
            followed.look(now)

    def end(self) -> asyncio.Task[None]:
        """End it now; the task that is to be awaited."""
        self.place.followed.clear()
        self._task.cancel()
        return self._task

    def _another_is_due(self, error: CoinmuxError | None) -> None:
        if error is not None and self.place.session is None:
            self._owner.on_lost(error)
        if not self._over.done():
            self._over.set_result(error)

    async def _run(self) -> None:
        try:
            while await self._may_open():
                try:
                    await self._open()
                except CoinmuxError as error:
                    if self.place.session is None:
                        self._owner.on_lost(error)
                        self.place.lose(error)
                    self._put_off(error)
                    continue
                if await self._is_left():
                    return
        finally:
            self.place.close()
            self._owner.drop(self)

    async def _may_open(self) -> bool:
        """Wait until it may be opened; False where nobody follows it any more."""
        place, hold = self.place, self._owner.hold
        while place.followed or not await self._stays_empty():
            now = self._loop.time()
            due_at = self._due_at
            if place.is_hurried and self._pause.is_usual:
                due_at = min(due_at, self._failed_at + _HURRIED_S)
            wait_s = max(due_at, hold.until) - now
            if wait_s <= 0:
                place.is_hurried = False
                return True
            if place.session is None:
                place.is_waiting = True
                place.error = hold.error(now) or place.error
                place.tell_waiting()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(place.empty.wait(), min(wait_s, _LOOK_S))
        return False

    async def _open(self) -> None:
        """Open a session, and take it in place of the one before.

        Raises:
            CoinmuxError: it cannot be opened; the one before goes on while it lasts.
        """
        owner = self._owner
        began = self._loop.time()
        self.place.is_waiting = False
        limits = owner.connects[self.socket]
        if (wait_s := limits.wait_s(1, began)) > 0:
            await asyncio.sleep(min(wait_s, _LONGEST_WAIT_S))
        limits.take(1, self._loop.time())
        dialect = owner.dialect(self.socket)
        session = Session(owner.sockets[self.socket], dialect, self.place)
        until = self._loop.time() + _OPEN_S
        try:
            await session.open(owner.open_wire(self.socket, dialect, until))
        except BaseException:
            owner.let_go(session)
            raise
        self._over = self._loop.create_future()
        self._opened += 1
        self._opened_at = self._loop.time()
        owner.on_opened(self._opened_at - began)
        self.place.take(session)

    async def _is_left(self) -> bool:
        """Wait until another session is due; True where nobody is followed any more."""
        while not self._over.done():
            empty = self._loop.create_task(self.place.empty.wait())
            try:
                await asyncio.wait((self._over, empty), return_when=asyncio.FIRST_COMPLETED)
            finally:
                empty.cancel()
            if not self._over.done() and await self._stays_empty():
                return True
        if self._loop.time() - self._opened_at >= _SOUND_S:
            self._pause.reset()
            self._owner.hold.reset()
        if (error := self._over.result()) is not None:
            self._put_off(error)
        return False

    def _put_off(self, error: CoinmuxError) -> None:
        """Open it again later, and the source's others too where it refused this machine."""
        now = self._loop.time()
        self._failed_at = now
        self._due_at = now + self._pause.after(error)
        self._owner.hold.refused(error, now)
        self.place.due_at = max(self._due_at, self._owner.hold.until)

    async def _stays_empty(self) -> bool:
        """Whether nothing is followed for a while longer."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.place.filled.wait(), self._linger_s)
        return not self.place.followed
