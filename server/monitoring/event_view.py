"""Records as the monitor shows them: one event each, with the hops of its request."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Literal

from msgspec import UNSET

from coinmux.framework.errors import CutShort
from coinmux.server.asgi.query_params import ParsedRequest
from coinmux.server.monitoring.event_recorder import RequestRecord
from coinmux.server.monitoring.monitor_report import EventParts, Hop, MonitorEvent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from coinmux.framework.dispatch.decision import Decision
    from coinmux.framework.models.base import Query
    from coinmux.framework.secrets import Redactor
    from coinmux.server.asgi.request_parts import Parts
    from coinmux.server.monitoring.event_recorder import EventRecord, Record

CLIENT, SERVER = "client", "server"
#: A batch may have asked dozens of sources; so many of its hops are shown.
_HOPS_MOST = 16
_TEXT_LIMIT = 240
#: Sources named as those that answered the parts of one request.
_NAMED = 3
_KEPT = ("hit", "stale")
_SUBJECTS = ("symbol", "asset", "chain", "metric", "protocol")


_Kind = Literal["request", "failover", "cache_hit", "error"]
#: Requests that sources answer, by kind.
ANSWERED: Mapping[_Kind, str] = {
    "request": "Answered, and no source failed",
    "failover": "Answered after a source failed, be it from what was kept",
    "cache_hit": "Answered from what was kept, nobody asked",
    "error": "Answered with a problem: `outcome` is its code",
}
_Outcome = Literal["ok", "failed", "failover", "cut_short", "cache_hit"]


def event_of(record: Record, redactor: Redactor) -> MonitorEvent:
    """The record as an event of `GET /api/monitor`."""
    if isinstance(record, RequestRecord):
        return _request(record, redactor)
    return _other(record, redactor)


def _other(record: EventRecord, redactor: Redactor) -> MonitorEvent:
    event, detail = record.event, record.event.detail
    is_change = record.kind == "state_change"
    return MonitorEvent(
        id=record.seq,
        t=event.at_ms,
        request_id=detail.get("request_id"),
        kind=record.kind,
        operation=None,
        provider=None if event.source is None else event.source.partition(":")[0],
        hops=(),
        outcome=detail.get("after") or event.level,
        latency_ms=None,
        # A change's text is made of names and states alone; a redactor that knows an address may
        # take one of them for a part of it.
        message=event.message if is_change else _text(event.message, redactor),
        own=False,
        source=event.source if is_change else UNSET,
        before=detail["before"] if is_change else UNSET,
        after=detail["after"] if is_change else UNSET,
        reason=_text(str(detail["reason"]), redactor) if is_change else UNSET,
    )


def _request(record: RequestRecord, redactor: Redactor) -> MonitorEvent:
    decided = record.decided
    kind: _Kind
    provider: str | None
    begun_ms = round(record.at_ms - record.latency_ms)
    if isinstance(decided, ParsedRequest):
        kind, outcome, provider = "cache_hit", "ok", record.served
        subject = _subject(decided.query)
        calls: list[Hop] = []
        said = f"cached answer of {provider}"
    else:
        kind, outcome = _kind(record, decided)
        provider = decided[-1].provider if decided else None
        subject = _subject(decided[-1].query) if decided else ""
        calls = list(_calls(decided))
        said = _said(kind, outcome, decided)
    reached_ms = min((call.t_start for call in calls), default=record.at_ms)
    first: _Outcome = "ok"
    if kind == "cache_hit":
        first = "cache_hit"
    elif not calls and _bad(record):
        first = "failed"
    way_in = Hop(
        origin=CLIENT,
        to=SERVER,
        t_start=begun_ms,
        t_end=max(begun_ms, reached_ms),
        outcome=first,
    )
    parts = record.parts
    decisions = () if isinstance(decided, ParsedRequest) else decided
    message = ": ".join(part for part in (subject, said) if part)
    if parts is not None:
        message = _said_of_parts(record.operation, parts, decisions)
        if parts.worst is not None:
            kind, outcome = "error", parts.worst
    return MonitorEvent(
        id=record.seq,
        t=record.at_ms,
        request_id=record.request_id,
        kind=kind,
        operation=record.operation,
        provider=provider,
        hops=(way_in, *calls[:_HOPS_MOST]),
        outcome=outcome,
        latency_ms=round(record.latency_ms, 3),
        message=_text(message, redactor),
        own=record.own,
        parts=UNSET if parts is None else EventParts(asked=parts.asked, failed=parts.failed),
        status=record.status,
        hops_left_out=len(calls) - _HOPS_MOST if len(calls) > _HOPS_MOST else UNSET,
    )


def _bad(record: RequestRecord) -> bool:
    return not 200 <= record.status < 400


def _kind(record: RequestRecord, decided: Sequence[Decision]) -> tuple[_Kind, str]:
    """The kind of event, and the word for how the request ended."""
    if _bad(record):
        return "error", record.code or f"status_{record.status}"
    stale = any(one.cache == "stale" for one in decided)
    outcome = "stale" if stale else "ok"
    if any(_is_failure(line) for one in decided for line in _own(one)):
        return "failover", outcome
    if decided and all(one.cache in _KEPT for one in decided):
        return "cache_hit", outcome
    return "request", outcome


def _own(decision: Decision) -> Sequence[Mapping[str, Any]]:
    """The calls made on this request's behalf; a shared call is its first asker's."""
    return () if decision.cache == "coalesced" else decision.attempts


def _is_failure(line: Mapping[str, Any]) -> bool:
    """Whether the source failed; a hedged request that lost the race did not."""
    return bool(line["outcome"] != "ok" and line["code"] != CutShort.code)


def _calls(decided: Sequence[Decision]) -> Iterator[Hop]:
    for decision in decided:
        lines = _own(decision)
        for place, line in enumerate(lines, start=1):
            goes_on = place < len(lines) or decision.outcome == "answered"
            yield Hop(
                origin=SERVER,
                to=line["provider"],
                t_start=line["started_at"],
                t_end=round(line["started_at"] + line["elapsed_ms"]),
                outcome=_outcome(line, goes_on=goes_on),
                code=UNSET if line["outcome"] == "ok" else line["code"],
            )


def _outcome(line: Mapping[str, Any], *, goes_on: bool) -> _Outcome:
    if line["outcome"] == "ok":
        return "ok"
    if line["code"] == CutShort.code:
        return "cut_short"
    return "failover" if goes_on else "failed"


def _said(kind: str, outcome: str, decided: Sequence[Decision]) -> str:
    """What became of a request, in words."""
    failed = [
        f"{line['provider']} ({line['code']})"
        for one in decided
        for line in _own(one)
        if _is_failure(line)
    ]
    after = f" after {', '.join(failed[:4])}" if failed else ""
    if kind == "error":
        return f"{outcome.replace('_', ' ')}{after}"
    last = decided[-1] if decided else None
    if last is None or last.provider is None:
        return f"{len(decided)} questions" if len(decided) > 1 else ""
    if last.cache == "coalesced":
        return f"{last.provider}, by the call of another request"
    if last.cache in _KEPT:
        return f"cached answer of {last.provider}{after}"
    return f"{last.provider}{after}"


def _said_of_parts(operation: str, parts: Parts, decided: Sequence[Decision]) -> str:
    """What became of a request of several parts: how many, and who answered how many of them."""
    said = [f"{operation.replace('_', ' ')}, {parts.asked} {parts.unit}"]
    if parts.failed:
        said.append(f"{parts.asked - parts.failed} of {parts.asked} answered")
    by = Counter(one.provider for one in decided if one.provider is not None)
    if by:
        said.append(", ".join(f"{name} \u00d7{count}" for name, count in by.most_common(_NAMED)))
    return " · ".join(said)


def _subject(query: Query) -> str:
    """What was asked about: the pair, coin or chain."""
    asked = query.__dict__
    found = (asked.get(name) for name in _SUBJECTS)
    subject = next((str(value) for value in found if value is not None), "")
    interval = asked.get("interval")
    return f"{subject} {interval}" if interval is not None else subject


def _text(text: str, redactor: Redactor) -> str:
    return redactor.clean(text)[:_TEXT_LIMIT]
