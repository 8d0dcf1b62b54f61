"""The states each source was in, its incidents and its uptime, from state changes. In memory."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Struct

from coinmux.framework.clock import wall_at
from coinmux.framework.health.circuit import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from coinmux.framework.clock import Clock
    from coinmux.framework.health.status import StateChange

#: Longest window the pages draw.
KEEP_S = 7 * 86_400.0
#: Changes stored per source; a source that flaps loses the oldest first.
KEEP_CHANGES = 2_000

#: Used as the source's name where the process itself started or stopped.
PROCESS = "*"
STARTED, STOPPED = "STARTED", "STOPPED"

_STATES = frozenset(str(state) for state in State)
_UP = frozenset({State.HEALTHY, State.DEGRADED})
_SEVERITY = {State.DISABLED: 0, State.HEALTHY: 1, State.DEGRADED: 2, State.OFFLINE: 3}


class StateInterval(Struct, frozen=True, kw_only=True):
    """A time a source was in one state."""

    state: State
    from_at: Annotated[int, Meta(description="Unix ms")]
    to_at: Annotated[int, Meta(description="Unix ms")]


class Incident(Struct, frozen=True, kw_only=True):
    """A time a source was OFFLINE."""

    started_at: Annotated[int, Meta(description="Unix ms; may lie before the window")]
    ended_at: Annotated[int | None, Meta(description="Unix ms; null while it lasts")]
    state: State


class SourceHistory(Struct, frozen=True, kw_only=True):
    """State intervals, incidents and uptime of one source."""

    name: str
    window_s: Annotated[float, Meta(description="Seconds asked for")]
    from_at: Annotated[int, Meta(description="Unix ms")]
    to_at: Annotated[int, Meta(description="Unix ms")]
    intervals: Annotated[tuple[StateInterval, ...], Meta(description="Oldest first")]
    incidents: Annotated[tuple[Incident, ...], Meta(description="Oldest first")]
    uptime: Annotated[
        float | None,
        Meta(description="Share of HEALTHY and DEGRADED in `observed_s`, 0 to 1; null without"),
    ]
    observed_s: Annotated[
        float, Meta(description="Seconds OFFLINE, or in minutes when it was asked and answered")
    ]


@dataclass(frozen=True, slots=True)
class Bars:
    """A source's history in pieces of equal length.

    Attributes:
        worst: of each piece, oldest first; None where nothing is known of it.
        piece_ms: length of a piece.
        ends_ms: Unix ms of the end of the last piece, which lies ahead.
        uptime: as of `HealthHistory.of`.
        observed_s: seconds that say anything, as of `HealthHistory.of`.
        incidents: times it was OFFLINE.
    """

    worst: tuple[State | None, ...]
    piece_ms: int
    ends_ms: int
    uptime: float | None
    observed_s: float
    incidents: int


class _Timeline:
    """One source: the state it was in since some moment, and every change after that."""

    __slots__ = ("changes", "first", "since")

    def __init__(self, first: State, since: float) -> None:
        self.first = first
        self.since = since
        self.changes: deque[tuple[float, State]] = deque()

    def forget_oldest(self) -> None:
        self.since, self.first = self.changes.popleft()

    def intervals(self, now: float) -> list[tuple[State, float, float]]:
        """State, from, to; without gaps from `since` to `now`, the last one still going on."""
        found = []
        state, since = self.first, self.since
        for at, after in self.changes:
            if at > since:
                found.append((state, since, at))
            state, since = after, at
        found.append((state, since, now))
        return found


class HealthHistory:
    """State intervals per source, bounded by age and number.

    A source is known from its first change on, or from `begin`; what came before is a gap.

    Args:
        keep_s: how far back it goes.
        keep_changes: of one source.
    """

    def __init__(
        self, clock: Clock, *, keep_s: float = KEEP_S, keep_changes: int = KEEP_CHANGES
    ) -> None:
        self._clock = clock
        self._keep_s = keep_s
        self._keep_changes = keep_changes
        self._started_at = clock.monotonic()
        self._timelines: dict[str, _Timeline] = {}
        #: Source, from, to (Unix ms): how many seconds of that time lie in minutes when it was
        #: asked. Without it every second in a state says something.
        self.observed: Callable[[str, int, int], float] | None = None

    def begin(self, source: str, state: State) -> None:
        """Add a source in `state`, before its first change; a known source stays as it is."""
        if source not in self._timelines:
            self._timelines[source] = _Timeline(state, self._clock.monotonic())

    def forget(self, source: str) -> None:
        """Drop a source that was removed."""
        self._timelines.pop(source, None)

    def on_change(self, change: StateChange) -> None:
        """Record one change; changes of single capabilities are ignored."""
        if change.capability is not None:
            return
        timeline = self._timelines.get(change.source)
        if timeline is None:
            timeline = _Timeline(change.before, min(self._started_at, change.at))
            self._timelines[change.source] = timeline
        timeline.changes.append((change.at, change.after))
        oldest = change.at - self._keep_s
        while len(timeline.changes) > self._keep_changes or timeline.changes[0][0] < oldest:
            timeline.forget_oldest()

    def restore(self, changes: Iterable[tuple[int, str, str, str]]) -> None:
        """Load the changes of former runs: when (Unix ms), source, before, after; in order.

        A change between states that are not known is left out.

        No state is known for the time the process did not run. If it was killed, that time begins
        at the last change it stored.
        """
        last_ms = None
        restored: dict[str, _Timeline] = {}
        for at_ms, source, before, after in changes:
            if source != PROCESS and not {before, after} <= _STATES:
                continue  # written by a version that knows more states
            at = self._monotonic(at_ms)
            if source == PROCESS:
                known_until = at_ms if after == STOPPED or last_ms is None else last_ms
                since = self._monotonic(known_until)
                for timeline in restored.values():
                    timeline.changes.append((since, State.UNKNOWN))
            else:
                known = restored.get(source)
                if known is None:
                    known = restored[source] = _Timeline(State(before), at)
                known.changes.append((at, State(after)))
            last_ms = at_ms
        for source, timeline in restored.items():
            # The state at the end of the former run says nothing about this run.
            timeline.changes.append((self._started_at, State.UNKNOWN))
            while len(timeline.changes) > self._keep_changes:
                timeline.forget_oldest()
            begun = self._timelines.get(source)
            if begun is not None:
                timeline.changes.extend(begun.changes)
            self._timelines[source] = timeline

    def _monotonic(self, at_ms: int) -> float:
        clock = self._clock
        return min(clock.monotonic() - (clock.wall_ms() - at_ms) / 1000, self._started_at)

    def of(self, source: str, window_s: float) -> SourceHistory:
        """The last `window_s` seconds of a source; wall times are made now.

        Uptime is the share of HEALTHY and DEGRADED in the time that says anything: UNKNOWN and
        DISABLED do not, nor a good state in a minute when nobody asked it. Without any time it is
        None. An incident is a time OFFLINE; its start
        is given even where it lies before the window, its end is None while it lasts.
        """
        now = self._clock.monotonic()
        start = now - min(window_s, self._keep_s)
        timeline = self._timelines.get(source)
        whole = [] if timeline is None else timeline.intervals(now)
        inside = [(state, max(since, start), to) for state, since, to in whole if to > start]
        up_s = sum(self._seen(source, since, to) for state, since, to in inside if state in _UP)
        down_s = sum(to - since for state, since, to in inside if state is State.OFFLINE)
        return SourceHistory(
            name=source,
            window_s=window_s,
            from_at=self._wall(start),
            to_at=self._wall(now),
            intervals=tuple(
                StateInterval(state=state, from_at=self._wall(since), to_at=self._wall(to))
                for state, since, to in inside
            ),
            incidents=tuple(
                Incident(
                    started_at=self._wall(since),
                    ended_at=None if at_last else self._wall(to),
                    state=state,
                )
                for state, since, to, at_last in _with_last(whole)
                if state is State.OFFLINE and (to > start or at_last)
            ),
            uptime=round(up_s / (up_s + down_s), 6) if up_s + down_s > 0 else None,
            observed_s=round(up_s + down_s, 1),
        )

    def bars(self, source: str, window_s: float, count: int = 60) -> Bars:
        """The last `window_s` seconds in `count` equal pieces, the last of them not over yet.

        The pieces begin at whole multiples of their length, so that a bar does not change its
        meaning from one look to the next.
        """
        now, wall_ms = self._clock.monotonic(), self._clock.wall_ms()
        piece_s = window_s / count
        piece_ms = round(piece_s * 1000)
        ends_ms = (wall_ms // piece_ms + 1) * piece_ms
        start = now + (ends_ms - wall_ms) / 1000 - window_s
        timeline = self._timelines.get(source)
        intervals = [] if timeline is None else timeline.intervals(now)
        worst: list[State | None] = [None] * count
        up_s = down_s = 0.0
        incidents = 0
        for state, since, to in intervals:
            if to <= start or state is State.UNKNOWN:
                continue
            begun = max(since, start)
            if state in _UP:
                up_s += self._seen(source, begun, to)
            elif state is State.OFFLINE:
                down_s += to - begun
                incidents += 1
            first = int((begun - start) / piece_s)
            last = min(count - 1, int((to - start) / piece_s))
            for place in range(first, last + 1):
                known = worst[place]
                if known is None or _SEVERITY[state] > _SEVERITY[known]:
                    worst[place] = state
        uptime = round(up_s / (up_s + down_s), 4) if up_s + down_s > 0 else None
        return Bars(tuple(worst), piece_ms, ends_ms, uptime, round(up_s + down_s, 1), incidents)

    def since(self, source: str) -> int | None:
        """When the source came into the state it is in, Unix ms; None where that is not known."""
        timeline = self._timelines.get(source)
        if timeline is None:
            return None
        return self._wall(timeline.intervals(self._clock.monotonic())[-1][1])

    def _seen(self, source: str, since: float, to: float) -> float:
        """Seconds of a time in a good state which calls prove."""
        if self.observed is None:
            return to - since
        return min(self.observed(source, self._wall(since), self._wall(to)), to - since)

    def _wall(self, at: float) -> int:
        return wall_at(self._clock, at)


def _with_last(
    intervals: list[tuple[State, float, float]],
) -> list[tuple[State, float, float, bool]]:
    last = len(intervals) - 1
    return [(state, since, to, at == last) for at, (state, since, to) in enumerate(intervals)]
