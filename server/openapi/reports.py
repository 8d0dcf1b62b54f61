"""What the server reports of the whole: status, figures, activity, providers, decisions."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from coinmux.server.openapi.schemas import Attempt, HealthSummary, Shape, StateName

ServiceState = Literal["ONLINE", "DEGRADED", "OFFLINE", "DISABLED"]


class Service(Shape):
    """One part of the process."""

    name: str
    status: ServiceState
    detail: str


class ModelSummary(Shape):
    """Text models by whether they are active."""

    total: int
    active: int


class EndpointSummary(Shape):
    """Routes that were asked, and how many fail half the time or more."""

    total: int
    failing: int


class AdminStanding(Shape):
    """Who may change things now."""

    allowed: Literal["token", "loopback", "nobody"]
    detail: str


class Status(Shape):
    """The whole in a few words."""

    status: Literal["ONLINE", "DEGRADED", "OFFLINE"]
    version: str
    uptime_s: float
    services: list[Service]
    sources: HealthSummary
    models: ModelSummary
    endpoints: EndpointSummary
    admin: AdminStanding


class Model(Shape):
    """One text model."""

    id: str
    provider: str
    task: str
    active: bool
    reason: str | None
    health: str


class ModelStatus(Shape):
    """Every text model."""

    summary: ModelSummary
    models: list[Model]


class ServerFigures(Shape):
    """The server; latencies over the newest requests, the rest over the last minute or more."""

    requests_total: int
    requests_per_min: int
    load_percent: float = Field(description="Share of one core the event loop was busy")
    cpu_percent: float = Field(description="Of the process, in percent of one core")
    rss_mb: float
    in_flight: int
    event_loop_lag_ms: float
    tasks: int = Field(description="Of the event loop")
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    error_rate: float


class DatabaseFigures(Shape):
    """The archive; all null while none is configured."""

    engine: str | None
    size_mb: float | None
    usage_percent: float | None
    queries_per_s: float | None
    ok: bool


class EndpointFigures(Shape):
    """One route."""

    method: str
    route: str
    requests_per_min: int
    p95_ms: float | None
    error_rate: float


class SourceFigures(Shape):
    """The calls of one source."""

    source: str
    requests_per_min: int
    p95_ms: float | None
    error_rate: float


class CacheFigures(Shape):
    """The answer cache since the start."""

    hits: int
    misses: int
    stale_served: int
    hit_rate: float | None


class MetricsReport(Shape):
    """Figures of the server."""

    at: int
    server: ServerFigures
    database: DatabaseFigures
    endpoints: list[EndpointFigures]
    sources: list[SourceFigures]
    cache: CacheFigures


class EventLine(Shape):
    """Something that happened."""

    id: int
    at: int
    kind: str
    level: str
    source: str | None
    message: str
    detail: dict[str, Any]


class Activity(Shape):
    """What happened, newest first."""

    events: list[EventLine]
    last_id: int


class CapabilityLine(Shape):
    """One kind of question."""

    name: str
    description: str
    query: dict[str, Any] = Field(description="JSON Schema of the question")
    providers: list[str]


class CapabilityList(Shape):
    """Every kind of question."""

    capabilities: list[CapabilityLine]


class ProviderLine(Shape):
    """One provider."""

    name: str
    title: str
    category: str
    capabilities: list[str]
    state: StateName
    enabled: bool
    reason: str | None
    priority: int
    limits: Any
    quota: Any
    grade: str | None
    homepage: str | None
    origin: str
    version: str | None


class BrokenPlugin(Shape):
    """A plugin that did not load."""

    origin: str
    error: str


class ProviderList(Shape):
    """Every provider, and the plugins that did not load."""

    providers: list[ProviderLine]
    broken: list[BrokenPlugin]


class Candidate(Shape):
    """One source as the routing sees it for one question."""

    provider: str
    verdict: str
    reason: str
    detail: str


class Explanation(Shape):
    """What the next such request would do, and why."""

    capability: str
    query: dict[str, Any]
    candidates: list[Candidate]


class RoutingDecision(Shape):
    """What was decided for a request that was made."""

    request_id: str
    capability: str
    outcome: str
    attempts: list[Attempt]


class Alive(Shape):
    """The process answers."""

    status: Literal["ok"]


class Ready(Shape):
    """Whether questions can be answered."""

    ready: bool
    detail: str
