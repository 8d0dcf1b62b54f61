"""Between a source's connections and a feed: what the one tells the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from coinmux.framework.errors import CoinmuxError
    from coinmux.framework.plugins.socket_dialect import Subscription

T = TypeVar("T")
T_contra = TypeVar("T_contra", contravariant=True)


class Listener(Protocol[T_contra]):
    """A feed, as the connections of its source see it. Called in the event loop; must not block."""

    def begun(self) -> None:
        """The source confirmed the channels on a new connection: what was known before is void."""
        ...

    def renewed(self) -> None:
        """Another connection took over; nothing was missed.

        The last moments may be told once more.
        """
        ...

    def heard(self, said: Sequence[T_contra], at: float) -> None:
        """What one message said, and the monotonic time at which it came."""
        ...

    def unreadable(self, error: CoinmuxError) -> None:
        """A message of these channels could not be read; it was left out."""
        ...

    def lost(self, error: CoinmuxError) -> None:
        """The connection is gone, or the channels were refused or fell silent.

        A new connection is tried, after a pause, until `Following.stop`.
        """
        ...


class Following(Protocol):
    """A feed followed on a connection."""

    def again(self) -> None:
        """Subscribe anew on the same connection, for a fresh snapshot; `begun` follows."""
        ...

    def hurry(self) -> None:
        """Nobody else tells it: a lost connection is opened again after seconds, not a minute."""
        ...

    def stop(self) -> None:
        """Follow it no longer; nothing is heard after this."""
        ...


class Follower(Protocol):
    """The connections of one source."""

    def follow(self, make: Callable[[], Subscription[T]], listener: Listener[T]) -> Following:
        """Follow what `make` describes, on a connection with room for it.

        `make` is called for each connection anew.
        """
        ...
