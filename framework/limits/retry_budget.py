"""Limits alternatives and hedges, which failures and slowness cause, to a share of all requests.

When many sources fail at once, each request would cause several more; the budget limits that
extra load (Google SRE book, "Handling Overload": retry budgets).
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coinmux.framework.clock import Clock

_WINDOW_S = 10.0
#: Second and later alternatives: a share of the window's requests, plus so many a second.
_SHARE = 0.2
_FREE_PER_S = 3.0
#: Hedges are at most this share of requests; so many may be saved up.
_HEDGE_SHARE = 0.05
_HEDGES_SAVED = 10.0


class AlternativeBudget:
    """Second and later alternatives of the last ten seconds, against the requests of those.

    The first alternative of a request is always allowed and not counted here.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        #: Per second: its number, requests, alternatives.
        self._seconds: deque[list[int]] = deque()

    def asked(self, now: float) -> None:
        """One request began."""
        seconds = self._seconds
        if seconds and seconds[-1][0] == int(now):
            seconds[-1][1] += 1
        else:
            self._second(now)[1] += 1

    def take(self) -> bool:
        """Whether one more alternative may be tried; it is counted then."""
        second = self._second(self._clock.monotonic())
        requests = sum(one[1] for one in self._seconds)
        used = sum(one[2] for one in self._seconds)
        if used + 1 > _SHARE * requests + _FREE_PER_S * _WINDOW_S:
            return False
        second[2] += 1
        return True

    def _second(self, at: float) -> list[int]:
        now = int(at)
        while self._seconds and now - self._seconds[0][0] >= _WINDOW_S:
            self._seconds.popleft()
        if not self._seconds or self._seconds[-1][0] < now:
            self._seconds.append([now, 0, 0])
        return self._seconds[-1]


class HedgeBudget:
    """Hedges, saved up by requests and spent one by one."""

    def __init__(self) -> None:
        self._saved = 1.0

    def asked(self) -> None:
        """One request began."""
        self._saved = min(_HEDGES_SAVED, self._saved + _HEDGE_SHARE)

    def take(self) -> bool:
        """Whether one may be spent; if so, it is."""
        if self._saved < 1:
            return False
        self._saved -= 1
        return True
