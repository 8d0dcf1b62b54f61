"""How long requests took, in classes: small, quick to add to, and to be added together."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from itertools import accumulate

import numpy as np

_FIRST_MS, _GROWTH, _CLASSES = 0.05, 1.15, 104
#: Upper bounds in ms, from 50 microseconds to a minute and a half; each 15 % above the one before.
BOUNDS_MS = tuple(_FIRST_MS * _GROWTH**at for at in range(_CLASSES))


class LatencyHistogram:
    """Latencies by class; a percentile is right to some 7 %."""

    __slots__ = ("_counts", "total")

    def __init__(self) -> None:
        self._counts = array("I", bytes(array("I").itemsize * (_CLASSES + 1)))
        self.total = 0

    def add(self, elapsed_ms: float) -> None:
        """Count one."""
        self._counts[bisect_left(BOUNDS_MS, elapsed_ms)] += 1
        self.total += 1

    def merge(self, other: LatencyHistogram) -> None:
        """Add the counts of another."""
        for place, count in enumerate(other._counts):
            if count:
                self._counts[place] += count
        self.total += other.total

    def tell(self) -> tuple[bytes, bytes]:
        """The classes with a count (`uint8`) and their counts (`uint32`), for other workers."""
        counts = np.frombuffer(self._counts, np.dtype("I"))
        places = np.flatnonzero(counts)
        return places.astype(np.uint8).tobytes(), counts[places].astype(np.uint32).tobytes()

    def absorb(self, told: tuple[bytes, bytes]) -> None:
        """Add the counts that another worker told."""
        counts = np.frombuffer(told[1], np.uint32)
        np.frombuffer(self._counts, np.dtype("I"))[np.frombuffer(told[0], np.uint8)] += counts
        self.total += int(counts.sum())

    def percentiles(self, *wanted: int) -> list[float | None]:
        """Latencies in ms below which so many percent lie; None where there are none."""
        if not self.total:
            return [None] * len(wanted)
        below = list(accumulate(self._counts))
        return [self._middle(bisect_left(below, self.total * share / 100)) for share in wanted]

    def _middle(self, place: int) -> float:
        """The geometric middle of a class, with three digits that mean something."""
        top = BOUNDS_MS[min(place, _CLASSES - 1)]
        return float(f"{top / _GROWTH**0.5:.3g}")
