"""Who is followed on one connection, and how they go over to the next one without a gap."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from coinmux.framework.errors import CoinmuxError

if TYPE_CHECKING:
    from coinmux.framework.streams.followed import Followed
    from coinmux.framework.streams.session import Session

#: Two sessions tell the same for so long before the first is closed, as one may lag behind.
_OVERLAP_S = 1.0

_ByChannel = dict[str, list["Followed[Any]"]]


class Place:
    """Feeds on one connection; a `SessionOwner`.

    While one session is replaced by the next, both are open and tell the same: the former is
    listened to until the source has confirmed every channel on the next.

    Args:
        let_go: ends a session.
        on_due: called when another session is due: with why this one was lost, or None if it soon
            would be.

    Attributes:
        followed: the feeds on it.
        session, next: the one whose messages count, and the one that is to replace it.
        empty: set while nothing is followed, though something was.
        filled: set while something is followed.
        error: why the last session was lost.
        is_waiting: whether there is none, and none is being opened now.
        due_at: when one is to be opened again, by the loop's clock.
        is_hurried: whether it is to be opened again after seconds.
        messages, unreadable, bytes_in: of the sessions that are over.
    """

    def __init__(
        self, let_go: Callable[[Session], None], on_due: Callable[[CoinmuxError | None], None]
    ) -> None:
        self._let_go = let_go
        self._on_due = on_due
        self._loop = asyncio.get_running_loop()
        self.followed: list[Followed[Any]] = []
        self.session: Session | None = None
        self.next: Session | None = None
        self._by_channel: _ByChannel = {}
        self._by_next: _ByChannel = {}
        self._switching: asyncio.TimerHandle | None = None
        self._was_open = False
        self.empty, self.filled = asyncio.Event(), asyncio.Event()
        self.due_at = 0.0
        self.error: CoinmuxError | None = None
        self.is_waiting = self.is_hurried = False
        self.messages = self.unreadable = self.bytes_in = 0

    @property
    def channels(self) -> int:
        """Channels that are followed."""
        return len(self._by_channel)

    def add(self, followed: Followed[Any]) -> None:
        """Follow one more."""
        followed.place = self
        self.followed.append(followed)
        is_late = followed.needs_whole and not self._by_channel.keys().isdisjoint(
            followed.subscription.channels
        )
        self._enter(followed)
        self.empty.clear()
        self.filled.set()
        if self.is_waiting and self._loop.time() < self.due_at:
            # Not now: who follows does not know yet that it does.
            self._loop.call_soon(self.tell_waiting)
        elif is_late:
            # The whole book came to those before it.
            self.again(followed)
        else:
            self._begin(followed)

    def remove(self, followed: Followed[Any]) -> None:
        """Follow one less."""
        if followed not in self.followed:
            return
        self.followed.remove(followed)
        self._leave_all([followed])
        if self.next is not None:
            ended = _leave(self._by_next, followed, tuple(self._by_next))
            self.next.leave(ended)
        if not self.followed:
            self.empty.set()
            self.filled.clear()

    def again(self, followed: Followed[Any]) -> None:
        """Subscribe anew, for a snapshot; so do the other books of the same channels."""
        self._switch()
        if followed not in self.followed:
            return
        channels = set(followed.subscription.channels)
        sharing = [
            one
            for one in self.followed
            if one is followed
            or (one.needs_whole and not channels.isdisjoint(one.subscription.channels))
        ]
        self._leave_all(sharing)
        for one in sharing:
            if self._renewed(one):
                self._enter(one)
                self._begin(one)

    def take(self, session: Session) -> None:
        """Follow everything on a session that was just opened.

        Where another is still open, both tell it until the source has confirmed it here.
        """
        self._switch()
        self.is_waiting = False
        if self.session is not None:
            self._take_next(session)
            return
        self.session = session
        if self._was_open:
            self._by_channel.clear()
            for followed in tuple(self.followed):
                if self._renewed(followed):
                    self._enter(followed)
        self._was_open = True
        for followed in tuple(self.followed):
            self._begin(followed)

    def lose(self, error: CoinmuxError) -> None:
        """No session is open, and none could be opened."""
        self.error = error
        self.is_waiting = True
        for followed in tuple(self.followed):
            followed.lost(error)

    def hurry(self) -> None:
        """Open it again soon: a reader has nobody else."""
        self.is_hurried = self.session is None

    def tell_waiting(self) -> None:
        """Tell those who came meanwhile why nothing is heard."""
        if self.is_waiting and self.error is not None:
            for followed in tuple(self.followed):
                if not followed.is_lost:
                    followed.lost(self.error)

    def close(self) -> None:
        """End its sessions."""
        self._stop_switching()
        for session in (self.session, self.next):
            if session is not None:
                self._end(session)
        self.session = self.next = None

    # Of a session; one that was replaced says nothing any more

    def said(self, session: Session, channel: str, body: object, at: float) -> None:
        if session is self.session:
            listening = self._by_channel.get(channel, ())
            if len(listening) == 1:
                listening[0].said(channel, body, at)
                return
            for followed in tuple(listening):
                followed.said(channel, body, at)
        elif session is self.next:
            kept = [one.said_there(channel, body, at) for one in self._by_next.get(channel, ())]
            if not all(kept):
                self._switch()

    def confirmed(self, session: Session, channel: str) -> None:
        if session is self.session:
            for followed in tuple(self._by_channel.get(channel, ())):
                followed.confirmed(channel, self._loop.time())
        elif session is self.next:
            for followed in self._by_next.get(channel, ()):
                followed.confirmed_there(channel)
            self._switch_if_ready()

    def refused(self, session: Session, channel: str, error: CoinmuxError) -> None:
        if session in (self.session, self.next):
            by_channel = self._by_channel if session is self.session else self._by_next
            for followed in tuple(by_channel.get(channel, ())):
                self._drop(followed, error)
            self._switch_if_ready()

    def unread(self, session: Session, error: CoinmuxError) -> None:
        if session is self.session:
            for followed in tuple(self.followed):
                followed.unread(error)

    def leaving(self, session: Session, reason: str, after_s: float) -> None:
        if session is (self.session if self.next is None else self.next):
            self._on_due(None)

    def ended(self, session: Session, error: CoinmuxError) -> None:
        if session is self.next:
            self.next, self._by_next = None, {}
            self._stop_switching()
            for followed in self.followed:
                followed.forget_next()
        elif session is not self.session:
            return
        elif self.next is not None:
            # The next is there already.
            self.error = error
            self._switch()
            return
        else:
            self.session = None
            self.lose(error)
        self._end(session)
        self._on_due(error)

    # From one session to the next

    def _take_next(self, session: Session) -> None:
        self.next = session
        for followed in tuple(self.followed):
            try:
                channels = followed.prepare()
            except CoinmuxError as error:
                self._drop(followed, error)
                continue
            for channel in channels:
                self._by_next.setdefault(channel, []).append(followed)
        session.follow(tuple(self._by_next))
        self._switch_if_ready()

    def _switch_if_ready(self) -> None:
        if (
            self.next is not None
            and self._switching is None
            and all(followed.is_ready for followed in self.followed)
        ):
            self._switching = self._loop.call_later(_OVERLAP_S, self._switch)

    def _stop_switching(self) -> None:
        if self._switching is not None:
            self._switching.cancel()
            self._switching = None

    def _switch(self) -> None:
        """Listen to the next session from now on, if there is one, and close the former."""
        if self.next is None:
            return
        self._stop_switching()
        former, self.session, self.next = self.session, self.next, None
        self._by_channel, self._by_next = self._by_next, {}
        if former is not None:
            self._end(former)
        now = self._loop.time()
        for followed in tuple(self.followed):
            followed.take_over(now)

    def _end(self, session: Session) -> None:
        self.messages += session.messages
        self.unreadable += session.unreadable
        self.bytes_in += session.bytes_in
        self._let_go(session)

    # Who is followed

    def _drop(self, followed: Followed[Any], error: CoinmuxError) -> None:
        """It cannot be followed here."""
        self.remove(followed)
        followed.place = None
        followed.lost(error)

    def _renewed(self, followed: Followed[Any]) -> bool:
        try:
            followed.renew()
        except CoinmuxError as error:
            self._drop(followed, error)
            return False
        return True

    def _begin(self, followed: Followed[Any]) -> None:
        session = self.session
        if session is None or session.is_over:
            return
        channels = followed.subscription.channels
        session.follow(channels)
        for channel in channels:
            if session.is_given(channel):
                followed.confirmed(channel, self._loop.time())

    def _enter(self, followed: Followed[Any]) -> None:
        for channel in followed.subscription.channels:
            self._by_channel.setdefault(channel, []).append(followed)

    def _leave_all(self, leaving: list[Followed[Any]]) -> None:
        """End the channels that only these followed."""
        ended = [
            channel
            for one in leaving
            for channel in _leave(self._by_channel, one, one.subscription.channels)
        ]
        if self.session is not None:
            self.session.leave(ended)


def _leave(by_channel: _ByChannel, followed: Followed[Any], channels: tuple[str, ...]) -> list[str]:
    """The channels that nobody follows any more."""
    ended = []
    for channel in channels:
        others = by_channel.get(channel, [])
        if followed in others:
            others.remove(followed)
            if not others:
                del by_channel[channel]
                ended.append(channel)
    return ended
