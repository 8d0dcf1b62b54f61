"""When the shared store was away, by our own doing: workers cannot agree then, by design."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from coinmux.framework.cluster.store import pause_after

if TYPE_CHECKING:
    from collections.abc import Iterator

#: So much later every worker has reached it, and one of them holds each feed: a lease and a beat.
_AGREED_S = 5.0


class StoreAway:
    """The stretches in which it was away, and those in which workers still thought so."""

    def __init__(self) -> None:
        self._stretches: list[list[float]] = []
        self._pause_s = 0.0
        self._reached_at = self._back_at = time.monotonic()

    @contextmanager
    def away(self) -> Iterator[None]:
        """It is away within this block."""
        now = time.monotonic()
        self._pause_s = pause_after(now - self._reached_at, self._pause_s)
        stretch = [now, float("inf")]
        self._back_at = float("inf")
        self._stretches.append(stretch)
        try:
            yield
        finally:
            # A worker that notices only at the end waits from then on.
            self._back_at = time.monotonic()
            self._reached_at = self._back_at + self._pause_s
            stretch[1] = self._reached_at + _AGREED_S

    def was_away(self, since: float, until: float | None = None) -> bool:
        """Whether it was away for any worker at any time from then until now."""
        end = time.monotonic() if until is None else until
        return any(begun <= end and over >= since for begun, over in self._stretches)

    @property
    def is_sound(self) -> bool:
        """Whether every worker has it."""
        return not self.was_away(time.monotonic())

    @property
    def there_s(self) -> float:
        """For how many seconds it has been there, for a worker that begins; 0 while it is not."""
        return max(0.0, time.monotonic() - self._back_at)

    @property
    def total_s(self) -> float:
        """For how many seconds it was away for any worker."""
        now, total, reached = time.monotonic(), 0.0, 0.0
        for begun, over in self._stretches:
            total += max(0.0, min(over, now) - max(begun, reached))
            reached = max(reached, over)
        return total
