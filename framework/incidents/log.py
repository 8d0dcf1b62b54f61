"""The incidents of this run and of former ones, page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coinmux.framework.errors import NotFound
from coinmux.framework.incidents.record import record_of
from coinmux.framework.incidents.report import IncidentPage, detail_of, report_of
from coinmux.framework.suggest import near

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from coinmux.framework.clock import Clock
    from coinmux.framework.incidents.operator import Operator
    from coinmux.framework.incidents.record import Record
    from coinmux.framework.incidents.recorder import IncidentRecorder
    from coinmux.framework.incidents.report import IncidentDetail, IncidentFilter

_UNREAD = "the archive does not answer: only what this run has in memory is here"


class IncidentLog:
    """Reads incidents: those in memory, which are newer than what is stored of them, and others.

    Args:
        known_sources: names of sources and channels.
        known_capabilities: names of capabilities.

    Attributes:
        operator: maintenance windows and notes.
    """

    def __init__(
        self,
        recorder: IncidentRecorder,
        clock: Clock,
        known_sources: Callable[[], Iterable[str]],
        known_capabilities: Callable[[], Iterable[str]],
    ) -> None:
        self._recorder = recorder
        self.operator: Operator = recorder.operator
        self._clock = clock
        self._began_ms = clock.wall_ms()
        self._known_sources = known_sources
        self._known_capabilities = known_capabilities

    async def page(self, wanted: IncidentFilter) -> IncidentPage:
        """The newest incidents that fit; `wanted.cursor` leads to the next page."""
        recorder, now = self._recorder, self._clock.wall_ms()
        found: dict[str, Record] = {}
        notes = []
        more = wanted.limit + 1
        if recorder.store is not None:
            rows = await recorder.store.find(
                limit=more,
                kind=wanted.kind,
                severity=wanted.severity,
                source=wanted.source,
                capability=wanted.capability,
                from_ms=wanted.from_ms,
                to_ms=wanted.to_ms,
                ended=wanted.ended,
                below=wanted.cursor,
            )
            if rows is None:
                notes.append(_UNREAD)
            records = map(record_of, rows or ())
            found = {record.id: record for record in records if record is not None}
        if recorder.store is None or recorder.leads or notes:
            for record in recorder.book.every():
                found.pop(record.id, None)
                if wanted.fits(record):
                    found[record.id] = record
        newest = sorted(found.values(), key=lambda one: one.id, reverse=True)
        shown = newest[: wanted.limit]
        return IncidentPage(
            incidents=tuple(
                report_of(one, now, recorder.title_of, spared=self._is_spared(one, now))
                for one in shown
            ),
            next=shown[-1].id if len(newest) > len(shown) else None,
            kept="memory" if recorder.store is None else "archive",
            known_since=self._began_ms if recorder.store is None else None,
            notes=(*notes, *self._strangers(wanted)),
        )

    def _strangers(self, wanted: IncidentFilter) -> list[str]:
        """Names that mean nothing now; a source that was removed may have had incidents."""
        notes = []
        for kind, name, known in (
            ("source", wanted.source, self._known_sources),
            ("capability", wanted.capability, self._known_capabilities),
        ):
            if name is None or name in (names := list(known())):
                continue
            meant = near(name, names)
            hint = f"; did you mean {meant[0]}?" if meant else ""
            notes.append(f"no {kind} is called {name[:60]!r} now{hint}")
        return notes

    def _is_spared(self, record: Record, now: int) -> bool:
        return record.ended_at is None and self.operator.spares(record, now)

    async def note(self, id_: str, text: str) -> IncidentDetail:
        """Write a note of the operator on an incident; the incident with it.

        Raises:
            NotFound: no incident is kept under that id.
        """
        await self.of(id_)
        self.operator.note(id_, text)
        return await self.of(id_)

    async def of(self, id_: str) -> IncidentDetail:
        """One incident, with its course.

        Raises:
            NotFound: none is kept under that id.
        """
        recorder, now = self._recorder, self._clock.wall_ms()
        record = next((one for one in recorder.book.every() if one.id == id_), None)
        if record is None and recorder.store is not None:
            rows = await recorder.store.find(limit=1, id_=id_)
            record = record_of(rows[0]) if rows else None
        if record is None:
            raise NotFound(f"no incident is kept under {id_[:60]!r}")
        written = await self.operator.notes_on(id_)
        spared = self._is_spared(record, now)
        return detail_of(record, now, recorder.title_of, written, spared=spared)
