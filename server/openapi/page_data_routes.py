"""How the routes of the dashboard's pages stand in the OpenAPI document."""

from __future__ import annotations

from typing import Any

from coinmux.framework.health.history import SourceHistory
from coinmux.framework.models.candles import MOST_CANDLES, Candles
from coinmux.framework.models.market import GlobalStats, Ticker
from coinmux.framework.models.news import News
from coinmux.framework.models.sentiment import FearGreed
from coinmux.framework.reference.intervals import INTERVALS
from coinmux.framework.reports.health import SourceHealth
from coinmux.framework.reports.providers import ProviderDetail
from coinmux.server.monitoring.monitor_report import MonitorEvent
from coinmux.server.openapi import live_routes
from coinmux.server.openapi.document import RouteDoc
from coinmux.server.openapi.indicator_routes import CandlesMeta, IndicatorData
from coinmux.server.openapi.parameters import parameter
from coinmux.server.openapi.responses import Described, reference
from coinmux.server.openapi.schemas import (
    Explanation,
    Meta,
    Problem,
    RoutingDecision,
    RoutingDecisions,
)


def _object(description: str, **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "description": description,
        "required": list(properties),
        "properties": properties,
    }


def _or_null(schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}], "description": description}


_PROBLEM = _or_null(reference(Problem), "What is wrong; null where nothing is")
_FOUND = {"type": "boolean", "description": "Whether there is such a one"}


def _part(data: type[Described], meta: type[Described] = Meta) -> dict[str, Any]:
    """The members of a part of a page."""
    title = {"type": "string", "description": "The title of the provider"}
    last = _object("An earlier answer", data=reference(data), meta=reference(meta), source=title)
    return {
        "data": _or_null(reference(data), "null where there is none now"),
        "meta": _or_null(reference(meta), "Where the data came from; null without data"),
        "source": _or_null({"type": "string"}, "The title of the provider; null without data"),
        "error": _or_null(reference(Problem), "Why there is no data; null where there is"),
        "last_known": _or_null(
            last, "The newest earlier answer to the same question; null where there is none, or "
            "where there is data"
        ),
    }  # fmt: skip


_PAIR = {"type": "string", "examples": ["BTC/USDT"]}
_SPARK = _or_null(
    {"type": "array", "items": {"type": "number"}},
    "Closes of the last 24 hours, oldest first; null where they are not known",
)
_PAIRS = _object(
    "Every pair asked for, in that order",
    pairs={
        "type": "array",
        "items": _object(
            "One pair now and over the last 24 hours",
            pair={**_PAIR, "description": "As it is written here; as it was asked if it is none"},
            **_part(Ticker),
            spark=_SPARK,
        ),
    },
)
OVERVIEW = RouteDoc(
    parameters=(
        parameter(
            "pairs",
            "string",
            "Up to 12 pairs, comma between; the best known where it is left out.",
            examples=["BTC/USDT,ETH/USDT"],
        ),
    ),
    schema=_object(
        "The overview",
        server_time={"type": "integer", "description": "Unix time in ms"},
        markets=_PAIRS,
        **{"global": _object("The whole market", **_part(GlobalStats))},
        news=_object("Headlines", **_part(News)),
        mood=_object("Fear and greed", **_part(FearGreed)),
    ),
)
_IND = parameter(
    "ind",
    "string",
    "Up to 20 indicators, comma between, each with its parameters after colons.",
    examples=["rsi:timeperiod=14,macd"],
)
CHART = RouteDoc(
    parameters=(
        parameter("symbol", "string", "The pair.", examples=["BTC/USDT"], default="BTC/USDT"),
        parameter("interval", "string", "Length of a candle.", enum=[*INTERVALS], default="1h"),
        parameter(
            "limit", "integer", "The latest so many candles.",
            minimum=1, maximum=MOST_CANDLES, default=500,
        ),
        parameter("end", "string", "Last candle shown, Unix ms or a date; the newest without it."),
        _IND,
    ),
    schema=_object(
        "One market; candles and indicators are of the same fetch",
        symbol=_or_null(_PAIR, "The pair as it is written here; null where it is none"),
        interval=_or_null({"type": "string", "enum": [*INTERVALS]}, "null where it is none"),
        catalogue={
            "type": "string",
            "description": "Version of the catalogue of indicators: the `v` to ask for it by",
        },
        candles=_object("Candles, oldest first", **_part(Candles, CandlesMeta)),
        ticker=_object("The market now and over the last 24 hours", **_part(Ticker)),
        indicators={
            "type": "array",
            "items": _object(
                "One indicator at the same candles, in the order asked",
                name={"type": "string", "description": "Of the catalogue, or as it was asked"},
                **_part(IndicatorData, CandlesMeta),
            ),
        },
    ),
)  # fmt: skip
DECISION = RouteDoc(
    parameters=(
        parameter("request", "string", "Id of a request that was made."),
        parameter("capability", "string", "In its place, what would be asked.", examples=["gas"]),
        {
            "name": "parameters",
            "in": "query",
            "required": False,
            "style": "form",
            "explode": True,
            "description": "Those of the capability's own route, each under its own name.",
            "schema": {"type": "object", "additionalProperties": {"type": "string"}},
        },
    ),
    schema=_object(
        "What was decided, or would be",
        found=_FOUND,
        decision=_or_null(
            {"anyOf": [reference(one) for one in (RoutingDecision, RoutingDecisions, Explanation)]},
            "Of the request, or of a dry run; null where there is none",
        ),
        problem=_PROBLEM,
    ),
)
PROVIDER = RouteDoc(
    parameters=(parameter("name", "string", "Of a provider.", examples=["binance"]),),
    schema=_object(
        "All about one provider",
        found=_FOUND,
        provider=_or_null(reference(ProviderDetail), "What it is; null where there is none"),
        health=_or_null(reference(SourceHealth), "How it is now"),
        history=_or_null(reference(SourceHistory), "How it was in the last 24 hours"),
        decisions={
            "type": "array",
            "items": reference(MonitorEvent),
            "description": "The newest requests it had a part in, newest first",
        },
        problem=_PROBLEM,
    ),
)
PAIRS = RouteDoc(
    parameters=(parameter("search", "string", "A part of a pair's name.", examples=["eth"]),),
    schema=_object(
        "Pairs that are traded, the likeliest first",
        search={"type": "string", "description": "What was searched"},
        total={"type": "integer", "description": "How many pairs fit"},
        pairs={
            "type": "array",
            "items": _object(
                "One pair",
                pair=_PAIR,
                sources={
                    "type": "array",
                    "items": {"type": "string"},
                    "description": "Titles of sources that list it, at most three",
                },
                sources_total={"type": "integer", "description": "How many sources list it"},
            ),
        },
    ),
)
FOLLOWED_PRICES, FOLLOWED_CANDLES = (
    RouteDoc(parameters=(*one.parameters, *also), media_type="text/event-stream")
    for one, also in ((live_routes.TICKER, ()), (live_routes.CANDLES, (_IND,)))
)
