"""The newest requests and events, stored so that the monitor can show each of them once.

A request that is answered from the cache takes some ten microseconds, so only values that exist
already are stored; they become JSON when a client asks for them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from coinmux.server.asgi.scope import STATE
from coinmux.server.monitoring.metrics import is_own

if TYPE_CHECKING:
    from coinmux.framework.clock import Clock
    from coinmux.framework.dispatch.decision import Decision
    from coinmux.framework.events import Event
    from coinmux.server.asgi.query_params import ParsedRequest
    from coinmux.server.asgi.request_parts import Parts
    from coinmux.server.asgi.scope import RequestState, Scope
    from coinmux.server.monitoring.capability_traffic import CapabilityTraffic

#: Requests stored, and other events. They are stored apart, so that a burst of requests does not
#: push out the events.
_REQUESTS = 2_000
_OTHERS = 500
#: Records returned to one caller at a time, and to a caller without a cursor.
MOST = 500
FRESH = 200
#: A client that missed records after a longer absence gets a reset; otherwise it gets the number
#: of dropped records.
_AWAY_MS = 60_000
EventKind = Literal["state_change", "config", "error"]
#: Events that belong to no request, by kind.
STANDALONE: Mapping[EventKind, str] = {
    "state_change": "A source changed its state: `before`, `after`, `reason`",
    "config": "Settings were read anew, a plugin was loaded, health was reset",
    "error": "Trouble of the server itself (`request_id` is null)",
}
_KINDS: Mapping[str, EventKind] = {
    "state": "state_change",
    "config": "config",
    "plugin": "config",
    "archive": "config",
    "shared_state": "config",
    "error": "error",
}


class RequestRecord(NamedTuple):
    """One request to a route that sources answer.

    Attributes:
        seq: its place among everything recorded, from 1.
        at_ms: when its answer began to go out, Unix ms.
        status: 0 where there was none.
        code: code of the error response, if there was one.
        decided: the routing decisions of the request; the parsed question, if the parsed routes
            served a cached answer.
        served: the provider of that cached answer.
        own: whether the dashboard asked it.
        parts: how its questions ended, where it has several.
        route: its method and path template.
    """

    seq: int
    at_ms: int
    operation: str
    request_id: str
    status: int
    latency_ms: float
    code: str | None
    decided: Sequence[Decision] | ParsedRequest
    served: str | None
    own: bool
    parts: Parts | None
    route: tuple[str, str]


@dataclass(slots=True)
class EventRecord:
    """An event that is no request.

    Attributes:
        kind: `state_change`, `config` or `error`.
    """

    seq: int
    kind: EventKind
    event: Event


Record = RequestRecord | EventRecord


@dataclass(frozen=True, slots=True)
class EventBatch:
    """What happened after a cursor.

    Attributes:
        records: oldest first.
        cursor: resume from here.
        reset: whether these are the newest records and not those after the cursor.
        dropped: how many records were left out because there were too many.
    """

    records: Sequence[Record]
    cursor: str
    reset: bool
    dropped: int


class Recorder:
    """A bounded memory of requests and happenings, in one order.

    Args:
        run: distinguishes this process from former ones; later ones have higher numbers.
        traffic: counts what is asked of each capability.

    Attributes:
        operations: what the routes that sources answer are for, by method and path template;
            set once the routes are known. Requests to others leave nothing.
    """

    def __init__(self, clock: Clock, run: int, traffic: CapabilityTraffic) -> None:
        self._clock = clock
        self._traffic = traffic
        self._run = run
        self._requests: deque[tuple[Any, ...]] = deque(maxlen=_REQUESTS)
        self._others: deque[EventRecord] = deque(maxlen=_OTHERS)
        self.last = 0
        self.operations: Mapping[tuple[str, str], str] = {}

    def request(
        self, scope: Scope, at_ms: int, status: int, latency_ms: float, code: str | None
    ) -> None:
        """One request ended.

        Stored as a plain tuple: a `RequestRecord` costs several times as much, and most are never
        shown.
        """
        # A request the middleware refused was not routed; most routes are known by their path.
        template = scope.get("path_template") or scope["path"]
        route = scope["method"], template
        operation = self.operations.get(route)
        if operation is None:
            return
        state: RequestState = scope[STATE]
        decided: object = state.question or ()
        own = is_own(template)
        if state.trail is not None:
            decided = tuple(state.trail.decisions)
            if not own:
                self._traffic.decided(decided)
        elif state.question is not None:
            self._traffic.answered(state.question.capability, state.served_by)
        self.last = seq = self.last + 1
        self._requests.append(
            (
                seq,
                at_ms,
                operation,
                state.request_id,
                status,
                latency_ms,
                code,
                decided,
                state.served_by,
                own,
                state.parts,
                route,
            )
        )

    def cached(
        self,
        template: str,
        at_ms: int,
        request_id: str,
        latency_ms: float,
        question: ParsedRequest,
        served: str,
    ) -> None:
        """A GET request was answered from the cache, by the provider `served`."""
        route = "GET", template
        operation = self.operations.get(route)
        if operation is not None:
            self.last = seq = self.last + 1
            self._traffic.answered(question.capability, served)
            self._requests.append(
                (
                    seq, at_ms, operation, request_id, 200, latency_ms, None, question, served,
                    False, None, route,
                )
            )  # fmt: skip

    def __call__(self, event: Event) -> None:
        """Record an event that is no request; a listener of the event bus.

        A capability's own change of state is left out: it mostly follows that of its source.
        """
        kind = _KINDS.get(event.kind)
        if kind is None or (kind == "state_change" and event.detail.get("capability") is not None):
            return
        self.last += 1
        self._others.append(EventRecord(self.last, kind, event))

    def requests_after(self, seq: int) -> Iterator[RequestRecord]:
        """The stored requests after that place, newest first."""
        for record in reversed(self._requests):
            if record[0] <= seq:
                return
            yield RequestRecord(*record)

    def after(self, seq: int, most: int) -> tuple[list[Record], int]:
        """The newest records after that place, in order, and how many were left out."""
        records = self._newest(seq, most)
        return records, self.last - seq - len(records)

    def cursor(self, seq: int, at_ms: int) -> str:
        """The cursor to resume from after that record; later cursors sort after earlier ones."""
        return f"{self._run:013d}-{seq:012d}-{at_ms:013d}"

    def since(self, cursor: str | None) -> EventBatch:
        """The records after `cursor`; the newest ones if it is None, unknown or too old."""
        now_ms = self._clock.wall_ms()
        seen = self._place(cursor, now_ms)
        if seen is None:
            records = self._newest(0, FRESH)
            return EventBatch(records, self.cursor(self.last, now_ms), True, 0)
        records = self._newest(seen, MOST)
        dropped = self.last - seen - len(records)
        return EventBatch(records, self.cursor(self.last, now_ms), False, dropped)

    def _place(self, cursor: str | None, now_ms: int) -> int | None:
        """The last record the client has seen; None if the client must start again."""
        found = parts_of(cursor)
        if found is None:
            return None
        run, seq, at = found
        if run != self._run or seq > self.last:
            return None
        oldest = self._requests[0][0] if len(self._requests) == _REQUESTS else 1
        if seq + 1 < oldest and now_ms - at > _AWAY_MS:
            return None
        return seq

    def _newest(self, seen: int, most: int) -> list[Record]:
        """The newest records after `seen`, in order; events take precedence over requests."""
        others: list[Record] = []
        for noted in reversed(self._others):
            if noted.seq <= seen or len(others) == most:
                break
            others.append(noted)
        found = others
        for handled in reversed(self._requests):
            if handled[0] <= seen or len(found) == most:
                break
            found.append(RequestRecord(*handled))
        return sorted(found, key=lambda record: record.seq)


def parts_of(cursor: str | None) -> tuple[int, int, int] | None:
    """Run, place and time of a cursor; None where it is none."""
    run, _, rest = (cursor or "").partition("-")
    seq, _, at = rest.partition("-")
    if not all(part.isascii() and part.isdigit() for part in (run, seq, at)):
        return None
    return int(run), int(seq), int(at)
