"""What the operator says: maintenance windows, and notes on incidents. Kept in the archive."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import msgspec
from msgspec import Meta

from coinmux.framework.errors import InvalidRequest, NotFound
from coinmux.framework.incidents.subject import source_of
from coinmux.framework.reports.base import FrozenReport, MaybeUnixMs, UnixMs

if TYPE_CHECKING:
    from collections.abc import Callable

    from coinmux.framework.clock import Clock
    from coinmux.framework.incidents.record import Record

#: What ended longer ago is neither listed nor kept in memory.
_PAST_MS = 30 * 86_400_000
#: What other workers wrote is read so often.
READ_EVERY_S = 10.0
_LONGEST_MS = 90 * 86_400_000
_MOST = 500
TEXT_LENGTH = 1_000
WINDOW, NOTE = "maintenance", "note"


class MaintenanceWindow(FrozenReport):
    """A time in which nobody is alerted of a source, or of anything."""

    id: str
    source: Annotated[str | None, Meta(description="Null for everything")]
    title: Annotated[str, Meta(description="The name for people")]
    from_at: UnixMs
    to_at: UnixMs
    note: Annotated[str, Meta(description="Why, in the operator's words")]
    made_at: UnixMs
    active: Annotated[bool, Meta(description="Whether it is now")]


class MaintenanceList(FrozenReport):
    """Windows that are, that come, and that ended within 30 days."""

    windows: Annotated[tuple[MaintenanceWindow, ...], Meta(description="The newest first")]
    kept: Annotated[bool, Meta(description="Whether they are kept over a restart, in the archive")]
    read_at: Annotated[
        MaybeUnixMs, Meta(description="When those of other workers were last read from the archive")
    ]


class OperatorNote(FrozenReport):
    """What the operator wrote on an incident."""

    id: str
    at: UnixMs
    text: str


class Saying(msgspec.Struct):
    """A window or a note, as it is stored.

    Attributes:
        kind: `maintenance` or `note`.
        about: the source, "" for everything; or the id of the incident.
        from_at, to_at: of a window, Unix ms; a note has the time it was written.
        updated_at: the later of two versions counts.
    """

    id: str
    kind: str
    about: str
    from_at: int
    to_at: int
    made_at: int
    updated_at: int
    text: str


class SayingStore(Protocol):
    """Where they are kept over a restart; the archive is one such place."""

    def keep(self, row: dict[str, Any]) -> None:
        """Store one, in place of what was stored of it."""
        ...

    async def since(self, at_ms: int) -> list[dict[str, Any]] | None:
        """Those that last until then or longer; None if the store fails."""
        ...

    async def notes(self, incident: str) -> list[dict[str, Any]] | None:
        """The notes on an incident, oldest first; None if the store fails."""
        ...


class Operator:
    """Windows and notes of this process, and those that others stored.

    Args:
        title_of: the title of a source by its name.
    """

    def __init__(self, title_of: Callable[[str], str], clock: Clock) -> None:
        self._title_of = title_of
        self._clock = clock
        self._windows: dict[str, Saying] = {}
        self._notes: dict[str, Saying] = {}
        self._store: SayingStore | None = None
        self._read_due = float("-inf")
        self._read_ms: int | None = None

    async def use(self, store: SayingStore) -> None:
        """Keep them in `store` from now on, and take up those it has."""
        for one in (*self._windows.values(), *self._notes.values()):
            store.keep(msgspec.structs.asdict(one))
        self._store = store
        self._read_due = float("-inf")
        await self.read_if_due()

    async def read_if_due(self) -> None:
        """Take up what other workers stored, every ten seconds."""
        now = self._clock.monotonic()
        if self._store is None or now < self._read_due:
            return
        self._read_due = now + READ_EVERY_S
        now_ms = self._clock.wall_ms()
        rows = await self._store.since(now_ms - _PAST_MS)
        if rows is None:
            return
        self._read_ms = now_ms
        for row in rows:
            stored = Saying(**row)
            own = self._windows.get(stored.id)
            if own is None or own.updated_at < stored.updated_at:
                self._windows[stored.id] = stored
        for old in [id_ for id_, one in self._windows.items() if one.to_at < now_ms - _PAST_MS]:
            del self._windows[old]

    # Windows

    def begin(
        self, source: str | None, to_at: int, note: str, *, from_at: int | None = None
    ) -> MaintenanceWindow:
        """Alert nobody of `source` until `to_at`, from now or from another time on.

        Args:
            source: its name; None for everything.

        Raises:
            InvalidRequest: the window is over, too long, or there are too many.
        """
        now = self._clock.wall_ms()
        began = now if from_at is None else from_at
        problem = None
        if to_at <= max(began, now):
            problem = "ends before it begins" if to_at <= began else "is over"
        elif to_at - began > _LONGEST_MS:
            problem = "is longer than 90 days"
        elif len(self._windows) >= _MOST:
            problem = f"is one of more than {_MOST}"
        if problem is not None:
            raise InvalidRequest(
                f"the window {problem}", errors=[{"name": "to", "message": problem}]
            )
        saying = self._made(WINDOW, source or "", began, to_at, note)
        self._windows[saying.id] = saying
        self._keep(saying)
        return self._window(saying, now)

    def end(self, id_: str) -> MaintenanceWindow:
        """End a window now; one that comes will not be.

        Raises:
            NotFound: there is no such window.
        """
        saying = self._windows.get(id_)
        if saying is None:
            raise NotFound(f"there is no maintenance window {id_[:60]!r}")
        now = self._clock.wall_ms()
        if saying.to_at > now:
            saying.from_at, saying.to_at = min(saying.from_at, now), now
            saying.updated_at = now
            self._keep(saying)
        return self._window(saying, now)

    def windows(self) -> MaintenanceList:
        """Those that are, that come, and that ended lately."""
        now = self._clock.wall_ms()
        newest = sorted(self._windows.values(), key=lambda one: one.id, reverse=True)
        return MaintenanceList(
            windows=tuple(self._window(one, now) for one in newest),
            kept=self._store is not None,
            read_at=self._read_ms,
        )

    def spares(self, record: Record, at: int) -> bool:
        """Whether what the incident is about is in maintenance then, Unix ms."""
        if not self._windows:
            return False
        source = source_of(record)
        return any(
            one.from_at <= at < one.to_at and one.about in ("", source, record.name)
            for one in self._windows.values()
        )

    # Notes

    def note(self, incident: str, text: str) -> OperatorNote:
        """Write a note on an incident."""
        now = self._clock.wall_ms()
        saying = self._made(NOTE, incident, now, now, text)
        self._notes[saying.id] = saying
        while len(self._notes) > _MOST:
            del self._notes[next(iter(self._notes))]
        self._keep(saying)
        return OperatorNote(id=saying.id, at=saying.made_at, text=saying.text)

    async def notes_on(self, incident: str) -> tuple[OperatorNote, ...]:
        """The notes on an incident, oldest first."""
        found = {one.id: one for one in self._notes.values() if one.about == incident}
        rows = None if self._store is None else await self._store.notes(incident)
        for row in rows or ():
            found.setdefault(row["id"], Saying(**row))
        ordered = sorted(found.values(), key=lambda one: (one.made_at, one.id))
        return tuple(OperatorNote(id=one.id, at=one.made_at, text=one.text) for one in ordered)

    def _made(self, kind: str, about: str, from_at: int, to_at: int, text: str) -> Saying:
        now = self._clock.wall_ms()
        place = len(self._windows) + len(self._notes)
        digest = hashlib.sha256(f"{kind}\0{about}\0{text}\0{place}".encode()).hexdigest()
        id_ = f"{now:013d}-{digest[:8]}"
        return Saying(id_, kind, about, from_at, to_at, now, now, text[:TEXT_LENGTH])

    def _keep(self, saying: Saying) -> None:
        if self._store is not None:
            self._store.keep(msgspec.structs.asdict(saying))

    def _window(self, one: Saying, now: int) -> MaintenanceWindow:
        return MaintenanceWindow(
            id=one.id,
            source=one.about or None,
            title=self._title_of(one.about) if one.about else "Everything",
            from_at=one.from_at,
            to_at=one.to_at,
            note=one.text,
            made_at=one.made_at,
            active=one.from_at <= now < one.to_at,
        )
