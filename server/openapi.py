"""The OpenAPI document: Litestar's routes, described by the same models that read and answer.

It is built from pydantic's own JSON Schema, which knows the exact form of a pair, an interval or
a column of candles; the parameters are those the query reader takes, so neither can drift.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from litestar import Litestar
from litestar.routes import HTTPRoute
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from framework.models.base import Query, Result
from framework.models.market import CANDLE_COLUMNS, Candles
from framework.symbols import INTERVALS
from framework.views import installed_version
from server.examples import EXAMPLES
from server.params import QUOTE_FALLBACK, QueryReader
from server.problems import TABLE
from server.schemas import Meta, Problem

#: `opt` key under which a handler keeps its `RouteDoc`.
DOC = "doc"
_REFERENCE = "#/components/schemas/{model}"
_ASKED = (400, 404, 409, 429, 502, 503, 504)
_LOCAL = (400, 429, 503)


@dataclass(frozen=True, slots=True)
class RouteDoc:
    """What a route takes and answers, as far as its signature does not say.

    Attributes:
        result: model of the answer, or of `data` where sources answer; None for pages.
        reader: of the parameters, on routes that sources answer.
        parameters: as OpenAPI objects, on the others.
        body: model of the request body.
        errors: statuses besides those every route has.
        is_admin: whether it changes something.
        media_type: of the answer.
        schema: in place of that of `result`.
    """

    result: type[BaseModel] | None = None
    reader: QueryReader | None = None
    parameters: tuple[dict[str, Any], ...] = ()
    body: type[BaseModel] | None = None
    errors: tuple[int, ...] = ()
    is_admin: bool = False
    media_type: str = "application/json"
    schema: Mapping[str, Any] | None = None

    def statuses(self) -> list[int]:
        """Every error status the route may answer."""
        found = {*(_ASKED if self.reader is not None else _LOCAL), *self.errors}
        if self.is_admin:
            found |= {401, 403, 413, 415}
        if self.body is not None:
            found |= {413, 415}
        return sorted(found)


def parameter(name: str, kind: str, description: str, **schema: Any) -> dict[str, Any]:
    """A query parameter as an OpenAPI object."""
    return {
        "name": name,
        "in": "query",
        "required": schema.pop("required", False),
        "description": description,
        "schema": {"type": kind, **schema},
    }


def document(app: Litestar) -> dict[str, Any]:
    """The OpenAPI 3.1 document of `app`'s documented routes."""
    handlers = list(_documented(app))
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "coinmux",
            "version": installed_version(),
            "description": "One door to crypto data: every answer routed, checked and explained.",
        },
        "servers": [{"url": "/"}],
        "paths": _paths(handlers),
        "components": {
            "schemas": _schemas(doc for _, _, doc in handlers),
            "securitySchemes": {
                "adminToken": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "ADMIN_TOKEN; with none set, this machine alone may.",
                }
            },
        },
    }


def _documented(app: Litestar) -> Iterator[tuple[str, Any, RouteDoc]]:
    for route in sorted(app.routes, key=lambda route: route.path_format):
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                doc = handler.opt.get(DOC)
                if isinstance(doc, RouteDoc):
                    yield route.path_format, handler, doc


def _paths(handlers: list[tuple[str, Any, RouteDoc]]) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for path, handler, doc in handlers:
        for method in sorted(handler.http_methods):
            paths.setdefault(path, {})[method.lower()] = _operation(path, handler, doc)
    return paths


def _operation(path: str, handler: Any, doc: RouteDoc) -> dict[str, Any]:
    text = (handler.fn.__doc__ or "").strip()
    operation: dict[str, Any] = {
        "operationId": handler.operation_id,
        "summary": handler.summary or text.partition("\n")[0],
        "description": " ".join(text.split()),
        "tags": sorted(handler.resolve_tags()),
        "parameters": [*_path_parameters(path), *_query_parameters(doc)],
        "responses": _responses(doc),
    }
    if doc.body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": _reference(doc.body)}},
        }
    if doc.is_admin:
        operation["security"] = [{}, {"adminToken": []}]
    return operation


def _path_parameters(path: str) -> Iterator[dict[str, Any]]:
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
    "chain": "ethereum",
    "address": "0xde0b295669a9fd93d5f28d9ec85e40f4cb697bae",
    "metric": "hash-rate",
    "request_id": "my-request-1",
}


def _query_parameters(doc: RouteDoc) -> Iterator[dict[str, Any]]:
    yield from doc.parameters
    reader = doc.reader
    if reader is None or doc.body is not None:
        return
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
    yield from ASK
    if reader.has_pair:
        yield _FALLBACK


ASK = (
    parameter("provider", "string", "Ask this provider alone; no failover.", examples=["kraken"]),
    parameter("strategy", "string", "How candidates are ordered.", enum=["priority", "fastest"]),
    parameter("max_age_s", "number", "Oldest kept answer taken; 0 takes none.", minimum=0,
              maximum=86_400),
    parameter("timeout_s", "number", "Deadline of the request.", minimum=0.1, maximum=30),
)  # fmt: skip
_FALLBACK = parameter(
    QUOTE_FALLBACK,
    "boolean",
    "Whether a pair in USD, USDT or USDC may be answered in another of them.",
)


_SYMBOL = {
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
            own = {**_SYMBOL}
        found[name] = own
    return found


def _responses(doc: RouteDoc) -> dict[str, Any]:
    content: dict[str, Any] = {}
    if doc.schema is not None:
        content["schema"] = dict(doc.schema)
    elif doc.result is not None and doc.reader is not None:
        content["schema"] = envelope(doc.result)
        if (example := EXAMPLES.get(doc.reader.capability)) is not None:
            content["examples"] = {"typical": {"value": example}}
    elif doc.result is not None:
        content["schema"] = _reference(doc.result)
    else:
        content["schema"] = {"type": "string"}
    answers: dict[str, Any] = {
        "200": {"description": "The answer", "content": {doc.media_type: content}}
    }
    for status in doc.statuses():
        answers[str(status)] = {
            "description": _ERRORS[status],
            "content": {"application/problem+json": {"schema": _reference(Problem)}},
        }
        if status in (429, 503):
            answers[str(status)]["headers"] = {
                "Retry-After": {
                    "description": "Seconds after which it may work, where that is known",
                    "schema": {"type": "integer", "minimum": 1},
                }
            }
    return answers


_ERRORS: Mapping[int, str] = {
    status: " or ".join(kind.code for kind, (of_kind, _) in TABLE.items() if of_kind == status)
    for status, _ in TABLE.values()
}


def envelope(result: type[BaseModel]) -> dict[str, Any]:
    """The schema of an answer from sources."""
    return {
        "type": "object",
        "required": ["data", "meta"],
        "properties": {"data": _reference(result), "meta": _reference(Meta)},
    }


def _reference(model: type[BaseModel]) -> dict[str, Any]:
    return {"$ref": _REFERENCE.format(model=model.__name__)}


def _schemas(docs: Iterator[RouteDoc]) -> dict[str, Any]:
    results: set[type[BaseModel]] = {Meta, Problem}
    bodies: set[type[BaseModel]] = set()
    for doc in docs:
        if doc.result is not None:
            results.add(doc.result)
        if doc.body is not None:
            bodies.add(doc.body)
    ordered = sorted(results - {Candles}, key=lambda model: model.__name__)
    inputs = sorted(bodies, key=lambda model: model.__name__)
    _, schema = models_json_schema(
        [
            *((model, "serialization") for model in ordered),
            *((model, "validation") for model in inputs),
        ],
        ref_template=_REFERENCE,
    )
    schemas: dict[str, Any] = schema["$defs"]
    if Candles in results:
        schemas["Candles"] = _candles_schema(Candles)
    return schemas


def _candles_schema(model: type[Result]) -> dict[str, Any]:
    """Candles go out as rows, which the model, being columns, does not tell."""
    return {
        "type": "object",
        "description": model.__doc__,
        "required": ["symbol", "interval", "columns", "rows", "last_closed"],
        "properties": {
            "symbol": {"type": "string", "examples": ["BTC/USDT"]},
            "interval": {"type": "string", "enum": list(INTERVALS)},
            "columns": {"const": list(CANDLE_COLUMNS)},
            "rows": {
                "type": "array",
                "items": {
                    "type": "array",
                    "prefixItems": [{"type": "integer"}],
                    "items": {"type": ["number", "null"]},
                    "minItems": len(CANDLE_COLUMNS),
                    "maxItems": len(CANDLE_COLUMNS),
                },
            },
            "last_closed": {"type": ["boolean", "null"]},
        },
    }
