"""Incidents as they are reported: to the API, and to whatever makes alerts or a feed of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from msgspec import Meta

from coinmux.framework.incidents.conditions import ONE_SOURCE_LEFT
from coinmux.framework.incidents.operator import OperatorNote
from coinmux.framework.incidents.record import Kind, Record, Severity
from coinmux.framework.incidents.tally import KEPT_ANSWERS
from coinmux.framework.reports.base import FrozenReport, MaybeUnixMs, UnixMs

#: Names in one sentence.
_NAMED = 3


class IncidentCause(FrozenReport):
    """Why it happened."""

    code: Annotated[str, Meta(description="A stable word: of an error, or of what is missing")]
    message: Annotated[str, Meta(description="For people, without secrets")]


class StandIn(FrozenReport):
    """A source that answered in place of the one that could not."""

    provider: Annotated[
        str, Meta(description="`cache` where an answer kept from before was served")
    ]
    title: str
    requests: Annotated[int, Meta(description="Requests it answered while the incident lasted")]


class IncidentReport(FrozenReport):
    """Something that went wrong, for as long as it did."""

    id: Annotated[str, Meta(description="Sorts by time; the same after a restart")]
    kind: Kind
    name: Annotated[
        str,
        Meta(
            description="Of the source (`name:channel` for one of its channels), the capability or "
            "the service"
        ),
    ]
    title: Annotated[str, Meta(description="The name for people")]
    severity: Annotated[
        Severity,
        Meta(
            description="`minor` while others stand in, `major` where something cannot be "
            "answered, `critical` for prices and candles"
        ),
    ]
    started_at: UnixMs
    ended_at: Annotated[
        int | None,
        Meta(
            description="Unix time in ms; null while it lasts; where `unknown_until` is set, when "
            "it was last seen"
        ),
    ]
    unknown_until: Annotated[
        int | None,
        Meta(
            description="Unix time in ms until which coinmux did not run, so that the true end is "
            "not known; null otherwise"
        ),
    ]
    updated_at: Annotated[int, Meta(description="Unix time in ms of the last change of any of it")]
    duration_s: Annotated[
        float, Meta(description="Seconds from begin to end, or to now while it lasts")
    ]
    down_s: Annotated[float, Meta(description="The same without the times it had recovered")]
    times: Annotated[int, Meta(description="How often it began: more than 1 where it came back")]
    cause: IncidentCause | None
    reason: Annotated[str, Meta(description="What happened, in a sentence")]
    capabilities: Annotated[tuple[str, ...], Meta(description="Kinds of questions concerned")]
    answered_by: Annotated[
        tuple[StandIn, ...], Meta(description="Who answered meanwhile, busiest first")
    ]
    failed_requests: Annotated[
        int | None,
        Meta(description="Requests nobody answered meanwhile; null where they are not counted"),
    ]
    notes: Annotated[tuple[str, ...], Meta(description="What else is to be known")]
    maintenance: Annotated[
        bool,
        Meta(description="Whether what it is about is in maintenance now: nobody is alerted of it"),
    ]


class IncidentMoment(FrozenReport):
    """Something that happened in its course."""

    at: UnixMs
    what: Annotated[
        Literal["began", "again", "changed", "ended", "lost"],
        Meta(description="`lost` where coinmux did not run from then on"),
    ]
    text: str


class IncidentSample(FrozenReport):
    """A request it concerned."""

    request_id: Annotated[
        str, Meta(description="Its decision is kept for as long as others do not push it out")
    ]
    at: UnixMs
    capability: str
    provider: Annotated[str | None, Meta(description="Who answered; null if nobody did")]
    code: Annotated[str | None, Meta(description="Of the error; null where it was answered")]


class IncidentDetail(IncidentReport):
    """An incident with its course."""

    timeline: Annotated[tuple[IncidentMoment, ...], Meta(description="Oldest first")]
    moments_left_out: Annotated[int, Meta(description="Moments dropped from the middle")]
    requests: Annotated[
        tuple[IncidentSample, ...], Meta(description="Some of the requests, failed ones first kept")
    ]
    operator_notes: Annotated[
        tuple[OperatorNote, ...], Meta(description="What the operator wrote on it, oldest first")
    ]


class IncidentPage(FrozenReport):
    """Incidents, the newest first."""

    incidents: tuple[IncidentReport, ...]
    next: Annotated[
        str | None, Meta(description="`cursor` of the next page; null where there is none")
    ]
    kept: Annotated[
        Literal["archive", "memory"],
        Meta(description="`memory`: they are lost with the process, as there is no archive"),
    ]
    known_since: Annotated[
        MaybeUnixMs, Meta(description="Where they are kept in memory: when the process began")
    ]
    notes: Annotated[tuple[str, ...], Meta(description="What is missing, and why")]


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentFilter:
    """Which incidents are asked for.

    Attributes:
        source: its own, and those of its channels.
        from_ms, to_ms: those that lasted at some time between, Unix ms.
        ended: only those that have ended, or that have not.
        cursor: `next` of the page before.
    """

    kind: str | None = None
    severity: str | None = None
    source: str | None = None
    capability: str | None = None
    from_ms: int | None = None
    to_ms: int | None = None
    ended: bool | None = None
    cursor: str | None = None
    limit: int = 50

    def fits(self, record: Record) -> bool:
        """Whether an incident in memory is asked for, as the archive would judge it."""
        own = record.name == self.source or record.name.startswith(f"{self.source}:")
        return (
            (self.kind is None or record.kind == self.kind)
            and (self.severity is None or record.severity == self.severity)
            and (self.source is None or (record.kind == "source" and own))
            and (self.capability is None or self.capability in record.capabilities)
            and (self.from_ms is None or record.ended_at is None or record.ended_at >= self.from_ms)
            and (self.to_ms is None or record.started_at <= self.to_ms)
            and (self.ended is None or self.ended is (record.ended_at is not None))
            and (self.cursor is None or record.id < self.cursor)
        )


def report_of(
    record: Record, now: int, title_of: Callable[[str], str], *, spared: bool = False
) -> IncidentReport:
    """The incident as it is listed; `spared` where it is about something in maintenance."""
    return IncidentReport(**_fields(record, now, title_of, spared=spared))


def detail_of(
    record: Record,
    now: int,
    title_of: Callable[[str], str],
    written: tuple[OperatorNote, ...] = (),
    *,
    spared: bool = False,
) -> IncidentDetail:
    """The incident with its course, and what the operator wrote on it."""
    return IncidentDetail(
        **_fields(record, now, title_of, spared=spared),
        operator_notes=written,
        timeline=tuple(
            IncidentMoment(at=one.at, what=one.what, text=one.text) for one in record.timeline
        ),
        moments_left_out=record.left_out,
        requests=tuple(
            IncidentSample(
                request_id=one.request_id, at=one.at, capability=one.capability,
                provider=one.provider, code=one.code,
            )
            for one in record.samples
        ),
    )  # fmt: skip


def _fields(
    record: Record, now: int, title_of: Callable[[str], str], *, spared: bool
) -> dict[str, Any]:
    end = now if record.ended_at is None else record.ended_at
    down_ms = record.down_ms + (max(0, now - record.since) if record.ended_at is None else 0)
    counts = sorted(record.answered.items(), key=lambda one: (-one[1], one[0]))
    answered = tuple(
        StandIn(
            provider=name,
            title="Kept answers" if name == KEPT_ANSWERS else title_of(name),
            requests=requests,
        )
        for name, requests in counts
    )
    is_counted = record.kind in ("source", "capability")
    return {
        "id": record.id,
        "kind": record.kind,
        "name": record.name,
        "title": record.title,
        "severity": record.severity,
        "started_at": record.started_at,
        "ended_at": record.ended_at,
        "unknown_until": record.unknown_until,
        "updated_at": record.updated_at,
        "duration_s": max(0, end - record.started_at) / 1000,
        "down_s": down_ms / 1000,
        "times": record.times,
        "cause": IncidentCause(code=record.code, message=record.message),
        "reason": _sentence(record, answered),
        "capabilities": record.capabilities,
        "answered_by": answered,
        "failed_requests": record.failed if is_counted else None,
        "notes": _notes(record, spared=spared),
        "maintenance": spared,
    }


def _sentence(record: Record, answered: tuple[StandIn, ...]) -> str:
    """What happened, and who answered meanwhile; times stand beside it."""
    lasts = record.ended_at is None
    verb, cause = ("is" if lasts else "was"), record.message.rstrip(".")
    if record.kind == "capability":
        what = (
            f"nobody {verb} left" if record.code != ONE_SOURCE_LEFT else f"one source {verb} left"
        )
        said = f"{record.title}: {what} to ask ({cause})."
    elif record.kind == "source":
        said = f"{record.title} {verb} offline: {cause}."
    elif record.kind == "warning":
        said = f"{record.title}: {cause}."
    elif record.code in ("stopped", "killed"):
        said = f"{record.title} did not run: {cause}."
    else:
        said = f"{record.title} {verb} in trouble: {cause}."
    if record.times > 1:
        said += f" It happened {record.times} times."
    sources = [one for one in answered if one.provider != KEPT_ANSWERS]
    if sources:
        names = [one.title for one in sources[:_NAMED]]
        more = len(sources) - len(names)
        names += [f"{more} more"] if more else []
        listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
        tense = ("answers" if len(names) == 1 else "answer") if lasts else "answered"
        said += f" {listed} {tense} meanwhile."
    return said


def _notes(record: Record, *, spared: bool) -> tuple[str, ...]:
    notes = ["It is in maintenance: nobody is alerted of it."] if spared else []
    if record.unknown_until is not None:
        notes.append("It was open when coinmux ended; when it ended is not known.")
    if record.code in ("stopped", "killed") and record.kind == "service":
        notes.append("Nothing is known of any source for this time.")
    if KEPT_ANSWERS in record.answered:
        notes.append("Some requests got an answer kept from before, because no source answered.")
    return tuple(notes)
