"""Which sources may be asked now: the state machine that is also the circuit breaker. Pure.

No I/O, no sleeping, no logging: results and the clock go in, availability and changes come out.
`docs/health.md` gives the rules and the reasons.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from random import Random
from typing import TYPE_CHECKING

from coinmux.framework.health.circuit import LATE_S, HealthSettings, State
from coinmux.framework.health.cooldown import DURABLE
from coinmux.framework.health.remarks import Remarks
from coinmux.framework.health.snapshot import CapabilityHealth, HealthSnapshot, percentile
from coinmux.framework.health.source import KEY_REFUSED, Lease, SourceBreaker
from coinmux.framework.health.status import Availability, RemoteResult, StateChange, Trouble

if TYPE_CHECKING:
    from coinmux.framework.clock import Clock
    from coinmux.framework.errors import Outcome

__all__ = [
    "KEY_REFUSED",
    "Availability",
    "CapabilityHealth",
    "HealthSettings",
    "HealthSnapshot",
    "HealthTracker",
    "Lease",
    "RemoteResult",
    "State",
    "StateChange",
    "Trouble",
    "live_name",
]


def live_name(provider: str) -> str:
    """The name of a provider's live feeds: a channel by which its requests do not go."""
    return f"{provider}:live"


class HealthTracker:
    """Every source's state, per source and per (source, capability).

    A name that was never registered raises KeyError throughout.

    Args:
        on_change: the first listener, see `subscribe`.
        rng: spreads waits whose length the source did not give.
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
        self._listeners: tuple[Callable[[StateChange], None], ...] = (
            () if on_change is None else (on_change,)
        )
        self._rng = rng if rng is not None else Random()  # noqa: S311 - spreads waits only
        self._sources: dict[str, SourceBreaker] = {}
        self._remarks: dict[str, Remarks] = {}
        self._touched: set[str] = set()
        #: Called with the result of each attempt of this process, where there are other workers.
        self.on_result: Callable[[RemoteResult], None] | None = None

    def subscribe(self, listener: Callable[[StateChange], None]) -> None:
        """Have `listener` receive each change of state, after it took effect; must not raise."""
        self._listeners = (*self._listeners, listener)

    def _changed(self, change: StateChange) -> None:
        for listener in self._listeners:
            listener(change)
        name, is_channel, _ = change.source.partition(":")
        container = self._sources.get(name) if is_channel else None
        if container is not None:
            container.settle(container.own, None, change.at, change.reason)

    # Sources

    def register(
        self, source: str, capabilities: Iterable[str], *, disabled_reason: str | None = None
    ) -> None:
        """Add a source; a known one gets these capabilities and keeps its state."""
        entry = self._sources.get(source)
        if entry is None:
            entry = SourceBreaker(source, self.settings, self._changed, self._rng)
            self._sources[source] = entry
            if disabled_reason is not None:
                entry.disabled_reason = disabled_reason
                entry.own.state = State.DISABLED
        elif disabled_reason is not None:
            self.disable(source, disabled_reason)
        self._touched.add(source)
        entry.offer(capabilities)
        self._join(source)

    def _join(self, source: str) -> None:
        """Tell a container of its channels, which are sources named `<container>:<channel>`."""
        name = source.partition(":")[0]
        if (container := self._sources.get(name)) is not None:
            start, live = f"{name}:", live_name(name)
            container.channels = tuple(
                one
                for known, one in self._sources.items()
                if known.startswith(start) and known != live
            )

    def forget(self, source: str) -> None:
        """Drop a source; results of calls in flight no longer count."""
        self._sources.pop(source).retire()
        self._join(source)
        self._remarks.pop(source, None)

    def sources(self) -> list[str]:
        """Names, in the order they were registered."""
        return list(self._sources)

    def capabilities(self, source: str) -> list[str]:
        """What the source offers."""
        return list(self._sources[source].capabilities)

    def remarks(self, source: str) -> Remarks:
        """What could not be read of the source's answers; to be read or added to."""
        remarks = self._remarks.get(source)
        if remarks is None:
            remarks = self._remarks[source] = Remarks()
        return remarks

    # Attempts

    def standing(self, source: str, capability: str) -> Availability:
        """Whether the source may be asked for the capability now, and if not why."""
        return self._sources[source].standing(capability, self._clock.monotonic())

    def begin(self, source: str, capability: str, deadline_s: float) -> Lease | None:
        """Permission for one attempt of at most `deadline_s` seconds, None where none is allowed.

        The caller must end a lease with `record` or `release`, once.
        """
        return self._sources[source].begin(capability, deadline_s, self._clock.monotonic())

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
        """How an attempt ended; ignored for a lease that was ended before.

        Args:
            elapsed_s: response time; recorded for successes only.
            code: of the error; `unknown_symbol` ends a probe well, some codes have their own hold.
            message: for people, free of secrets.
            retry_after_s: what the source said; None, negative or not finite is "did not say".
            hold_reason: for people; the code where it is None.
        """
        if lease.is_open:
            now = self._clock.monotonic()
            self._touched.add(lease.source)
            was_current = lease.owner.record(
                lease, outcome, now, elapsed_s, code, message, retry_after_s, hold_reason
            )
            # What is out of date here would count as new elsewhere.
            if self.on_result is not None and was_current:
                self.on_result(
                    lease.owner.told(
                        lease.capability, outcome, now, elapsed_s, code, message, probe=lease.probe
                    )
                )

    def end_early(self, source: str, capability: str) -> None:
        """A deadline ended an attempt that had its usual time: no failure, and no answer either."""
        circuit = self._sources[source].capabilities.get(capability)
        if circuit is not None:
            self._touched.add(source)
            circuit.end_early(self._clock.monotonic())

    def ranked_by(
        self, source: str, capability: str, now: float
    ) -> tuple[State, float | None, bool, float]:
        """What a source is ranked by: its state, its `latency_s`, and whether it is late.

        A late source kept several callers waiting in vain, and is asked after others. The last
        value is the monotonic time until which all that stays so, unless `take_touched` names it.
        """
        breaker = self._sources[source]
        circuit = breaker.capabilities[capability]
        state = breaker.standing(capability, now).state
        until = min(breaker.own.window.expires_at, circuit.window.expires_at)
        late = circuit.cut_short > 0 and circuit.is_late(now)
        if late:
            until = min(until, circuit.cut_short_at + LATE_S)
        return state, circuit.latency_s, late, until

    def take_touched(self) -> set[str]:
        """Sources that `ranked_by` may say something new of since this was last asked."""
        touched, self._touched = self._touched, set()
        return touched

    def release(self, lease: Lease) -> None:
        """End an attempt that came to nothing (cancelled): as if it had not been made."""
        if lease.is_open:
            lease.owner.close(lease)

    # Other workers

    def hear(self, heard: RemoteResult, age_s: float = 0.0) -> None:
        """Count an attempt that another worker made, and that ended `age_s` ago."""
        self._touched.add(heard.source)
        self._sources[heard.source].hear(heard, self._clock.monotonic(), age_s)

    def take_open(
        self, source: str, capability: str, rest_s: float, code: str, message: str
    ) -> None:
        """Take over that a circuit is open; `capability` is "" for the source as a whole."""
        self._touched.add(source)
        self._sources[source].take_open(capability, rest_s, code, message, self._clock.monotonic())

    def take_hold(
        self, source: str, capability: str, left_s: float, code: str, reason: str
    ) -> None:
        """Take over a cooldown; `capability` is "" for the source as a whole."""
        self._sources[source].take_hold(capability, left_s, code, reason, self._clock.monotonic())

    def troubles(self) -> list[Trouble]:
        """Every open circuit and cooldown, for a worker that begins now."""
        now = self._clock.monotonic()
        return [one for entry in self._sources.values() for one in entry.troubles(now)]

    # Configuration and administration

    def disable(self, source: str, reason: str, detail: str = "") -> None:
        """Switch a source off until `enable`; results of calls in flight no longer count."""
        self._touched.add(source)
        self._sources[source].disable(reason, detail, self._clock.monotonic())

    def enable(self, source: str) -> None:
        """Switch a source on after its settings were read again, whether or not it was off.

        Results so far are forgotten; a running cooldown is not, and an OFFLINE circuit stays
        OFFLINE: only a probe or a reset ends that.
        """
        self._touched.add(source)
        self._sources[source].enable(self._clock.monotonic())

    def hasten(self, source: str) -> None:
        """Make the probes of a source and its channels due now.

        Cooldowns (Retry-After) still apply.
        """
        now = self._clock.monotonic()
        for name, entry in self._sources.items():
            if name == source or name.startswith(f"{source}:"):
                entry.hasten(now)

    def reset(self, source: str) -> None:
        """Forget results, latches, cooldowns and a refused key; a source that is off stays off.

        The channels of a container are reset too.
        """
        now, entry = self._clock.monotonic(), self._sources[source]
        for one in (*entry.channels, entry):
            self._touched.add(one.name)
            one.reset(now)

    def reset_all(self) -> None:
        """`reset` every source."""
        for source in self._sources:
            self.reset(source)

    # Reading

    def snapshot(self, source: str) -> HealthSnapshot:
        """The source's health for people."""
        entry, now = self._sources[source], self._clock.monotonic()
        own = entry.own
        entry.settle(own, None, now, "window")
        for name, circuit in entry.capabilities.items():
            entry.settle(circuit, name, now, "window")
        times = own.window.times_s()
        cooling = now < entry.own.hold.until
        retry_at = own.retry_at if own.state is State.OFFLINE else None
        if entry.disabled_reason == KEY_REFUSED:
            retry_at = entry.denied_probe_at
        whole = State.DISABLED if own.state is State.DISABLED else None
        if entry.channels and own.state is State.OFFLINE:
            whole = State.OFFLINE
            retry_at = min(
                (one.own.retry_at for one in entry.channels if one.own.state is State.OFFLINE),
                default=retry_at,
            )
        circuits = [own, *(one.own for one in entry.channels)]
        failed_at = [one.last_failure_at for one in circuits if one.last_failure_at is not None]
        return HealthSnapshot(
            name=source,
            state=own.state,
            disabled_reason=entry.disabled_reason,
            disabled_detail=entry.disabled_detail,
            successes=own.successes,
            failures=max(own.failures, sum(one.failures for one in circuits[1:])),
            consecutive_failures=own.consecutive,
            success_rate=own.window.rate,
            avg_response_s=sum(times) / len(times) if times else None,
            p50_s=percentile(times, 0.5),
            p95_s=percentile(times, 0.95),
            last_success_at=own.last_success_at,
            last_failure_at=max(failed_at, default=None),
            last_error=entry.newest_error(),
            retry_at=retry_at,
            hold_until=entry.own.hold.until if cooling else None,
            hold_reason=entry.own.hold.reason if cooling else None,
            recoveries=own.recoveries,
            capabilities=tuple(
                CapabilityHealth(
                    name,
                    circuit.state if whole is None else whole,
                    circuit.consecutive,
                    circuit.retry_at if circuit.state is State.OFFLINE else None,
                    circuit.hold.until if now < circuit.hold.until else None,
                    circuit.hold.reason if now < circuit.hold.until else None,
                )
                for name, circuit in entry.capabilities.items()
            ),
        )

    def latency_s(self, source: str, capability: str) -> float | None:
        """Smoothed response time of successes, None before the first."""
        return self._sources[source].capabilities[capability].latency_s

    def durable_holds(self) -> list[tuple[str, float, str, str]]:
        """Cooldowns that must survive a restart: source, until (monotonic), code, reason."""
        now = self._clock.monotonic()
        return [
            (entry.name, hold.until, hold.code or "", hold.reason or "")
            for entry in self._sources.values()
            if (hold := entry.own.hold).until > now and hold.code in DURABLE
        ]

    def restore_hold(self, source: str, left_s: float, code: str, reason: str) -> None:
        """Restore a cooldown of an earlier run, which lasts so many seconds longer."""
        self.take_hold(source, "", left_s, code, reason)
