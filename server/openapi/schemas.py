"""What the server answers about itself, as models: they describe, the gateway's words are sent."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

StateName = Literal["HEALTHY", "DEGRADED", "OFFLINE", "UNKNOWN", "DISABLED"]


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
    started_at: int = Field(description="Unix ms")
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


class Trial(Shape):
    """One question asked merely to learn whether a source answers."""

    capability: str
    outcome: Literal["ok", "failed"]
    code: str | None
    message: str | None
    elapsed_ms: float


class TestedHealth(Health):
    """The health of one source after it was tested, and how that went."""

    test: Trial


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


class SettingLine(Shape):
    """One of coinmux's own settings."""

    variable: str
    value: bool | int | float | str | list[str] | None = Field(
        description="What is in force; null where nothing is, and of secrets"
    )
    default: bool | int | float | str | list[str] | None
    origin: Literal["default", "file", "environment"]
    secret: bool
    present: bool = Field(description="Whether it is set at all")
    restart: bool = Field(description="Whether a change takes a restart")
    description: str


class SettingList(Shape):
    """Every setting."""

    settings: list[SettingLine]


class Changes(Shape):
    """What a reload changed, by provider."""

    enabled: list[str]
    disabled: list[str]


class TextSentimentBody(BaseModel):
    """Texts to read."""

    model_config = ConfigDict(extra="forbid")

    texts: list[str] = Field(min_length=1, max_length=64)
    model: str | None = Field(default=None, max_length=120)
