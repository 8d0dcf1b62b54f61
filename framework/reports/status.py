"""The whole gateway in a few words: its status, and that of its services."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta

from coinmux.framework.quality.clock_watch import in_words
from coinmux.framework.reports.answerable import AnswerableReports, CapabilityStatus, Overall
from coinmux.framework.reports.base import FrozenReport, installed_version
from coinmux.framework.reports.health import HealthSummary
from coinmux.framework.reports.providers import ModelSummary

if TYPE_CHECKING:
    from coinmux.framework.archive.archive import Archive
    from coinmux.framework.background.health_checker import HealthChecker
    from coinmux.framework.clock import Clock
    from coinmux.framework.cluster.cluster import Cluster
    from coinmux.framework.reports.health import HealthReports
    from coinmux.framework.reports.providers import ProviderReports
    from coinmux.framework.sources.registry import SourceRegistry

ServiceState = Literal["ONLINE", "DEGRADED", "OFFLINE", "DISABLED"]


class ServiceReport(FrozenReport):
    """One part of the process."""

    name: str
    status: ServiceState
    detail: str


class GatewayStatus(FrozenReport):
    """A summary of the gateway; the server adds its own fields."""

    status: Annotated[
        Overall,
        Meta(
            description="ONLINE if every capability can be answered; DEGRADED if one cannot, or "
            "by one source alone, or more than 5 % of the last minute's requests failed; OFFLINE "
            "if neither prices nor candles can be answered, or more than half failed"
        ),
    ]
    reason: Annotated[str, Meta(description="Why, in a sentence")]
    capabilities: tuple[CapabilityStatus, ...]
    answering: Annotated[bool, Meta(description="Whether any data can be asked for now")]
    version: str
    uptime_s: Annotated[float, Meta(description="Seconds since the start")]
    simulated: Annotated[bool, Meta(description="Whether the sources are simulated")]
    services: tuple[ServiceReport, ...]
    sources: Annotated[HealthSummary, Meta(description="Providers by state")]
    channels: Annotated[HealthSummary, Meta(description="Channels of providers by state")]
    models: ModelSummary


class StatusReports:
    """Makes the report on the whole.

    Args:
        answerable: judges the whole by its capabilities.
        started_at: monotonic seconds of the start: the wall clock may be set.
        simulated: whether the sources are simulated.
    """

    def __init__(
        self,
        registry: SourceRegistry,
        answerable: AnswerableReports,
        health: HealthReports,
        providers: ProviderReports,
        clock: Clock,
        *,
        started_at: float,
        simulated: bool,
    ) -> None:
        self._registry = registry
        self.answerable = answerable
        self._health = health
        self._providers = providers
        self._clock = clock
        self._started_at = started_at
        self._simulated = simulated

    def of(
        self,
        archive: Archive | None,
        cluster: Cluster | None,
        checker: HealthChecker,
        *,
        archive_expected: bool = False,
        skew_s: float = 0.0,
        not_kept: str | None = None,
        alerts: tuple[ServiceReport, ...] = (),
    ) -> GatewayStatus:
        """The whole in a few words, with these parts as its services.

        Args:
            archive_expected: whether there will be an archive, though it may not be open yet.
            skew_s: by how much our clock is off.
            not_kept: why bans and used-up quotas cannot be stored.
            alerts: the channels of alerts, where there are any.
        """
        whole = self.answerable.now()
        return GatewayStatus(
            status=whole.status,
            reason=whole.reason,
            capabilities=whole.capabilities,
            answering=whole.answering,
            version=installed_version(),
            uptime_s=round(self._clock.monotonic() - self._started_at, 3),
            simulated=self._simulated,
            services=(
                database_service(archive, expected=archive_expected),
                shared_state_service(cluster),
                checker_service(checker, enabled=self._registry.env.settings.checker),
                *clock_service(skew_s),
                *housekeeping_service(not_kept),
                *alerts,
            ),
            sources=self._health.providers(),
            channels=self._health.channels(),
            models=self._providers.models().summary,
        )


def database_service(archive: Archive | None, *, expected: bool = False) -> ServiceReport:
    """The archive as a service."""
    if archive is None and expected:
        detail = "opening; what is fetched meanwhile is kept"
        return ServiceReport(name="database", status="DEGRADED", detail=detail)
    if archive is None:
        detail = "nothing is kept over a restart: no archive is configured"
        return ServiceReport(name="database", status="DISABLED", detail=detail)
    status, detail = archive.status()
    return ServiceReport(name="database", status=status, detail=detail)


def clock_service(skew_s: float) -> tuple[ServiceReport, ...]:
    """The machine's clock as a service, where it is off."""
    if not skew_s:
        return ()
    return (ServiceReport(name="clock", status="DEGRADED", detail=in_words(skew_s)),)


def housekeeping_service(not_kept: str | None) -> tuple[ServiceReport, ...]:
    """The saving of bans and quotas as a service, where it fails."""
    if not_kept is None:
        return ()
    detail = f"bans and used-up quotas are not stored: {not_kept}"
    return (ServiceReport(name="housekeeping", status="DEGRADED", detail=detail),)


def shared_state_service(cluster: Cluster | None) -> ServiceReport:
    """What is shared with other workers, as a service."""
    if cluster is None:
        detail = "nothing is shared with other processes: no STATE_URL is set"
        return ServiceReport(name="shared_state", status="DISABLED", detail=detail)
    status, detail = cluster.status()
    return ServiceReport(name="shared_state", status=status, detail=detail)


def checker_service(checker: HealthChecker, *, enabled: bool) -> ServiceReport:
    """The background health checks as a service."""
    status: ServiceState
    if not enabled:
        status, detail = "DISABLED", "CHECKER=off; requests probe what is offline"
    elif not checker.running:
        status, detail = "OFFLINE", "not running"
    elif checker.failures:
        status, detail = "DEGRADED", f"its last {checker.failures} rounds failed; it goes on"
    else:
        status, detail = "ONLINE", "probing in the background"
    return ServiceReport(name="health_monitor", status=status, detail=detail)
