"""One feed of a source, on one connection after the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from coinmux.framework.errors import CoinmuxError, UpstreamTimeout
from coinmux.framework.plugins.raised import failure_of

if TYPE_CHECKING:
    from coinmux.framework.plugins.socket_dialect import Subscription
    from coinmux.framework.streams.listening import Listener

T = TypeVar("T")

#: What may wait until the connection that told it takes over.
_MOST_HELD = 10_000


class Place(Protocol):
    """The connection it is on."""

    def again(self, followed: Followed[Any]) -> None:
        """Subscribe anew."""
        ...

    def hurry(self) -> None:
        """Open it again soon."""
        ...

    def remove(self, followed: Followed[Any]) -> None:
        """Follow it no longer."""
        ...


@dataclass(slots=True)
class _Coming(Generic[T]):
    """The feed on the connection that is to replace the one it is on.

    Attributes:
        open: channels the source has not confirmed there yet.
        said: what was told there, and `at` when the last of it was.
        error: why a message there could not be read.
    """

    subscription: Subscription[T]
    open: set[str]
    said: list[T] = field(default_factory=list)
    at: float = 0.0
    error: CoinmuxError | None = None


class Followed(Generic[T]):
    """One feed; a `Following`.

    Attributes:
        place: the connection it is on; None once it is on none.
        subscription: how it is followed there.
        is_lost: whether its listener was told so, and not since that it begins.
    """

    def __init__(self, make: Callable[[], Subscription[T]], listener: Listener[T]) -> None:
        self._make = make
        self._listener = listener
        self.place: Place | None = None
        self.subscription: Subscription[T]
        #: Channels the source has not confirmed yet.
        self._open: set[str] = set()
        self._has_begun = False
        self._heard_at = 0.0
        self._coming: _Coming[T] | None = None
        self.is_lost = False

    def renew(self) -> None:
        """A new connection: what the subscription remembered is void.

        Raises:
            CoinmuxError: it cannot be followed.
        """
        self.subscription = self._made()
        self._open = set(self.subscription.channels)
        self._has_begun = False

    def _made(self) -> Subscription[T]:
        try:
            return self._make()
        except CoinmuxError:
            raise
        except Exception as error:
            raise failure_of(error) from error

    @property
    def needs_whole(self) -> bool:
        """Whether it is a book that begins with a whole one, which the socket sends once."""
        book = self.subscription.book
        return book is not None and book.snapshot is None

    def again(self) -> None:
        if self.place is not None:
            self.place.again(self)

    def hurry(self) -> None:
        if self.place is not None:
            self.place.hurry()

    def stop(self) -> None:
        if self.place is not None:
            place, self.place = self.place, None
            place.remove(self)

    # What its connection says

    def confirmed(self, channel: str, now: float) -> None:
        self._open.discard(channel)
        if not self._open and not self._has_begun:
            self._begin(now)

    def _begin(self, now: float) -> None:
        self._has_begun = True
        self._heard_at = now
        self.is_lost = False
        self._listener.begun()

    def said(self, channel: str, body: object, at: float) -> None:
        self._heard_at = at
        try:
            said = self.subscription.read(channel, body)
            if type(said) is not list:
                said = list(said)
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
        self.is_lost = True
        self._listener.lost(error)

    def look(self, now: float) -> None:
        """A feed that is silent for longer than its source ever is has died."""
        silence_s = self.subscription.silence_s
        if silence_s is None or not self._has_begun or now - self._heard_at < silence_s:
            return
        self.lost(UpstreamTimeout(f"no message for {now - self._heard_at:.0f} s"))
        if self.place is not None:
            self.place.again(self)

    # What the connection says that is to replace it

    def prepare(self) -> tuple[str, ...]:
        """Be followed on the next connection too; the channels to be asked for there.

        Raises:
            CoinmuxError: it cannot be followed any more.
        """
        subscription = self._made()
        self._coming = _Coming(subscription, set(subscription.channels))
        return subscription.channels

    @property
    def is_ready(self) -> bool:
        """Whether the source confirmed it on the next connection."""
        return self._coming is None or not self._coming.open

    def confirmed_there(self, channel: str) -> None:
        if self._coming is not None:
            self._coming.open.discard(channel)

    def said_there(self, channel: str, body: object, at: float) -> bool:
        """Keep what is told there until it takes over; False where that becomes too much."""
        coming = self._coming
        if coming is None:
            return True
        coming.at = at
        try:
            coming.said.extend(coming.subscription.read(channel, body))
        except Exception as error:  # noqa: BLE001 - the border around a plugin
            coming.error = error if isinstance(error, CoinmuxError) else failure_of(error)
        return len(coming.said) <= _MOST_HELD

    def forget_next(self) -> None:
        """The next connection is gone again."""
        self._coming = None

    def take_over(self, now: float) -> None:
        """The next connection is now the one it is on.

        Where the source had confirmed it there, nothing was missed, and what both told is told
        once. Elsewhere it begins with its confirmation, as on any new connection.
        """
        coming, self._coming = self._coming, None
        if coming is None:
            return
        self.subscription, self._open = coming.subscription, coming.open
        if coming.open:
            self._has_begun = False
            return
        self._heard_at = now
        if self._has_begun:
            self._listener.renewed()
        else:
            self._begin(now)
        if coming.said:
            self._listener.heard(coming.said, coming.at)
        if coming.error is not None:
            self._listener.unreadable(coming.error)
