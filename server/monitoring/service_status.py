"""The services of the process for its operator, and since when each has its status."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta
from msgspec.structs import asdict

from coinmux.framework.health.circuit import State
from coinmux.framework.reports.answerable import CapabilityStatus, Overall
from coinmux.framework.reports.base import FrozenReport
from coinmux.framework.reports.status import GatewayStatus, ServiceReport
from coinmux.framework.tasks import keep_running
from coinmux.server.asgi.admin_guard import admin_standing
from coinmux.server.monitoring.capability_traffic import CapabilityTraffic, helpers_of
from coinmux.server.monitoring.capability_watch import CapabilityWatch
from coinmux.server.monitoring.metrics_report import EndpointSummary
from coinmux.server.monitoring.verdict import DownProvider, Facts, Segment, plain, verdict_of

if TYPE_CHECKING:
    from coinmux.framework.gateway import Gateway
    from coinmux.server.asgi.admission import Traffic
    from coinmux.server.monitoring.metrics import Metrics
    from coinmux.server.monitoring.process_metrics import ProcessMetrics

_EVERY_S = 5.0
_LONGEST_PAUSE_S = 60.0
OVERALL = "overall"
#: With fewer requests in the last minute, the share that failed says little.
_LEAST_REQUESTS = 10
_DEGRADED_SHARE, _OFFLINE_SHARE = 0.05, 0.5
#: Named in the sentence as those who answer for others.
_HELPERS = 3


class AdminReport(FrozenReport):
    """Who may change things now."""

    allowed: Literal["token", "loopback", "nobody"]
    detail: str


class CapabilitySince(CapabilityStatus):
    """Whether one kind of question can be answered now, and since when."""

    since: Annotated[int, Meta(description="In this status since, Unix ms")]


class StatusReport(GatewayStatus):
    """The whole in a few words, the server included."""

    verdict: Annotated[tuple[Segment, ...], Meta(description="`reason` in pieces, in order")]
    since: Annotated[int, Meta(description="In this status since, Unix ms")]
    capabilities: tuple[CapabilitySince, ...]
    endpoints: EndpointSummary
    admin: AdminReport


class ServiceMonitor:
    """Checks the services every few seconds, so that "since when" needs no visitor of the monitor.

    Args:
        bound: the address the server listens on.

    Attributes:
        watch: since when each capability has its status.
        asked: what is asked of each capability.
    """

    def __init__(
        self,
        gateway: Gateway,
        metrics: Metrics,
        traffic: Traffic,
        vitals: ProcessMetrics,
        bound: str,
    ) -> None:
        self._gateway = gateway
        self._metrics = metrics
        self._traffic = traffic
        self._vitals = vitals
        self._bound = bound
        self._since: dict[str, tuple[str, int]] = {}
        self._task: asyncio.Task[None] | None = None
        self._failures = 0
        self.watch = CapabilityWatch(gateway.clock)
        self.asked = CapabilityTraffic(gateway.clock)

    def start(self) -> None:
        """Start the checks; `stop` must follow."""
        self._task = asyncio.ensure_future(keep_running(self._look_forever, self._failed))

    async def stop(self) -> None:
        """Stop the checks and wait until they have ended."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    def look(self, metrics: Metrics | None = None) -> StatusReport:
        """The overall status and that of each service; a change is recorded with its time.

        Args:
            metrics: what all workers counted; what this one did without.
        """
        gateway, metrics = self._gateway, metrics or self._metrics
        now_ms = gateway.clock.wall_ms()
        status = gateway.status()
        self.watch.see(status.capabilities)
        self.asked.sample()
        share = _failed_share(metrics, now_ms // 1000)
        overall = _with_failures(status.status, share)
        admin = AdminReport(**admin_standing(gateway.settings, self._bound))
        services = self._services(status, admin)
        for name, state in ((OVERALL, overall), *((one.name, one.status) for one in services)):
            before = self._since.get(name)
            if before is None or before[0] != state:
                self._since[name] = (state, now_ms)
        verdict = verdict_of(self._facts(status, overall, share))
        known = {name: getattr(status, name) for name in status.__struct_fields__}
        return StatusReport(
            **known
            | {
                "status": overall,
                "reason": plain(verdict, now_ms),
                "services": services,
                "capabilities": tuple(
                    CapabilitySince(**asdict(line), since=self.watch.since(line.name))
                    for line in status.capabilities
                ),
            },
            verdict=verdict,
            since=self._since[OVERALL][1],
            endpoints=metrics.endpoints(),
            admin=admin,
        )

    def _facts(self, status: GatewayStatus, overall: Overall, share: float | None) -> Facts:
        down = self._down()
        return Facts(
            status=overall,
            answering=status.answering,
            capabilities=status.capabilities,
            since=self.watch.since,
            overall_since=self._since[OVERALL][1],
            down=down,
            helpers=self._helpers([one.name for one in down]),
            failed_share=share if share is not None and share > _DEGRADED_SHARE else None,
        )

    def _down(self) -> list[DownProvider]:
        """Providers that are OFFLINE; those with the most capabilities first, prices before all."""
        gateway = self._gateway
        found = [
            source
            for source in gateway.sources.values()
            if source.feature.enabled
            and gateway.health.snapshot(source.name).state is State.OFFLINE
        ]
        essential = {name for name, row in gateway.capabilities.items() if row.is_essential}
        found.sort(
            key=lambda one: (not essential & one.fetch.keys(), -len(one.fetch), one.info.title)
        )
        return [
            DownProvider(
                name=source.name,
                title=source.info.title,
                since=gateway.history.since(source.name),
                code=(gateway.health.snapshot(source.name).last_error or (None,))[0],
            )
            for source in found
        ]

    def _helpers(self, down: list[str]) -> list[tuple[str, str]]:
        """Name and title of those that answer what the ones that are down would be asked."""
        sources = self._gateway.sources
        offered = {name: sources[name].fetch.keys() for name in down}
        found = [name for name in helpers_of(offered, self.asked.rates()) if name in sources]
        return [(name, sources[name].info.title) for name in found[:_HELPERS]]

    def since(self, name: str) -> int:
        """Since when the service, or `OVERALL`, is in its state; known after a look. Unix ms."""
        return self._since[name][1]

    def _services(self, status: GatewayStatus, admin: AdminReport) -> tuple[ServiceReport, ...]:
        """The server's own services, around those of the gateway."""
        draining, failures = self._traffic.draining, self._vitals.failures
        own = ServiceReport(
            name="api_server",
            status="DEGRADED" if draining else "ONLINE",
            detail="stopping" if draining else f"changes: {admin.detail}",
        )
        sampling = ServiceReport(
            name="metrics",
            status="DEGRADED" if failures else "ONLINE",
            detail=f"its last {failures} rounds failed; it goes on"
            if failures
            else "sampling the process",
        )
        return (own, *status.services, sampling)

    async def _look_forever(self) -> None:
        while True:
            self.look()
            # The load is a mean of some seconds: at the start there is none yet.
            await asyncio.sleep(_EVERY_S)
            second = self._gateway.clock.wall_ms() // 1000
            self._metrics.trend.load(second, self._vitals.public()["load_percent"])
            self._failures = 0

    def _failed(self, error: Exception) -> float:
        self._failures += 1
        pause_s = min(_LONGEST_PAUSE_S, 2.0**self._failures)
        self._gateway.events.publish(
            "error",
            f"looking at the services raised {type(error).__name__}; again in {pause_s:g} s",
            level="error",
        )
        return pause_s


def _failed_share(metrics: Metrics, second: int) -> float | None:
    """Share of the last minute's requests that failed; None where there were too few."""
    work = metrics.work
    return work.failed_share(second) if work.per_min(second) >= _LEAST_REQUESTS else None


def _with_failures(status: Overall, share: float | None) -> Overall:
    """The status by capabilities, or a worse one where many requests fail."""
    if share is None or status == "OFFLINE" or share <= _DEGRADED_SHARE:
        return status
    return "OFFLINE" if share > _OFFLINE_SHARE else "DEGRADED"
