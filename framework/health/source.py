"""One source in the state machine: its own circuit, those of its capabilities, cooldowns and keys.

`docs/health.md` gives the rules and the reasons.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from random import Random

from coinmux.framework.errors import Outcome, UnknownSymbol
from coinmux.framework.health.circuit import Circuit, HealthSettings, State
from coinmux.framework.health.cooldown import PLAN, USUAL_S, Cooldown, told_s
from coinmux.framework.health.status import Availability, RemoteResult, StateChange, Trouble

KEY_REFUSED = "key_refused"
_MESSAGE_CHARS = 300


_ELIGIBLE = {
    state: Availability(state, True, False, "", "", None, None)
    for state in (State.HEALTHY, State.DEGRADED, State.UNKNOWN)
}
_HEALTHY = _ELIGIBLE[State.HEALTHY]
_WORDS = {outcome: outcome.name.lower() for outcome in Outcome}


@dataclass(slots=True)
class Lease:
    """Permission for one attempt, and the epochs that show whether its result is still current.

    Attributes:
        source_epoch, capability_epoch: at the attempt's start.
        probe: whether this is the one attempt allowed while the source or capability is OFFLINE, or
            its key is refused.
        ends_at: monotonic seconds; a probe's lease expires then, even if it was not recorded.
        owner, circuit: of the source it was made for.
        probes_source, probes_capability: which of the two circuits is half-open.
        is_open: until the attempt is recorded or released.
    """

    source: str
    capability: str
    source_epoch: int
    capability_epoch: int
    probe: bool
    ends_at: float
    owner: SourceBreaker = field(repr=False)
    circuit: Circuit = field(repr=False)
    probes_source: bool = False
    probes_capability: bool = False
    is_open: bool = True


class SourceBreaker:
    """One source; every method is given the monotonic time.

    Attributes:
        own: the circuit of the source as a whole.
        disabled_reason: why it is off, None while it is on.
        denied_probe_at: when a refused key is tried next.
        last_error: code and message.
        channels: of a container; its state follows from theirs.
    """

    __slots__ = (
        "_offline_after", "_on_change", "_rng", "_settings", "capabilities", "channels",
        "denied_probe_at",
        "disabled_detail", "disabled_reason", "last_error", "name", "own",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        settings: HealthSettings,
        on_change: Callable[[StateChange], None],
        rng: Random,
    ) -> None:
        self.name = name
        self.own = Circuit(settings)
        self.capabilities: dict[str, Circuit] = {}
        self.disabled_reason: str | None = None
        self.disabled_detail = ""
        self.denied_probe_at = math.inf
        self.last_error: tuple[str, str] | None = None
        self.channels: tuple[SourceBreaker, ...] = ()
        self._settings = settings
        self._offline_after = settings.offline_after
        self._on_change = on_change
        self._rng = rng

    def offer(self, capabilities: Iterable[str]) -> None:
        """Offer exactly these capabilities; the state of known ones stays."""
        known = self.capabilities
        self.capabilities = {
            name: known[name] if name in known else Circuit(self._settings) for name in capabilities
        }

    # Attempts

    def standing(self, capability: str, now: float) -> Availability:
        """Whether it may be asked for the capability now, and if not why."""
        own, circuit = self.own, self.capabilities[capability]
        if now > own.window.expires_at:
            self.settle(own, None, now, "window")
        if now > circuit.window.expires_at:
            self.settle(circuit, capability, now, "window")
        if now >= self.own.hold.until and now >= circuit.hold.until:
            if own.state is State.HEALTHY and circuit.state is State.HEALTHY:
                return _HEALTHY
            if self._is_closed(circuit):
                return _ELIGIBLE[_worse(self._ranked(), circuit.state)]
        return self._refused(circuit, now)

    def begin(self, capability: str, deadline_s: float, now: float) -> Lease | None:
        """Permission for one attempt, None where none is allowed now."""
        own, circuit = self.own, self.capabilities[capability]
        if now < self.own.hold.until or now < circuit.hold.until:
            return None
        ends_at = now + deadline_s + self._settings.lease_grace_s
        opens_at = self._offline_after
        if (
            self.disabled_reason is None
            and own.consecutive < opens_at
            and circuit.consecutive < opens_at
        ):
            return Lease(
                self.name, capability, own.epoch, circuit.epoch, False, ends_at, self, circuit
            )
        due_at, leased_until = self._probe_times(circuit)
        if now < due_at or now < leased_until:
            return None
        probed = self._half_open(circuit)
        for one in probed:
            one.epoch += 1
            one.lease_ends_at = ends_at
        return Lease(
            self.name, capability, own.epoch, circuit.epoch, True, ends_at, self, circuit,
            own in probed, circuit in probed,
        )  # fmt: skip

    def record(
        self,
        lease: Lease,
        outcome: Outcome,
        now: float,
        elapsed_s: float,
        code: str | None,
        message: str | None,
        retry_after_s: float | None,
        hold_reason: str | None,
    ) -> bool:
        """How an attempt ended; a result of an older epoch changes totals only.

        Returns:
            Whether it was current, for the source and for the capability.
        """
        lease.is_open = False
        if lease.probe:
            self.close(lease)
        own, circuit = self.own, lease.circuit
        own_current = lease.source_epoch == own.epoch
        current = lease.capability_epoch == circuit.epoch
        reason = code or _WORDS[outcome]
        if outcome is Outcome.SUCCESS:
            own.successes += 1
            circuit.successes += 1
            result = (now, elapsed_s if elapsed_s >= 0 else 0.0)
            if own_current:
                own.succeed(now, result)
                self.own.hold.step = 0
            if current:
                circuit.succeed(now, result)
            if lease.probe:
                self._answered(lease, own_current, current)
        elif outcome is Outcome.FAILURE:
            own.failures += 1
            circuit.failures += 1
            if own_current:
                self._failed(lease, now, retry_after_s, reason, hold_reason)
            if current:
                circuit.fail(now, self._settings, probe=lease.probe)
        elif outcome is Outcome.NEUTRAL:
            if lease.probe and code == UnknownSymbol.code:
                self._answered(lease, own_current, current)
        elif own_current and outcome is Outcome.HOLD:
            # A plan that lacks one capability says nothing about the others.
            hold = circuit.hold if code == PLAN else self.own.hold
            hold.ask(now, reason, retry_after_s, hold_reason or reason, self._rng)
        elif own_current and (self.disabled_reason is None or lease.probes_source):
            self.disabled_reason = KEY_REFUSED
            self.disabled_detail = (message or "")[:_MESSAGE_CHARS]
            self.denied_probe_at = now + self._settings.denied_probe_s
        if own_current and outcome is not Outcome.SUCCESS and outcome is not Outcome.NEUTRAL:
            self.last_error = (reason, (message or "")[:_MESSAGE_CHARS])
        self.settle(own, None, now, reason)
        self.settle(circuit, lease.capability, now, reason)
        return own_current and current

    def close(self, lease: Lease) -> None:
        """End a lease; the probe is free again unless a newer epoch has begun."""
        lease.is_open = False
        if lease.probes_source and lease.source_epoch == self.own.epoch:
            self.own.lease_ends_at = -math.inf
        if lease.probes_capability and lease.capability_epoch == lease.circuit.epoch:
            lease.circuit.lease_ends_at = -math.inf

    def _answered(self, lease: Lease, own_current: bool, current: bool) -> None:
        """A probe showed that the source answers: what it probed is closed again."""
        if lease.probes_source and own_current:
            self.own.recover()
            if self.disabled_reason == KEY_REFUSED:
                self._switch_on()
        if lease.probes_capability and current:
            lease.circuit.recover()

    def _failed(
        self,
        lease: Lease,
        now: float,
        retry_after_s: float | None,
        code: str,
        hold_reason: str | None,
    ) -> None:
        self.own.fail(now, self._settings, probe=lease.probe)
        if self.disabled_reason == KEY_REFUSED and lease.probes_source:
            self.denied_probe_at = now + self._settings.denied_probe_s
        wait_s = told_s(retry_after_s, USUAL_S)
        if wait_s is not None:
            self.own.hold.extend(now + wait_s, code, hold_reason or code)

    # Other workers

    def told(
        self,
        capability: str,
        outcome: Outcome,
        now: float,
        elapsed_s: float,
        code: str | None,
        message: str | None,
        *,
        probe: bool,
    ) -> RemoteResult:
        """How an attempt ended, and the state of its source since, for other workers."""
        own, circuit = self.own, self.capabilities.get(capability, self.own)
        hold = max(own.hold, circuit.hold, key=lambda one: one.until)
        return RemoteResult(
            self.name,
            capability,
            outcome,
            elapsed_s,
            code,
            (message or "")[:_MESSAGE_CHARS],
            self._rest_s(own, now),
            self._rest_s(circuit, now),
            max(own.hold.until - now, 0.0),
            max(circuit.hold.until - now, 0.0),
            hold.code or "",
            hold.reason or "",
            probe,
        )

    def _rest_s(self, circuit: Circuit, now: float) -> float | None:
        if circuit.consecutive < self._offline_after:
            return None
        return max(circuit.retry_at - now, 0.0)

    def hear(self, heard: RemoteResult, now: float, age_s: float) -> None:
        """Count another worker's result, and take over its circuit where that is worse."""
        at = now - age_s
        circuit = self.capabilities.get(heard.capability)
        if circuit is None:
            return
        reason = heard.code or Outcome(heard.outcome).name.lower()
        is_answer = heard.outcome == Outcome.SUCCESS or (
            heard.outcome == Outcome.NEUTRAL and heard.code == UnknownSymbol.code
        )
        for one, rest_s in ((self.own, heard.rest_s), (circuit, heard.capability_rest_s)):
            was_offline = one.consecutive >= self._offline_after
            # An open circuit is closed, or kept open longer, by a probe alone: what is out of date
            # here may have been current there when it was sent.
            counts = heard.probe or not was_offline
            if heard.outcome == Outcome.SUCCESS:
                one.successes += 1
                if counts:
                    one.succeed(at, (at, max(heard.elapsed_s, 0.0)))
            elif heard.outcome == Outcome.FAILURE:
                one.failures += 1
                if counts:
                    one.fail(at, self._settings, probe=was_offline)
            if was_offline and heard.probe and is_answer:
                one.recover()
            if rest_s is not None:
                self._open(one, at + rest_s)
        if heard.probe and heard.outcome == Outcome.SUCCESS and self.disabled_reason == KEY_REFUSED:
            self._switch_on()
        elif heard.outcome == Outcome.DENIED and self.disabled_reason is None:
            self.disabled_reason, self.disabled_detail = KEY_REFUSED, heard.message or ""
            self.denied_probe_at = now + self._settings.denied_probe_s
        if heard.hold_s > 0:
            self.own.hold.take_over(at, heard.hold_s, heard.hold_code, heard.hold_reason)
        if heard.capability_hold_s > 0:
            circuit.hold.take_over(at, heard.capability_hold_s, heard.hold_code, heard.hold_reason)
        if heard.outcome in (Outcome.FAILURE, Outcome.HOLD, Outcome.DENIED):
            self.last_error = (reason, (heard.message or "")[:_MESSAGE_CHARS])
        self.settle(self.own, None, now, reason)
        self.settle(circuit, heard.capability, now, reason)

    def _open(self, circuit: Circuit, retry_at: float) -> None:
        if circuit.consecutive < self._offline_after:
            # Calls of before the outage are out of date here too.
            circuit.begin_epoch()
        circuit.counted = True
        circuit.consecutive = max(circuit.consecutive, self._offline_after)
        circuit.retry_at = retry_at

    def troubles(self, now: float) -> list[Trouble]:
        """The open circuits and cooldowns of the source."""
        code, message = self.last_error or ("", "")
        found = []
        for capability, circuit in (("", self.own), *self.capabilities.items()):
            rest_s, hold = self._rest_s(circuit, now), circuit.hold
            hold_s = max(hold.until - now, 0.0)
            if rest_s is not None or hold_s > 0:
                found.append(
                    Trouble(
                        self.name,
                        capability,
                        rest_s,
                        hold_s,
                        code,
                        message,
                        hold.code or "",
                        hold.reason or "",
                    )
                )
        return found

    def take_open(
        self, capability: str, rest_s: float, code: str, message: str, now: float
    ) -> None:
        """Take over an open circuit; one that is already open here keeps its own retry delay."""
        circuit = self.capabilities.get(capability) if capability else self.own
        if circuit is None or circuit.consecutive >= self._offline_after:
            return
        self._open(circuit, now + rest_s)
        self.last_error = (code, message[:_MESSAGE_CHARS])
        self.settle(circuit, capability or None, now, code)

    def take_hold(self, capability: str, left_s: float, code: str, reason: str, now: float) -> None:
        """Take over a cooldown; one that is longer here stays."""
        circuit = self.capabilities.get(capability) if capability else self.own
        if circuit is not None:
            circuit.hold.take_over(now, left_s, code, reason)

    # Configuration and administration

    def hasten(self, now: float) -> None:
        """Make every pending probe due now; cooldowns stay, and a source that is off stays off."""
        if self.disabled_reason == KEY_REFUSED:
            self.denied_probe_at = min(self.denied_probe_at, now)
        for circuit in self._circuits():
            circuit.retry_at = min(circuit.retry_at, now)

    def disable(self, reason: str, detail: str, now: float) -> None:
        """Switch off; results of calls in flight no longer count."""
        self.disabled_reason, self.disabled_detail = reason, detail
        self.denied_probe_at = math.inf
        for circuit in self._circuits():
            circuit.begin_epoch()
        self._settle_all(now, reason)

    def enable(self, now: float) -> None:
        """Switch on after the settings were read again.

        Results so far are forgotten; a running cooldown is not, and an OFFLINE circuit stays
        OFFLINE: only a probe or a reset ends that.
        """
        self._switch_on()
        for circuit in self._circuits():
            if circuit.consecutive >= self._offline_after:
                circuit.begin_epoch()
            else:
                circuit.restart()
        self._settle_all(now, "reload")

    def reset(self, now: float) -> None:
        """Forget results, latches, cooldowns and a refused key; a source that is off stays off."""
        if self.disabled_reason == KEY_REFUSED:
            self._switch_on()
        self.last_error = None
        for circuit in self._circuits():
            circuit.restart()
            circuit.hold = Cooldown()
        self._settle_all(now, "reset")

    def retire(self) -> None:
        """Ignore the results of calls in flight."""
        for circuit in self._circuits():
            circuit.begin_epoch()

    def settle(self, circuit: Circuit, capability: str | None, now: float, reason: str) -> None:
        """Set the state by the rules, and report it if it changed."""
        if now > circuit.window.expires_at:
            circuit.window.expire(now)
        if capability is None and self.disabled_reason is not None:
            state = State.DISABLED
        elif circuit.counted and not circuit.consecutive and circuit.window.is_good:
            state = State.HEALTHY  # as `judge` says, of most calls
        else:
            state = circuit.judge(self._offline_after)
        if self.channels and capability is None and state is not State.DISABLED:
            state = self._of_channels(state)
        before = circuit.state
        if state is not before:
            circuit.state = state
            self._on_change(StateChange(self.name, capability, before, state, reason, now))

    def _settle_all(self, now: float, reason: str) -> None:
        """Set every state by the rules; only a change of the source itself is reported."""
        for circuit in self.capabilities.values():
            circuit.state = circuit.judge(self._offline_after)
        self.settle(self.own, None, now, reason)

    def _switch_on(self) -> None:
        self.disabled_reason, self.disabled_detail = None, ""
        self.denied_probe_at = math.inf

    # Reading

    def _of_channels(self, own: State) -> State:
        """The state of a container: by those of its channels that were asked, else its own."""
        asked = [state for one in self.channels if (state := one.own.state) is not State.UNKNOWN]
        if not asked or own is State.OFFLINE:
            return own
        down = sum(state in (State.OFFLINE, State.DISABLED) for state in asked)
        # One that is down says little of those that were never asked; two say enough.
        if down == len(asked) and (down > 1 or len(self.channels) == 1):
            return State.OFFLINE
        is_good = not down and State.HEALTHY in asked and own is not State.DEGRADED
        return State.HEALTHY if is_good else State.DEGRADED

    def _ranked(self) -> State:
        """The state that places it among others.

        A container goes by its own results: the question decides which of its channels are asked,
        and one that is down is passed over. It goes last while all that were asked are down.
        """
        own = self.own
        if not self.channels:
            return own.state
        return State.DEGRADED if own.state is State.OFFLINE else own.judge(self._offline_after)

    def newest_error(self) -> tuple[str, str] | None:
        """Its last error; of a container, that of the channel that failed last."""
        failed = [self, *(one for one in self.channels if one.last_error is not None)]
        return max(failed, key=lambda one: one.own.last_failure_at or -math.inf).last_error

    def _circuits(self) -> tuple[Circuit, ...]:
        return (self.own, *self.capabilities.values())

    def _is_closed(self, circuit: Circuit) -> bool:
        return (
            self.disabled_reason is None
            and self.own.consecutive < self._offline_after
            and circuit.consecutive < self._offline_after
        )

    def _half_open(self, circuit: Circuit) -> tuple[Circuit, ...]:
        """The circuits an attempt made now would probe."""
        off = self.disabled_reason is not None or self.own.consecutive >= self._offline_after
        if circuit.consecutive >= self._offline_after:
            return (self.own, circuit) if off else (circuit,)
        return (self.own,) if off else ()

    def _probe_times(self, circuit: Circuit) -> tuple[float, float]:
        """When a probe is due, and until when one is running; monotonic seconds."""
        due_at = leased_until = -math.inf
        if self.disabled_reason is not None:
            due_at = self.denied_probe_at
        for one in self._half_open(circuit):
            leased_until = max(leased_until, one.lease_ends_at)
            if one.consecutive >= self._offline_after:
                due_at = max(due_at, one.retry_at)
        return due_at, leased_until

    def _refused(self, circuit: Circuit, now: float) -> Availability:
        """The availability of a source that may not be tried normally."""
        hold = max(self.own.hold, circuit.hold, key=lambda one: one.until)
        hold_until = hold.until if now < hold.until else None
        held = hold.reason or hold.code or ""
        if self._is_closed(circuit):
            state = _worse(self._ranked(), circuit.state)
            return Availability(state, False, False, "held", held, None, hold_until)
        due_at, leased_until = self._probe_times(circuit)
        if self.disabled_reason is not None:
            state, reason, detail = State.DISABLED, "disabled", self.disabled_reason
        else:
            failures = max(self.own.consecutive, circuit.consecutive)
            state, reason, detail = State.OFFLINE, "offline", f"{failures} failures in a row"
        probe = now >= due_at and now >= leased_until and hold_until is None
        if state is State.OFFLINE and now >= due_at and not probe:
            if now < leased_until:
                reason, detail, due_at = "probe_running", "its probe is running", leased_until
            else:
                reason, detail = "held", held
        retry_at = due_at if due_at < math.inf else None
        return Availability(state, False, probe, reason, detail, retry_at, hold_until)


def _worse(one: State, other: State) -> State:
    """Of two states that may be routed to, the one ranked last; unproven is not proven."""
    if one is State.DEGRADED or other is State.DEGRADED:
        return State.DEGRADED
    if one is State.UNKNOWN or other is State.UNKNOWN:
        return State.UNKNOWN
    return State.HEALTHY
