"""One reader of a feed: what waits for it, bounded; it never waits for another reader."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Generic

from msgspec import structs

from coinmux.framework.models.base import R_co
from coinmux.framework.streams.events import LiveEvent

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Events that wait for a reader who is slow.
MOST_WAITING = 1_000


class Reader(Generic[R_co]):
    """The events that wait for one reader.

    An event takes the place of the one before it where both are about the same and nobody needs the
    older: prices, books, the open candle. Others are kept up to the bound; then the oldest go, and
    the next event says how many.

    Args:
        most: events that may wait.
    """

    __slots__ = ("_dropped", "_events", "_is_over", "_most", "_waiter", "dropped")

    def __init__(self, most: int = MOST_WAITING) -> None:
        self._events: deque[LiveEvent[R_co]] = deque()
        self._most = most
        self._waiter: asyncio.Future[None] | None = None
        self._dropped = 0
        self._is_over = False
        #: All that was ever dropped.
        self.dropped = 0

    def put(self, event: LiveEvent[R_co]) -> None:
        """Have an event wait; returns at once."""
        events = self._events
        if events and event.replaces is not None and events[-1].replaces == event.replaces:
            # The newer tells all that the older did, but that the older began with a snapshot.
            last = events.pop()
            if last.kind == "snapshot" and event.kind == "update":
                event = _renamed(event)
        elif len(events) >= self._most:
            events.popleft()
            self._dropped += 1
            self.dropped += 1
        events.append(event)
        waiter = self._waiter
        if waiter is not None:
            self._waiter = None
            if not waiter.done():
                waiter.set_result(None)

    def put_all(self, events: Iterable[LiveEvent[R_co]]) -> None:
        """Have several wait, oldest first."""
        for event in events:
            self.put(event)

    def end(self) -> None:
        """Nothing comes any more."""
        self._is_over = True
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def batch(self) -> list[LiveEvent[R_co]]:
        """All events that wait, or the next one; none once it is over."""
        while not self._events:
            if self._is_over:
                return []
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        found = list(self._events)
        self._events.clear()
        if self._dropped:
            found[0] = _with_dropped(found[0], self._dropped)
            self._dropped = 0
        return found

    async def one(self) -> LiveEvent[R_co] | None:
        """The next event; None once it is over."""
        while not self._events:
            if self._is_over:
                return None
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        event = self._events.popleft()
        if self._dropped:
            event, self._dropped = _with_dropped(event, self._dropped), 0
        return event


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
