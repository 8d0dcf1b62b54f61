"""`GET /api/monitoring/metrics`: the figures of all workers, by route and by source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coinmux.server.monitoring.metrics import is_own
from coinmux.server.monitoring.metrics_report import (
    EndpointFigures,
    MetricsReport,
    ServerFigures,
    SourceFigures,
)

if TYPE_CHECKING:
    from coinmux.framework.clock import Clock
    from coinmux.server.monitoring.rolling_series import RollingSeries
    from coinmux.server.monitoring.worker_figures import Whole


def report_of(whole: Whole, clock: Clock) -> MetricsReport:
    """All figures now."""
    metrics = whole.metrics
    now_ms = clock.wall_ms()
    second = now_ms // 1000
    _, (p50, p95, p99) = metrics.trend.minute(second, 50, 95, 99)
    return MetricsReport(
        at=now_ms,
        server=ServerFigures(
            workers=len(whole.workers),
            requests_total=metrics.work.total,
            requests_per_min=metrics.work.per_min(second),
            own_requests_total=metrics.own.total,
            own_requests_per_min=metrics.own.per_min(second),
            **whole.vitals(),
            in_flight=whole.in_flight,
            p50_ms=p50,
            p95_ms=p95,
            p99_ms=p99,
            error_rate=metrics.work.failed_share(second),
        ),
        database=whole.database(),
        endpoints=tuple(
            EndpointFigures(method=method, route=route, own=is_own(route), **_line(series, second))
            for (method, route), series in sorted(metrics.routes.items())
        ),
        sources=tuple(
            SourceFigures(source=source, **_line(series, second))
            for source, series in sorted(metrics.sources.items())
        ),
        cache=whole.cache(),
    )


def _line(series: RollingSeries, second: int) -> dict[str, Any]:
    (p95,) = series.percentiles(95)
    return {
        "requests_per_min": series.per_min(second),
        "p95_ms": p95,
        "error_rate": series.error_rate(second),
    }
