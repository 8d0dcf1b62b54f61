"""The state machine driven at random beside a naive model of the rules, written independently.

The model keeps whole logs and recomputes everything; times are multiples of a quarter second, so
that sums of floats are exact and the two may be compared for equality.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
)

from coinmux.framework.errors import Outcome
from coinmux.framework.health.tracker import HealthSettings, HealthTracker, Lease
from coinmux.framework.testing.clock import FakeClock

CAPABILITIES = ("ticker", "candles")
DAY_S = 86_400.0


class Middle(Random):
    """Spreads nothing."""

    def uniform(self, a: float, b: float) -> float:
        return (a + b) / 2


@dataclass
class Part:
    """The set kept for a source or for one of its capabilities."""

    log: list[tuple[float, bool]] = field(default_factory=list)
    proven: bool = False
    in_a_row: int = 0
    epoch: int = 0
    retry_at: float = 0.0
    probes_failed: int = 0
    leased_until: float = 0.0

    def offline(self) -> bool:
        return self.in_a_row >= 3

    def state(self, now: float, window: int) -> str:
        if self.in_a_row >= 3:
            return "OFFLINE"
        if not self.proven:
            return "UNKNOWN"
        recent = [good for at, good in self.log[-window:] if now - at <= 3600]
        rate = recent.count(True) / len(recent) if recent else 1.0
        return "DEGRADED" if self.in_a_row or rate < 0.5 else "HEALTHY"

    def failed(self, now: float, growth: float, probe: bool) -> None:
        self.proven = True
        if not probe:
            self.log.append((now, False))
        was_offline = self.offline()
        self.in_a_row += 1
        if was_offline:
            self.probes_failed += 1
            self.retry_at = now + min(300 * growth**self.probes_failed, 3600)
            self.epoch += 1
        elif self.offline():
            self.probes_failed = 0
            self.retry_at = now + 300
            self.epoch += 1

    def succeeded(self, now: float) -> None:
        self.proven = True
        self.log.append((now, True))
        self.in_a_row = 0

    def start_again(self) -> None:
        self.log.clear()
        self.proven = False
        self.in_a_row = self.probes_failed = 0


@dataclass
class Flight:
    """An attempt under way."""

    lease: Lease
    capability: str
    epochs: dict[str, int]
    probed: set[str]
    dies_at: float


class HealthMachine(RuleBasedStateMachine):
    """Random results, time, cancellations, resets and reloads on a source of two capabilities."""

    flights = Bundle("flights")

    @initialize(growth=st.sampled_from([1.0, 2.0]), window=st.sampled_from([4, 100]))
    def start(self, growth: float, window: int) -> None:
        self.clock = FakeClock(1_000.0)
        self.growth, self.window = growth, window
        self.tracker = HealthTracker(
            self.clock, HealthSettings(growth=growth, window=window), rng=Middle()
        )
        self.tracker.register("acme", CAPABILITIES)
        self.parts = {name: Part() for name in ("source", *CAPABILITIES)}
        self.held_until = 0.0
        self.untold = 0
        self.refused_until: float | None = None
        self.off = False
        self.good = self.bad = 0
        self.probing: list[Flight] = []

    @property
    def now(self) -> float:
        return self.clock.monotonic()

    # What the rules say

    def half_open(self, capability: str) -> set[str]:
        found = {name for name in ("source", capability) if self.parts[name].offline()}
        if self.refused_until is not None:
            found.add("source")
        return found

    def expected(self, capability: str) -> str:
        """`no`, `yes` or `probe`."""
        if self.off or self.now < self.held_until:
            return "no"
        half_open = self.half_open(capability)
        if not half_open:
            return "yes"
        if self.refused_until is not None and self.now < self.refused_until:
            return "no"
        for name in half_open:
            part = self.parts[name]
            if self.now < part.leased_until or (part.offline() and self.now < part.retry_at):
                return "no"
        return "probe"

    def expected_state(self, name: str) -> str:
        if name == "source" and (self.off or self.refused_until is not None):
            return "DISABLED"
        return self.parts[name].state(self.now, self.window)

    # What happens

    @rule(
        target=flights,
        capability=st.sampled_from(CAPABILITIES),
        deadline_s=st.sampled_from([0.5, 1.5, 4.0, 30.0]),
    )
    def begin(self, capability: str, deadline_s: float):
        expected = self.expected(capability)
        standing = self.tracker.standing("acme", capability)
        assert (standing.eligible, standing.probe) == (expected == "yes", expected == "probe")
        lease = self.tracker.begin("acme", capability, deadline_s)
        assert (lease is not None) == (expected != "no")
        if lease is None:
            return multiple()
        probed = self.half_open(capability)
        assert lease.probe == bool(probed)
        for name in probed:
            part = self.parts[name]
            assert not (part.offline() and self.now < part.retry_at), "asked while it rests"
            part.epoch += 1
            part.leased_until = self.now + deadline_s + 1
        epochs = {name: self.parts[name].epoch for name in ("source", capability)}
        flight = Flight(lease, capability, epochs, probed, self.now + deadline_s + 1)
        if probed:
            self.probing = [one for one in self.probing if self.now < one.dies_at]
            assert not any(one.probed & probed for one in self.probing), "two leases"
            self.probing.append(flight)
        return flight

    @rule(
        flight=consumes(flights),
        letter=st.sampled_from("SSSFFFFHDNU"),
        retry_after_s=st.sampled_from([None, None, 0.25, 60.0, 1e9, -5.0]),
        code=st.sampled_from(["upstream_rate_limited", "upstream_banned"]),
    )
    def end(self, flight: Flight, letter: str, retry_after_s: float | None, code: str) -> None:
        outcome = Outcome({"U": "N"}.get(letter, letter))
        said = {"U": "unknown_symbol", "N": "cut_short", "F": "upstream_timeout"}.get(letter, code)
        self.tracker.record(
            flight.lease, outcome, elapsed_s=0.25, code=said, retry_after_s=retry_after_s
        )
        current = self.land(flight)
        if letter == "S":
            self.good += 1
            if "source" in current:
                self.untold = 0
            for name in current:
                self.parts[name].succeeded(self.now)
        elif letter == "F":
            self.bad += 1
            for name in current:
                self.parts[name].failed(self.now, self.growth, bool(flight.probed))
        if letter in "SU":
            for name in current & flight.probed:
                self.parts[name].in_a_row = self.parts[name].probes_failed = 0
                if name == "source":
                    self.refused_until = None
        if "source" not in current:
            return
        if letter == "D" and (self.refused_until is None or "source" in flight.probed):
            self.refused_until = self.now + 3600
        if letter == "F" and "source" in flight.probed and self.refused_until is not None:
            self.refused_until = self.now + 3600
        if letter == "H" or (letter == "F" and retry_after_s is not None and retry_after_s >= 0):
            self.hold(retry_after_s, banned=letter == "H" and code == "upstream_banned")

    def hold(self, retry_after_s: float | None, *, banned: bool) -> None:
        shortest, longest = (120, 3 * DAY_S) if banned else (1, 3600)
        if retry_after_s is None or retry_after_s < 0:
            if self.now >= self.held_until:
                self.untold += 1
            seconds = min(30 * 2.0 ** max(self.untold - 1, 0), 900)
        else:
            seconds = min(retry_after_s, longest)
        self.held_until = max(self.held_until, self.now + max(seconds, shortest))

    def land(self, flight: Flight) -> set[str]:
        """The parts for which the attempt is still current; its lease, if any, is over."""
        current = {name for name, at in flight.epochs.items() if self.parts[name].epoch == at}
        for name in current & flight.probed:
            self.parts[name].leased_until = 0.0
        self.probing = [one for one in self.probing if one is not flight]
        return current

    @rule(flight=consumes(flights))
    def cancel(self, flight: Flight) -> None:
        self.tracker.release(flight.lease)
        self.land(flight)

    @rule(seconds=st.sampled_from([0.25, 1.0, 5.0, 60.0, 299.75, 300.0, 3600.0, 3600.25]))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule(seconds=st.sampled_from([-DAY_S, DAY_S]))
    def wall_clock_jumps(self, seconds: float) -> None:
        self.clock.jump_wall(seconds)

    def all_over(self) -> None:
        for part in self.parts.values():
            part.epoch += 1
            part.leased_until = 0.0
        self.probing.clear()

    @rule()
    def reset(self) -> None:
        self.tracker.reset("acme")
        self.all_over()
        for part in self.parts.values():
            part.start_again()
        self.held_until, self.untold, self.refused_until = 0.0, 0, None

    @rule()
    def reload(self) -> None:
        self.tracker.enable("acme")
        self.all_over()
        for part in self.parts.values():
            if not part.offline():
                part.start_again()
        self.refused_until, self.off = None, False

    @rule()
    def switch_off(self) -> None:
        self.tracker.disable("acme", "switched_off")
        self.all_over()
        self.refused_until, self.off = None, True

    # What holds after every step

    @invariant()
    def states_fit(self) -> None:
        snapshot = self.tracker.snapshot("acme")
        assert snapshot.state == self.expected_state("source")
        assert (snapshot.successes, snapshot.failures) == (self.good, self.bad)
        assert snapshot.consecutive_failures == self.parts["source"].in_a_row
        if snapshot.state != "DISABLED":
            states = {one.name: one.state for one in snapshot.capabilities}
            assert states == {name: self.expected_state(name) for name in CAPABILITIES}

    @invariant()
    def standings_fit(self) -> None:
        for capability in CAPABILITIES:
            standing = self.tracker.standing("acme", capability)
            expected = self.expected(capability)
            assert (standing.eligible, standing.probe) == (expected == "yes", expected == "probe")
            both = {self.expected_state("source"), self.expected_state(capability)}
            worst = ("DISABLED", "OFFLINE", "DEGRADED", "UNKNOWN", "HEALTHY")
            assert standing.state == next(state for state in worst if state in both)

    def teardown(self) -> None:
        """After fault-free time every source that configuration has on is HEALTHY."""
        if not hasattr(self, "tracker") or self.off:
            return
        self.clock.advance(4 * DAY_S)
        for capability in (*CAPABILITIES, *CAPABILITIES):
            lease = self.tracker.begin("acme", capability, 4.0)
            assert lease is not None, "a lease outlived its deadline, or the source is locked"
            self.tracker.record(lease, Outcome.SUCCESS, elapsed_s=0.25)
        snapshot = self.tracker.snapshot("acme")
        assert snapshot.state == "HEALTHY"
        assert {one.state for one in snapshot.capabilities} == {"HEALTHY"}


HealthMachine.TestCase.settings = settings(
    max_examples=300, stateful_step_count=40, deadline=None, derandomize=True
)
TestHealthMachine = HealthMachine.TestCase
