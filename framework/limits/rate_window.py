"""Our own limits for one source: weight per window of time, and calls at once. Pure."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from coinmux.framework.plugins.rate_limit import RateLimit

#: Uses closer together than this share of a window are stored as one, so that memory is bounded.
_SLICES = 64


class RateWindow:
    """At most `requests` units of weight in any `per_s` seconds.

    A sliding window and no token bucket: a full bucket that refills while it is emptied lets twice
    the limit through in its first window, which is what the source would answer with 429.

    Args:
        requests: units of weight.
        per_s: length of the window.

    Attributes:
        limit: units of weight for all workers together.
        requests: those of them that this worker may take.
    """

    __slots__ = ("_slice_s", "_used", "_uses", "limit", "per_s", "requests")

    def __init__(self, requests: float, per_s: float) -> None:
        self.limit = self.requests = requests
        self.per_s = per_s
        self._slice_s = per_s / _SLICES
        #: `[first use, last use, weight]` of each slice, oldest first.
        self._uses: deque[list[float]] = deque()
        self._used = 0.0

    def used(self, now: float) -> float:
        """Weight taken in the last `per_s` seconds."""
        uses = self._uses
        while uses and uses[0][1] + self.per_s <= now:
            self._used -= uses.popleft()[2]
        if not uses:
            self._used = 0.0
        return self._used

    def used_in(self, last_s: float, now: float) -> float:
        """Weight taken in the last `last_s` seconds, to the nearest slice."""
        total = 0.0
        for _, last, weight in reversed(self._uses):
            if last + last_s <= now:
                break
            total += weight
        return total

    def uses(self, now: float) -> list[tuple[float, float, float]]:
        """First use, last use and weight of each slice that still counts, oldest first."""
        self.used(now)
        return [(first, last, weight) for first, last, weight in self._uses]

    def restore(self, uses: Iterable[tuple[float, float, float]], now: float) -> None:
        """Count earlier uses, as `uses` returned them; those that have expired are left out."""
        before = [
            [first, last, weight]
            for first, last, weight in uses
            if weight > 0 and first <= last <= now < last + self.per_s
        ]
        self._uses = deque(sorted([*before, *self._uses], key=lambda one: one[1]))
        self._used = sum(one[2] for one in self._uses)

    def replace(self, uses: Iterable[tuple[float, float, float]], now: float) -> None:
        """Count these uses in place of our own: those of all workers together."""
        self._uses.clear()
        self.restore(uses, now)

    def scale(self, share: float) -> None:
        """Reduce the limit and its use to a share of both."""
        self.requests = self.limit * share
        self._multiply(share)

    def follow(self, used: float, now: float) -> None:
        """Replace our own count by the use of all workers together."""
        known = self.used(now)
        if used > known:
            self.take(used - known, now)
        elif used < known:
            self._multiply(used / known)

    def _multiply(self, factor: float) -> None:
        for one in self._uses:
            one[2] *= factor
        self._used *= factor

    def wait_s(self, weight: float, now: float) -> float:
        """Seconds until `weight` may be taken: 0 for now, infinite where it exceeds the window."""
        excess = self.used(now) + weight - self.requests
        if excess <= 0:
            return 0.0
        for _, last, slice_weight in self._uses:
            excess -= slice_weight
            if excess <= 0:
                return last + self.per_s - now
        return math.inf

    def take(self, weight: float, now: float) -> None:
        """Count `weight` as used now, whether or not it was allowed."""
        uses = self._uses
        self._used += weight
        if uses and now - uses[-1][0] < self._slice_s:
            uses[-1][1] = now
            uses[-1][2] += weight
        else:
            uses.append([now, now, weight])


class Limits:
    """Several windows that all apply."""

    __slots__ = ("windows",)

    def __init__(self, limits: Iterable[RateLimit] = ()) -> None:
        self.windows = tuple(RateWindow(limit.requests, limit.per_s) for limit in limits)

    def wait_s(self, weight: float, now: float) -> float:
        """Seconds until every window allows `weight`: 0 for now, infinite where one never will."""
        longest = 0.0
        for window in self.windows:
            wait = window.wait_s(weight, now)
            longest = max(longest, wait)
        return longest

    def take(self, weight: float, now: float) -> bool:
        """Take `weight` from every window, or from none and return False."""
        for window in self.windows:
            if window.used(now) + weight > window.requests:
                return False
        for window in self.windows:
            window.take(weight, now)
        return True

    def observe_used(self, per_s: float, used: float, now: float) -> None:
        """Record the use that the source reports for its window of `per_s` seconds.

        The source also counts callers we cannot see: others behind our address, or this process
        before a restart. A lower count than our own is ignored: its window may have just restarted.
        """
        for window in self.windows:
            if window.per_s == per_s and used > (known := window.used(now)) and used < math.inf:
                window.take(used - known, now)

    def observe_remaining(self, per_s: float, remaining: float, now: float) -> None:
        """Record the remainder that the source reports; else as `observe_used`."""
        for window in self.windows:
            if window.per_s == per_s:
                self.observe_used(per_s, window.limit - remaining, now)

    def tightest(self, weight: float, now: float) -> RateWindow | None:
        """The window that makes `weight` wait longest, None if none does."""
        full = [window for window in self.windows if window.wait_s(weight, now) > 0]
        return max(full, key=lambda window: window.wait_s(weight, now), default=None)

    def snapshot(self, now: float) -> list[dict[str, Any]]:
        """Each window's limit and use."""
        return [
            {"requests": window.limit, "per_s": window.per_s, "used": round(window.used(now), 3)}
            for window in self.windows
        ]


class Bulkhead:
    """At most so many calls at once."""

    __slots__ = ("in_flight", "most")

    def __init__(self, most: int) -> None:
        self.most = most
        self.in_flight = 0

    @property
    def is_full(self) -> bool:
        """Whether no slot is free."""
        return self.in_flight >= self.most

    def take(self) -> bool:
        """Take a slot, or return False."""
        if self.in_flight >= self.most:
            return False
        self.in_flight += 1
        return True

    def give_back(self) -> None:
        """Free a slot.

        Raises:
            RuntimeError: none was taken.
        """
        if self.in_flight == 0:
            raise RuntimeError("a slot was given back that had not been taken")
        self.in_flight -= 1
