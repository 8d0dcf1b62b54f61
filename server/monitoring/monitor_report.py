"""The picture of the whole, as `GET /api/monitor` and `GET /api/status/public` report it."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType, field

from coinmux.framework.health.circuit import State
from coinmux.framework.reports.answerable import Overall
from coinmux.framework.reports.base import FrozenReport, MaybeMs, MaybeUnixMs, UnixMs
from coinmux.framework.reports.health import ChannelUse, ErrorReport, HealthSummary
from coinmux.framework.reports.providers import ModelSummary
from coinmux.framework.reports.status import ServiceState
from coinmux.server.monitoring.metrics_report import CacheFigures, PerMinute
from coinmux.server.monitoring.service_status import CapabilitySince
from coinmux.server.monitoring.verdict import Segment

Since = Annotated[int, Meta(description="In this state since, Unix ms")]


class MonitorSummary(HealthSummary):
    """Providers by state, and what is wrong now."""

    open_incidents: Annotated[int, Meta(description="Providers that are OFFLINE")]
    broken_plugins: Annotated[int, Meta(description="Plugins that did not load")]


class ServiceLine(FrozenReport):
    """One part of the process."""

    name: str
    status: ServiceState
    since: Since
    detail: str


class EndpointLine(FrozenReport):
    """One documented route; UNKNOWN while it was not asked within 15 minutes."""

    method: str
    route: str
    own: Annotated[bool, Meta(description="Whether it serves the dashboard or supervisors")]
    state: State
    requests_per_min: PerMinute
    error_rate: Annotated[
        float | None, Meta(description="Over the last 15 minutes, 0 to 1; null while UNKNOWN")
    ]
    p50_ms: MaybeMs
    p95_ms: MaybeMs
    last_at: Annotated[int | None, Meta(description="End of the last request, Unix ms")]


class BarsLegend(FrozenReport):
    """What the numbers of `history` stand for."""

    window: str
    bucket_s: Annotated[int, Meta(description="Length of a bucket in seconds")]
    to_at: Annotated[int | None, Meta(description="End of the last bucket, Unix ms; it lies ahead")]
    words: Annotated[
        tuple[State, ...], Meta(description="A bucket has an index into this list, or null")
    ]


#: One character for each bucket.
Asked = Annotated[
    str, Meta(description="Of each bucket of `history`: 1 with a call at least, 0 without one")
]


class MonitorCapability(CapabilitySince):
    """One kind of question: whether it can be answered, and what was asked of it."""

    requests_per_min: PerMinute
    failures_per_min: PerMinute
    serving: Annotated[
        tuple[str, ...], Meta(description="Providers that answered in the last 60 s, busiest first")
    ]
    history: Annotated[
        tuple[int | None, ...], Meta(description="60 buckets, oldest first; null where not known")
    ]
    asked: Asked


class MonitorProvider(FrozenReport):
    """One provider; its channels are in `/api/providers/{name}`."""

    name: str
    title: str
    kind: str
    state: State
    disabled_reason: Annotated[str | None, Meta(description="A code; null unless DISABLED")]
    history: Annotated[
        tuple[int | None, ...], Meta(description="60 buckets, oldest first; null where not known")
    ]
    asked: Asked
    uptime: Annotated[float | None, Meta(description="Share of `observed_s`, 0 to 1")]
    observed_s: Annotated[
        float,
        Meta(description="Seconds of the window OFFLINE, or in minutes when it was asked"),
    ]
    incidents: Annotated[int, Meta(description="Times OFFLINE within the window")]
    channels: Annotated[ChannelUse | None, Meta(description="null without channels")]
    checked_at: Annotated[
        int | None, Meta(description="Last call of any kind, Unix ms; null before the first")
    ]
    last_success_at: MaybeUnixMs
    last_failure_at: MaybeUnixMs
    last_error: ErrorReport | None
    retry_at: Annotated[int | None, Meta(description="Time of the next probe, Unix ms")]
    hold_until: Annotated[int | None, Meta(description="End of the cooldown, Unix ms")]
    requests_per_min: PerMinute
    failures_per_min: PerMinute
    p50_ms: MaybeMs
    p95_ms: MaybeMs


class SourceKinds(FrozenReport):
    """Providers by kind."""

    total: int
    by_kind: dict[str, int]


_Rates = Annotated[
    tuple[float | None, ...], Meta(description="Requests a minute; null where nothing was measured")
]
_Latencies = Annotated[
    tuple[float | None, ...], Meta(description="Milliseconds; null where nothing was measured")
]


class Trend(FrozenReport):
    """The window of the bars in 60 buckets, the dashboard's own requests left out.

    A request of several parts counts once, by its worst part but for `failed`: there none is left.
    """

    bucket_s: Annotated[int, Meta(description="Length of a bucket in seconds")]
    to_at: Annotated[int, Meta(description="End of the last bucket, Unix ms; it lies ahead")]
    requests_per_min: Annotated[tuple[int | None, ...], Meta(description="The four below together")]
    live: Annotated[_Rates, Meta(description="Answered by sources just then, a minute")]
    cached: Annotated[_Rates, Meta(description="Answered from what was kept, a minute")]
    stale: Annotated[_Rates, Meta(description="Answered by what was kept past its time, a minute")]
    failed: Annotated[_Rates, Meta(description="Answered with a 5xx, a minute")]
    p50_ms: _Latencies
    p95_ms: _Latencies
    load_percent: Annotated[
        tuple[float | None, ...], Meta(description="Mean load; null where it was not sampled")
    ]


class MonitorServer(FrozenReport):
    """All workers of the server; their requests without those of dashboard and supervisors."""

    workers: Annotated[int, Meta(description="Processes that serve; the figures are of all")]
    requests_per_min: PerMinute
    own_requests_per_min: Annotated[int, Meta(description="Those of dashboard and supervisors")]
    requests_total: Annotated[int, Meta(description="Since the start")]
    error_rate: Annotated[
        float | None, Meta(description="Over `window_s`, 0 to 1; null without requests")
    ]
    p50_ms: MaybeMs
    p95_ms: MaybeMs
    window_s: Annotated[
        int, Meta(description="Seconds that rates, `error_rate` and p50, p95 cover")
    ]
    load_percent: Annotated[float, Meta(description="Share of one core the event loop was busy")]
    cpu_percent: Annotated[float, Meta(description="Of the process, in percent of one core")]
    rss_mb: Annotated[float, Meta(description="Memory of the process in MB")]
    event_loop_lag_ms: Annotated[float, Meta(description="Longest of the last samples, in ms")]
    tasks: Annotated[int, Meta(description="Tasks of the event loop")]
    load_basis: Annotated[str, Meta(description="What `load_percent` is a share of")]
    in_flight: Annotated[int, Meta(description="Requests under way")]
    streams: Annotated[int, Meta(description="Open event streams")]
    trend: Trend


class MonitorDatabase(FrozenReport):
    """The archive; all null while none is configured."""

    engine: str | None
    size_mb: Annotated[float | None, Meta(description="MB")]
    usage_percent: Annotated[float | None, Meta(description="null where no limit is set")]
    queries_per_second: float | None


class Hop(FrozenReport):
    """One way a request went: to the server, or from it to a source."""

    origin: str = field(name="from")
    to: str
    t_start: UnixMs
    t_end: UnixMs
    outcome: Literal["ok", "failed", "failover", "cut_short", "cache_hit"]
    code: Annotated[
        str | UnsetType, Meta(description="Of the error; left out where it went well")
    ] = UNSET


class EventParts(FrozenReport):
    """The questions of one request that has several."""

    asked: int
    failed: int


class MonitorEvent(FrozenReport):
    """Something that happened: one request, or one change."""

    id: int
    t: UnixMs
    request_id: str | None
    kind: Literal["request", "failover", "cache_hit", "state_change", "config", "error"]
    operation: Annotated[str | None, Meta(description="What sources were asked for")]
    provider: str | None
    hops: tuple[Hop, ...]
    outcome: Annotated[str, Meta(description="Of several parts, the worst inside")]
    latency_ms: Annotated[float | None, Meta(description="Milliseconds; null without a request")]
    message: str
    own: Annotated[bool, Meta(description="Whether the dashboard asked it")]
    parts: Annotated[
        EventParts | UnsetType, Meta(description="Of a request of several parts alone")
    ] = UNSET
    status: Annotated[
        int | UnsetType, Meta(description="HTTP status, 0 without an answer; of requests alone")
    ] = UNSET
    hops_left_out: Annotated[
        int | UnsetType, Meta(description="Further hops, where there were too many")
    ] = UNSET
    source: Annotated[
        str | UnsetType | None, Meta(description="Source or channel; of state changes alone")
    ] = UNSET
    before: Annotated[str | UnsetType, Meta(description="State; of state changes alone")] = UNSET
    after: Annotated[str | UnsetType, Meta(description="State; of state changes alone")] = UNSET
    reason: Annotated[str | UnsetType, Meta(description="Of state changes alone")] = UNSET


class EventReportBatch(FrozenReport):
    """What happened after the caller's cursor, oldest first."""

    cursor: Annotated[str, Meta(description="Opaque; later ones sort after earlier ones")]
    reset: Annotated[bool, Meta(description="These are the newest, not what follows the cursor")]
    dropped: Annotated[int, Meta(description="Left out, as there were too many")]
    items: tuple[MonitorEvent, ...]


class MonitorFeeds(FrozenReport):
    """Live feeds of all workers, in figures; `/api/feeds` lists them."""

    total: int
    live: Annotated[int, Meta(description="Told by a socket")]
    polled: Annotated[int, Meta(description="Told by requests")]
    stale: Annotated[int, Meta(description="Told by nobody at present")]
    starting: int
    readers: int
    messages_per_s: Annotated[float, Meta(description="Of the last ten seconds")]


class MonitorReport(FrozenReport):
    """One consistent picture of the whole."""

    schema: Annotated[int, Meta(description="Version of this form")]
    version: str
    simulated: Annotated[bool, Meta(description="Whether the sources are simulated")]
    server_time: UnixMs
    started_at: UnixMs
    poll_after_ms: Annotated[int, Meta(description="Milliseconds until the next look")]
    status: Overall
    reason: Annotated[str, Meta(description="Why it is so, in a sentence; times in UTC")]
    verdict: Annotated[tuple[Segment, ...], Meta(description="`reason` in pieces, in order")]
    since: Since
    summary: MonitorSummary
    channels: Annotated[HealthSummary, Meta(description="Channels of providers by state")]
    capabilities: tuple[MonitorCapability, ...]
    services: tuple[ServiceLine, ...]
    endpoints: tuple[EndpointLine, ...]
    bars: BarsLegend
    providers: tuple[MonitorProvider, ...]
    models: ModelSummary
    sources: SourceKinds
    server: MonitorServer
    database: MonitorDatabase
    cache: CacheFigures
    feeds: MonitorFeeds
    events: EventReportBatch


class PublicService(FrozenReport):
    """One part of the process, without details."""

    name: str
    status: ServiceState


class PublicStatus(FrozenReport):
    """The summary for anybody's page: no names of hosts, no texts of errors."""

    status: Overall
    reason: Annotated[str, Meta(description="Why it is so, in a sentence; times in UTC")]
    verdict: Annotated[tuple[Segment, ...], Meta(description="`reason` in pieces, in order")]
    since: Since
    capabilities: tuple[CapabilitySince, ...]
    providers: Annotated[HealthSummary, Meta(description="Providers by state")]
    channels: Annotated[HealthSummary, Meta(description="Channels of providers by state")]
    services: tuple[PublicService, ...]
    server_time: UnixMs
