"""The services of the process for its operator, and since when each has its status."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Literal

from coinmux.framework.reports.base import FrozenReport
from coinmux.framework.reports.status import GatewayStatus, ServiceReport
from coinmux.framework.tasks import keep_running
from coinmux.server.asgi.admin_guard import admin_standing
from coinmux.server.monitoring.metrics_report import EndpointSummary

if TYPE_CHECKING:
    from coinmux.framework.gateway import Gateway
    from coinmux.server.asgi.admission import Traffic
    from coinmux.server.monitoring.metrics import Metrics
    from coinmux.server.monitoring.process_metrics import ProcessMetrics

_EVERY_S = 5.0
_KEEP_MS = 900_000
_LONGEST_PAUSE_S = 60.0
OVERALL = "overall"


class AdminReport(FrozenReport):
    """Who may change things now."""

    allowed: Literal["token", "loopback", "nobody"]
    detail: str


class StatusReport(GatewayStatus):
    """The whole in a few words, the server included."""

    endpoints: EndpointSummary
    admin: AdminReport


class ServiceMonitor:
    """Checks the services every few seconds, so that "since when" needs no visitor of the monitor.

    Args:
        bound: the address the server listens on.

    Attributes:
        loads: Unix ms and load percent, over the last 15 minutes.
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
        self.loads: deque[tuple[int, float]] = deque()

    def start(self) -> None:
        """Start the checks; `stop` must follow."""
        self._task = asyncio.ensure_future(keep_running(self._look_forever, self._failed))

    async def stop(self) -> None:
        """Stop the checks and wait until they have ended."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    def look(self) -> StatusReport:
        """The overall status and that of each service; a change is recorded with its time."""
        status = self._gateway.status()
        admin = AdminReport(**admin_standing(self._gateway.settings, self._bound))
        known = {name: getattr(status, name) for name in status.__struct_fields__}
        report = StatusReport(
            **known | {"services": self._services(status, admin)},
            endpoints=self._metrics.endpoints(),
            admin=admin,
        )
        now_ms = self._gateway.clock.wall_ms()
        for name, state in (
            (OVERALL, report.status),
            *((one.name, one.status) for one in report.services),
        ):
            before = self._since.get(name)
            if before is None or before[0] != state:
                self._since[name] = (state, now_ms)
        return report

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
            now_ms = self._gateway.clock.wall_ms()
            self.loads.append((now_ms, self._vitals.public()["load_percent"]))
            while self.loads and self.loads[0][0] < now_ms - _KEEP_MS:
                self.loads.popleft()
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
