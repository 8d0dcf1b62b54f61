"""A source's connections: who is followed on which, and when another is opened."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from coinmux.framework.errors import (
    CoinmuxError,
    Disconnected,
    ToldToWait,
    UpstreamTimeout,
)
from coinmux.framework.limits.rate_window import Limits
from coinmux.framework.plugins.raised import failure_of
from coinmux.framework.streams.session import OpenWire, Session

if TYPE_CHECKING:
    from coinmux.framework.plugins.socket_dialect import SocketDialect, SocketInfo, Subscription
    from coinmux.framework.streams.listening import Listener

T = TypeVar("T")

#: Pauses before a connection is tried again: the first, and the longest.
_FIRST_S, _LONGEST_S = 1.0, 60.0
#: A connection that lasted so long was sound: the pauses begin anew.
_SOUND_S = 60.0
#: A connection nothing is followed on is kept for so long, since another feed may begin.
_LINGER_S = 5.0
#: How long a connection, its handshake included, may take to open.
_OPEN_S = 10.0
#: How often the silence of feeds is looked at.
_LOOK_S = 0.5


@dataclass(frozen=True, slots=True)
class SocketUse:
    """One connection, in figures.

    Attributes:
        state: `connecting`, `open`, `waiting` (to connect again) or `idle`; `ended` for all that
            were, together.
        messages: since the source was first followed.
        subscriptions: feeds followed on it.
        last_message_s: seconds since the last message; None before the first.
        reconnects: how often it was opened again.
        error: why it was lost last; None if it never was.
    """

    socket: str
    state: str
    messages: int
    unreadable: int
    subscriptions: int
    last_message_s: float | None
    reconnects: int
    error: str | None


class Connections:
    """The connections of one source; a `Follower`.

    Args:
        sockets: its sockets by name.
        dialect: makes the dialect of a new connection of a socket.
        open_wire: opens a socket's WebSocket: given its name, its dialect and until when.
        rng: spreads the pauses.
    """

    def __init__(
        self,
        sockets: dict[str, SocketInfo],
        dialect: Callable[[str], SocketDialect],
        open_wire: Callable[[str, SocketDialect, float], OpenWire],
        *,
        rng: Random | None = None,
        on_opened: Callable[[float], None] = lambda _: None,
        on_lost: Callable[[CoinmuxError], None] = lambda _: None,
    ) -> None:
        self.sockets = sockets
        self.dialect = dialect
        self.open_wire = open_wire
        self.rng = rng if rng is not None else Random()  # noqa: S311 - spreads waits only
        self.on_opened = on_opened
        self.on_lost = on_lost
        #: Limits of new connections, by socket.
        self.connects = {name: Limits(info.connects) for name, info in sockets.items()}
        #: Why no connection may be opened now, and until when by the clock of the loop.
        self.held: tuple[CoinmuxError, float] | None = None
        self._places: list[_Place] = []
        #: What those that have ended counted.
        self._past: SocketUse | None = None
        self._looker: asyncio.TimerHandle | None = None
        self._is_closed = False

    def follow(self, make: Callable[[], Subscription[T]], listener: Listener[T]) -> _Followed[T]:
        """Follow what `make` describes, on a connection with room for it.

        Raises:
            CoinmuxError: as `make`: it cannot be followed.
        """
        followed = _Followed(make, listener)
        followed.renew()
        place = self._place_for(followed)
        place.add(followed)
        if self._looker is None:
            self._look()
        return followed

    def uses(self) -> list[SocketUse]:
        """Each connection, in figures; those that have ended are one that is idle."""
        found = [place.use() for place in self._places]
        return found if self._past is None else [*found, self._past]

    async def close(self) -> None:
        """End every connection."""
        self._is_closed = True
        if self._looker is not None:
            self._looker.cancel()
            self._looker = None
        tasks = [place.end() for place in self._places]
        self._places.clear()
        await asyncio.gather(*tasks, return_exceptions=True)

    def drop(self, place: _Place) -> None:
        """A place is empty and over."""
        if place in self._places:
            self._places.remove(place)
            use, past = place.use(), self._past
            self._past = SocketUse(
                socket="",
                state="ended",
                messages=use.messages + (past.messages if past is not None else 0),
                unreadable=use.unreadable + (past.unreadable if past is not None else 0),
                subscriptions=0,
                last_message_s=None,
                reconnects=use.reconnects + (past.reconnects if past is not None else 0),
                error=use.error,
            )

    def _place_for(self, followed: _Followed[Any]) -> _Place:
        socket = followed.subscription.socket
        if socket not in self.sockets:
            raise Disconnected(f"it has no socket {socket!r}")
        need = len(followed.subscription.channels)
        most = self.sockets[socket].subscriptions
        for place in self._places:
            if place.socket == socket and place.is_taking and place.channels + need <= most:
                return place
        place = _Place(self, socket)
        self._places.append(place)
        return place

    def _look(self) -> None:
        self._looker = None
        if self._is_closed or not self._places:
            return
        self._looker = asyncio.get_running_loop().call_later(_LOOK_S, self._look)
        now = asyncio.get_running_loop().time()
        for place in list(self._places):
            for followed in list(place.followed):
                followed.look(now)


class _Followed(Generic[T]):
    """One feed, on one connection after the other; a `Following`."""

    def __init__(self, make: Callable[[], Subscription[T]], listener: Listener[T]) -> None:
        self._make = make
        self._listener = listener
        self.place: _Place | None = None
        self.subscription: Subscription[T]
        #: Channels the source has not confirmed yet.
        self._open: set[str] = set()
        self._has_begun = False
        self._heard_at = 0.0

    def renew(self) -> None:
        """A new connection: what the subscription remembered is void.

        Raises:
            CoinmuxError: it cannot be followed.
        """
        try:
            self.subscription = self._make()
        except CoinmuxError:
            raise
        except Exception as error:
            raise failure_of(error) from error
        self._open = set(self.subscription.channels)
        self._has_begun = False

    @property
    def needs_whole(self) -> bool:
        """Whether it is a book that begins with a whole one, which the socket sends once."""
        book = self.subscription.book
        return book is not None and book.snapshot is None

    def again(self) -> None:
        if self.place is not None:
            self.place.again(self)

    def stop(self) -> None:
        if self.place is not None:
            place, self.place = self.place, None
            place.remove(self)

    # What its connection says

    def confirmed(self, channel: str, now: float) -> None:
        self._open.discard(channel)
        if not self._open and not self._has_begun:
            self._has_begun = True
            self._heard_at = now
            self._listener.begun()

    def said(self, channel: str, body: object, at: float) -> None:
        self._heard_at = at
        try:
            said = list(self.subscription.read(channel, body))
        except Exception as error:  # noqa: BLE001 - the border around a plugin
            self._listener.unreadable(
                error if isinstance(error, CoinmuxError) else failure_of(error)
            )
            return
        if said:
            self._listener.heard(said, at)

    def unread(self, error: CoinmuxError) -> None:
        self._listener.unreadable(error)

    def lost(self, error: CoinmuxError) -> None:
        self._has_begun = False
        self._listener.lost(error)

    def look(self, now: float) -> None:
        """A feed that is silent for longer than its source ever is has died."""
        silence_s = self.subscription.silence_s
        if silence_s is None or not self._has_begun or now - self._heard_at < silence_s:
            return
        self.lost(UpstreamTimeout(f"no message for {now - self._heard_at:.0f} s"))
        if self.place is not None:
            self.place.again(self)


class _Place:
    """A connection that is opened again when it is lost, and those who are followed on it."""

    def __init__(self, owner: Connections, socket: str) -> None:
        self._owner = owner
        self.socket = socket
        self.followed: list[_Followed[Any]] = []
        #: The one whose messages count.
        self._session: Session | None = None
        self._by_channel: dict[str, list[_Followed[Any]]] = {}
        self._loop = asyncio.get_running_loop()
        self._pause_s = _FIRST_S
        self._state = "connecting"
        #: Set when another connection is due: with why it was lost, or None if it soon would be.
        self._over: asyncio.Future[CoinmuxError | None] = self._loop.create_future()
        self._opened_at = 0.0
        self._was_open = False
        self._error: CoinmuxError | None = None
        self._messages = self._unreadable = self._reconnects = 0
        self._empty = asyncio.Event()
        self._task = self._loop.create_task(self._run())

    @property
    def is_taking(self) -> bool:
        """Whether more may be followed here."""
        return not self._task.done()

    @property
    def channels(self) -> int:
        """Channels that are followed."""
        return len(self._by_channel)

    def use(self) -> SocketUse:
        """It in figures."""
        session = self._session
        return SocketUse(
            socket=self.socket,
            state=self._state if self.followed else "idle",
            messages=self._messages + (session.messages if session is not None else 0),
            unreadable=self._unreadable + (session.unreadable if session is not None else 0),
            subscriptions=len(self.followed),
            last_message_s=(
                self._loop.time() - session.last_at
                if session is not None and session.messages
                else None
            ),
            reconnects=self._reconnects,
            error=None if self._error is None else self._error.detail,
        )

    def add(self, followed: _Followed[Any]) -> None:
        """Follow one more."""
        followed.place = self
        self.followed.append(followed)
        is_late = followed.needs_whole and not self._by_channel.keys().isdisjoint(
            followed.subscription.channels
        )
        self._enter(followed)
        self._empty.clear()
        if is_late:
            # The whole book came to those before it.
            self.again(followed)
        else:
            self._begin(followed)

    def remove(self, followed: _Followed[Any]) -> None:
        """Follow one less."""
        if followed not in self.followed:
            return
        self.followed.remove(followed)
        ended = self._leave(followed)
        if self._session is not None:
            self._session.leave(ended)
        if not self.followed:
            self._empty.set()

    def again(self, followed: _Followed[Any]) -> None:
        """Subscribe anew, for a snapshot; so do the other books of the same channels."""
        if followed not in self.followed:
            return
        channels = set(followed.subscription.channels)
        sharing = [
            one
            for one in self.followed
            if one is followed
            or (one.needs_whole and not channels.isdisjoint(one.subscription.channels))
        ]
        ended = [channel for one in sharing for channel in self._leave(one)]
        if self._session is not None:
            self._session.leave(ended)
        for one in sharing:
            if self._renewed(one):
                self._enter(one)
                self._begin(one)

    def end(self) -> asyncio.Task[None]:
        """End it now; the task that is to be awaited."""
        self.followed.clear()
        self._task.cancel()
        return self._task

    # Of a session; one that was replaced says nothing any more

    def said(self, session: Session, channel: str, body: object, at: float) -> None:
        if session is self._session:
            for followed in tuple(self._by_channel.get(channel, ())):
                followed.said(channel, body, at)

    def confirmed(self, session: Session, channel: str) -> None:
        if session is self._session:
            for followed in tuple(self._by_channel.get(channel, ())):
                followed.confirmed(channel, self._loop.time())

    def refused(self, session: Session, channel: str, error: CoinmuxError) -> None:
        if session is not self._session:
            return
        for followed in tuple(self._by_channel.get(channel, ())):
            self._drop(followed, error)

    def unread(self, session: Session, error: CoinmuxError) -> None:
        if session is self._session:
            for followed in tuple(self.followed):
                followed.unread(error)

    def leaving(self, session: Session, reason: str, after_s: float) -> None:
        if session is self._session and not self._over.done():
            self._over.set_result(None)

    def ended(self, session: Session, error: CoinmuxError) -> None:
        if session is self._session:
            self._session = None
            self._count(session)
            self._lose(error)
            if not self._over.done():
                self._over.set_result(error)

    # Its life

    async def _run(self) -> None:
        try:
            while True:
                if await self._was_held() and not self.followed and await self._stays_empty():
                    return
                try:
                    await self._open()
                except CoinmuxError as error:
                    if self._session is None:
                        self._lose(error)
                    await self._pause(error)
                else:
                    if await self._is_left():
                        return
                if not self.followed and await self._stays_empty():
                    return
        finally:
            if self._session is not None:
                self._session.close()
            self._owner.drop(self)

    async def _was_held(self) -> bool:
        """Wait as long as the source told any of its connections to; whether it had to."""
        held = self._owner.held
        if held is None or (wait_s := held[1] - self._loop.time()) <= 0:
            return False
        if self._session is None:
            self._state = "waiting"
            self._error = held[0]
            for followed in tuple(self.followed):
                followed.lost(held[0])
        await asyncio.sleep(wait_s)
        return True

    async def _open(self) -> None:
        """Open a connection, then take it in place of the one before.

        Raises:
            CoinmuxError: it cannot be opened; the one before goes on while it lasts.
        """
        began = self._loop.time()
        if self._session is None:
            self._state = "connecting"
        limits = self._owner.connects[self.socket]
        if (wait_s := limits.wait_s(1, began)) > 0:
            await asyncio.sleep(min(wait_s, _LONGEST_S))
        limits.take(1, self._loop.time())
        dialect = self._owner.dialect(self.socket)
        session = Session(self._owner.sockets[self.socket], dialect, self)
        until = self._loop.time() + _OPEN_S
        try:
            await session.open(self._owner.open_wire(self.socket, dialect, until))
        except BaseException:
            session.close()
            raise
        former, self._session = self._session, session
        self._over = self._loop.create_future()
        if former is not None:
            self._count(former)
            former.close()
        self._owner.on_opened(self._loop.time() - began)
        self._opened_at = self._loop.time()
        self._state = "open"
        if self._was_open:
            self._reconnects += 1
            self._renew_all()
        self._was_open = True
        for followed in tuple(self.followed):
            self._begin(followed)

    async def _is_left(self) -> bool:
        """Wait until the connection is over; whether that is because nobody is followed on it."""
        while not self._over.done():
            empty = self._loop.create_task(self._empty.wait())
            try:
                await asyncio.wait((self._over, empty), return_when=asyncio.FIRST_COMPLETED)
            finally:
                empty.cancel()
            if not self._over.done() and await self._stays_empty():
                return True
        if self._loop.time() - self._opened_at >= _SOUND_S:
            self._pause_s = _FIRST_S
        if (error := self._over.result()) is not None:
            await self._pause(error)
        return False

    def _lose(self, error: CoinmuxError) -> None:
        """The connection is gone, or does not come."""
        self._error = error
        self._state = "waiting"
        self._owner.on_lost(error)
        for followed in tuple(self.followed):
            followed.lost(error)

    async def _pause(self, error: CoinmuxError) -> None:
        """Wait before the next connection, longer each time."""
        pause_s = self._owner.rng.uniform(self._pause_s / 2, self._pause_s)
        self._pause_s = min(2 * self._pause_s, _LONGEST_S)
        if isinstance(error, ToldToWait) and error.retry_after_s is not None:
            pause_s = max(pause_s, error.retry_after_s)
            # A source refuses an address, not one connection: the others wait as well.
            until = self._loop.time() + error.retry_after_s
            if self._owner.held is None or self._owner.held[1] < until:
                self._owner.held = (error, until)
        if self.followed:
            await asyncio.sleep(pause_s)

    def _count(self, session: Session) -> None:
        self._messages += session.messages
        self._unreadable += session.unreadable

    def _drop(self, followed: _Followed[Any], error: CoinmuxError) -> None:
        """It cannot be followed here."""
        ended = self._leave(followed)
        if self._session is not None:
            self._session.leave(ended)
        if followed in self.followed:
            self.followed.remove(followed)
        followed.place = None
        followed.lost(error)
        if not self.followed:
            self._empty.set()

    def _renew_all(self) -> None:
        """A new connection: every subscription is made anew."""
        self._by_channel.clear()
        for followed in tuple(self.followed):
            if self._renewed(followed):
                self._enter(followed)

    def _renewed(self, followed: _Followed[Any]) -> bool:
        try:
            followed.renew()
        except CoinmuxError as error:
            self._drop(followed, error)
            return False
        return True

    def _begin(self, followed: _Followed[Any]) -> None:
        session = self._session
        if session is None or session.is_over or self._state != "open":
            return
        channels = followed.subscription.channels
        session.follow(channels)
        for channel in channels:
            if session.is_given(channel):
                followed.confirmed(channel, self._loop.time())

    def _enter(self, followed: _Followed[Any]) -> None:
        for channel in followed.subscription.channels:
            self._by_channel.setdefault(channel, []).append(followed)

    def _leave(self, followed: _Followed[Any]) -> list[str]:
        """The channels that nobody follows any more."""
        ended = []
        for channel in followed.subscription.channels:
            others = self._by_channel.get(channel, [])
            if followed in others:
                others.remove(followed)
            if not others:
                self._by_channel.pop(channel, None)
                ended.append(channel)
        return ended

    async def _stays_empty(self) -> bool:
        """Whether nothing is followed for a while longer."""
        await asyncio.sleep(_LINGER_S)
        return not self.followed
