"""Counts by the second and latencies of one series of requests or calls, in bounded memory."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from typing import TYPE_CHECKING

import msgspec
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Seconds stored of each series. Rates cover the last minute, error rates the whole window.
_WINDOW_S = 900
_MINUTE = 60
#: Latencies stored of each series: the newest ones, whatever their age within the window.
_SAMPLES = 512
#: Of those, how many are told to other workers.
_TOLD = 256
#: Upper bounds of the latency buckets, in ms. Cached answers take some tenths of a millisecond,
#: sources take tens to thousands of milliseconds.
BOUNDS_MS = (0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000)


class Exemplar(msgspec.Struct, frozen=True, array_like=True):
    """One request that stands for a bucket.

    Attributes:
        request_id: by which its decision is found.
        elapsed_ms: how long it, or its call, took.
        at_ms: when it ended, Unix ms.
    """

    request_id: str
    elapsed_ms: float
    at_ms: int


class SeriesTold(msgspec.Struct, frozen=True, array_like=True):
    """A series as one worker tells it to the others: its seconds with a count, and latencies.

    Attributes:
        places: of those seconds, as `RollingSeries` stores them (`uint16`).
        counts: as many (`uint32`).
        errors: as many (`float32`).
        latencies: in ms (`float32`).
        seen: counted since the start.
        last: the newest second.
    """

    places: bytes
    counts: bytes
    errors: bytes
    latencies: bytes
    seen: int
    last: int
    last_ms: int | None


class TotalsTold(msgspec.Struct, frozen=True, array_like=True):
    """Totals as one worker tells them to the others; names as in `Totals`."""

    series: SeriesTold
    errors: int
    elapsed_ms: float
    buckets: list[int]
    statuses: list[int]
    exemplars: dict[int, Exemplar]


def bucket_of(elapsed_ms: float) -> int:
    """The place in `Totals.buckets` of that latency."""
    return bisect_left(BOUNDS_MS, elapsed_ms)


class RollingSeries:
    """Counts by the second over 15 minutes, and the newest latencies.

    Attributes:
        last_ms: when the last one ended, Unix ms; None before the first.
    """

    __slots__ = ("_counts", "_errors", "_last", "_latencies", "_seen", "_told", "last_ms")

    def __init__(self) -> None:
        self._counts = array("L", bytes(array("L").itemsize * _WINDOW_S))
        self._errors = array("d", bytes(8 * _WINDOW_S))
        self._latencies = array("d", bytes(8 * _SAMPLES))
        self._seen = 0
        self._last = 0
        self._told: SeriesTold | None = None
        self.last_ms: int | None = None

    def add(self, at_ms: int, elapsed_ms: float, *, failed: float) -> None:
        """Count one that ended then.

        Args:
            failed: 1 where it failed; of several parts, the share that did.
        """
        self.last_ms = at_ms
        second = at_ms // 1000
        if second != self._last:
            self._move_to(second)
        place = second % _WINDOW_S
        self._counts[place] += 1
        if failed:
            self._errors[place] += failed
        self._latencies[self._seen % _SAMPLES] = elapsed_ms
        self._seen += 1

    def _move_to(self, second: int) -> None:
        """Empty the seconds that passed since the last count."""
        for passed in range(max(self._last + 1, second - _WINDOW_S + 1), second + 1):
            self._counts[passed % _WINDOW_S] = 0
            self._errors[passed % _WINDOW_S] = 0
        self._last = max(self._last, second)

    @property
    def total(self) -> int:
        """Counted since the start."""
        return self._seen

    def per_min(self, second: int) -> int:
        """Counted in the last 60 seconds."""
        self._move_to(second)
        return sum(self._counts[(second - back) % _WINDOW_S] for back in range(_MINUTE))

    def errors_per_min(self, second: int) -> int:
        """Errors counted in the last 60 seconds."""
        return round(self._errors_of_minute(second))

    def failed_share(self, second: int) -> float | None:
        """Share of errors over the last 60 seconds, 0 to 1; None where there was nothing."""
        count = self.per_min(second)
        return round(self._errors_of_minute(second) / count, 4) if count else None

    def _errors_of_minute(self, second: int) -> float:
        self._move_to(second)
        return sum(self._errors[(second - back) % _WINDOW_S] for back in range(_MINUTE))

    def in_window(self, second: int) -> int:
        """Counted in the last 15 minutes."""
        self._move_to(second)
        return sum(self._counts)

    def error_rate(self, second: int) -> float:
        """Share of errors over the last 15 minutes, 0 to 1; 0 where there was nothing."""
        self._move_to(second)
        count = sum(self._counts)
        return round(sum(self._errors) / count, 4) if count else 0.0

    def percentiles(self, *wanted: int) -> list[float | None]:
        """Latencies in ms below which so many percent of the newest lie; None before the first."""
        stored = sorted(self._latencies[: min(self._seen, len(self._latencies))])
        if not stored:
            return [None] * len(wanted)
        last = len(stored) - 1
        return [round(stored[min(last, len(stored) * percent // 100)], 3) for percent in wanted]

    def tell(self) -> SeriesTold:
        """The series for other workers; the same as before while nothing was counted."""
        told = self._told
        if told is None or told.seen != self._seen:
            counts = np.frombuffer(self._counts, np.dtype("L"))
            places = np.flatnonzero(counts)
            newest = np.frombuffer(self._latencies, np.float64)[: min(self._seen, _SAMPLES)]
            if self._seen > _SAMPLES:
                newest = np.roll(newest, -(self._seen % _SAMPLES))
            told = self._told = SeriesTold(
                places=places.astype(np.uint16).tobytes(),
                counts=counts[places].astype(np.uint32).tobytes(),
                errors=_floats(self._errors)[places].astype(np.float32).tobytes(),
                latencies=newest[-_TOLD:].astype(np.float32).tobytes(),
                seen=self._seen,
                last=self._last,
                last_ms=self.last_ms,
            )
        return told

    def absorb(self, told: SeriesTold, second: int) -> None:
        """Add the series of another worker, as it is at `second`; nothing may be added after."""
        stored = self._latencies[: min(self._seen, len(self._latencies))]
        if told.last > second - _WINDOW_S:
            # What ended longer ago says nothing of how long answers take now.
            stored.frombytes(np.frombuffer(told.latencies, np.float32).astype(np.float64).tobytes())
        self._latencies = stored
        newest = max(second, told.last)
        if self._last:
            self._move_to(newest)
        else:
            # Nothing was counted here: there is nothing to empty.
            self._last = newest
        places = np.frombuffer(told.places, np.uint16).astype(np.int64)
        seconds = told.last - (told.last - places) % _WINDOW_S
        known = seconds > self._last - _WINDOW_S
        at = places[known]
        np.frombuffer(self._counts, np.dtype("L"))[at] += np.frombuffer(told.counts, np.uint32)[
            known
        ]
        _floats(self._errors)[at] += np.frombuffer(told.errors, np.float32)[known]
        self._seen += told.seen
        self.last_ms = max(filter(None, (self.last_ms, told.last_ms)), default=None)


class Totals(RollingSeries):
    """A series with totals since the start, for collectors that compute rates themselves.

    Attributes:
        errors: how many.
        elapsed_ms: of all together.
        buckets: how many took at most as long as each of `BOUNDS_MS` and longer than the one
            before; last, how many took longer than all.
        statuses: how many by class of status: none, 100 to 199, and so on.
        exemplars: the newest request of each bucket, by its place; of calls alone, those of routes
            are found when somebody looks (`exemplars`).
    """

    __slots__ = ("buckets", "elapsed_ms", "errors", "exemplars", "statuses")

    def __init__(self) -> None:
        super().__init__()
        self.errors = 0
        self.elapsed_ms = 0.0
        self.buckets = [0] * (len(BOUNDS_MS) + 1)
        self.statuses = [0] * 6
        self.exemplars: dict[int, Exemplar] = {}

    def count(self, at_ms: int, elapsed_ms: float, *, failed: float) -> None:
        """As `add`, and also added to the totals since the start."""
        self.add(at_ms, elapsed_ms, failed=failed)
        self.errors += failed == 1
        self.elapsed_ms += elapsed_ms
        self.buckets[bisect_left(BOUNDS_MS, elapsed_ms)] += 1

    def tell_totals(self) -> TotalsTold:
        """The totals for other workers."""
        return TotalsTold(
            series=self.tell(),
            errors=self.errors,
            elapsed_ms=self.elapsed_ms,
            buckets=list(self.buckets),
            statuses=list(self.statuses),
            exemplars=dict(self.exemplars),
        )

    def absorb_totals(self, told: TotalsTold, second: int) -> None:
        """Add the totals of another worker, as `absorb`."""
        self.absorb(told.series, second)
        self.errors += told.errors
        self.elapsed_ms += told.elapsed_ms
        self.buckets = [sum(pair) for pair in zip(self.buckets, told.buckets, strict=True)]
        self.statuses = [sum(pair) for pair in zip(self.statuses, told.statuses, strict=True)]
        for place, one in told.exemplars.items():
            known = self.exemplars.get(place)
            if known is None or known.at_ms < one.at_ms:
                self.exemplars[place] = one


def _floats(values: array[float]) -> NDArray[np.float64]:
    return np.frombuffer(values, np.float64)
