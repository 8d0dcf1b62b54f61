"""One reader of a feed: what waits for it, bounded; it never waits for another reader."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any, Generic

from msgspec import structs

from coinmux.framework.models.base import R_co
from coinmux.framework.streams.events import LiveEvent

if TYPE_CHECKING:
    from collections.abc import Iterable, MutableSequence

    from coinmux.framework.streams.outlets import Outlet, Outlets

#: Events that wait for a reader who is slow.
MOST_WAITING = 1_000


class Reader(Generic[R_co]):
    """The events that wait for one reader.

    An event takes the place of the one before it where both are about the same and nobody needs the
    older: prices, books, the open candle. Others are kept up to the bound; then the oldest go, and
    the next event says how many.

    With an outlet nothing waits while that takes what is told.

    Args:
        most: events that may wait.

    Attributes:
        dropped: all that was ever dropped.
        outlets: those of the feed it reads.
    """

    __slots__ = (
        "_dropped", "_events", "_is_over", "_most", "_outlet", "_waiter", "dropped", "outlets",
    )  # fmt: skip

    def __init__(self, most: int = MOST_WAITING) -> None:
        #: None while nothing waits: thousands of readers are fast enough for that.
        self._events: deque[LiveEvent[R_co]] | None = None
        self._most = most
        self._waiter: asyncio.Future[None] | None = None
        self._outlet: Outlet | None = None
        self._dropped = 0
        self._is_over = False
        self.dropped = 0
        self.outlets: Outlets | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing comes after what waits."""
        return self._is_over

    def put(self, event: LiveEvent[R_co]) -> None:
        """Have an event wait; returns at once."""
        events = self._events
        if events is None:
            events = self._events = deque()
        if not (events and event.replaces is not None and replace_last(events, event)):
            if len(events) >= self._most:
                events.popleft()
                self._dropped += 1
                self.dropped += 1
            events.append(event)
        if self._waiter is not None or self._outlet is not None:
            self._wake()

    def put_all(self, events: Iterable[LiveEvent[R_co]]) -> None:
        """Have several wait, oldest first."""
        for event in events:
            self.put(event)

    def end(self) -> None:
        """Nothing comes any more."""
        self._is_over = True
        self._wake()

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None:
            self._waiter = None
            if not waiter.done():
                waiter.set_result(None)
        elif self._outlet is not None:
            self._outlet.wake()

    async def batch(self) -> list[LiveEvent[R_co]]:
        """All events that wait, or the next one; none once it is over."""
        while not self._events:
            if self._is_over:
                return []
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        return self.waiting()

    def waiting(self) -> list[LiveEvent[R_co]]:
        """All events that wait now."""
        events = self._events
        if not events:
            return []
        found = list(events)
        if self._outlet is None:
            events.clear()
        else:
            self._events = None
        if self._dropped:
            found[0] = _with_dropped(found[0], self._dropped)
            self._dropped = 0
        return found

    async def next(self) -> LiveEvent[R_co]:
        """The next event.

        Raises:
            StopAsyncIteration: it is over.
        """
        while not self._events:
            if self._is_over:
                raise StopAsyncIteration
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        event = self._events.popleft()
        if self._dropped:
            event, self._dropped = _with_dropped(event, self._dropped), 0
        return event

    # Events that need not wait

    def lead_to(self, outlet: Outlet) -> None:
        """Wake this outlet when events wait; once `go_on` is called, it takes them itself."""
        self._outlet = outlet

    def go_on(self) -> None:
        """From now on the outlet takes what is told; what waited has been taken."""
        if self._outlet is not None and self.outlets is not None and not self._is_over:
            self.outlets.add(self, self._outlet)


def replace_last(events: MutableSequence[LiveEvent[Any]], event: LiveEvent[Any]) -> bool:
    """Put an event that replaces others in place of the last one; False where that is another."""
    last = events[-1]
    if last.replaces != event.replaces:
        return False
    # The newer tells all that the older did, but that the older began with a snapshot.
    is_first = last.kind == "snapshot" and event.kind == "update"
    events[-1] = _renamed(event) if is_first else event
    return True


def _with_dropped(event: LiveEvent[R_co], dropped: int) -> LiveEvent[R_co]:
    """The event as this reader alone gets it: others share the one that is encoded already."""
    return LiveEvent(
        event.id, event.kind, event.capability, event.subject, event.data,
        structs.replace(event.meta, dropped=dropped), event.replaces,
    )  # fmt: skip


def _renamed(event: LiveEvent[R_co]) -> LiveEvent[R_co]:
    """The event as the first that a reader gets."""
    return LiveEvent(
        event.id, "snapshot", event.capability, event.subject, event.data, event.meta,
        event.replaces,
    )  # fmt: skip
