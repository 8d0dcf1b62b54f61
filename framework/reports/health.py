"""The health of sources, as it is reported."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from coinmux.framework.clock import wall_at
from coinmux.framework.errors import UnknownProvider
from coinmux.framework.health.circuit import State
from coinmux.framework.reports.base import FrozenReport, MaybeMs, MaybeShare, MaybeUnixMs
from coinmux.framework.sources.channel_health import ChannelHealth
from coinmux.framework.suggest import near

if TYPE_CHECKING:
    from coinmux.framework.clock import Clock
    from coinmux.framework.health.remarks import Remarks
    from coinmux.framework.health.snapshot import HealthSnapshot
    from coinmux.framework.health.tracker import HealthTracker
    from coinmux.framework.sources.registry import SourceRegistry
    from coinmux.framework.sources.source import Source


class ErrorReport(FrozenReport):
    """The last error of a source."""

    code: str
    message: str


class CapabilityHealthReport(FrozenReport):
    """The health of one capability of a source."""

    name: str
    state: State
    consecutive_failures: int
    retry_at: Annotated[
        int | None, Meta(description="Time of the next probe, Unix ms; null unless OFFLINE")
    ]
    hold_until: Annotated[
        int | None, Meta(description="End of this capability's own cooldown, Unix ms")
    ]
    hold_reason: Annotated[str | None, Meta(description="Cause of that cooldown")]


class ChannelUse(FrozenReport):
    """The channels of a source."""

    usable: Annotated[int, Meta(description="Those that may be asked now")]
    total: int


class SourceHealth(FrozenReport):
    """The health of one source, or of one channel of a source."""

    name: str
    state: State
    disabled_reason: Annotated[str | None, Meta(description="A code; null unless DISABLED")]
    enabled: bool
    successes: Annotated[int, Meta(description="Since the start")]
    failures: Annotated[int, Meta(description="Since the start")]
    consecutive_failures: int
    success_rate: MaybeShare
    avg_response_ms: MaybeMs
    p50_ms: MaybeMs
    p95_ms: MaybeMs
    last_success_at: MaybeUnixMs
    last_failure_at: MaybeUnixMs
    last_error: ErrorReport | None
    retry_at: Annotated[
        int | None,
        Meta(description="Time of the next probe, Unix ms; null unless OFFLINE or key refused"),
    ]
    hold_until: Annotated[
        int | None, Meta(description="End of the cooldown, Unix ms; null without one")
    ]
    hold_reason: Annotated[str | None, Meta(description="Cause of the cooldown")]
    recoveries: int
    capabilities: tuple[CapabilityHealthReport, ...]
    channels: Annotated[
        ChannelUse | None, Meta(description="null for a channel, and for a source without any")
    ]
    category: str


class HealthSummary(FrozenReport):
    """Providers, or channels, by state, and all together."""

    total: int
    healthy: int
    degraded: int
    offline: int
    unknown: int
    disabled: int


class HealthReport(FrozenReport):
    """Every source, channels included."""

    summary: Annotated[HealthSummary, Meta(description="Providers by state")]
    channels: Annotated[HealthSummary, Meta(description="Channels of providers by state")]
    sources: tuple[SourceHealth, ...]


class HealthReports:
    """Makes the reports on health."""

    def __init__(self, tracker: HealthTracker, registry: SourceRegistry, clock: Clock) -> None:
        self._tracker = tracker
        self._registry = registry
        self._clock = clock

    def every(self) -> HealthReport:
        """Every source, channels included; providers and channels are counted apart."""
        lines = tuple(self.of(name) for name in sorted(self._known()))
        return HealthReport(summary=self.providers(), channels=self.channels(), sources=lines)

    def providers(self) -> HealthSummary:
        """A count of each state among providers."""
        return summary(self.state(name) for name in self._registry.sources)

    def channels(self) -> HealthSummary:
        """A count of each state among the channels of providers."""
        return summary(
            self.state(f"{source.name}:{channel.name}")
            for source in self._registry.sources.values()
            for channel in source.info.channels
        )

    def of(self, name: str) -> SourceHealth:
        """One source (`binance`) or channel (`rss_news:coindesk`).

        Raises:
            UnknownProvider: with near names.
        """
        known = self.known(name)
        source = self._registry.sources[known.partition(":")[0]]
        channels = None
        if known == source.name and source.info.channels:
            standings = [
                self._tracker.standing(f"{known}:{channel.name}", ChannelHealth.CAPABILITY)
                for channel in source.info.channels
            ]
            usable = sum(one.eligible or one.probe for one in standings)
            channels = ChannelUse(usable=usable, total=len(standings))
        snapshot = self._tracker.snapshot(known)
        return source_health(snapshot, source.info.category, self._clock, channels)

    def known(self, name: str) -> str:
        """The name of a source or channel, written in any case.

        Raises:
            UnknownProvider: with near names.
        """
        known = self._known()
        if name.lower() not in known:
            raise UnknownProvider(f"no source {name[:60]!r}", did_you_mean=near(name, known))
        return name.lower()

    def _known(self) -> list[str]:
        """Sources and channels; the health of a retired plugin's is kept for calls in flight."""
        present = self._registry.sources
        return [one for one in self._tracker.sources() if one.partition(":")[0] in present]

    def remarks(self, name: str) -> Remarks:
        """What could not be read of the answers of a source, by its exact name."""
        return self._tracker.remarks(name)

    def live_reason(self, source: Source) -> str | None:
        """The reason why a source that the configuration enables is DISABLED (a refused key)."""
        if not source.feature.enabled:
            return None
        snapshot = self._tracker.snapshot(source.name)
        return snapshot.disabled_reason if snapshot.state is State.DISABLED else None

    def state(self, name: str) -> State:
        """The state of a source or channel, by its exact name."""
        return self._tracker.snapshot(name).state


def source_health(
    snapshot: HealthSnapshot, category: str, clock: Clock, channels: ChannelUse | None = None
) -> SourceHealth:
    """The snapshot as it is reported; wall times are made now."""

    def wall(at: float | None) -> int | None:
        return None if at is None else wall_at(clock, at)

    error = snapshot.last_error
    return SourceHealth(
        name=snapshot.name,
        state=snapshot.state,
        disabled_reason=snapshot.disabled_reason,
        enabled=snapshot.state is not State.DISABLED,
        successes=snapshot.successes,
        failures=snapshot.failures,
        consecutive_failures=snapshot.consecutive_failures,
        success_rate=snapshot.success_rate,
        avg_response_ms=_ms(snapshot.avg_response_s),
        p50_ms=_ms(snapshot.p50_s),
        p95_ms=_ms(snapshot.p95_s),
        last_success_at=wall(snapshot.last_success_at),
        last_failure_at=wall(snapshot.last_failure_at),
        last_error=None if error is None else ErrorReport(code=error[0], message=error[1]),
        retry_at=wall(snapshot.retry_at),
        hold_until=wall(snapshot.hold_until),
        hold_reason=snapshot.hold_reason,
        recoveries=snapshot.recoveries,
        capabilities=tuple(
            CapabilityHealthReport(
                name=one.name,
                state=one.state,
                consecutive_failures=one.consecutive_failures,
                retry_at=wall(one.retry_at),
                hold_until=wall(one.hold_until),
                hold_reason=one.hold_reason,
            )
            for one in snapshot.capabilities
        ),
        channels=channels,
        category=category,
    )


def summary(states: Iterable[State]) -> HealthSummary:
    """A count of each state."""
    found = Counter(states)
    return HealthSummary(
        total=found.total(),
        healthy=found[State.HEALTHY],
        degraded=found[State.DEGRADED],
        offline=found[State.OFFLINE],
        unknown=found[State.UNKNOWN],
        disabled=found[State.DISABLED],
    )


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 3)
