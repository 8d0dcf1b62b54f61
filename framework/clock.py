"""Time as the rest of the framework sees it: one injectable clock, and deadlines on it.

Decisions use monotonic seconds; wall time is only for display and for judging the age of data.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol


class Clock(Protocol):
    """What tells the time."""

    def monotonic(self) -> float:
        """Seconds that never go backwards, from an arbitrary start."""
        ...

    def wall_ms(self) -> int:
        """Unix milliseconds, UTC."""
        ...


class SystemClock:
    """The machine's clocks."""

    __slots__ = ()

    #: The function itself: each routed call reads the time often enough to notice a call around it.
    monotonic = staticmethod(time.monotonic)

    def wall_ms(self) -> int:
        return time.time_ns() // 1_000_000


@dataclass(slots=True)  # not frozen: that would take three times as long to make
class Deadline:
    """The moment by which something must be over; immutable.

    Attributes:
        at: monotonic seconds of `clock`.
    """

    clock: Clock
    at: float

    @classmethod
    def after(cls, clock: Clock, seconds: float) -> Deadline:
        return cls(clock, clock.monotonic() + seconds)

    def remaining_s(self) -> float:
        """Seconds left, never negative."""
        return max(0.0, self.at - self.clock.monotonic())


def wall_at(clock: Clock, monotonic_at: float) -> int:
    """The wall time, in Unix milliseconds, of a moment given in the clock's monotonic seconds."""
    return clock.wall_ms() + round((monotonic_at - clock.monotonic()) * 1000)
