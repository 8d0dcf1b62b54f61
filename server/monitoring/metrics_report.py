"""The figures of the server, as `GET /api/monitoring/metrics` reports them."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from coinmux.framework.reports.base import FrozenReport, MaybeMs, UnixMs

PerMinute = Annotated[int, Meta(description="In the last 60 seconds")]
ErrorRate = Annotated[float, Meta(description="Over the last 15 minutes, 0 to 1")]


class ServerFigures(FrozenReport):
    """All workers; the figures cover the last 60 seconds, without requests of the dashboard."""

    workers: Annotated[int, Meta(description="Processes that serve")]
    requests_total: Annotated[int, Meta(description="Since the start, without the dashboard's")]
    requests_per_min: PerMinute
    own_requests_total: Annotated[
        int, Meta(description="Those of dashboard and supervisors since the start")
    ]
    own_requests_per_min: Annotated[int, Meta(description="Those of dashboard and supervisors")]
    load_percent: Annotated[float, Meta(description="Share of one core the event loop was busy")]
    cpu_percent: Annotated[float, Meta(description="Of all workers, in percent of one core")]
    rss_mb: Annotated[float, Meta(description="Memory of all workers in MB")]
    event_loop_lag_ms: Annotated[float, Meta(description="Longest of the last samples, in ms")]
    tasks: Annotated[int, Meta(description="Tasks of the event loop")]
    in_flight: Annotated[int, Meta(description="Requests under way")]
    p50_ms: MaybeMs
    p95_ms: MaybeMs
    p99_ms: MaybeMs
    error_rate: Annotated[
        float | None, Meta(description="Over the last 60 seconds, 0 to 1; null without requests")
    ]


class DatabaseFigures(FrozenReport):
    """The archive; the first four are null while none is configured."""

    engine: str | None
    size_mb: Annotated[float | None, Meta(description="MB; null where not known")]
    usage_percent: Annotated[float | None, Meta(description="null where no limit is set")]
    queries_per_s: float | None
    ok: bool
    queries_total: Annotated[
        int | UnsetType, Meta(description="Since the start; left out without an archive")
    ] = UNSET
    rows_waiting: Annotated[
        int | UnsetType, Meta(description="Rows not written yet; left out without an archive")
    ] = UNSET
    rows_given_up: Annotated[
        int | UnsetType, Meta(description="Rows lost since the start; left out without an archive")
    ] = UNSET


class EndpointFigures(FrozenReport):
    """One route."""

    method: str
    route: str
    own: Annotated[bool, Meta(description="Whether it serves the dashboard or supervisors")]
    requests_per_min: PerMinute
    p95_ms: MaybeMs
    error_rate: ErrorRate


class SourceFigures(FrozenReport):
    """The calls of one source."""

    source: str
    requests_per_min: PerMinute
    p95_ms: MaybeMs
    error_rate: ErrorRate


class CacheFigures(FrozenReport):
    """The answer cache since the start."""

    hits: int
    misses: int
    stale_served: int
    hit_rate: Annotated[float | None, Meta(description="0 to 1; null before the first look-up")]


class MetricsReport(FrozenReport):
    """Figures of the server, its routes, its sources and its cache."""

    at: UnixMs
    server: ServerFigures
    database: DatabaseFigures
    endpoints: tuple[EndpointFigures, ...]
    sources: tuple[SourceFigures, ...]
    cache: CacheFigures


class EndpointSummary(FrozenReport):
    """Routes that were asked, and how many of them fail half the time or more."""

    total: int
    failing: int
