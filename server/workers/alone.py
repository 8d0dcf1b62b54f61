"""One process that serves alone: its own figures and events are all there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from coinmux.server.monitoring.event_json import ActivityReport, public
from coinmux.server.monitoring.event_view import event_of
from coinmux.server.monitoring.metrics_told import RouteExemplars
from coinmux.server.monitoring.monitor_report import EventReportBatch
from coinmux.server.monitoring.worker_figures import Parts, Whole, read

if TYPE_CHECKING:
    from coinmux.server.monitoring.event_recorder import Recorder


class Desk(Parts, Protocol):
    """What a process knows of itself."""

    recorder: Recorder


class Picture(Protocol):
    """The figures and events of all workers."""

    def start(self) -> None:
        """Begin to exchange them; `stop` must follow."""
        ...

    async def stop(self) -> None:
        """Leave the last ones, and end."""
        ...

    async def whole(self) -> Whole:
        """The figures of all workers."""
        ...

    async def events(self, cursor: str | None) -> EventReportBatch:
        """What happened after `cursor`; the newest where it is None, unknown or too old."""
        ...

    async def activity(self, after: int, limit: int) -> ActivityReport:
        """The newest lines of the activity log with higher ids, newest first."""
        ...

    @property
    def last(self) -> int:
        """The id of the newest event."""
        ...

    def cursor(self, ident: int, at_ms: int) -> str:
        """The cursor to go on from after that event."""
        ...


class Alone:
    """The picture of a process that is the only worker."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._exemplars = RouteExemplars(desk.metrics, desk.recorder)

    def start(self) -> None:
        """There is nobody to tell anything."""

    async def stop(self) -> None:
        """There is nobody to tell anything."""

    async def whole(self) -> Whole:
        """This process's own figures."""
        self._exemplars.look()
        return Whole(self._desk.metrics, (read(self._desk),))

    async def events(self, cursor: str | None) -> EventReportBatch:
        """What happened here after `cursor`."""
        batch = self._desk.recorder.since(cursor)
        redactor = self._desk.gateway.redactor
        return EventReportBatch(
            cursor=batch.cursor,
            reset=batch.reset,
            dropped=batch.dropped,
            items=tuple(event_of(record, redactor) for record in batch.records),
        )

    async def activity(self, after: int, limit: int) -> ActivityReport:
        """What happened here, newest first."""
        events, redactor = self._desk.gateway.events, self._desk.gateway.redactor
        found = tuple(public(event, redactor) for event in events.recent(after, limit))
        return ActivityReport(events=found, last_id=events.last_id)

    @property
    def last(self) -> int:
        """The id of the newest event."""
        return self._desk.recorder.last

    def cursor(self, ident: int, at_ms: int) -> str:
        """The cursor to go on from after that event."""
        return self._desk.recorder.cursor(ident, at_ms)
