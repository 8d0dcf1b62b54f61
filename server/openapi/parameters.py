"""Parameters as OpenAPI objects: those of paths, of query models, and of every question."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from coinmux.framework.routing.options import STRATEGIES
from coinmux.server.asgi.query_params import QUOTE_FALLBACK

if TYPE_CHECKING:
    from coinmux.framework.models.base import Query
    from coinmux.server.asgi.query_params import QueryReader


def parameter(name: str, kind: str, description: str, **schema: Any) -> dict[str, Any]:
    """A query parameter as an OpenAPI object."""
    return {
        "name": name,
        "in": "query",
        "required": schema.pop("required", False),
        "description": description,
        "schema": {"type": kind, **schema},
    }


def path_parameters(path: str) -> Iterator[dict[str, Any]]:
    """The parameters within a path."""
    for part in path.split("/"):
        if part.startswith("{"):
            name = part.strip("{}")
            yield {
                "name": name,
                "in": "path",
                "required": True,
                "schema": {"type": "string", "examples": [_PATH_EXAMPLES.get(name, "binance")]},
            }


_PATH_EXAMPLES = {
    "capability": "fear_greed",
    "chain": "ethereum",
    "address": "0xde0b295669a9fd93d5f28d9ec85e40f4cb697bae",
    "incident_id": "1764000000000-0123abcd",
    "indicator": "rsi",
    "metric": "hash_rate",
    "request_id": "my-request-1",
}


def reader_parameters(reader: QueryReader) -> Iterator[dict[str, Any]]:
    """The query parameters `reader` takes."""
    yield from own_parameters(reader)
    yield from ASK
    if reader.has_pair:
        yield FALLBACK


def own_parameters(reader: QueryReader) -> Iterator[dict[str, Any]]:
    """The query parameters of the question itself, without those of how it is answered."""
    properties = _flat_properties(reader.model)
    for name, field in reader.fields.items():
        schema = dict(properties[field])
        info = reader.model.model_fields[field]
        yield {
            "name": name,
            "in": "query",
            "required": info.is_required(),
            "description": schema.pop("description", info.description or ""),
            "schema": schema,
        }


ASK = (
    parameter(
        "provider", "string", "Ask this provider of GET /api/providers alone; no failover."
    ),
    parameter("strategy", "string", "How candidates are ordered.", enum=[*STRATEGIES]),
    parameter("max_age_s", "number", "Oldest cached answer taken; 0 takes none.", minimum=0,
              maximum=86_400),
    parameter("timeout_s", "number", "Deadline of the request.", minimum=0.1, maximum=30),
)  # fmt: skip
FALLBACK = parameter(
    QUOTE_FALLBACK,
    "boolean",
    "Whether a pair in USD, USDT or USDC may be answered in another of them.",
)


SYMBOL = {
    "type": "string",
    "maxLength": 41,
    "examples": ["BTC/USDT"],
    "description": "BASE/QUOTE; any case, with -, _ or nothing between, or the base alone",
}


def _flat_properties(model: type[Query]) -> dict[str, Any]:
    """Each field's schema as a parameter takes it: no references, no null, the pair as text."""
    schema = model.model_json_schema(mode="validation")
    definitions = schema.get("$defs", {})
    found = {}
    for name, part in schema.get("properties", {}).items():
        own = {key: value for key, value in part.items() if key not in ("title", "default")}
        for choice in own.pop("anyOf", ()):
            if choice.get("type") != "null":
                own.update(choice)
        if "$ref" in own:
            own.update(definitions[own.pop("$ref").rpartition("/")[2]])
            own = {key: own[key] for key in ("type", "enum", "description") if key in own}
        if part.get("default") is not None:
            own["default"] = part["default"]
        if name == "symbol":
            own = {**SYMBOL}
        found[name] = own
    return found
