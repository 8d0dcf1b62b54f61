"""Virtual time: processes that wait, in the order of their moments."""

from __future__ import annotations

import heapq
from collections.abc import Generator
from itertools import count

#: A process yields the seconds it waits.
Process = Generator[float, None, None]


class VirtualClock:
    """A clock that the simulation moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def wall_ms(self) -> int:
        return 1_764_000_000_000 + round(self.now * 1000)


class Simulation:
    """Processes on one clock."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self._due: list[tuple[float, int, Process]] = []
        self._order = count()

    def begin(self, process: Process, after_s: float = 0.0) -> None:
        heapq.heappush(self._due, (self.clock.now + after_s, next(self._order), process))

    def run(self, until_s: float) -> None:
        while self._due and self._due[0][0] <= until_s:
            self.clock.now, _, process = heapq.heappop(self._due)
            try:
                wait_s = next(process)
            except StopIteration:
                continue
            self.begin(process, wait_s)
        self.clock.now = until_s
