"""What each consumer used, by day: counted here, and added up with what others counted.

Several places may know of it: this process, the archive, the store that workers share. Each is
handed what it has not heard of yet, and answers with its total; the greatest total counts. So a
restart, a store that was emptied and a database that is away for an hour forget nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from coinmux.framework.clock import Clock

#: What is counted besides calls of sources.
REQUESTS, REFUSED = "requests", "refused"
#: Days remembered: the longest quota of a source is a month.
DAYS = 40


class Key(NamedTuple):
    """One figure.

    Attributes:
        what: `requests`, `refused`, `calls:` and the name of a source, or `extra:` and that name
            for what the source counts for them beyond one each.
        day: as `2026-11-28`, UTC.
    """

    consumer: str
    what: str
    day: str


class Delta(NamedTuple):
    """What a place has not heard of a figure.

    Attributes:
        more: to add to its total.
        known: the total as it is known here, for a place that has none.
    """

    more: float
    known: float


class UsageStore(Protocol):
    """A place that adds up the figures of all processes."""

    async def add(self, deltas: Mapping[Key, Delta], days: Iterable[str]) -> Mapping[Key, float]:
        """Add the deltas; the totals of every figure of `days`.

        Raises:
            ConnectionError: it cannot be reached; nothing was added.
        """
        ...


class _Place:
    """What one store said, and what it has not heard yet."""

    __slots__ = ("heard", "unheard")

    def __init__(self) -> None:
        self.heard: dict[Key, float] = {}
        self.unheard: dict[Key, float] = defaultdict(float)

    def total(self, key: Key) -> float:
        return self.heard.get(key, 0.0) + self.unheard.get(key, 0.0)


class UsageLedger:
    """The figures as they are known here; each sum is kept, so that it is read in no time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._totals: dict[Key, float] = {}
        self._own: dict[Key, float] = defaultdict(float)
        self._grew_at: dict[tuple[str, str], float] = {}
        self._months: dict[tuple[str, str], float] = defaultdict(float)
        self._places: dict[str, _Place] = {}

    def today(self) -> str:
        """The day it is, UTC."""
        return day_of(self._clock.wall_ms())

    def count(self, consumer: str, what: str, more: float = 1) -> None:
        """Count something that happened now."""
        key = Key(consumer, what, self.today())
        self._own[key] += more
        for place in self._places.values():
            place.unheard[key] += more
        self._set(key, self._totals.get(key, 0.0) + more)

    def calls_in_month(self, consumer: str) -> float:
        """Calls of sources in the month that runs."""
        return self._months.get((consumer, self.today()[:7]), 0.0)

    def grew_at(self, consumer: str, what: str) -> float:
        """Monotonic seconds when a figure last grew, wherever; minus infinity before that."""
        return self._grew_at.get((consumer, what), float("-inf"))

    def units_within(self, consumer: str, source: str, window_s: float) -> float:
        """What a source counted in the last `window_s` seconds, as evenly spread over each day."""
        now = datetime.fromtimestamp(self._clock.wall_ms() / 1000, UTC)
        begin = now - timedelta(seconds=window_s)
        total, day = 0.0, begin.replace(hour=0, minute=0, second=0, microsecond=0)
        while day <= now:
            date = day.date().isoformat()
            found = self._totals.get(Key(consumer, f"calls:{source}", date), 0.0)
            found += self._totals.get(Key(consumer, f"extra:{source}", date), 0.0)
            if found:
                end = min(day + timedelta(days=1), now)
                length = max((end - day).total_seconds(), 1.0)
                within = (end - max(day, begin)).total_seconds()
                total += found * min(1.0, max(within, 0.0) / length)
            day += timedelta(days=1)
        return total

    def of_month(self, consumer: str) -> dict[str, float]:
        """What was counted in the month that runs, by what it is."""
        month = self.today()[:7]
        found: dict[str, float] = defaultdict(float)
        for key, total in self._totals.items():
            if key.consumer == consumer and key.day.startswith(month):
                found[key.what] += total
        return dict(found)

    def by_day(self, consumer: str, days: int) -> list[float]:
        """Calls of sources on each of the last days, the oldest first."""
        found: dict[str, float] = defaultdict(float)
        for key, total in self._totals.items():
            if key.consumer == consumer and key.what.startswith("calls:"):
                found[key.day] += total
        return [found.get(day, 0.0) for day in self.days(days)]

    def days(self, count: int) -> list[str]:
        """The last days, today included, the oldest first."""
        today = datetime.fromtimestamp(self._clock.wall_ms() / 1000, UTC).date()
        return [(today - timedelta(days=back)).isoformat() for back in reversed(range(count))]

    def names(self) -> set[str]:
        """The consumers of which something is known."""
        return {key.consumer for key in self._totals}

    def places(self) -> list[str]:
        """The names of the stores that have been told."""
        return list(self._places)

    async def tell(self, name: str, store: UsageStore, days: Iterable[str]) -> None:
        """Tell one store what it has not heard, and hear its totals of `days`.

        Args:
            name: of the store, under which is kept what it has heard.

        Raises:
            ConnectionError: it cannot be reached; it is told the next time.
        """
        place = self._places.get(name)
        if place is None:
            place = self._places[name] = _Place()
            place.unheard.update(self._own)
        unheard = dict(place.unheard)
        deltas = {key: Delta(more, self._totals.get(key, more)) for key, more in unheard.items()}
        days = set(days)
        totals = await store.add(deltas, days)
        for key, more in unheard.items():
            place.unheard[key] -= more
            if abs(place.unheard[key]) < 1e-9:
                del place.unheard[key]
        place.heard.update(totals)
        for key in self._totals:
            if key.day in days and key not in totals:
                # It was emptied meanwhile: it is told the whole next time.
                place.unheard[key] += 0.0
        for key in {*unheard, *totals}:
            known = max(one.total(key) for one in self._places.values())
            self._set(key, max(known, self._totals.get(key, 0.0)))
        self._forget()

    def _set(self, key: Key, total: float) -> None:
        if key.what.startswith("calls:"):
            month = (key.consumer, key.day[:7])
            self._months[month] += total - self._totals.get(key, 0.0)
        if total > self._totals.get(key, 0.0):
            self._grew_at[key.consumer, key.what] = self._clock.monotonic()
        self._totals[key] = total

    def _forget(self) -> None:
        """Forget the days that no quota reaches back to."""
        oldest = self.days(DAYS)[0]
        for key in [key for key in self._totals if key.day < oldest]:
            del self._totals[key]
            self._own.pop(key, None)
            for place in self._places.values():
                place.heard.pop(key, None)
                place.unheard.pop(key, None)


def day_of(wall_ms: int) -> str:
    """The day of a time, UTC."""
    return datetime.fromtimestamp(wall_ms / 1000, UTC).date().isoformat()


def next_month_ms(wall_ms: int) -> int:
    """When the next month begins, UTC, in Unix milliseconds."""
    now = datetime.fromtimestamp(wall_ms / 1000, UTC)
    year, month = (now.year + 1, 1) if now.month == 12 else (now.year, now.month + 1)
    return round(datetime(year, month, 1, tzinfo=UTC).timestamp() * 1000)
