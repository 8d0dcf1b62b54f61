"""The one stream of events; log, metrics, activity list and pages read it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count, islice
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from coinmux.framework.clock import Clock

Kind = Literal[
    "attempt",
    "decision",
    "request",
    "state",
    "config",
    "plugin",
    "archive",
    "shared_state",
    "error",
]
#: What each kind of event says.
KINDS: Mapping[Kind, str] = {
    "attempt": "A source was called; `decision` in its fields says what followed, `code` the error",
    "decision": "A request was answered or refused, by whom, and from which sources",
    "request": "The server answered: its route as `message`, `status`, `elapsed_ms`",
    "state": "A source changed its state: `before`, `after`, and why",
    "config": "Settings were read, switched or refused; health was reset; maintenance was set",
    "plugin": "A plugin was loaded, is broken, or holds up the event loop",
    "archive": "The archive is there, is away, or gave up rows",
    "shared_state": "The store that workers share is there or away",
    "error": "Trouble of coinmux itself, or of this machine",
}


@dataclass(slots=True)
class Event:
    """Something that happened; immutable.

    Attributes:
        id: increasing from 1 within a process.
        at_ms: wall time, Unix ms.
        kind: what it is about; see `KINDS`.
        level: `debug`, `info`, `warning` or `error`.
        source: the provider concerned, if one is.
        message: a short sentence or word; fields go in `detail`.
        detail: fields by name; already free of secrets.
        trace: where in the code of a plugin it happened, for the log alone; free of secrets too.
    """

    id: int
    at_ms: int
    kind: Kind
    level: str
    source: str | None
    message: str
    detail: Mapping[str, Any]
    trace: str | None = None


Listener = Callable[[Event], None]


class EventBus:
    """A bounded ring of the newest events, and listeners that receive each one.

    The publisher calls each listener directly, so a listener must be quick. One that raises is
    dropped, which is recorded as an event.

    Args:
        most: events stored; the oldest are dropped first.
    """

    def __init__(self, clock: Clock, *, most: int = 5_000) -> None:
        self._clock = clock
        self._ring: deque[Event] = deque(maxlen=most)
        self._ids = count(1)
        self._listeners: tuple[Listener, ...] = ()

    def publish(
        self,
        kind: Kind,
        message: str,
        *,
        level: str = "info",
        source: str | None = None,
        keep: bool = True,
        trace: str | None = None,
        **detail: object,
    ) -> Event:
        """Record an event and call every listener.

        Args:
            kind: see `Event`.
            message: see `Event`.
            level: see `Event`.
            source: see `Event`.
            keep: False for frequent events, which would push all others out of the ring.
            trace: see `Event`.
            detail: fields by name.
        """
        at_ms = self._clock.wall_ms()
        return self.record(at_ms, kind, level, source, message, detail, trace, keep=keep)

    def record(
        self,
        at_ms: int,
        kind: Kind,
        level: str,
        source: str | None,
        message: str,
        detail: Mapping[str, object],
        trace: str | None = None,
        *,
        keep: bool = True,
    ) -> Event:
        """As `publish`, for what happens with each call: the caller has the time and the fields."""
        event = Event(next(self._ids), at_ms, kind, level, source, message, detail, trace)
        if keep:
            self._ring.append(event)
        for listener in self._listeners:
            try:
                listener(event)
            except Exception as error:  # noqa: BLE001 - a listener's defect must not fail the publisher
                self._listeners = tuple(one for one in self._listeners if one is not listener)
                self.publish(
                    "error", f"an event listener raised {type(error).__name__}", level="error"
                )
        return event

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with every event from now on; call the result to stop that."""
        self._listeners = (*self._listeners, listener)

        def unsubscribe() -> None:
            self._listeners = tuple(one for one in self._listeners if one is not listener)

        return unsubscribe

    def recent(self, after: int | None = None, limit: int = 200) -> list[Event]:
        """The newest events, newest first: at most `limit`, of ids above `after`."""
        newest = reversed(self._ring)
        if after is None:
            return list(islice(newest, limit))
        found: list[Event] = []
        for event in newest:
            if event.id <= after or len(found) >= limit:
                break
            found.append(event)
        return found

    @property
    def last_id(self) -> int:
        """The id of the newest stored event, 0 before the first."""
        return self._ring[-1].id if self._ring else 0
