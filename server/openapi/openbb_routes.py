"""How the routes of OpenBB Workspace stand in the OpenAPI document."""

from __future__ import annotations

from typing import Any

from coinmux.server.openapi.document import RouteDoc
from coinmux.server.openapi.parameters import ASK, FALLBACK, parameter

_ROWS: dict[str, Any] = {
    "type": "array",
    "description": "Rows, each with its source and when it was asked",
    "items": {"type": "object", "additionalProperties": True},
}
_FIELDS = {
    "name": "fields",
    "in": "query",
    "required": False,
    "description": "Fields of the capability's query; empty ones are passed over",
    "style": "form",
    "explode": True,
    "schema": {"type": "object", "additionalProperties": {"type": "string"}},
}
_SYMBOL = parameter("symbol", "string", "The pair.", required=True, examples=["BTC/USDT"])
WIDGETS = RouteDoc(
    schema={
        "type": "object",
        "description": "Widgets by id, as OpenBB Workspace reads them",
        "additionalProperties": {"type": "object", "additionalProperties": True},
    }
)
APPS = RouteDoc(schema={"type": "array", "items": {"type": "object", "additionalProperties": True}})
DATA = RouteDoc(
    parameters=(_FIELDS, *ASK, FALLBACK),
    errors=(404, 409, 502, 504),
    schema=_ROWS,
    asks="data",
)
INDICATOR = RouteDoc(
    parameters=(
        parameter("indicator", "string", "Its name.", required=True, examples=["rsi"]),
        _SYMBOL,
        parameter("interval", "string", "Length of a candle.", default="1h"),
        parameter("limit", "integer", "At most so many values.", minimum=1, maximum=1000),
    ),
    errors=(404, 409, 502, 504),
    schema=_ROWS,
    asks="indicator",
)
PRICES = RouteDoc(
    parameters=(
        parameter(
            "symbol",
            "string",
            "Up to 50 pairs, comma between.",
            required=True,
            examples=["BTC/USDT,ETH/USDT"],
        ),
    ),
    schema=_ROWS,
    asks="tickers",
)
