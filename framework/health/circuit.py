"""The circuit per source and per (source, capability): counts, window, latch and probe lease."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from enum import StrEnum

from coinmux.framework.health.cooldown import Cooldown

#: Weight of the newest success in the smoothed response time.
_NEWEST = 0.2
#: So many attempts in a row that were cut short rank a source after others, for so many seconds.
LATE_AFTER = 2
LATE_S = 60.0
#: Any growth above 1 exceeds every sensible maximum delay by then; more would overflow.
_LAST_GROWTH = 64


class State(StrEnum):
    """The five states of a source; `docs/health.md` says how they change."""

    HEALTHY = "HEALTHY"
    DEGRADED = "DEGRADED"
    OFFLINE = "OFFLINE"
    UNKNOWN = "UNKNOWN"
    DISABLED = "DISABLED"


@dataclass(frozen=True, slots=True)
class HealthSettings:
    """The numbers of the state machine.

    Attributes:
        offline_after: counted failures in a row that open the circuit.
        retry_s: retry delay of a source that went OFFLINE.
        growth: factor of the retry delay with each failed probe; 1 keeps it constant.
        max_retry_s: the longest retry delay.
        window: how many counted results the success rate is taken from.
        window_age_s: older results are dropped.
        denied_probe_s: a refused key is tried once per this time.
        lease_grace_s: a probe's lease ends this long after its deadline at the latest.
    """

    offline_after: int = 3
    retry_s: float = 300.0
    growth: float = 1.0
    max_retry_s: float = 3_600.0
    window: int = 100
    window_age_s: float = 3_600.0
    denied_probe_s: float = 3_600.0
    lease_grace_s: float = 1.0


class ResultWindow:
    """The newest counted results, with a running number of successes."""

    __slots__ = ("_age_s", "_entries", "_most", "_successes", "expires_at", "is_good")

    def __init__(self, most: int, age_s: float) -> None:
        self._most = most
        self._age_s = age_s
        self._entries: deque[tuple[float, float]] = deque()
        self._successes = 0
        #: Past this moment the oldest entry is too old; infinite while there is none.
        self.expires_at = math.inf
        #: Whether at least half succeeded; an empty window counts as all.
        self.is_good = True

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, entry: tuple[float, float], *, success: bool) -> None:
        """Append `(monotonic seconds, response time or -1 for a failure)`."""
        entries = self._entries
        entries.append(entry)
        if success:
            self._successes += 1
        if len(entries) > self._most and entries.popleft()[1] >= 0:
            self._successes -= 1
        self.expires_at = entries[0][0] + self._age_s
        self.is_good = 2 * self._successes >= len(entries)

    def expire(self, now: float) -> None:
        """Drop what is too old."""
        entries, oldest = self._entries, now - self._age_s
        while entries and entries[0][0] < oldest:
            if entries.popleft()[1] >= 0:
                self._successes -= 1
        self.expires_at = entries[0][0] + self._age_s if entries else math.inf
        self.is_good = 2 * self._successes >= len(entries)

    def clear(self) -> None:
        self._entries.clear()
        self._successes = 0
        self.expires_at = math.inf
        self.is_good = True

    @property
    def rate(self) -> float | None:
        """Share of successes, None where there is nothing to take it from."""
        return self._successes / len(self._entries) if self._entries else None

    def times_s(self) -> list[float]:
        """Response times of the successes, shortest first."""
        return sorted(elapsed for _, elapsed in self._entries if elapsed >= 0)


class Circuit:
    """One set of the state machine.

    Attributes:
        state: as it was last settled and announced.
        counted: whether there was a counted result since start, reset or reload.
        epoch: rises on OFFLINE, at each probe start, on reset and on reload.
        retry_at: monotonic seconds from which one probe may be made; meaningful while OFFLINE.
        failed_probes: in a row.
        lease_ends_at: a probe holds the lease until then at the latest; minus infinity for none.
        successes, failures: over the whole life, late results included.
        latency_s: smoothed response time of successes.
        hold: its cooldown.
        cut_short: attempts in a row that were ended before it answered, with time enough.
        cut_short_at: monotonic seconds of the last of them.
    """

    __slots__ = (
        "consecutive", "counted", "cut_short", "cut_short_at", "epoch", "failed_probes", "failures",
        "hold", "last_failure_at", "last_success_at", "latency_s", "lease_ends_at", "recoveries",
        "retry_at", "state", "successes", "window",
    )  # fmt: skip

    def __init__(self, settings: HealthSettings) -> None:
        self.state = State.UNKNOWN
        self.counted = False
        self.consecutive = 0
        self.epoch = 0
        self.retry_at = -math.inf
        self.failed_probes = 0
        self.lease_ends_at = -math.inf
        self.recoveries = 0
        self.successes = 0
        self.failures = 0
        self.window = ResultWindow(settings.window, settings.window_age_s)
        self.latency_s: float | None = None
        self.hold = Cooldown()
        self.cut_short = 0
        self.cut_short_at = -math.inf
        self.last_success_at: float | None = None
        self.last_failure_at: float | None = None

    def judge(self, offline_after: int) -> State:
        """The first line that fits, DISABLED apart."""
        if self.consecutive >= offline_after:
            return State.OFFLINE
        if not self.counted:
            return State.UNKNOWN
        if self.consecutive or not self.window.is_good:
            return State.DEGRADED
        return State.HEALTHY

    def succeed(self, now: float, entry: tuple[float, float]) -> None:
        """Count a success; one that another worker had before the last failure ends no run."""
        self.counted = True
        failed_at, answered_at = self.last_failure_at, self.last_success_at
        if failed_at is None or now >= failed_at:
            self.consecutive = 0
        self.cut_short = 0
        self.window.add(entry, success=True)
        if answered_at is None or now > answered_at:
            self.last_success_at = now
        old = self.latency_s
        self.latency_s = entry[1] if old is None else old + _NEWEST * (entry[1] - old)

    def fail(self, now: float, settings: HealthSettings, *, probe: bool) -> None:
        """Count a failure.

        A failed probe is not added to the window, so that a long outage does not outweigh the first
        successes after it. A failure that another worker had before the last success begins no run.
        """
        was_offline = self.consecutive >= settings.offline_after
        self.counted = True
        if not probe:
            self.window.add((now, -1.0), success=False)
        if self.last_success_at is not None and now < self.last_success_at:
            return
        self.consecutive += 1
        if self.last_failure_at is None or now > self.last_failure_at:
            self.last_failure_at = now
        if was_offline:
            self.failed_probes += 1
            grown = settings.retry_s * settings.growth ** min(self.failed_probes, _LAST_GROWTH)
            self._rest(now + min(grown, settings.max_retry_s))
        elif self.consecutive >= settings.offline_after:
            self.failed_probes = 0
            self._rest(now + settings.retry_s)

    def _rest(self, until: float) -> None:
        self.retry_at = until
        self.epoch += 1

    def end_early(self, now: float) -> None:
        """An attempt was ended before the source answered, though it had its usual time."""
        self.cut_short += 1
        self.cut_short_at = now

    def is_late(self, now: float) -> bool:
        """Whether it kept several callers waiting in vain, and none has been answered since."""
        return self.cut_short >= LATE_AFTER and now - self.cut_short_at < LATE_S

    def begin_epoch(self) -> None:
        """Make the results of calls in flight obsolete, a probe included."""
        self.epoch += 1
        self.lease_ends_at = -math.inf

    def recover(self) -> None:
        """A probe was answered: the latch opens."""
        self.consecutive = 0
        self.failed_probes = 0
        self.recoveries += 1

    def restart(self) -> None:
        """Forget results and latch; totals stay."""
        self.begin_epoch()
        self.counted = False
        self.consecutive = 0
        self.failed_probes = 0
        self.window.clear()
