"""The state machine by example; `test_health_model.py` drives it at random."""

from __future__ import annotations

import msgspec
import pytest

from coinmux.framework.errors import Outcome
from coinmux.framework.health.tracker import (
    HealthSettings,
    HealthTracker,
    Lease,
    State,
    StateChange,
)
from coinmux.framework.reports.health import source_health
from coinmux.framework.testing.clock import FakeClock

OUTCOMES = {
    "S": (Outcome.SUCCESS, None),
    "F": (Outcome.FAILURE, "upstream_timeout"),
    "H": (Outcome.HOLD, "upstream_rate_limited"),
    "D": (Outcome.DENIED, "upstream_auth"),
    "N": (Outcome.NEUTRAL, "cut_short"),
    "U": (Outcome.NEUTRAL, "unknown_symbol"),
}


class Bench:
    """One source `acme` with `ticker` and `candles`, and short words to drive it."""

    def __init__(self, **settings: float) -> None:
        self.clock = FakeClock()
        self.changes: list[StateChange] = []
        self.tracker = HealthTracker(
            self.clock,
            HealthSettings(**settings),
            self.changes.append,  # type: ignore[arg-type]
        )
        self.tracker.register("acme", ["ticker", "candles"])

    def begin(self, capability: str = "ticker", deadline_s: float = 4.0) -> Lease | None:
        return self.tracker.begin("acme", capability, deadline_s)

    def leases(self, count: int, capability: str = "ticker") -> list[Lease]:
        leases = [self.begin(capability) for _ in range(count)]
        assert None not in leases
        return [lease for lease in leases if lease is not None]

    def end(self, lease: Lease, letter: str, retry_after_s: float | None = None) -> None:
        outcome, code = OUTCOMES[letter]
        self.tracker.record(lease, outcome, elapsed_s=0.1, code=code, retry_after_s=retry_after_s)

    def play(self, script: str, capability: str = "ticker") -> None:
        """`S F H D N U` make an attempt that ends so, `+300` lets time pass."""
        for word in script.split():
            if word.startswith("+"):
                self.clock.advance(float(word[1:]))
            else:
                lease = self.begin(capability)
                assert lease is not None, f"{word} in {script!r} was not granted"
                self.end(lease, word)

    @property
    def state(self) -> State:
        return self.tracker.snapshot("acme").state

    def standing(self, capability: str = "ticker"):
        return self.tracker.standing("acme", capability)

    def source_changes(self) -> list[str]:
        return [str(change.after) for change in self.changes if change.capability is None]


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.mark.parametrize(
    ("script", "state"),
    [
        ("", "UNKNOWN"),
        ("N", "UNKNOWN"),
        ("U U U U", "UNKNOWN"),
        ("H", "UNKNOWN"),
        ("S", "HEALTHY"),
        ("F", "DEGRADED"),
        ("F F", "DEGRADED"),
        ("F S", "HEALTHY"),
        ("F F S", "DEGRADED"),
        ("F F S S", "HEALTHY"),
        ("F F F", "OFFLINE"),
        ("F N F U F", "OFFLINE"),
        ("F F S F F S F F", "DEGRADED"),
        ("F F F +300 S", "DEGRADED"),
        ("F F F +300 S S", "DEGRADED"),
        ("F F F +300 S S S", "HEALTHY"),
        ("F F F +300 F", "OFFLINE"),
        ("F F F +300 F +300 F +300 S", "DEGRADED"),
        ("F F F +300 F +300 F +300 S S S", "HEALTHY"),
        ("F F F +300 U", "DEGRADED"),
        ("F F F +300 N", "OFFLINE"),
        ("F F F +300 H", "OFFLINE"),
        ("F F F +300 D", "DISABLED"),
        ("F F S +3600", "DEGRADED"),
        ("F F S +3600.25", "HEALTHY"),
        ("F F +4000", "DEGRADED"),
        ("F F F +4000", "OFFLINE"),
        ("D", "DISABLED"),
        ("S D +3600 S", "HEALTHY"),
        ("S D +3600 U", "HEALTHY"),
        ("D +3600 U", "UNKNOWN"),
        ("D +3600 F", "DISABLED"),
        ("D +3600 D +3600 S", "HEALTHY"),
    ],
)
def test_first_line_that_fits(bench: Bench, script: str, state: str) -> None:
    """The state is the first of the five lines that fits what happened."""
    bench.play(script)
    assert bench.state == state


def test_success_rate_after_an_outage(bench: Bench) -> None:
    """The three failures before and the probe's success are the window: 25 %."""
    bench.play("F F F +300 S")
    assert bench.tracker.snapshot("acme").success_rate == 0.25


def test_third_failure_rests_the_source_300_s(bench: Bench) -> None:
    """Until `retry_at` nobody gets it, whatever the capability; at it, one does."""
    bench.play("+7 F F F")
    assert bench.standing().retry_at == bench.clock.monotonic() + 300
    assert bench.tracker.snapshot("acme").retry_at == bench.clock.monotonic() + 300
    bench.clock.advance(299.75)
    for capability in ("ticker", "candles"):
        standing = bench.standing(capability)
        assert (standing.state, standing.eligible, standing.probe) == (State.OFFLINE, False, False)
        assert standing.reason == "offline"
        assert bench.begin(capability) is None
    bench.clock.advance(0.25)
    assert bench.standing("candles").probe
    assert bench.begin("candles").probe


def test_one_probe_at_a_time(bench: Bench) -> None:
    """While one attempt holds the lease everyone else still sees OFFLINE."""
    bench.play("F F F +300")
    lease = bench.begin()
    assert lease.probe
    standing = bench.standing("candles")
    assert (standing.state, standing.probe, standing.reason) == ("OFFLINE", False, "probe_running")
    assert bench.begin() is None
    assert bench.begin("candles") is None
    bench.end(lease, "S")
    assert bench.begin() is not None


@pytest.mark.parametrize("script", ["F F F +300", "D +3600"])
def test_lease_ends_at_deadline_and_a_second(bench: Bench, script: str) -> None:
    """A probe that never returns locks nobody out."""
    bench.play(script)
    assert bench.begin(deadline_s=2.0) is not None
    bench.clock.advance(2.75)
    assert bench.begin() is None
    bench.clock.advance(0.25)
    assert bench.begin() is not None


def test_cancelled_probe_gives_the_lease_back(bench: Bench) -> None:
    """A released lease is as if the attempt had not been made."""
    bench.play("F F F +300")
    before = bench.tracker.snapshot("acme")
    bench.tracker.release(bench.begin())
    assert bench.tracker.snapshot("acme") == before
    assert bench.standing().probe


def test_lease_is_ended_once(bench: Bench) -> None:
    """A second end of the same attempt is ignored."""
    lease = bench.begin()
    bench.end(lease, "F")
    bench.end(lease, "F")
    bench.tracker.release(lease)
    assert bench.tracker.snapshot("acme").failures == 1


@pytest.mark.parametrize(
    ("growth", "rests"),
    [(1.0, [300, 300, 300, 300]), (2.0, [600, 1200, 2400, 3600, 3600])],
)
def test_failed_probes_rest_again(growth: float, rests: list[float]) -> None:
    """The rest is flat by default; with growth it doubles up to an hour."""
    bench = Bench(growth=growth)
    bench.play("F F F +300")
    for rest in rests:
        bench.play("F")
        assert bench.standing().retry_at == bench.clock.monotonic() + rest
        bench.clock.advance(rest)
    bench.play("S F F F")
    assert bench.standing().retry_at == bench.clock.monotonic() + 300


def test_growth_never_overflows() -> None:
    """A thousand failed probes rest an hour each."""
    bench = Bench(growth=4.0)
    bench.play("F F F" + " +3600 F" * 1_000)
    assert bench.standing().retry_at == bench.clock.monotonic() + 3600


def test_failed_probe_counts_in_totals_not_in_the_window(bench: Bench) -> None:
    """A long outage does not outweigh the first successes after it."""
    bench.play("F F F +300 F +300 F")
    snapshot = bench.tracker.snapshot("acme")
    assert (snapshot.failures, snapshot.consecutive_failures) == (5, 5)
    bench.play("+300 S")
    snapshot = bench.tracker.snapshot("acme")
    assert (snapshot.success_rate, snapshot.recoveries) == (0.25, 1)


def test_unknown_symbol_ends_a_probe_well_and_counts_nowhere(bench: Bench) -> None:
    """The source answered, so the latch opens; the answer is neither success nor failure."""
    bench.play("F F F +300 U")
    snapshot = bench.tracker.snapshot("acme")
    assert (snapshot.successes, snapshot.failures, snapshot.consecutive_failures) == (0, 3, 0)
    assert (snapshot.recoveries, snapshot.success_rate) == (1, 0.0)


def test_window_holds_the_last_hundred() -> None:
    """Older results than the last 100 have no say."""
    bench = Bench()
    bench.play("F F S " * 20 + "S " * 41)
    assert bench.tracker.snapshot("acme").success_rate == 0.61
    bench.play("S " * 100)
    assert bench.tracker.snapshot("acme").success_rate == 1.0


def test_aging_out_is_told(bench: Bench) -> None:
    """A state that time alone changes is news the next time anybody looks."""
    bench.play("F F S +3601")
    bench.changes.clear()
    assert bench.standing().state is State.HEALTHY
    assert [(c.capability, c.reason) for c in bench.changes] == [
        (None, "window"),
        ("ticker", "window"),
    ]


class TestLateResults:
    """A result of an older epoch changes totals only."""

    def test_fifty_failing_together_open_once(self, bench: Bench) -> None:
        """One change to OFFLINE, `retry_at` from the third."""
        leases = bench.leases(50)
        for lease in leases[:3]:
            bench.end(lease, "F")
        retry_at = bench.standing().retry_at
        for lease in leases[3:]:
            bench.clock.advance(1)
            bench.end(lease, "F")
        snapshot = bench.tracker.snapshot("acme")
        assert bench.source_changes() == ["DEGRADED", "OFFLINE"]
        assert bench.standing().retry_at == retry_at
        assert (snapshot.failures, snapshot.consecutive_failures) == (50, 3)

    @pytest.mark.parametrize("letter", "SFHDNU")
    def test_before_the_probe(self, bench: Bench, letter: str) -> None:
        """It neither extends `retry_at` nor closes the circuit nor holds nor disables."""
        late = bench.leases(4)
        for lease in late[:3]:
            bench.end(lease, "F")
        before = bench.standing()
        bench.end(late[3], letter, retry_after_s=60)
        assert bench.standing() == before

    @pytest.mark.parametrize("letter", "SFHDNU")
    def test_during_the_probe(self, bench: Bench, letter: str) -> None:
        """It does not release somebody else's lease."""
        late = bench.leases(4)
        for lease in late[:3]:
            bench.end(lease, "F")
        bench.clock.advance(300)
        probe = bench.begin()
        bench.end(late[3], letter)
        assert bench.begin() is None
        bench.end(probe, "S")
        assert bench.standing().eligible

    def test_expired_probe_does_not_end_its_successor(self, bench: Bench) -> None:
        """The first probe's result comes when a second is under way."""
        bench.play("F F F +300")
        first = bench.begin(deadline_s=1)
        bench.clock.advance(2)
        second = bench.begin(deadline_s=1)
        bench.end(first, "S")
        assert bench.state is State.OFFLINE
        assert bench.begin() is None
        bench.tracker.release(second)
        assert bench.begin() is not None

    @pytest.mark.parametrize("letter", "SFHDNU")
    @pytest.mark.parametrize("script", ["S", "F F F +300", "D +3600"])
    def test_g7_reset_while_under_way(self, bench: Bench, script: str, letter: str) -> None:
        """After a reset the source is UNKNOWN whatever old calls bring."""
        bench.play(script)
        lease = bench.begin()
        bench.tracker.reset("acme")
        bench.end(lease, letter)
        assert bench.state is State.UNKNOWN
        assert bench.standing().eligible

    def test_g7_old_key_does_not_disable_the_new_one(self, bench: Bench) -> None:
        """A refusal that was under way at the reload concerns the old settings."""
        lease = bench.begin()
        bench.tracker.enable("acme")
        bench.end(lease, "D")
        assert bench.state is State.UNKNOWN

    def test_capability_is_judged_by_its_own_epoch(self, bench: Bench) -> None:
        """Candles under way while tickers take the source down still count for candles."""
        candles = bench.leases(3, "candles")
        bench.play("F F F")
        for lease in candles:
            bench.end(lease, "F")
        states = {one.name: one.state for one in bench.tracker.snapshot("acme").capabilities}
        assert states == {"ticker": "OFFLINE", "candles": "OFFLINE"}
        assert bench.tracker.snapshot("acme").consecutive_failures == 3

    def test_forgotten_source(self, bench: Bench) -> None:
        """A result for a source that is no more is no news."""
        lease = bench.begin()
        bench.tracker.forget("acme")
        bench.tracker.register("acme", ["ticker"])
        bench.end(lease, "F")
        assert bench.state is State.UNKNOWN
        assert bench.changes == []


class TestCapabilities:
    """The same set is kept per capability."""

    def test_ticker_does_not_hide_candles(self, bench: Bench) -> None:
        """Candles alone are OFFLINE; tickers go on, and the source is not."""
        for _ in range(3):
            bench.play("F", "candles")
            bench.play("S", "ticker")
        assert not bench.standing("candles").eligible
        assert bench.standing("ticker").eligible
        assert bench.state is State.HEALTHY

    def test_probe_of_a_capability_alone(self, bench: Bench) -> None:
        """It leaves the source's epoch alone, so that tickers under way still count."""
        for _ in range(3):
            bench.play("F", "candles")
            bench.play("S", "ticker")
        bench.clock.advance(300)
        ticker = bench.begin("ticker")
        probe = bench.begin("candles")
        assert probe.probe
        assert not ticker.probe
        bench.end(ticker, "F")
        assert bench.tracker.snapshot("acme").consecutive_failures == 1
        bench.end(probe, "S")
        assert bench.tracker.snapshot("acme").consecutive_failures == 0
        assert bench.standing("candles").eligible
        assert bench.tracker.snapshot("acme").recoveries == 0

    def test_failed_probe_of_a_capability_counts_on_both(self, bench: Bench) -> None:
        """But it enters neither window."""
        for _ in range(3):
            bench.play("F", "candles")
            bench.play("S", "ticker")
        bench.play("+300 F", "candles")
        snapshot = bench.tracker.snapshot("acme")
        assert (snapshot.consecutive_failures, snapshot.success_rate) == (1, 0.5)
        assert bench.standing("candles").retry_at == bench.clock.monotonic() + 300

    def test_source_recovers_by_another_capability(self, bench: Bench) -> None:
        """Each latch is opened by its own probe."""
        bench.play("F F F +300")
        bench.play("S", "candles")
        assert bench.state is State.DEGRADED
        assert bench.standing("candles").eligible
        assert not bench.standing("ticker").eligible
        assert bench.standing("ticker").probe
        bench.play("S", "ticker")
        assert bench.standing("ticker").eligible

    def test_both_latches_wait_for_the_later(self, bench: Bench) -> None:
        """A capability that went OFFLINE later than its source waits for its own time too."""
        candles = bench.leases(3, "candles")
        bench.play("F F F +100")
        for lease in candles:
            bench.end(lease, "F")
        bench.clock.advance(200)
        assert bench.standing("ticker").probe
        assert not bench.standing("candles").probe
        bench.clock.advance(100)
        assert bench.standing("candles").probe

    def test_standing_is_the_worse_of_the_two(self, bench: Bench) -> None:
        """An unproven capability of a proven source is unproven; a shaky source makes it shaky."""
        bench.play("S", "ticker")
        assert bench.standing("candles").state is State.UNKNOWN
        bench.play("F", "ticker")
        assert bench.standing("candles").state is State.DEGRADED


class TestDisabled:
    """Only reload, key change or reset ends it; a refused key also by its hourly probe."""

    def test_class_d(self, bench: Bench) -> None:
        """The first refusal disables at once and says when it is tried next."""
        bench.play("S D")
        standing = bench.standing("candles")
        assert (standing.state, standing.eligible, standing.probe) == ("DISABLED", False, False)
        assert (standing.reason, standing.detail) == ("disabled", "key_refused")
        assert standing.retry_at == bench.clock.monotonic() + 3600
        public = source_health(bench.tracker.snapshot("acme"), "market", bench.clock)
        assert public.disabled_reason == "key_refused"
        assert public.enabled is False
        assert public.last_error.code == "upstream_auth"
        assert {one.state for one in public.capabilities} == {"DISABLED"}

    def test_parallel_results_do_not_end_or_extend_it(self, bench: Bench) -> None:
        """Calls that were under way may succeed or be refused; the hour runs from the first."""
        leases = bench.leases(4)
        bench.end(leases[0], "D")
        due = bench.standing().retry_at
        bench.clock.advance(5)
        bench.end(leases[1], "D")
        bench.end(leases[2], "S")
        bench.end(leases[3], "F")
        assert bench.state is State.DISABLED
        assert bench.standing().retry_at == due
        assert bench.source_changes() == ["DISABLED"]

    @pytest.mark.parametrize("letter", "DF")
    def test_hourly_probe_fails(self, bench: Bench, letter: str) -> None:
        """It is tried again an hour later, by one."""
        bench.play(f"D +3600 {letter}")
        assert bench.begin() is None
        bench.clock.advance(3599.75)
        assert bench.begin() is None
        bench.clock.advance(0.25)
        assert bench.begin().probe
        assert bench.begin("candles") is None

    @pytest.mark.parametrize("reason", ["missing_key", "switched_off", "broken", "retired"])
    def test_configuration(self, bench: Bench, reason: str) -> None:
        """What configuration has off is never probed, and a reset does not switch it on."""
        bench.tracker.disable("acme", reason)
        bench.clock.advance(1e6)
        bench.tracker.reset("acme")
        assert bench.begin() is None
        assert bench.standing().detail == reason
        assert bench.standing().retry_at is None
        bench.tracker.enable("acme")
        assert bench.state is State.UNKNOWN
        assert bench.begin() is not None

    def test_registered_so(self, bench: Bench) -> None:
        """A source may be off from its first moment, which is no change."""
        bench.tracker.register("nomics", ["ticker"], disabled_reason="retired")
        assert bench.tracker.snapshot("nomics").state is State.DISABLED
        assert bench.changes == []

    @pytest.mark.parametrize(
        ("script", "state"),
        [("S", "UNKNOWN"), ("F F", "UNKNOWN"), ("D", "UNKNOWN"), ("F F F", "OFFLINE")],
    )
    def test_reload(self, bench: Bench, script: str, state: str) -> None:
        """New settings make it unproven; OFFLINE is latched and keeps its `retry_at`."""
        bench.play(script)
        retry_at = bench.standing().retry_at
        bench.clock.advance(10)
        bench.tracker.enable("acme")
        assert bench.state == state
        if state == "OFFLINE":
            assert bench.standing().retry_at == retry_at

    def test_reload_keeps_a_hold(self, bench: Bench) -> None:
        """The source's wish to be left alone is older than our settings."""
        bench.play("H")
        bench.tracker.enable("acme")
        assert bench.standing().reason == "held"


class TestReset:
    """The admin's way out of everything but configuration."""

    @pytest.mark.parametrize("script", ["S", "F F F", "D", "H", "F F F +300 F"])
    def test_forgets(self, bench: Bench, script: str) -> None:
        """UNKNOWN and eligible; the totals stay."""
        bench.play(script)
        failures = bench.tracker.snapshot("acme").failures
        bench.tracker.reset_all()
        snapshot = bench.tracker.snapshot("acme")
        assert bench.standing().eligible
        assert (snapshot.state, snapshot.failures) == (State.UNKNOWN, failures)
        assert (snapshot.success_rate, snapshot.hold_until) == (None, None)
        assert {one.state for one in snapshot.capabilities} == {State.UNKNOWN}


def test_public_names(bench: Bench) -> None:
    """The members of `Health` in the REST contract."""
    bench.play("S")
    public = source_health(bench.tracker.snapshot("acme"), "market", bench.clock)
    assert set(msgspec.to_builtins(public)) == {
        "name", "state", "disabled_reason", "enabled", "successes", "failures",
        "consecutive_failures", "success_rate", "avg_response_ms", "p50_ms", "p95_ms",
        "last_success_at", "last_failure_at", "last_error", "retry_at", "hold_until",
        "hold_reason", "recoveries", "capabilities", "channels", "category",
    }  # fmt: skip


def test_response_times(bench: Bench) -> None:
    """Percentiles are of the window's successes; the smoothed time follows the newest."""
    assert bench.tracker.latency_s("acme", "ticker") is None
    for elapsed in range(1, 101):
        bench.tracker.record(bench.begin(), Outcome.SUCCESS, elapsed_s=elapsed / 1000)
    public = source_health(bench.tracker.snapshot("acme"), "market", bench.clock)
    assert (public.p50_ms, public.p95_ms, public.avg_response_ms) == (50, 95, 50.5)
    assert bench.tracker.latency_s("acme", "ticker") == pytest.approx(0.096, abs=0.001)
    assert bench.tracker.latency_s("acme", "candles") is None


@pytest.mark.parametrize("jump_s", [86_400, -86_400])
def test_g8_wall_clock_jumps(bench: Bench, jump_s: float) -> None:
    """States do not care; `retry_at` is shown by the new wall time."""
    bench.play("F F F")
    bench.clock.jump_wall(jump_s)
    assert bench.state is State.OFFLINE
    public = source_health(bench.tracker.snapshot("acme"), "market", bench.clock)
    assert public.retry_at == bench.clock.wall_ms() + 300_000
    bench.clock.advance(299)
    assert bench.begin() is None


def test_g8_machine_sleeps(bench: Bench) -> None:
    """After a night's sleep the probe is due, and that is all."""
    bench.play("F F F +86400")
    assert bench.state is State.OFFLINE
    assert bench.standing().probe


def test_capabilities_offered_anew(bench: Bench) -> None:
    """A known source keeps what is known of the capabilities it still has."""
    bench.play("F F F")
    bench.tracker.register("acme", ["ticker", "gas"])
    snapshot = bench.tracker.snapshot("acme")
    assert {one.name: one.state for one in snapshot.capabilities} == {
        "ticker": "OFFLINE",
        "gas": "UNKNOWN",
    }
    assert bench.tracker.sources() == ["acme"]
    with pytest.raises(KeyError):
        bench.standing("candles")
