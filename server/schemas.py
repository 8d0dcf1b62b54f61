"""What the server answers about itself, as models: they describe, the gateway's words are sent."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

StateName = Literal["HEALTHY", "DEGRADED", "OFFLINE", "UNKNOWN", "DISABLED"]
ServiceState = Literal["ONLINE", "DEGRADED", "OFFLINE", "DISABLED"]


class Shape(BaseModel):
    """An object whose named members are always there; more may follow."""

    model_config = ConfigDict(extra="allow")


class ParameterError(Shape):
    """One parameter that will not do."""

    name: str
    message: str


class Problem(Shape):
    """An error (RFC 9457)."""

    type: str = Field(examples=["about:blank"])
    title: str
    status: int
    code: str = Field(description="A stable word; further members depend on it")
    detail: str = Field(description="What was found and what would do")
    request_id: str


class Attempt(Shape):
    """One call of one source."""

    provider: str
    outcome: Literal["ok", "failed"]
    elapsed_ms: float


class Meta(Shape):
    """Where an answer came from; the same for everyone served the same fetch."""

    capability: str
    provider: str
    fetched_at: int = Field(description="Unix ms")
    cache: Literal["miss", "hit", "stale", "coalesced"]
    stale: bool
    simulated: bool
    elapsed_ms: float
    attempts: list[Attempt]
    notes: list[str]


class ErrorNote(Shape):
    """The last error of a source."""

    code: str
    message: str


class CapabilityState(Shape):
    """One capability's own share of a source's health."""

    name: str
    state: StateName
    consecutive_failures: int
    retry_at: int | None


class Health(Shape):
    """The health of one source."""

    name: str
    category: str
    state: StateName
    disabled_reason: str | None
    enabled: bool
    successes: int
    failures: int
    consecutive_failures: int
    success_rate: float | None
    avg_response_ms: float | None
    p50_ms: float | None
    p95_ms: float | None
    last_success_at: int | None
    last_failure_at: int | None
    last_error: ErrorNote | None
    retry_at: int | None
    hold_until: int | None
    hold_reason: str | None
    recoveries: int
    capabilities: list[CapabilityState]


class HealthSummary(Shape):
    """Sources by state."""

    total: int
    healthy: int
    degraded: int
    offline: int
    unknown: int
    disabled: int


class SourceHealth(Shape):
    """Every source."""

    summary: HealthSummary
    sources: list[Health]


class History(Shape):
    """State intervals, incidents and uptime of one source."""


class Variable(Shape):
    """One environment variable a feature reads. Its value is never shown."""

    name: str
    required: bool
    present: bool
    description: str
    signup_url: str | None


class Feature(Shape):
    """Whether a provider is on, and why not."""

    name: str
    provider: str
    category: str
    title: str
    enabled: bool
    reason: str | None
    variables: list[Variable]


class FeatureSummary(Shape):
    """Features by whether they are on."""

    total: int
    enabled: int
    disabled: int


class Features(Shape):
    """Every feature."""

    summary: FeatureSummary
    features: list[Feature]


class MissingVariable(Shape):
    """A variable that is not set."""

    variable: str
    feature: str
    category: str
    required: bool
    description: str
    signup_url: str | None


class Missing(Shape):
    """Every variable that is not set."""

    missing: list[MissingVariable]


class Changes(Shape):
    """What a reload changed, by provider."""

    enabled: list[str]
    disabled: list[str]


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


class TextSentimentBody(BaseModel):
    """Texts to read."""

    model_config = ConfigDict(extra="forbid")

    texts: list[str] = Field(min_length=1, max_length=64)
    model: str | None = Field(default=None, max_length=120)
