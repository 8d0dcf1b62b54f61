"""Which sources may be asked now: the state machine that is also the circuit breaker. Pure.

No I/O, no sleeping, no logging: results and the clock go in, standings and state changes come out.
`docs/health.md` gives the rules and the reasons.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

from framework.circuit import Circuit, HealthSettings, State
from framework.errors import Outcome
from framework.health_snapshot import CapabilityHealth, HealthSnapshot, percentile
from framework.holds import DURABLE, USUAL_S, Hold, told_s

if TYPE_CHECKING:
    from framework.clock import Clock

__all__ = [
    "CapabilityHealth",
    "HealthSettings",
    "HealthSnapshot",
    "HealthTracker",
    "Lease",
    "Standing",
    "State",
    "StateChange",
]

KEY_REFUSED = "key_refused"
_UNKNOWN_SYMBOL = "unknown_symbol"
_MESSAGE_CHARS = 300


@dataclass(frozen=True, slots=True)
class Standing:
    """What the router needs to know of one (source, capability) now.

    Attributes:
        state: the worse of the source's and the capability's.
        eligible: may be tried like any other.
        probe: may be tried now by one caller, as the probe.
        reason: "" when eligible, else `disabled`, `offline`, `probe_running` or `held`.
        detail: why it is disabled (a code), or a few words for people.
        retry_at: monotonic seconds from which a probe may be made; None where none is foreseen.
        hold_until: monotonic seconds; None where no hold is running.
    """

    state: State
    eligible: bool
    probe: bool
    reason: str
    detail: str
    retry_at: float | None
    hold_until: float | None


@dataclass(frozen=True, slots=True)
class StateChange:
    """A source, or one of its capabilities, went from one state to another.

    Attributes:
        capability: None for the source as a whole.
        reason: code of the result or the action behind it.
        at: monotonic seconds.
    """

    source: str
    capability: str | None
    before: State
    after: State
    reason: str
    at: float


class _Source:
    """One source: its own circuit, those of its capabilities, and what concerns it as a whole."""

    __slots__ = (
        "capabilities", "circuit", "denied_probe_at", "disabled_detail", "disabled_reason", "hold",
        "last_error", "name",
    )  # fmt: skip

    def __init__(self, name: str, settings: HealthSettings) -> None:
        self.name = name
        self.circuit = Circuit(settings)
        self.capabilities: dict[str, Circuit] = {}
        self.hold = Hold()
        self.disabled_reason: str | None = None
        self.disabled_detail = ""
        self.denied_probe_at = math.inf
        self.last_error: tuple[str, str] | None = None


@dataclass(slots=True)
class Lease:
    """The right to make one attempt, and what tells whether its result is still current.

    Attributes:
        source_epoch, capability_epoch: at the attempt's start.
        probe: this is the one attempt a source or capability that is OFFLINE, or whose key was
            refused, is given.
        ends_at: monotonic seconds; a probe's lease is free again then, whatever became of it.
    """

    source: str
    capability: str
    source_epoch: int
    capability_epoch: int
    probe: bool
    ends_at: float
    _entry: _Source = field(repr=False)
    _circuit: Circuit = field(repr=False)
    _probes_source: bool = field(default=False, repr=False)
    _probes_capability: bool = field(default=False, repr=False)
    _open: bool = field(default=True, repr=False)


_ELIGIBLE = {
    state: Standing(state, True, False, "", "", None, None)
    for state in (State.HEALTHY, State.DEGRADED, State.UNKNOWN)
}
_HEALTHY = _ELIGIBLE[State.HEALTHY]


class HealthTracker:
    """Every source's state, per source and per (source, capability).

    Args:
        on_change: told of each change of state, after it took effect; must not raise.
        rng: spreads waits that a source did not name.
    """

    def __init__(
        self,
        clock: Clock,
        settings: HealthSettings = HealthSettings(),  # noqa: B008 - frozen
        on_change: Callable[[StateChange], None] | None = None,
        rng: Random | None = None,
    ) -> None:
        self.settings = settings
        self._clock = clock
        self._on_change = on_change
        self._rng = rng if rng is not None else Random()  # noqa: S311 - spreads waits only
        self._offline_after = settings.offline_after
        self._sources: dict[str, _Source] = {}

    # Sources

    def register(
        self, source: str, capabilities: Iterable[str], *, disabled_reason: str | None = None
    ) -> None:
        """Add a source; a known one gets these capabilities and keeps what is known of it."""
        entry = self._sources.get(source)
        if entry is None:
            entry = self._sources[source] = _Source(source, self.settings)
            if disabled_reason is not None:
                entry.disabled_reason = disabled_reason
                entry.circuit.state = State.DISABLED
        elif disabled_reason is not None:
            self.disable(source, disabled_reason)
        known = entry.capabilities
        entry.capabilities = {
            name: known[name] if name in known else Circuit(self.settings) for name in capabilities
        }

    def forget(self, source: str) -> None:
        """Drop a source; results still under way concern nobody any more."""
        entry = self._sources.pop(source)
        for circuit in (entry.circuit, *entry.capabilities.values()):
            circuit.epoch += 1

    def sources(self) -> list[str]:
        """Names, in the order they were registered."""
        return list(self._sources)

    # Attempts

    def standing(self, source: str, capability: str) -> Standing:
        """Whether the source may be asked for the capability now, and if not why.

        Raises:
            KeyError: the source or capability was never registered.
        """
        entry = self._sources[source]
        circuit = entry.capabilities[capability]
        own = entry.circuit
        now = self._clock.monotonic()
        if now > own.window.expires_at:
            self._settle(entry, own, None, now, "window")
        if now > circuit.window.expires_at:
            self._settle(entry, circuit, capability, now, "window")
        if now >= entry.hold.until:
            one, other = own.state, circuit.state
            if one is State.HEALTHY and other is State.HEALTHY:
                return _HEALTHY
            if self._is_closed(entry, circuit):
                return _ELIGIBLE[_worse(one, other)]
        return self._refused(entry, circuit, now)

    def begin(self, source: str, capability: str, deadline_s: float) -> Lease | None:
        """The right to one attempt of at most `deadline_s` seconds, None where there is none now.

        Whoever gets a lease ends it with `record` or `release`, once.
        """
        entry = self._sources[source]
        circuit = entry.capabilities[capability]
        now = self._clock.monotonic()
        if now < entry.hold.until:
            return None
        own = entry.circuit
        ends_at = now + deadline_s + self.settings.lease_grace_s
        if self._is_closed(entry, circuit):
            return Lease(
                source, capability, own.epoch, circuit.epoch, False, ends_at, entry, circuit
            )
        due_at, leased_until = self._probe_times(entry, circuit)
        if now < due_at or now < leased_until:
            return None
        probed = self._half_open(entry, circuit)
        for one in probed:
            one.epoch += 1
            one.lease_ends_at = ends_at
        return Lease(
            source, capability, own.epoch, circuit.epoch, True, ends_at, entry, circuit,
            own in probed, circuit in probed,
        )  # fmt: skip

    def record(
        self,
        lease: Lease,
        outcome: Outcome,
        *,
        elapsed_s: float,
        code: str | None = None,
        message: str | None = None,
        retry_after_s: float | None = None,
        hold_reason: str | None = None,
    ) -> None:
        """How an attempt ended.

        A result of an older epoch changes totals only. A lease that is over already is ignored.

        Args:
            elapsed_s: response time; kept of successes.
            code: of the error; `unknown_symbol` ends a probe well, some codes have their own hold.
            message: for people, free of secrets.
            retry_after_s: what the source said; None, negative or not finite is "did not say".
            hold_reason: for people; the code where it is None.
        """
        if not lease._open:  # noqa: SLF001 - a lease is opaque to others, not to its tracker
            return
        now = self._clock.monotonic()
        entry, circuit, own = self._close(lease)
        own_current = lease.source_epoch == own.epoch
        current = lease.capability_epoch == circuit.epoch
        if outcome is Outcome.SUCCESS:
            own.successes += 1
            circuit.successes += 1
            result = (now, elapsed_s if elapsed_s >= 0 else 0.0)
            if own_current:
                own.succeed(now, result)
                entry.hold.step = 0
            if current:
                circuit.succeed(now, result)
            if lease.probe:
                self._answered(lease, own_current, current)
            reason = "success"
        elif outcome is Outcome.FAILURE:
            own.failures += 1
            circuit.failures += 1
            reason = code or "failure"
            if own_current:
                self._failed(lease, now, reason, message, retry_after_s, hold_reason)
            if current:
                circuit.fail(now, self.settings, probe=lease.probe)
        else:
            reason = code or outcome.name.lower()
            if outcome is Outcome.NEUTRAL:
                if lease.probe and code == _UNKNOWN_SYMBOL:
                    self._answered(lease, own_current, current)
            elif own_current:
                entry.last_error = (reason, (message or "")[:_MESSAGE_CHARS])
                if outcome is Outcome.HOLD:
                    why = hold_reason or reason
                    entry.hold.ask(now, reason, retry_after_s, why, self._rng)
                else:
                    self._denied(lease, now, message or "")
        self._settle(entry, own, None, now, reason)
        self._settle(entry, circuit, lease.capability, now, reason)

    def release(self, lease: Lease) -> None:
        """End an attempt that came to nothing (cancelled): as if it had not been made."""
        if lease._open:  # noqa: SLF001 - as above
            self._close(lease)

    # Configuration and administration

    def disable(self, source: str, reason: str, detail: str = "") -> None:
        """Switch a source off until `enable`; what is under way belongs to an older epoch."""
        entry = self._sources[source]
        entry.disabled_reason = reason
        entry.disabled_detail = detail
        entry.denied_probe_at = math.inf
        for circuit in (entry.circuit, *entry.capabilities.values()):
            circuit.epoch += 1
            circuit.lease_ends_at = -math.inf
        self._settle(entry, entry.circuit, None, self._clock.monotonic(), reason)

    def enable(self, source: str) -> None:
        """Switch a source on under settings read anew.

        Results so far are forgotten, a running hold is not, and what is OFFLINE stays so: only a
        probe or a reset ends that.
        """
        entry = self._sources[source]
        self._clear_disabled(entry)
        for circuit in (entry.circuit, *entry.capabilities.values()):
            if circuit.consecutive >= self._offline_after:
                circuit.epoch += 1
                circuit.lease_ends_at = -math.inf
            else:
                circuit.restart()
        self._settle_all(entry, "reload")

    def reset(self, source: str) -> None:
        """Forget results, latches, holds and a refused key; configuration's own refusals stay."""
        entry = self._sources[source]
        if entry.disabled_reason == KEY_REFUSED:
            self._clear_disabled(entry)
        entry.hold = Hold()
        entry.last_error = None
        for circuit in (entry.circuit, *entry.capabilities.values()):
            circuit.restart()
        self._settle_all(entry, "reset")

    def reset_all(self) -> None:
        """`reset` every source."""
        for source in self._sources:
            self.reset(source)

    # What others want to know

    def snapshot(self, source: str) -> HealthSnapshot:
        """The source's health for people.

        Raises:
            KeyError: the source was never registered.
        """
        entry = self._sources[source]
        own, now = entry.circuit, self._clock.monotonic()
        self._settle(entry, own, None, now, "window")
        for name, circuit in entry.capabilities.items():
            self._settle(entry, circuit, name, now, "window")
        times = own.window.times_s()
        held = now < entry.hold.until
        retry_at = own.retry_at if own.state is State.OFFLINE else None
        if entry.disabled_reason == KEY_REFUSED:
            retry_at = entry.denied_probe_at
        disabled = own.state is State.DISABLED
        return HealthSnapshot(
            name=source,
            state=own.state,
            disabled_reason=entry.disabled_reason,
            disabled_detail=entry.disabled_detail,
            successes=own.successes,
            failures=own.failures,
            consecutive_failures=own.consecutive,
            success_rate=own.window.rate,
            avg_response_s=sum(times) / len(times) if times else None,
            p50_s=percentile(times, 0.5),
            p95_s=percentile(times, 0.95),
            last_success_at=own.last_success_at,
            last_failure_at=own.last_failure_at,
            last_error=entry.last_error,
            retry_at=retry_at,
            hold_until=entry.hold.until if held else None,
            hold_reason=entry.hold.reason if held else None,
            recoveries=own.recoveries,
            capabilities=tuple(
                CapabilityHealth(
                    name,
                    State.DISABLED if disabled else circuit.state,
                    circuit.consecutive,
                    circuit.retry_at if circuit.state is State.OFFLINE else None,
                )
                for name, circuit in entry.capabilities.items()
            ),
        )

    def latency_s(self, source: str, capability: str) -> float | None:
        """Smoothed response time of successes, None before the first."""
        return self._sources[source].capabilities[capability].latency_s

    def earliest_retry(self, sources_capabilities: Iterable[tuple[str, str]]) -> float | None:
        """Monotonic seconds at which the first of these may be asked; None if none ever may.

        A source that is DISABLED is none to wait for.
        """
        now = self._clock.monotonic()
        earliest = None
        for source, capability in sources_capabilities:
            standing = self.standing(source, capability)
            if standing.state is State.DISABLED:
                continue
            at = max(now, standing.retry_at or now, standing.hold_until or now)
            earliest = at if earliest is None else min(earliest, at)
        return earliest

    def durable_holds(self) -> list[tuple[str, float, str, str]]:
        """Running holds that are to survive a restart: source, until (monotonic), code, reason."""
        now = self._clock.monotonic()
        return [
            (entry.name, hold.until, hold.code or "", hold.reason or "")
            for entry in self._sources.values()
            if (hold := entry.hold).until > now and hold.code in DURABLE
        ]

    def restore_hold(self, source: str, until: float, code: str, reason: str) -> None:
        """Take up a hold of an earlier run; `until` in this clock's monotonic seconds."""
        self._sources[source].hold.extend(until, code, reason)

    # Inside

    def _is_closed(self, entry: _Source, circuit: Circuit) -> bool:
        return (
            entry.disabled_reason is None
            and entry.circuit.consecutive < self._offline_after
            and circuit.consecutive < self._offline_after
        )

    def _half_open(self, entry: _Source, circuit: Circuit) -> tuple[Circuit, ...]:
        """The circuits an attempt made now would probe."""
        own = entry.circuit
        off = entry.disabled_reason is not None or own.consecutive >= self._offline_after
        if circuit.consecutive >= self._offline_after:
            return (own, circuit) if off else (circuit,)
        return (own,) if off else ()

    def _probe_times(self, entry: _Source, circuit: Circuit) -> tuple[float, float]:
        """When a probe is due, and until when one is running; monotonic seconds."""
        due_at = leased_until = -math.inf
        if entry.disabled_reason is not None:
            due_at = entry.denied_probe_at
        for one in self._half_open(entry, circuit):
            leased_until = max(leased_until, one.lease_ends_at)
            if one.consecutive >= self._offline_after:
                due_at = max(due_at, one.retry_at)
        return due_at, leased_until

    def _refused(self, entry: _Source, circuit: Circuit, now: float) -> Standing:
        """The standing of what may not be tried like any other."""
        hold = entry.hold
        hold_until = hold.until if now < hold.until else None
        held = hold.reason or hold.code or ""
        if self._is_closed(entry, circuit):
            state = _worse(entry.circuit.state, circuit.state)
            return Standing(state, False, False, "held", held, None, hold_until)
        due_at, leased_until = self._probe_times(entry, circuit)
        if entry.disabled_reason is not None:
            state, reason, detail = State.DISABLED, "disabled", entry.disabled_reason
        else:
            failures = max(entry.circuit.consecutive, circuit.consecutive)
            state, reason, detail = State.OFFLINE, "offline", f"{failures} failures in a row"
        probe = now >= due_at and now >= leased_until and hold_until is None
        if state is State.OFFLINE and now >= due_at and not probe:
            if now < leased_until:
                reason, detail, due_at = "probe_running", "its probe is running", leased_until
            else:
                reason, detail = "held", held
        retry_at = due_at if due_at < math.inf else None
        return Standing(state, False, probe, reason, detail, retry_at, hold_until)

    def _close(self, lease: Lease) -> tuple[_Source, Circuit, Circuit]:
        """End a lease; the probe is free again unless a newer epoch has begun."""
        lease._open = False  # noqa: SLF001 - as above
        entry, circuit = lease._entry, lease._circuit  # noqa: SLF001 - as above
        own = entry.circuit
        if lease.probe:
            if lease._probes_source and lease.source_epoch == own.epoch:  # noqa: SLF001
                own.lease_ends_at = -math.inf
            if lease._probes_capability and lease.capability_epoch == circuit.epoch:  # noqa: SLF001
                circuit.lease_ends_at = -math.inf
        return entry, circuit, own

    def _answered(self, lease: Lease, own_current: bool, current: bool) -> None:
        """A probe showed that the source answers: what it probed is closed again."""
        if lease._probes_source and own_current:  # noqa: SLF001 - as above
            lease._entry.circuit.recover()  # noqa: SLF001 - as above
            if lease._entry.disabled_reason == KEY_REFUSED:  # noqa: SLF001 - as above
                self._clear_disabled(lease._entry)  # noqa: SLF001 - as above
        if lease._probes_capability and current:  # noqa: SLF001 - as above
            lease._circuit.recover()  # noqa: SLF001 - as above

    def _failed(
        self,
        lease: Lease,
        now: float,
        code: str,
        message: str | None,
        retry_after_s: float | None,
        hold_reason: str | None,
    ) -> None:
        entry = lease._entry  # noqa: SLF001 - as above
        entry.last_error = (code, (message or "")[:_MESSAGE_CHARS])
        entry.circuit.fail(now, self.settings, probe=lease.probe)
        if entry.disabled_reason == KEY_REFUSED and lease._probes_source:  # noqa: SLF001
            entry.denied_probe_at = now + self.settings.denied_probe_s
        told = told_s(retry_after_s, USUAL_S)
        if told is not None:
            entry.hold.extend(now + told, code, hold_reason or code)

    def _denied(self, lease: Lease, now: float, message: str) -> None:
        entry = lease._entry  # noqa: SLF001 - as above
        if entry.disabled_reason is None or lease._probes_source:  # noqa: SLF001 - as above
            entry.disabled_reason = KEY_REFUSED
            entry.disabled_detail = message[:_MESSAGE_CHARS]
            entry.denied_probe_at = now + self.settings.denied_probe_s

    def _clear_disabled(self, entry: _Source) -> None:
        entry.disabled_reason = None
        entry.disabled_detail = ""
        entry.denied_probe_at = math.inf

    def _settle_all(self, entry: _Source, reason: str) -> None:
        """Take every state from the rules; only the source's own change is news."""
        self._settle(entry, entry.circuit, None, self._clock.monotonic(), reason)
        for circuit in entry.capabilities.values():
            circuit.state = circuit.judge(self._offline_after)

    def _settle(
        self, entry: _Source, circuit: Circuit, capability: str | None, now: float, reason: str
    ) -> None:
        """Take the state from the rules, and tell if it changed."""
        if now > circuit.window.expires_at:
            circuit.window.expire(now)
        if capability is None and entry.disabled_reason is not None:
            state = State.DISABLED
        else:
            state = circuit.judge(self._offline_after)
        before = circuit.state
        if state is not before:
            circuit.state = state
            if self._on_change is not None:
                self._on_change(StateChange(entry.name, capability, before, state, reason, now))


def _worse(one: State, other: State) -> State:
    """Of two states that may be routed to, the one ranked last; unproven is not proven."""
    if one is State.DEGRADED or other is State.DEGRADED:
        return State.DEGRADED
    if one is State.UNKNOWN or other is State.UNKNOWN:
        return State.UNKNOWN
    return State.HEALTHY
