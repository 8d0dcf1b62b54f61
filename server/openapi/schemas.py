"""Answers that are made as plain objects, described: envelopes, problems, routing; and bodies.

Reports describe themselves (`coinmux.framework.reports`); a test holds these to what is sent.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

StateName = Literal["HEALTHY", "DEGRADED", "OFFLINE", "UNKNOWN", "DISABLED"]


class Shape(BaseModel):
    """An object with these members and no others; those with a default may be left out."""


class Refused(Shape):
    """One value of the request that will not do."""

    model_config = ConfigDict(extra="allow")

    name: str = Field(description="Of the parameter or member")
    message: str = Field(description="What would do")
    known: list[str] | None = Field(default=None, description="The names or values there are")
    did_you_mean: list[str] | None = Field(default=None, description="Near ones")


class Problem(Shape):
    """An error (RFC 9457)."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(examples=["about:blank"])
    title: str
    status: int
    code: str = Field(description="A stable word; further members depend on it")
    detail: str = Field(description="What was found and what would do")
    request_id: str
    errors: list[Refused] | None = Field(default=None, description="Each value that will not do")
    known: list[str] | None = Field(default=None, description="The names there are")
    did_you_mean: list[str] | None = Field(default=None, description="Near ones")


class Input(Shape):
    """One answer that a derived source was told while it made its own."""

    capability: str
    asked: dict[str, object] = Field(description="The question, by parameter")
    provider: str
    fetched_at: int = Field(description="Unix ms")
    cache: Literal["miss", "hit", "stale", "coalesced"]
    stale: bool
    agreed: list[str] | None = Field(
        default=None, description="The sources that agreed; only of a consensus"
    )
    inputs: list[Input] | None = Field(
        default=None, description="What that answer was made of; left out where it was not"
    )


class Attempt(Shape):
    """One call of one source."""

    provider: str
    outcome: Literal["ok", "failed"]
    code: str | None = Field(default=None, description="Of the error; left out where it went well")
    status: int | None = Field(
        default=None, description="HTTP status the source sent; only with code `upstream_status`"
    )
    started_at: int = Field(description="Unix ms")
    elapsed_ms: float = Field(description="Milliseconds")
    inputs: list[Input] | None = Field(
        default=None, description="What a derived source made its answer of; else left out"
    )


class CacheRule(Shape):
    """How long an answer is kept by a plugin's `cache_rule`."""

    plugin: str
    fresh_s: float = Field(description="Seconds it is served as it is")
    refresh_s: float = Field(description="Seconds after that it is served while one refresh runs")
    failed_s: float = Field(description="Seconds after that it is served if every source fails")
    cut: bool = Field(description="Whether the plugin asked for longer than is true")


class Meta(Shape):
    """Where an answer came from; the same for everyone served the same fetch."""

    capability: str
    provider: str
    fetched_at: int = Field(description="Unix ms")
    cache: Literal["miss", "hit", "stale", "coalesced"]
    stale: bool
    simulated: bool
    elapsed_ms: float = Field(description="Milliseconds")
    attempts: list[Attempt]
    notes: list[str]
    rows_left_out: int | None = Field(
        default=None,
        description="Rows the source sent that could not be read; left out if there are none",
    )
    complete: bool | None = Field(
        default=None,
        description="Whether everything asked for is here, as far as sources have it; only of "
        "answers that may be cut, such as candles",
    )
    next_start: int | None = Field(
        default=None,
        description="The `start` to ask for what is missing, Unix ms; left out if nothing is",
    )
    consensus: dict[str, Any] | None = Field(
        default=None, description="The sources compared; left out without a consensus"
    )
    cache_rule: CacheRule | None = Field(
        default=None, description="How long it is kept, where a plugin said so; else left out"
    )


class CapabilityAnswer(Shape):
    """An answer to a question of any capability."""

    data: dict[str, Any] = Field(
        description="The capability's result; GET /api/capabilities names its query and hook"
    )
    meta: Meta


class Score(Shape):
    """Why a source is ranked where it is."""

    model_config = ConfigDict(extra="allow")


class SourceAdvice(Shape):
    """What one plugin advises about a source."""

    plugin: str
    weight: float = Field(description="From -1 (after all others of its tier) to 1 (before them)")
    reason: str


class ExplainedCandidate(Shape):
    """One source as the routing sees it for one question."""

    provider: str
    rank: int | None = Field(description="From 1; null where it cannot be asked")
    verdict: Literal["chosen", "skipped", "tried_failed"]
    reason: str = Field(description="A code")
    detail: str
    retry_at: int | None = Field(description="Time from which it may be asked, Unix ms")
    score: Score
    advice: list[SourceAdvice] | None = Field(
        default=None, description="Of plugins; left out where none has anything to say"
    )


class CachedAnswer(Shape):
    """The stored answer to a question."""

    provider: str
    age_s: float = Field(description="Seconds since it was fetched")
    fresh: bool
    used: bool = Field(description="Whether the next request is answered from it")


class Explanation(Shape):
    """What the next such request would do, and why."""

    capability: str
    query: dict[str, Any]
    strategy: str
    pinned: str | None = Field(description="The only provider asked; null with failover")
    served_from: str | None = Field(description="`cache` or a provider; null where none can")
    cache: CachedAnswer | None
    cache_rule: CacheRule | None = Field(description="A plugin's, for the next answer; or null")
    candidates: list[ExplainedCandidate]


class DecidedCandidate(Shape):
    """One source as the routing saw it for a request that was made."""

    model_config = ConfigDict(extra="allow")

    provider: str
    verdict: str
    reason: str = Field(description="A code")
    detail: str
    advice: list[SourceAdvice] | None = Field(
        default=None, description="Of plugins; left out where none had anything to say"
    )


class RoutingDecision(Shape):
    """What was decided for a request that was made."""

    request_id: str
    at: int = Field(description="Unix ms")
    capability: str
    query: dict[str, Any]
    strategy: str
    pinned: str | None = Field(description="The only provider asked; null with failover")
    outcome: str = Field(description="`answered`, or the code of an error")
    provider: str | None
    cache: str | None
    elapsed_ms: float = Field(description="Milliseconds")
    attempts: list[Attempt]
    candidates: list[DecidedCandidate]


class RoutingDecisions(Shape):
    """What was decided for a request that asked for several things."""

    request_id: str
    decisions: list[RoutingDecision]


class DrillOrder(BaseModel):
    """A fault to order, or null to mend."""

    model_config = ConfigDict(extra="forbid")

    fault: str | None


class MaintenanceOrder(BaseModel):
    """A maintenance window to begin."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    source: str | None = Field(default=None, description="Its name; null for everything")
    minutes: int = Field(gt=0, le=129_600, description="How long it lasts")
    from_: str | int | None = Field(
        default=None, alias="from",
        description="When it begins: Unix ms, or an ISO date or time; null for now",
    )  # fmt: skip
    note: str = Field(default="", max_length=1_000, description="Why")


class NoteOrder(BaseModel):
    """A note to write on an incident."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=1, max_length=1_000)


class TextSentimentBody(BaseModel):
    """Texts to read."""

    model_config = ConfigDict(extra="forbid")

    texts: list[str] = Field(min_length=1, max_length=64)
    model: str | None = Field(default=None, max_length=120)
