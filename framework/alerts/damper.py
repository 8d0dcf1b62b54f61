"""When an incident is told to a channel, and when it is not. Pure.

It is asked every second for what is due, and remembers nothing itself: what a channel was told is
a mark on the incident, which outlives this process where incidents are stored.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from coinmux.framework.alerts.categories import category_of
from coinmux.framework.config.alert_settings import LEVELS, Route
from coinmux.framework.incidents.book import REOPEN_MS
from coinmux.framework.incidents.record import Mark

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from coinmux.framework.config.alert_settings import QuietHours
    from coinmux.framework.incidents.record import Record

#: What is said of an incident: that it began, is over, comes and goes, has stayed away after that,
#: still lasts, or began and ended while nothing could be said.
What = Literal["began", "over", "flapping", "settled", "reminder", "passed"]
#: What began so often before it was told is told as what comes and goes.
_FLAPS = 3
#: After a restart an incident is over only once the sources had the time to fail again.
_RESTART_MS = 300_000
_PHASES: Mapping[What, Literal["told", "over", "flapping", "closed"]] = {
    "began": "told", "over": "over", "flapping": "flapping", "settled": "closed",
    "passed": "closed",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rules:
    """How a channel is spared.

    Attributes:
        wait_ms: how long an incident must last, or have ended, before that is told.
        pause_ms: between two messages.
        remind_ms: after so long it is told again; 0 for never.
        reminders: how often at most.
    """

    route: Route = field(default_factory=Route)
    wait_ms: int = 30_000
    pause_ms: int = 60_000
    quiet: QuietHours | None = None
    remind_ms: int = 14_400_000
    reminders: int = 3


@dataclass(frozen=True, slots=True)
class News:
    """One line of a message: what became of an incident."""

    what: What
    record: Record

    @property
    def is_urgent(self) -> bool:
        """Whether it waits for nothing: what is critical, and that it is over."""
        return self.record.severity == "critical" and self.what != "reminder"


@dataclass(frozen=True, slots=True)
class Pending:
    """What will be told unless it changes.

    Attributes:
        due_ms: from when on, Unix ms.
    """

    news: News
    due_ms: int


@dataclass(frozen=True, slots=True)
class Found:
    """What is to be said to a channel now.

    Attributes:
        news: goes into one message, now; empty where nothing does.
        waiting: what is held back, each with the reason.
        watched: whether more may follow of an incident, by its id.
    """

    news: tuple[News, ...]
    waiting: tuple[tuple[News, str], ...]
    watched: frozenset[str]


class Damper:
    """Decides for one channel.

    Args:
        channel: its name, under which marks are made.
        is_spared: whether an incident is about something in maintenance, at a time (Unix ms).
    """

    def __init__(
        self, channel: str, rules: Rules, is_spared: Callable[[Record, int], bool]
    ) -> None:
        self.channel = channel
        self.rules = rules
        self._is_spared = is_spared
        self._last_ms: int | None = None

    def look(self, records: Iterable[Record], now: int) -> Found:
        """What is due of these incidents, all of one moment together."""
        pending: list[Pending] = []
        waiting: list[tuple[News, str]] = []
        watched = set()
        for record in records:
            mark = record.marks.get(self.channel)
            if record.ended_at is None or (mark is not None and mark.phase in ("told", "flapping")):
                watched.add(record.id)
            found = self._pending(record, mark)
            if found is None:
                continue
            watched.add(record.id)
            if found.news.what not in ("over", "settled") and self._is_spared(record, now):
                waiting.append((found.news, "in maintenance"))
                if record.ended_at is not None:
                    watched.discard(record.id)
            else:
                pending.append(found)
        due = [one for one in pending if one.due_ms <= now]
        urgent = any(one.news.is_urgent for one in due)
        held = None if urgent else self._held(now)
        news: list[News] = []
        if due and held is None:
            # What happened with it, and would be told in a moment, goes along.
            until = now + (self.rules.wait_ms if urgent else self.rules.wait_ms // 2)
            along = [one for one in pending if one.due_ms <= until and one.news.what != "reminder"]
            news = [one.news for one in (*due, *(one for one in along if one not in due))]
        said = {id(one.record) for one in news}
        waiting += [
            (one.news, held or "it has to last a while")
            for one in pending
            if id(one.news.record) not in said and one.news.what != "reminder"
        ]
        return Found(tuple(news), tuple(waiting), frozenset(watched))

    def mark(self, found: Found, now: int) -> None:
        """Note that the channel was told these."""
        for one in found.news:
            before = one.record.marks.get(self.channel)
            if one.what == "reminder" and before is not None:
                before.at, before.reminders = now, before.reminders + 1
                continue
            times, phase = one.record.times, _PHASES[one.what]
            reminders = 0 if before is None else before.reminders
            one.record.marks[self.channel] = Mark(phase, now, times, reminders)
        if found.news:
            self._last_ms = now

    def _held(self, now: int) -> str | None:
        """Why nothing that can wait is sent now."""
        rules = self.rules
        if rules.quiet is not None and rules.quiet.holds(now):
            return "quiet hours"
        if self._last_ms is not None and now - self._last_ms < rules.pause_ms:
            return "a message was sent a moment ago"
        return None

    def _pending(self, record: Record, mark: Mark | None) -> Pending | None:
        """What is to be told of an incident, if it stays as it is."""
        if mark is None:
            return self._first(record)
        wait = 0 if record.severity == "critical" else self.rules.wait_ms
        ended = record.ended_at
        if ended is not None and record.unknown_until is not None:
            ended, wait = record.unknown_until, max(wait, _RESTART_MS)
        if mark.phase == "flapping" and ended is not None:
            return Pending(News("settled", record), ended + REOPEN_MS)
        if mark.phase == "told" and ended is not None:
            return Pending(News("over", record), ended + wait)
        if ended is not None or mark.phase == "closed":
            return None
        if record.times > mark.times and mark.phase in ("told", "over"):
            if _goes_on_after_restart(record) and mark.phase == "told":
                mark.times = record.times
            else:
                return Pending(News("flapping", record), record.since + wait)
        return self._reminder(record, mark)

    def _first(self, record: Record) -> Pending | None:
        """Of an incident that the channel knows nothing of."""
        route = self.rules.route
        if LEVELS.index(record.severity) < LEVELS.index(route.least):
            return None
        if route.categories and category_of(record) not in route.categories:
            return None
        if record.code == "stopped":
            return None  # somebody stopped coinmux, and knows
        wait = 0 if record.severity == "critical" else self.rules.wait_ms
        flaps = record.times >= _FLAPS
        if record.ended_at is None:
            return Pending(News("flapping" if flaps else "began", record), record.since + wait)
        if record.down_ms < wait:
            return None
        return Pending(News("flapping" if flaps else "passed", record), record.ended_at)

    def _reminder(self, record: Record, mark: Mark) -> Pending | None:
        rules = self.rules
        if not rules.remind_ms or mark.reminders >= rules.reminders:
            return None
        return Pending(News("reminder", record), mark.at + rules.remind_ms)


def _goes_on_after_restart(record: Record) -> bool:
    """Whether it began again only because this process did."""
    words = [moment.what for moment in record.timeline[-2:]]
    return words == ["lost", "again"]
