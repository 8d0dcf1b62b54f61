"""One consistent picture of the whole, for the system monitor: `GET /api/monitor`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import asdict

from coinmux.framework.health.circuit import State
from coinmux.framework.reports.health import ErrorReport
from coinmux.server.monitoring.asked import NEVER
from coinmux.server.monitoring.capability_traffic import CapabilityRate, rates_of
from coinmux.server.monitoring.metrics import WINDOWS, is_own
from coinmux.server.monitoring.monitor_report import (
    BarsLegend,
    EndpointLine,
    EventReportBatch,
    MonitorCapability,
    MonitorDatabase,
    MonitorFeeds,
    MonitorProvider,
    MonitorReport,
    MonitorServer,
    MonitorSummary,
    PublicService,
    PublicStatus,
    ServiceLine,
    SourceKinds,
)

if TYPE_CHECKING:
    from coinmux.framework.gateway import Gateway
    from coinmux.framework.health.history import Bars
    from coinmux.server.monitoring.metrics import Metrics
    from coinmux.server.monitoring.service_status import ServiceMonitor, StatusReport
    from coinmux.server.monitoring.worker_figures import Whole

SCHEMA = 1
POLL_AFTER_MS = 5_000
BUCKETS = 60
#: What the numbers in a history bar stand for; null is a time nothing is known of.
WORDS = (State.OFFLINE, State.DEGRADED, State.HEALTHY, State.DISABLED)
_PLACE = {state: place for place, state in enumerate(WORDS)}
_ERROR_LIMIT = 160
#: A route that fails so often is degraded, or offline.
_DEGRADED_RATE, _OFFLINE_RATE = 0.05, 0.5
_LOAD_BASIS = (
    "Share of one core that the thread of the event loop was busy, mean of the last ten seconds; "
    "at 100 % requests queue"
)
_LOAD_OF_SEVERAL = (
    "Mean of {} workers: share of one core that the thread of each event loop was busy, over the "
    "last ten seconds; at 100 % requests queue"
)


class Monitor:
    """Makes the picture from what the gateway and the server know.

    Attributes:
        routes: method and path template of every documented route, set once they are known.
    """

    def __init__(
        self,
        gateway: Gateway,
        services: ServiceMonitor,
    ) -> None:
        self._gateway = gateway
        self._services = services
        self.routes: Sequence[tuple[str, str]] = ()

    def report(self, window: str, events: EventReportBatch, whole: Whole) -> MonitorReport:
        """The picture now; history bars of `window`, a key of `WINDOWS`.

        Args:
            events: what happened since the caller's last look.
            whole: the figures of all workers.
        """
        gateway, metrics = self._gateway, whole.metrics
        status = self._services.look(metrics)
        now_ms = gateway.clock.wall_ms()
        second = now_ms // 1000
        bars = {
            name: gateway.history.bars(name, WINDOWS[window], BUCKETS) for name in gateway.sources
        }
        infos = [source.info for source in gateway.sources.values()]
        return MonitorReport(
            schema=SCHEMA,
            version=status.version,
            simulated=gateway.simulated,
            server_time=now_ms,
            started_at=gateway.started_ms,
            poll_after_ms=POLL_AFTER_MS,
            status=status.status,
            reason=status.reason,
            verdict=status.verdict,
            since=status.since,
            capabilities=self._capabilities(status, window, whole),
            channels=status.channels,
            summary=MonitorSummary(
                **msgspec.structs.asdict(status.sources),
                open_incidents=status.sources.offline,
                broken_plugins=len(gateway.loader.broken),
            ),
            services=tuple(
                ServiceLine(
                    name=one.name,
                    status=one.status,
                    since=self._services.since(one.name),
                    detail=one.detail,
                )
                for one in status.services
            ),
            endpoints=tuple(_endpoint(metrics, *route, second) for route in self.routes),
            bars=_legend(window, now_ms),
            providers=tuple(
                self._provider(metrics, name, bars[name], second) for name in sorted(bars)
            ),
            models=status.models,
            sources=SourceKinds(
                total=len(infos),
                by_kind=dict(sorted(Counter(info.category for info in infos).items())),
            ),
            server=_server(whole, window, second),
            database=_database(whole),
            cache=whole.cache(),
            feeds=_feeds(whole),
            events=events,
        )

    def public_status(self) -> PublicStatus:
        """The summary for anybody's page."""
        status = self._services.look()
        return PublicStatus(
            status=status.status,
            reason=status.reason,
            verdict=status.verdict,
            since=status.since,
            capabilities=status.capabilities,
            providers=status.sources,
            channels=status.channels,
            services=tuple(
                PublicService(name=one.name, status=one.status) for one in status.services
            ),
            server_time=self._gateway.clock.wall_ms(),
        )

    def _capabilities(
        self, status: StatusReport, window: str, whole: Whole
    ) -> tuple[MonitorCapability, ...]:
        """Each capability with its history, and what was asked of it in the last minute."""
        window_s, services, asked = WINDOWS[window], self._services, whole.metrics.asked_of
        rates = rates_of(answers for one in whole.workers for answers in one.answers)
        lines = []
        for line in status.capabilities:
            rate = rates.get(line.name, CapabilityRate())
            bars = services.watch.bars(line.name, window_s, BUCKETS)
            lines.append(
                MonitorCapability(
                    **asdict(line),
                    requests_per_min=rate.requests,
                    failures_per_min=rate.failures,
                    serving=rate.serving,
                    history=_places(bars),
                    asked=asked.get(line.name, NEVER).pieces(
                        bars.ends_ms // 1000, bars.piece_ms // 1000, BUCKETS
                    ),
                )
            )
        return tuple(lines)

    def _provider(self, metrics: Metrics, name: str, bars: Bars, second: int) -> MonitorProvider:
        info = self._gateway.sources[name].info
        health = self._gateway.source_health_of(name)
        calls, failures = metrics.calls_per_min(name, second)
        series = metrics.sources.get(name)
        error = health.last_error
        return MonitorProvider(
            name=name,
            title=info.title,
            kind=info.category,
            state=health.state,
            disabled_reason=health.disabled_reason,
            history=_places(bars),
            asked=metrics.asked.get(name, NEVER).pieces(
                bars.ends_ms // 1000, bars.piece_ms // 1000, BUCKETS
            ),
            uptime=bars.uptime,
            observed_s=bars.observed_s,
            incidents=bars.incidents,
            channels=health.channels,
            checked_at=max(
                filter(
                    None,
                    (
                        None if series is None else series.last_ms,
                        health.last_success_at,
                        health.last_failure_at,
                    ),
                ),
                default=None,
            ),
            last_success_at=health.last_success_at,
            last_failure_at=health.last_failure_at,
            last_error=None
            if error is None
            else ErrorReport(code=error.code, message=error.message[:_ERROR_LIMIT]),
            retry_at=health.retry_at,
            hold_until=health.hold_until,
            requests_per_min=calls,
            failures_per_min=failures,
            p50_ms=health.p50_ms,
            p95_ms=health.p95_ms,
        )


def _endpoint(metrics: Metrics, method: str, route: str, second: int) -> EndpointLine:
    series = metrics.routes.get((method, route))
    last_ms = None if series is None else series.last_ms
    if series is None or not series.in_window(second):
        return EndpointLine(
            method=method,
            route=route,
            own=is_own(route),
            state=State.UNKNOWN,
            requests_per_min=0,
            error_rate=None,
            p50_ms=None,
            p95_ms=None,
            last_at=last_ms,
        )
    error_rate = series.error_rate(second)
    state = State.HEALTHY
    if error_rate >= _OFFLINE_RATE:
        state = State.OFFLINE
    elif error_rate >= _DEGRADED_RATE:
        state = State.DEGRADED
    p50, p95 = series.percentiles(50, 95)
    return EndpointLine(
        method=method,
        route=route,
        own=is_own(route),
        state=state,
        requests_per_min=series.per_min(second),
        error_rate=error_rate,
        p50_ms=p50,
        p95_ms=p95,
        last_at=last_ms,
    )


def _server(whole: Whole, window: str, second: int) -> MonitorServer:
    metrics = whole.metrics
    work, trend = metrics.work, metrics.trend
    _, (p50, p95) = trend.minute(second, 50, 95)
    several = len(whole.workers) > 1
    return MonitorServer(
        workers=len(whole.workers),
        requests_per_min=work.per_min(second),
        own_requests_per_min=metrics.own.per_min(second),
        requests_total=work.total,
        error_rate=work.failed_share(second),
        p50_ms=p50,
        p95_ms=p95,
        window_s=60,
        **whole.vitals(),
        load_basis=_LOAD_OF_SEVERAL.format(len(whole.workers)) if several else _LOAD_BASIS,
        in_flight=whole.in_flight,
        streams=whole.streams,
        trend=trend.report(WINDOWS[window], second),
    )


def _database(whole: Whole) -> MonitorDatabase:
    figures = whole.database()
    return MonitorDatabase(
        engine=figures.engine,
        size_mb=figures.size_mb,
        usage_percent=figures.usage_percent,
        queries_per_second=figures.queries_per_s,
    )


def _feeds(whole: Whole) -> MonitorFeeds:
    live = [one.live for one in whole.workers if one.live is not None]
    states: Counter[str] = Counter()
    for one in live:
        for _, state, count in one.feeds:
            if state != "heard":  # it is counted where it is followed
                states[state] += count
    return MonitorFeeds(
        total=states.total(),
        live=states["live"],
        polled=states["polled"],
        stale=states["stale"],
        starting=states["starting"],
        readers=sum(count for one in live for _, count in one.readers),
        messages_per_s=round(sum(row.messages_per_s for one in live for row in one.listed), 2),
    )


def _places(bars: Bars) -> tuple[int | None, ...]:
    return tuple(None if state is None else _PLACE[state] for state in bars.worst)


def _legend(window: str, now_ms: int) -> BarsLegend:
    piece_s = WINDOWS[window] // BUCKETS
    return BarsLegend(
        window=window,
        bucket_s=piece_s,
        to_at=(now_ms // (piece_s * 1000) + 1) * piece_s * 1000,
        words=WORDS,
    )
