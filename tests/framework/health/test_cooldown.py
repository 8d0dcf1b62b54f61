"""Being told to wait: how long, whose word counts, and what it leaves alone."""

from __future__ import annotations

from random import Random

import pytest

from coinmux.framework.errors import Outcome
from coinmux.framework.health.tracker import HealthTracker, State
from coinmux.framework.testing.clock import FakeClock

NOW = 1_000.0


class Middle(Random):
    """Spreads nothing."""

    def uniform(self, a: float, b: float) -> float:
        return (a + b) / 2


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


@pytest.fixture
def tracker(clock: FakeClock) -> HealthTracker:
    tracker = HealthTracker(clock, rng=Middle())
    tracker.register("acme", ["ticker", "candles"])
    return tracker


def told(tracker: HealthTracker, code: str, retry_after_s: float | None = None, lease=None) -> None:
    lease = lease or tracker.begin("acme", "ticker", 4)
    tracker.record(lease, Outcome.HOLD, elapsed_s=0.1, code=code, retry_after_s=retry_after_s)


def held_s(tracker: HealthTracker, clock: FakeClock) -> float:
    until = tracker.standing("acme", "candles").hold_until
    return 0.0 if until is None else until - clock.monotonic()


@pytest.mark.parametrize(
    ("code", "retry_after_s", "seconds"),
    [
        pytest.param("upstream_rate_limited", 7, 7, id="B12-7"),
        pytest.param("upstream_rate_limited", 0, 1, id="B12-0"),
        pytest.param("upstream_rate_limited", None, 30, id="B12-none"),
        pytest.param("upstream_rate_limited", -5, 30, id="B12-negative"),
        pytest.param("upstream_rate_limited", 1e9, 3600, id="B12-1e9"),
        pytest.param("upstream_rate_limited", float("inf"), 30, id="B12-infinite"),
        pytest.param("upstream_rate_limited", float("nan"), 30, id="B12-nan"),
        pytest.param("upstream_banned", None, 120, id="B14-none"),
        pytest.param("upstream_banned", 5, 120, id="B14-short"),
        pytest.param("upstream_banned", 7200, 7200, id="B14-told"),
        pytest.param("upstream_banned", 1e9, 259_200, id="B14-long"),
        pytest.param("upstream_geo_blocked", None, 21_600, id="B15-none"),
        pytest.param("upstream_geo_blocked", 5, 21_600, id="B15-told"),
        pytest.param("upstream_quota_exhausted", None, 3600, id="B10-none"),
        pytest.param("upstream_quota_exhausted", 86_400, 86_400, id="B10-reset"),
    ],
)
def test_how_long(tracker, clock, code, retry_after_s, seconds) -> None:
    """The source's word within bounds, else our own."""
    told(tracker, code, retry_after_s)
    assert held_s(tracker, clock) == seconds


def test_a_plan_holds_one_capability(tracker, clock) -> None:
    """What the plan lacks is left alone for an hour; the rest of the source is asked as before."""
    told(tracker, "upstream_plan_restricted", None)
    assert tracker.standing("acme", "ticker").reason == "held"
    assert tracker.begin("acme", "ticker", 4) is None
    assert tracker.standing("acme", "candles").eligible
    snapshot = tracker.snapshot("acme")
    assert snapshot.hold_until is None
    held = {one.name: one.hold_reason for one in snapshot.capabilities}
    assert held == {"ticker": "upstream_plan_restricted", "candles": None}
    clock.advance(3_600)
    assert tracker.standing("acme", "ticker").eligible
    told(tracker, "upstream_plan_restricted", None)
    tracker.reset("acme")
    assert tracker.standing("acme", "ticker").eligible


def test_not_counted(tracker, clock) -> None:
    """A hold leaves the state alone, is shown beside it and ends by itself."""
    told(tracker, "upstream_rate_limited", 7)
    standing = tracker.standing("acme", "ticker")
    assert (standing.state, standing.eligible, standing.reason) == ("UNKNOWN", False, "held")
    assert tracker.begin("acme", "candles", 4) is None
    snapshot = tracker.snapshot("acme")
    assert (snapshot.failures, snapshot.hold_reason) == (0, "upstream_rate_limited")
    clock.advance(7)
    assert tracker.standing("acme", "ticker").eligible
    assert tracker.snapshot("acme").hold_until is None


def test_untold_waits_double(tracker, clock) -> None:
    """30 s x 2^k up to 15 min; back to 30 s after a success."""
    seen = []
    for _ in range(7):
        told(tracker, "upstream_rate_limited")
        seen.append(held_s(tracker, clock))
        clock.advance(seen[-1])
    assert seen == [30, 60, 120, 240, 480, 900, 900]
    tracker.record(tracker.begin("acme", "ticker", 4), Outcome.SUCCESS, elapsed_s=0.1)
    told(tracker, "upstream_rate_limited")
    assert held_s(tracker, clock) == 30


def test_untold_waits_are_spread(clock) -> None:
    """By a fifth either way, so that many instances do not return together."""
    seen = set()
    for seed in range(200):
        tracker = HealthTracker(clock, rng=Random(seed))
        tracker.register("acme", ["ticker", "candles"])
        told(tracker, "upstream_rate_limited")
        seen.add(held_s(tracker, clock))
    assert len(seen) > 100
    assert min(seen) >= 24
    assert max(seen) <= 36


def test_refused_together_is_one_refusal(tracker, clock) -> None:
    """Eight parallel refusals without a time do not double the wait eight times."""
    leases = [tracker.begin("acme", "ticker", 4) for _ in range(8)]
    for lease in leases:
        told(tracker, "upstream_rate_limited", lease=lease)
    assert held_s(tracker, clock) == 30


@pytest.mark.parametrize("order", [(1, 60), (60, 1)])
def test_b13_longest_of_parallel(tracker, clock, order) -> None:
    """A new hold never shortens an old one, in whichever order they arrive."""
    leases = [tracker.begin("acme", "ticker", 4) for _ in range(8)]
    for seconds, lease in zip((order[0], *[order[1]] * 7), leases, strict=True):
        told(tracker, "upstream_rate_limited", seconds, lease)
    assert held_s(tracker, clock) == 60


def test_success_does_not_end_a_hold(tracker, clock) -> None:
    """A call that was let through before the refusal proves nothing."""
    lease = tracker.begin("acme", "ticker", 4)
    told(tracker, "upstream_rate_limited", 60)
    tracker.record(lease, Outcome.SUCCESS, elapsed_s=0.1)
    assert held_s(tracker, clock) == 60


@pytest.mark.parametrize(("retry_after_s", "seconds"), [(None, 0), (20, 20), (1e9, 3600), (-1, 0)])
def test_b16_failure_with_a_wait(tracker, clock, retry_after_s, seconds) -> None:
    """503 with `Retry-After` is a failure and a hold; without, a failure."""
    lease = tracker.begin("acme", "ticker", 4)
    tracker.record(
        lease, Outcome.FAILURE, elapsed_s=0.1, code="upstream_status", retry_after_s=retry_after_s
    )
    assert tracker.snapshot("acme").consecutive_failures == 1
    assert held_s(tracker, clock) == seconds


def test_hold_beyond_retry_at(tracker, clock) -> None:
    """A source that is OFFLINE and held is probed when both are over."""
    for _ in range(2):
        tracker.record(tracker.begin("acme", "ticker", 4), Outcome.FAILURE, elapsed_s=0.1)
    lease = tracker.begin("acme", "ticker", 4)
    tracker.record(lease, Outcome.FAILURE, elapsed_s=0.1, retry_after_s=400)
    clock.advance(300)
    standing = tracker.standing("acme", "ticker")
    assert (standing.state, standing.probe, standing.reason) == (State.OFFLINE, False, "held")
    assert standing.hold_until == NOW + 400
    assert tracker.begin("acme", "ticker", 4) is None
    clock.advance(100)
    assert tracker.begin("acme", "ticker", 4).probe


def test_hold_on_a_probe(tracker, clock) -> None:
    """The lease is returned, `hold_until` moves, nothing else does."""
    for _ in range(3):
        tracker.record(tracker.begin("acme", "ticker", 4), Outcome.FAILURE, elapsed_s=0.1)
    clock.advance(300)
    told(tracker, "upstream_rate_limited", 60)
    snapshot = tracker.snapshot("acme")
    assert (snapshot.state, snapshot.consecutive_failures) == (State.OFFLINE, 3)
    assert snapshot.retry_at == NOW + 300
    clock.advance(60)
    assert tracker.begin("acme", "ticker", 4).probe


def test_durable_holds(tracker, clock) -> None:
    """Bans and quotas survive a restart; a rate limit does not."""
    tracker.register("other", ["ticker"])
    lease = tracker.begin("other", "ticker", 4)
    tracker.record(lease, Outcome.HOLD, elapsed_s=0, code="upstream_rate_limited")
    told(tracker, "upstream_banned", 7200)
    kept = tracker.durable_holds()
    assert kept == [("acme", NOW + 7200, "upstream_banned", "upstream_banned")]
    later = HealthTracker(clock)
    later.register("acme", ["ticker", "candles"])
    for source, until, code, reason in kept:
        later.restore_hold(source, until - NOW, code, reason)
    assert held_s(later, clock) == 7200
    clock.advance(7200)
    assert later.durable_holds() == []
