"""When candles open: the next after one, the one of a moment, and stretches of missing ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from coinmux.framework.reference.values import iso_time

if TYPE_CHECKING:
    from coinmux.framework.reference.intervals import Interval

_WEEK_MS = 7 * 86_400_000
#: The first Monday of 1970.
_MONDAY_MS = 4 * 86_400_000


@dataclass(frozen=True, slots=True)
class MissingCandles:
    """Candles in a row that are not known.

    Attributes:
        first_ms, last_ms: the opening times of the first and the last of them.
        count: how many they are.
    """

    first_ms: int
    last_ms: int
    count: int

    def __str__(self) -> str:
        if self.count == 1:
            return f"1 candle of {iso_time(self.first_ms)}"
        return f"{self.count} candles from {iso_time(self.first_ms)} to {iso_time(self.last_ms)}"


def next_open(interval: Interval, open_ms: int) -> int:
    """When the candle after the one of `open_ms` opens, which is when that one ends."""
    if interval != "1M":
        return open_ms + interval.ms
    time = datetime.fromtimestamp(open_ms / 1000, UTC)
    year, month = (time.year + 1, 1) if time.month == 12 else (time.year, time.month + 1)
    return int(time.replace(year=year, month=month).timestamp() * 1000)


def previous_open(interval: Interval, open_ms: int) -> int:
    """When the candle before the one of `open_ms` opens."""
    return open_ms - interval.ms if interval != "1M" else open_of(interval, open_ms - 1)


def open_of(interval: Interval, at_ms: int) -> int:
    """When the candle of a moment opens: at midnight in UTC, on a Monday, on a month's first."""
    if interval == "1M":
        first = datetime.fromtimestamp(at_ms / 1000, UTC).replace(
            day=1, hour=0, minute=0, second=0, microsecond=0
        )
        return int(first.timestamp() * 1000)
    shift = _MONDAY_MS if interval.ms == _WEEK_MS else 0
    return (at_ms - shift) // interval.ms * interval.ms + shift


def opens_between(interval: Interval, before_ms: int, until_ms: int) -> Iterator[int]:
    """The opening times after `before_ms` and before `until_ms`."""
    time = next_open(interval, before_ms)
    while time < until_ms:
        yield time
        time = next_open(interval, time)


def in_rows(interval: Interval, times: Iterable[int]) -> tuple[MissingCandles, ...]:
    """Opening times as stretches of candles that follow each other."""
    rows: list[MissingCandles] = []
    for time in sorted(times):
        if rows and next_open(interval, rows[-1].last_ms) == time:
            rows[-1] = MissingCandles(rows[-1].first_ms, time, rows[-1].count + 1)
        else:
            rows.append(MissingCandles(time, time, 1))
    return tuple(rows)
