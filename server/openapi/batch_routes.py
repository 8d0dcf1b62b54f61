"""What `POST /api/batch` takes and answers, for OpenAPI."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from coinmux.server.openapi.document import RouteDoc
from coinmux.server.openapi.indicator_routes import CandlesMeta
from coinmux.server.openapi.parameters import ASK
from coinmux.server.openapi.schemas import Meta, Problem, Shape

_Id = Annotated[
    str | int | None,
    Field(description="That the answer carries; the position in the list where there is none"),
]


class QueryOptions(BaseModel):
    """How one query is answered; what is not given is that of the whole."""

    model_config = ConfigDict(extra="forbid")

    provider: str | None = Field(default=None, description="Ask this provider alone")
    strategy: str | None = Field(default=None, description="How candidates are ordered")
    max_age_s: float | None = Field(default=None, description="Oldest cached answer taken")
    timeout_s: float | None = Field(default=None, description="Deadline of this query")
    quote_fallback: bool | None = Field(
        default=None, description="Whether another dollar may answer; of capabilities with a pair"
    )


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: _Id = None
    options: QueryOptions = QueryOptions()


class CapabilityAsked(_Asked):
    """A question of any capability, those of plugins included."""

    capability: str = Field(description="A name of GET /api/capabilities", examples=["ticker"])
    params: dict[str, Any] = Field(
        default={},
        description="Fields of the capability's query, as GET /api/capabilities describes them",
        examples=[{"symbol": "BTC/USDT"}],
    )


class IndicatorAsked(_Asked):
    """An indicator over routed candles."""

    indicator: str = Field(description="A name of GET /api/indicators", examples=["rsi"])
    params: dict[str, Any] = Field(
        default={},
        description="As GET /api/indicators/{indicator} takes them, the indicator's own included",
        examples=[{"symbol": "BTC/USDT", "interval": "1h", "limit": 5, "period": 14}],
    )


class ExplainAsked(_Asked):
    """Who would be asked, and why; asks no source."""

    explain: str = Field(description="The capability that would be asked", examples=["ticker"])
    params: dict[str, Any] = Field(
        default={},
        description="Fields of the capability's query",
        examples=[{"symbol": "BTC/USDT"}],
    )


class BatchBody(BaseModel):
    """Questions of any kind."""

    model_config = ConfigDict(extra="forbid")

    queries: list[CapabilityAsked | IndicatorAsked | ExplainAsked] = Field(
        min_length=1, description="At most as many as the setting BATCH_QUERIES says"
    )


class BatchSummary(Shape):
    """How many have an answer."""

    total: int
    ok: int
    failed: int


class QueryAnswered(Shape):
    """The answer to one query, as its own route would give it."""

    id: str | int
    status: int = Field(description="200")
    data: dict[str, Any]
    meta: CandlesMeta | Meta | None = Field(
        default=None, description="Where it is from; left out of what asks no source"
    )


class QueryFailed(Shape):
    """Why one query has no answer."""

    id: str | int
    status: int = Field(description="That its own route would answer with")
    error: Problem


class BatchResults(Shape):
    """Answers in the order of the queries."""

    summary: BatchSummary
    results: list[QueryAnswered | QueryFailed]


ASK_BATCH = RouteDoc(BatchResults, parameters=ASK, body=BatchBody, asks="batch", is_mixed=True)
