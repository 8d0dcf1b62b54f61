"""The incidents of this process: which are open, and which ended lately. Pure.

An incident that comes back within some minutes is the same one: a source that flaps has one
incident with a count, and not a hundred.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from coinmux.framework.incidents.record import SEVERITIES, Kind, Record, Severity, id_of

if TYPE_CHECKING:
    from collections.abc import Iterable

#: What begins again within this time after it ended goes on as the same incident.
REOPEN_MS = 600_000
#: Incidents kept in memory that have ended; the archive, where there is one, keeps them all.
KEPT = 500


class IncidentBook:
    """Opens, closes and opens again.

    Args:
        keep: how many that ended are kept.
    """

    def __init__(self, keep: int = KEPT) -> None:
        self._keep = keep
        self._open: dict[tuple[str, str], Record] = {}
        self._ended: OrderedDict[str, Record] = OrderedDict()
        self._changed: dict[str, Record] = {}

    @property
    def open(self) -> list[Record]:
        """Those that last, in the order they began."""
        return list(self._open.values())

    def every(self) -> list[Record]:
        """All in memory, the newest first."""
        return sorted((*self._open.values(), *self._ended.values()), key=_id, reverse=True)

    def take_changed(self) -> list[Record]:
        """Those that changed since this was last asked."""
        changed = list(self._changed.values())
        self._changed.clear()
        return changed

    @property
    def changed(self) -> list[Record]:
        """Those that `take_changed` would return."""
        return list(self._changed.values())

    def note_change(self, record: Record) -> None:
        """Have `take_changed` return it; the oldest are given up if nobody asks."""
        self._changed[record.id] = record
        if len(self._changed) > 2 * self._keep:
            del self._changed[next(iter(self._changed))]

    def open_of(self, kind: Kind, name: str) -> Record | None:
        """The open incident about `name`."""
        return self._open.get((kind, name))

    def find(self, ids: Iterable[str]) -> list[Record]:
        """Those of these ids that are in memory, in the order of their ids."""
        known = {record.id: record for record in self._open.values()}
        found = ((known.get(id_) or self._ended.get(id_)) for id_ in sorted(ids))
        return [record for record in found if record is not None]

    def begin(
        self,
        at: int,
        kind: Kind,
        name: str,
        *,
        title: str,
        severity: Severity,
        code: str,
        message: str,
        capabilities: tuple[str, ...] = (),
    ) -> Record:
        """Open an incident; one that is open gets the new cause, one that ended lately goes on.

        Args:
            at: Unix ms.
            message: the cause for people, free of secrets.
        """
        record = self._open.get((kind, name))
        if record is not None:
            self._change(record, at, severity, code, message)
            return record
        record = self._lately(kind, name, at)
        if record is None:
            record = Record(
                id_of(kind, name, at), kind, name, title, severity, at, at, at, code, message,
                capabilities=capabilities,
            )  # fmt: skip
            record.add(at, "began", message)
        else:
            self._again(record, at, severity, code, message)
        self._open[record.key] = record
        self.note_change(record)
        return record

    def _again(
        self, record: Record, at: int, severity: Severity, code: str, message: str
    ) -> Record:
        """Let an incident that ended go on."""
        del self._ended[record.id]
        record.times += 1
        record.since, record.ended_at, record.unknown_until = at, None, None
        record.severity = max(record.severity, severity, key=SEVERITIES.index)
        record.code, record.message = code, message
        record.add(at, "again", message)
        return record

    def _change(self, record: Record, at: int, severity: Severity, code: str, message: str) -> None:
        worst = max(record.severity, severity, key=SEVERITIES.index)
        if record.code != code:
            record.add(at, "changed", message)
        elif worst == record.severity:
            return
        record.severity, record.code, record.message = worst, code, message
        self.note_change(record)

    def _lately(self, kind: Kind, name: str, at: int) -> Record | None:
        """The incident about `name` that ended so lately that it goes on."""
        for record in reversed(self._ended.values()):
            if record.key == (kind, name):
                ended = record.unknown_until or record.ended_at or 0
                return record if at - ended <= REOPEN_MS else None
        return None

    def end(self, at: int, kind: Kind, name: str, text: str = "") -> Record | None:
        """Close the open incident about `name`; None where there is none."""
        record = self._open.pop((kind, name), None)
        if record is None:
            return None
        at = max(at, record.since)
        record.ended_at = at
        record.down_ms += at - record.since
        record.add(at, "ended", text)
        self._put_away(record)
        return record

    def take_up(self, records: Iterable[Record], now: int, known_until: int | None = None) -> None:
        """Take over incidents that another process recorded.

        What was open is closed, as far as is known; it goes on if it is open here too.

        Args:
            now: Unix ms; until then nothing is known of what was open.
            known_until: when the former run was last known to run, Unix ms; None if another worker
                recorded them, so that there is no gap.
        """
        for record in sorted(records, key=_id):
            own = self._open.get(record.key)
            if record.id in self._ended or own is record:
                continue
            if record.ended_at is not None:
                self._put_away(record, changed=False)
            elif own is not None and known_until is None:
                self._go_on(record, own)
            else:
                until = min(max(known_until or 0, record.updated_at), now)
                record.ended_at, record.unknown_until = until, now
                record.down_ms += max(0, until - record.since)
                record.add(until, "lost", "nothing is known from here on")
                self._put_away(record)
                if own is not None:
                    again = self._again(record, own.since, own.severity, own.code, own.message)
                    self._go_on(again, own)

    def _go_on(self, record: Record, own: Record) -> None:
        """Have a stored record take the place of the one that was opened here."""
        for provider, requests in own.answered.items():
            record.answered[provider] = record.answered.get(provider, 0) + requests
        record.failed += own.failed
        record.marks |= own.marks
        self._changed.pop(own.id, None)
        self._open[record.key] = record
        self.note_change(record)

    def _put_away(self, record: Record, *, changed: bool = True) -> None:
        self._ended[record.id] = record
        self._ended.move_to_end(record.id)
        while len(self._ended) > self._keep:
            self._ended.popitem(last=False)
        if changed:
            self.note_change(record)


def _id(record: Record) -> str:
    return record.id
