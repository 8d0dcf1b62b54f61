"""What the dashboard reads, as models: they describe, the monitor's words are sent."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from coinmux.server.openapi.reports import CacheFigures, ModelSummary, ServiceState
from coinmux.server.openapi.schemas import ErrorNote, Shape, StateName

Overall = Literal["ONLINE", "DEGRADED", "OFFLINE"]


class ServiceLine(Shape):
    """One part of the process."""

    name: str
    state: ServiceState
    since: int = Field(description="In this state since, Unix ms")
    detail: str


class EndpointLine(Shape):
    """One documented route; UNKNOWN while nobody asked it within 15 minutes."""

    method: str
    route: str
    state: StateName
    requests_per_minute: int
    error_rate: float | None = Field(description="Over 15 minutes, 0 to 1")
    p50_ms: float | None
    p95_ms: float | None
    last_at: int | None


class BarsLegend(Shape):
    """What the numbers of `history` stand for."""

    window: str
    bucket_s: int
    to_at: int | None = Field(description="End of the last bucket, Unix ms; it lies ahead")
    words: list[StateName] = Field(description="A bucket holds a place in this list, or null")


class ProviderState(Shape):
    """One provider; channels are in `/api/providers/{name}`."""

    name: str
    title: str
    kind: str
    state: StateName
    disabled_reason: str | None
    history: list[int | None] = Field(description="60 buckets, oldest first; null: not known")
    uptime: float | None = Field(description="Share of the known time, 0 to 1")
    incidents: int
    last_success_at: int | None
    last_failure_at: int | None
    last_error: ErrorNote | None
    retry_at: int | None
    requests_per_minute: int
    failures_per_minute: int
    p50_ms: float | None
    p95_ms: float | None


class SourceKinds(Shape):
    """Providers by kind."""

    total: int
    by_kind: dict[str, int]


class Trend(Shape):
    """The last 15 minutes; null where nothing was measured."""

    bucket_s: int
    to_at: int
    requests_per_minute: list[int | None]
    load_percent: list[float | None]


class ServerState(Shape):
    """The server."""

    requests_per_minute: int = Field(description="Without those of dashboard and supervisors")
    own_requests_per_minute: int = Field(description="Those of dashboard and supervisors")
    load_percent: float
    load_basis: str
    window_s: int
    trend: Trend


class DatabaseState(Shape):
    """The archive; all null while none is configured."""

    engine: str | None
    size_mb: float | None
    usage_percent: float | None = Field(description="null where no limit is set")
    queries_per_second: float | None


class Hop(Shape):
    """One way a request went: to the server, or from it to a source."""

    origin: str = Field(alias="from")
    to: str
    t_start: int
    t_end: int
    outcome: str = Field(description="ok, failed, failover, cut_short or cache_hit")


class MonitorEvent(Shape):
    """Something that happened: one request, or one change."""

    id: int
    t: int
    request_id: str | None
    kind: Literal["request", "failover", "cache_hit", "state_change", "config", "error"]
    operation: str | None
    provider: str | None
    hops: list[Hop]
    outcome: str
    latency_ms: float | None
    message: str


class EventBatch(Shape):
    """What happened after the caller's cursor, oldest first."""

    cursor: str = Field(description="Opaque; later ones sort after earlier ones")
    reset: bool = Field(description="These are the newest, not what follows the cursor")
    dropped: int = Field(description="Left out, as there were too many")
    items: list[MonitorEvent]


class MonitorReport(Shape):
    """One consistent picture of the whole."""

    schema_: int = Field(alias="schema")
    server_time: int
    started_at: int
    poll_after_ms: int
    status: Overall
    since: int
    services: list[ServiceLine]
    endpoints: list[EndpointLine]
    bars: BarsLegend
    providers: list[ProviderState]
    models: ModelSummary
    sources: SourceKinds
    server: ServerState
    database: DatabaseState
    cache: CacheFigures
    events: EventBatch


class StateCounts(Shape):
    """Providers by state."""

    healthy: int
    degraded: int
    offline: int
    unknown: int
    disabled: int


class PublicService(Shape):
    """One part of the process, without details."""

    name: str
    state: ServiceState


class PublicStatus(Shape):
    """The summary for anybody's page."""

    status: Overall
    since: int
    providers: StateCounts
    services: list[PublicService]
    server_time: int


class DrillReport(Shape):
    """Faults of simulated sources."""

    available: bool
    faults: list[str]
    descriptions: dict[str, str]
    broken: dict[str, str] = Field(description="The fault in force by provider")


class DrillOrder(BaseModel):
    """A fault to order, or null to mend."""

    model_config = ConfigDict(extra="forbid")

    fault: str | None
