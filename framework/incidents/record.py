"""One incident as it is kept: in memory while it lasts, and as a row of the archive."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

Kind = Literal["source", "capability", "service", "warning"]
Severity = Literal["minor", "major", "critical"]
#: What a moment of an incident is: it began, came back, changed its cause, ended, ended for now,
#: or was lost from sight because the process did not run.
Word = Literal["began", "again", "changed", "ended", "lost"]

SEVERITIES: tuple[Severity, ...] = ("minor", "major", "critical")
#: Moments kept of one incident: the first ones, and the newest.
_MOMENTS, _FIRST_MOMENTS = 60, 10
#: Requests remembered by their ids, so that their decisions can be looked up.
_SAMPLES = 8
#: Names of sources counted for one incident; there are not so many of one capability.
_MOST_NAMES = 64
_TEXT = 300


class Moment(msgspec.Struct):
    """Something that happened in the course of an incident.

    Attributes:
        at: Unix ms.
        text: for people, free of secrets.
    """

    at: int
    what: Word
    text: str


class Sample(msgspec.Struct):
    """One request that the incident concerned.

    Attributes:
        provider: who answered; None if nobody did.
        code: of the error it ended with; None where it was answered.
    """

    request_id: str
    at: int
    capability: str
    provider: str | None
    code: str | None


class Mark(msgspec.Struct):
    """What an alert channel was last told of an incident.

    Attributes:
        phase: `told` that it began, `over` that it ended, `flapping` that it comes and goes, or
            `closed`: that it has stayed away, or that there is nothing to tell.
        at: when, Unix ms.
        times: how often it had begun then.
        reminders: how many it was sent.
    """

    phase: Literal["told", "over", "flapping", "closed"]
    at: int
    times: int
    reminders: int = 0


class Record(msgspec.Struct):
    """One incident.

    Attributes:
        id: sorts by the time it began; the same after a restart.
        ended_at: Unix ms; None while it lasts.
        updated_at: when anything of it last changed, Unix ms.
        since: when it last began: later than `started_at` if it came back, Unix ms.
        down_ms: how long it lasted before `since`, its recoveries left out.
        times: how often it began.
        unknown_until: the process did not run from `ended_at` until then, Unix ms.
        capabilities: the kinds of questions concerned.
        answered: requests by the source that answered in place of the one concerned.
        failed: requests that nobody answered.
        left_out: moments dropped because there were too many.
        marks: what each alert channel was told of it, by name.
    """

    id: str
    kind: Kind
    name: str
    title: str
    severity: Severity
    started_at: int
    updated_at: int
    since: int
    code: str
    message: str
    ended_at: int | None = None
    unknown_until: int | None = None
    down_ms: int = 0
    times: int = 1
    capabilities: tuple[str, ...] = ()
    answered: dict[str, int] = msgspec.field(default_factory=dict)
    failed: int = 0
    timeline: list[Moment] = msgspec.field(default_factory=list)
    samples: list[Sample] = msgspec.field(default_factory=list)
    left_out: int = 0
    marks: dict[str, Mark] = msgspec.field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str]:
        """What it is about; of these two at most one incident is open."""
        return (self.kind, self.name)

    def add(self, at: int, what: Word, text: str) -> None:
        """Add a moment; of too many, those in the middle are dropped."""
        self.timeline.append(Moment(at, what, text[:_TEXT]))
        self.updated_at = max(self.updated_at, at)
        if len(self.timeline) > _MOMENTS:
            del self.timeline[_FIRST_MOMENTS]
            self.left_out += 1

    def count(self, provider: str | None, sample: Sample, *, at: int) -> None:
        """Count a request: answered by `provider`, or by nobody."""
        if provider is None:
            self.failed += 1
        elif provider in self.answered or len(self.answered) < _MOST_NAMES:
            self.answered[provider] = self.answered.get(provider, 0) + 1
        self.updated_at = max(self.updated_at, at)
        if len(self.samples) < _SAMPLES:
            self.samples.append(sample)
        elif sample.code is not None and self.samples[-1].code is None:
            # A failed request says more than an answered one.
            del self.samples[-1]
            self.samples.insert(0, sample)

    def row(self) -> dict[str, Any]:
        """The row of the archive; it is searched by the columns and read from `told`."""
        return {
            "id": self.id,
            "kind": self.kind,
            "name": self.name[:120],
            "severity": self.severity,
            "started_at": self.started_at,
            "ended_at": self.ended_at,
            "updated_at": self.updated_at,
            "capabilities": f",{','.join(self.capabilities)},",
            "told": msgspec.json.encode(self).decode(),
        }


def record_of(row: Mapping[str, Any]) -> Record | None:
    """The incident in a row; None if another version wrote what cannot be read here."""
    try:
        return msgspec.json.decode(row["told"], type=Record)
    except msgspec.DecodeError:
        return None


def id_of(kind: str, name: str, started_at: int) -> str:
    """An id that sorts by time, and is no other incident's."""
    digest = hashlib.sha256(f"{kind}\0{name}".encode()).hexdigest()
    return f"{started_at:013d}-{digest[:8]}"
