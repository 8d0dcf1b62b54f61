"""Readers whose events are passed on as they are told, all in one loop and without a turn each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from coinmux.framework.streams.reader import replace_last

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Sequence

    from coinmux.framework.streams.events import LiveEvent
    from coinmux.framework.streams.reader import Reader

#: Events of one turn of the loop that are passed on together.
_MOST_TOGETHER = 200


class Outlet(Protocol):
    """What passes events on, such as the connection of a caller."""

    def take(self, events: Sequence[LiveEvent[Any]]) -> bool:
        """Pass them on at once; False where it cannot now, so that they wait for the reader.

        It neither waits nor fails, and is given the same list as the others.
        """
        ...

    def wake(self) -> None:
        """Events wait for the reader, or no more come."""
        ...


class Outlets:
    """The outlets of one feed's readers that are fast enough.

    What is told within one turn of the event loop is passed on together, as a reader that waits
    would get it. A reader whose outlet cannot take it is one that waits from then on.

    Attributes:
        takers: what each of these readers takes it with; not to be changed from outside.
    """

    __slots__ = ("_events", "_loop", "takers")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.takers: dict[Reader[Any], Callable[[Sequence[LiveEvent[Any]]], bool]] = {}
        self._events: list[LiveEvent[Any]] = []

    def __len__(self) -> int:
        return len(self.takers)

    def __contains__(self, reader: Reader[Any]) -> bool:
        return reader in self.takers

    def add(self, reader: Reader[Any], outlet: Outlet) -> None:
        """Have the outlet take what is told from now on."""
        # What was told before waits for this reader already.
        self.pass_on()
        self.takers[reader] = outlet.take

    def remove(self, reader: Reader[Any]) -> None:
        """The reader is one that waits, or left."""
        self.takers.pop(reader, None)

    def tell(self, event: LiveEvent[Any]) -> None:
        """Have an event taken in the next turn of the loop."""
        if len(self._events) >= _MOST_TOGETHER:
            self.pass_on()
        events = self._events
        if not events:
            self._loop.call_soon(self.pass_on)
        if not (events and event.replaces is not None and replace_last(events, event)):
            events.append(event)

    def pass_on(self) -> None:
        """Have taken what was told."""
        events = self._events
        if not events:
            return
        self._events = []
        slow = [reader for reader, take in self.takers.items() if not take(events)]
        for reader in slow:
            del self.takers[reader]
            reader.put_all(events)
