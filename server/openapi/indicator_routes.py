"""How the indicator routes stand in the OpenAPI document."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from coinmux.framework.indicators.caller_forms import MOST_ROWS
from coinmux.framework.models.candles import MOST_CANDLES
from coinmux.framework.reference.intervals import INTERVALS
from coinmux.server.asgi.indicator_params import (
    DEFAULT_LIMIT,
    FOLLOWED_PARAMETERS,
    MOST_INDICATORS,
    MOST_INTERVALS,
    MOST_SHOWN,
    MOST_SYMBOLS,
)
from coinmux.server.openapi.document import RouteDoc
from coinmux.server.openapi.parameters import ASK, FALLBACK, SYMBOL, parameter
from coinmux.server.openapi.schemas import Meta, Problem, Shape


class ParameterLine(Shape):
    """One parameter of an indicator; bounds or choices by its type."""

    name: str
    type: Literal["integer", "number", "choice"]
    default: int | float | str
    description: str
    aliases: list[str] = Field(description="Other names it is taken by")
    minimum: float | None = Field(default=None, description="Of numbers")
    maximum: float | None = Field(default=None, description="Of numbers")
    choices: list[str] | None = Field(default=None, description="Of choices")


class OutputLine(Shape):
    """One line of an indicator, and how it is drawn."""

    name: str
    draw: str


class IndicatorLine(Shape):
    """One indicator of the catalogue."""

    name: str
    title: str
    group: str
    summary: str = Field(
        description="What it is, and how it differs from others known under its name"
    )
    also: list[str] = Field(description="Indicators of the same kind by another definition")
    inputs: list[str]
    outputs: list[OutputLine]
    parameters: list[ParameterLine]
    minimum_candles: int = Field(description="At the default parameters")
    settled_after: int | None = Field(
        description="Candles from which values no longer depend on where the history begins; null "
        "where they always do"
    )
    pane: Literal["overlay", "own"]
    levels: list[float] = Field(description="Values drawn as horizontal lines")
    formula: str
    source: str = Field(description="Where the formula is published")
    origin: str = Field(description="The package or module it comes from")
    version: str | None


class IndicatorCatalogue(Shape):
    """Every indicator."""

    total: int
    indicators: list[IndicatorLine]


class IndicatorData(Shape):
    """Values of one indicator, by candle, oldest first; null where it has none."""

    indicator: str
    symbol: str | None
    interval: str | None
    last_closed: bool | None = Field(description="Whether the newest candle is finished")
    parameters: dict[str, int | float | str]
    timestamps: list[int] = Field(
        description="Opening times, Unix ms; positions from 0 where the caller sent closes alone"
    )
    values: dict[str, list[float | None]]
    latest: dict[str, float | None]
    reading: str | None = Field(description="The newest values in words, with the rule")
    settled_from: int | None


class CandlesMeta(Meta):
    """Where the candles came from."""

    candles: int = Field(description="Candles read")
    pages: int = Field(description="Fetches they came from")


class OwnCandlesMeta(Shape):
    """No provider: the candles are the caller's."""

    provider: None
    notes: list[str]
    elapsed_ms: float = Field(description="Milliseconds")


class IndicatorAnswer(Shape):
    """Values over candles."""

    data: IndicatorData
    meta: CandlesMeta


class OwnCandlesAnswer(Shape):
    """Values over the caller's candles."""

    data: IndicatorData
    meta: OwnCandlesMeta


class Failure(Shape):
    """An error in the place of an answer."""

    error: Problem


class IndicatorAnswers(Shape):
    """One answer for each interval, where several were asked for."""

    intervals: dict[str, IndicatorAnswer | Failure]


class Together(Shape):
    """One of several indicators: its newest values, or its own error."""

    status: Literal["ok", "error"]
    parameters: dict[str, int | float | str] | None = None
    latest: dict[str, float | None] | None = None
    reading: str | None = Field(default=None, description="The newest values in words")
    notes: list[str] | None = None
    error: Problem | None = Field(default=None, description="In the place of values")


class BatchIndicator(Together):
    """One indicator of one market in a batch."""

    indicator: str
    parameters: dict[str, int | float | str]
    timestamps: list[int] | None = Field(
        default=None, description="Opening times, Unix ms; where more than one value was asked for"
    )
    values: dict[str, list[float | None]] | None = None


class ComprehensiveData(Shape):
    """The seven, by name."""

    symbol: str
    interval: str
    last_closed: bool | None
    timestamp: int | None
    indicators: dict[str, Together]


class ComprehensiveAnswer(Shape):
    """The seven over one market's candles."""

    data: ComprehensiveData
    meta: CandlesMeta


class ComprehensiveAnswers(Shape):
    """One answer for each interval, where several were asked for."""

    intervals: dict[str, ComprehensiveAnswer | Failure]


class BatchSummary(Shape):
    """How many pairs of market and indicator there are, and how many failed."""

    total: int
    ok: int
    failed: int


class BatchLine(Shape):
    """One market: its indicators, or the error that kept its candles away."""

    symbol: str
    interval: str | None = None
    last_closed: bool | None = None
    timestamp: int | None = Field(default=None, description="Of the newest candle, Unix ms")
    indicators: list[BatchIndicator] | None = None
    meta: CandlesMeta | None = None
    error: Problem | None = Field(default=None, description="In the place of all but the symbol")


class BatchAnswer(Shape):
    """One line for each market."""

    summary: BatchSummary
    results: list[BatchLine]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


_Cell = float | str | None


class IndicatorRows(_Body):
    """The caller's candles: an answer or its `data` as it came, rows, records, columns or closes.

    Rows are those of exchanges, ccxt or pandas. The body may also be the list of rows itself, or
    have a member for each column. Candles are sorted by time, and what is sent twice is dropped.
    """

    rows: list[list[_Cell]] | list[dict[str, _Cell]] | list[_Cell] | None = Field(
        default=None,
        min_length=1,
        max_length=MOST_ROWS,
        description="[timestamp, open, high, low, close, volume], or as `columns` says, or with "
        "names; more cells are not read. Numbers alone are closes. Times are Unix milliseconds, "
        "seconds or microseconds, or ISO 8601. An unknown cell is null",
        examples=[[[1764000000000, 100.0, 101.0, 99.5, 100.5, 12.0]]],
    )
    columns: list[str] | None = Field(
        default=None, description="What the cells of a row are; close among them"
    )
    data: list[list[_Cell]] | list[dict[str, _Cell]] | dict[str, Any] | None = Field(
        default=None, description="In place of rows, as pandas or an answer of ours has it"
    )
    index: list[_Cell] | None = Field(
        default=None, description="Times of the rows, where they are no column, as pandas has it"
    )
    closes: list[_Cell] | None = Field(
        default=None,
        min_length=1,
        max_length=MOST_ROWS,
        description="In place of rows, for indicators that read closes alone",
    )
    timestamp: list[_Cell] | None = Field(default=None, description="In place of rows")
    open: list[_Cell] | None = Field(default=None, description="In place of rows")
    high: list[_Cell] | None = Field(default=None, description="In place of rows")
    low: list[_Cell] | None = Field(default=None, description="In place of rows")
    close: list[_Cell] | None = Field(default=None, description="In place of rows")
    volume: list[_Cell] | None = Field(default=None, description="In place of rows")
    symbol: str | None = Field(default=None, description="Repeated in the answer")
    interval: str | None = Field(default=None, description="Repeated in the answer")
    last_closed: bool | None = Field(default=None, description="Repeated in the answer")
    parameters: dict[str, int | float | str] = Field(default_factory=dict)


class IndicatorChoice(_Body):
    """An indicator with parameters of its own."""

    name: str | None = Field(default=None, examples=["sma"])
    indicator: str | None = Field(default=None, description="The same as `name`")
    parameters: dict[str, int | float | str] = Field(default_factory=dict)


class IndicatorBatch(_Body):
    """Which indicators of which markets."""

    symbols: list[str] = Field(
        min_length=1, max_length=MOST_SYMBOLS, examples=[["BTC/USDT", "ETH/USDT"]]
    )
    indicators: list[str | IndicatorChoice] = Field(
        min_length=1, max_length=MOST_INDICATORS, examples=[["rsi", "macd"]]
    )
    interval: str = Field(default="1h", json_schema_extra={"enum": list(INTERVALS)})
    limit: int = Field(default=1, ge=1, le=MOST_SHOWN, description="Values shown of each")
    closed_only: bool = False


_SYMBOL: dict[str, Any] = {**SYMBOL}
_MARKET = (
    {
        "name": "symbol",
        "in": "query",
        "required": True,
        "description": _SYMBOL.pop("description"),
        "schema": _SYMBOL,
    },
    parameter(
        "interval",
        "string",
        f"Length of a candle, or up to {MOST_INTERVALS} of them with commas between.",
        default="1h",
        examples=["1h", "15m,1h,4h"],
    ),
    parameter("closed_only", "boolean", "Leave out the newest candle while it is open."),
    *ASK,
    FALLBACK,
)
_LIMIT = parameter(
    "limit",
    "integer",
    "Values shown, the latest.",
    minimum=1,
    maximum=MOST_CANDLES,
    default=DEFAULT_LIMIT,
)
_RANGE = (
    parameter(
        "start",
        "string",
        "First candle shown, Unix ms or a date; then the oldest `limit` values from there on.",
        examples=["1764000000000", "2025-01-01"],
    ),
    parameter("end", "string", "Last candle shown, Unix ms or a date.", examples=["1764003600000"]),
)
_PARAMETERS = {
    "name": "parameters",
    "in": "query",
    "required": False,
    "style": "form",
    "explode": True,
    "description": "Each parameter of the indicator under its own name, as the catalogue has them.",
    "schema": {"type": "object", "additionalProperties": {"type": ["string", "number"]}},
}
_ASKED = (404, 409, 502, 504)

CATALOGUE = RouteDoc(
    IndicatorCatalogue,
    parameters=(
        parameter("v", "string", "The version; the answer may be kept for a year if it is that."),
    ),
)
ROUTED = RouteDoc(
    IndicatorAnswer,
    parameters=(*_MARKET, _LIMIT, *_RANGE, _PARAMETERS),
    errors=_ASKED,
    several=IndicatorAnswers,
    asks="indicator",
    is_table=True,
)
COMPREHENSIVE = RouteDoc(
    ComprehensiveAnswer,
    parameters=_MARKET,
    errors=_ASKED,
    several=ComprehensiveAnswers,
    asks="indicators",
)
OVER = RouteDoc(OwnCandlesAnswer, body=IndicatorRows, errors=(404, 502))
BATCH = RouteDoc(BatchAnswer, parameters=ASK, body=IndicatorBatch, errors=(404,), asks="indicators")
WATCH = RouteDoc(
    parameters=(*(one for one in _MARKET if one["name"] in FOLLOWED_PARAMETERS), _PARAMETERS),
    errors=(400, 404, 409, 429, 502, 503, 504),
    media_type="text/event-stream",
    asks="indicator",
)
