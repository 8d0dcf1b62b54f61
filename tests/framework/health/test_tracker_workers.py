"""Two workers: what is out of date for one changes nothing for the other."""

import pytest

from coinmux import Outcome
from coinmux.framework.health.tracker import HealthTracker
from coinmux.framework.testing.clock import FakeClock

S, F, D = Outcome.SUCCESS, Outcome.FAILURE, Outcome.DENIED


class Worker:
    """A tracker of one source, and the leases of its calls that are running."""

    def __init__(self, clock):
        self.clock = clock
        self.health = HealthTracker(clock)
        self.health.register("x", ["ticker"])

    def begin(self, calls=1):
        leases = [self.health.begin("x", "ticker", 4) for _ in range(calls)]
        assert None not in leases
        return leases

    def end(self, leases, outcome, code=None):
        for lease in leases:
            self.health.record(lease, outcome, elapsed_s=0.1, code=code)

    @property
    def state(self):
        return str(self.health.snapshot("x").state)


@pytest.fixture
def pair():
    clock = FakeClock()
    one, two = Worker(clock), Worker(clock)
    one.health.on_result = two.health.hear
    two.health.on_result = one.health.hear
    return one, two


def test_calls_of_before_a_reset_are_not_told(pair):
    """They fail on the one that was reset, and open no circuit on the other."""
    one, two = pair
    running = one.begin(3)
    one.health.reset("x")
    two.health.reset("x")
    one.end(running, F)
    assert (one.state, two.state) == ("UNKNOWN", "UNKNOWN")
    assert two.health.snapshot("x").failures == 0


def test_a_late_success_does_not_bring_a_refused_key_back(pair):
    """The key is refused for both; only a probe of it, or a reload, ends that."""
    one, two = pair
    early, refused = one.begin(2)
    one.end([refused], D, "upstream_auth")
    assert (one.state, two.state) == ("DISABLED", "DISABLED")
    one.end([early], S)
    assert (one.state, two.state) == ("DISABLED", "DISABLED")


def test_calls_of_before_an_outage_do_not_reopen_what_a_probe_closed(pair):
    """They count as of their own time, on either worker."""
    one, two = pair
    old = one.begin(3)
    two.end(two.begin(3), F)
    assert (one.state, two.state) == ("OFFLINE", "OFFLINE")
    one.clock.advance(300)
    two.end(two.begin(), S)
    assert (one.state, two.state) == ("DEGRADED", "DEGRADED")
    assert [w.health.snapshot("x").recoveries for w in pair] == [1, 1]
    one.end(old, F)
    assert (one.state, two.state) == ("DEGRADED", "DEGRADED")
    assert two.health.snapshot("x").consecutive_failures == 0


def test_a_success_that_was_under_way_does_not_close_a_circuit(pair):
    """Only a probe recovers a source, whoever makes it."""
    one, two = pair
    late = one.begin()
    one.health.on_result, told = None, []
    two.end(two.begin(3), F)
    # Its message is older than the outage: it was current where it was sent.
    sent = HealthTracker(one.clock, on_change=None)
    sent.register("x", ["ticker"])
    sent.on_result = told.append
    sent.record(sent.begin("x", "ticker", 4), S, elapsed_s=0.1)
    two.health.hear(told[0])
    assert two.state == "OFFLINE"
    assert two.health.snapshot("x").recoveries == 0
    one.end(late, S)
    assert one.state == "OFFLINE"


def test_a_failure_that_was_under_way_does_not_put_off_the_probe(pair):
    """The circuit is open already: its rest stays as it is."""
    one, two = pair
    one.end(one.begin(3), F)
    due = two.health.snapshot("x").retry_at
    one.clock.advance(100)
    late = HealthTracker(one.clock)
    late.register("x", ["ticker"])
    late.on_result = two.health.hear
    late.record(late.begin("x", "ticker", 4), F, elapsed_s=0.1)
    assert two.health.snapshot("x").retry_at == due


def test_a_probe_that_meets_an_unknown_pair_recovers_the_source_for_both(pair):
    """It answers."""
    one, two = pair
    one.end(one.begin(3), F)
    one.clock.advance(300)
    one.end(one.begin(), Outcome.NEUTRAL, "unknown_symbol")
    assert one.state == two.state != "OFFLINE"


def test_no_cooldown_of_another_worker_lasts_longer_than_one_told_here_could(pair):
    """Its clock may be wrong."""
    one, _ = pair
    one.health.take_hold("x", "", 1e12, "upstream_banned", "r")
    assert one.health.snapshot("x").hold_until == one.clock.monotonic() + 72 * 3_600
