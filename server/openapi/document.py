"""The OpenAPI document: Litestar's routes, described by the same types that read and answer.

Reports are described by msgspec's JSON Schema of the types that are encoded, data of sources by
pydantic's, which knows the exact form of a pair, an interval or a column of candles; the parameters
are those the query reader takes. So none of the three can drift.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import msgspec
from litestar import Litestar
from litestar.routes import HTTPRoute
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from coinmux.framework.models.base import Result
from coinmux.framework.models.candles import CANDLE_COLUMNS, Candles
from coinmux.framework.reference.intervals import INTERVALS
from coinmux.framework.reports.base import installed_version
from coinmux.server.asgi.consumer_door import area_of
from coinmux.server.asgi.query_params import QueryReader
from coinmux.server.openapi.parameters import path_parameters, reader_parameters
from coinmux.server.openapi.responses import REFERENCE, Described, reference, responses
from coinmux.server.openapi.schemas import Meta, Problem
from coinmux.server.openapi.snippets import snippets

#: `opt` key under which a handler keeps its `RouteDoc`.
DOC = "doc"
_ASKED = (400, 404, 409, 429, 502, 503, 504)
_LOCAL = (400, 429, 503)


@dataclass(frozen=True, slots=True)
class RouteDoc:
    """What a route takes and answers, as far as its signature does not say.

    Attributes:
        result: type of the answer, or of `data` where sources answer; None for pages.
        reader: of the parameters, on routes that sources answer.
        parameters: as OpenAPI objects, on the others.
        body: model of the request body.
        errors: statuses in addition to those every route has.
        is_admin: whether it changes something.
        media_type: of the answer.
        schema: in place of that of `result`.
        several: model of the answer where the caller asked for more than one thing.
        is_keyed: whether it asks no source and takes a key all the same.
        is_mixed: whether any key is taken, and its scope checked once it is known what is asked.
        is_table: whether it has rows, though it has no reader.
        unready: status at which the answer is `result` all the same.
        needs: parameters that the route requires, though the reader does not.
        also: further forms of the answer: media type -> what OpenAPI says of it.
        asks: the capability sources are asked for, on routes without a reader; None if no source is
            asked.
    """

    result: type[Described] | None = None
    reader: QueryReader | None = None
    parameters: tuple[dict[str, Any], ...] = ()
    body: type[BaseModel] | None = None
    errors: tuple[int, ...] = ()
    is_admin: bool = False
    media_type: str = "application/json"
    schema: Mapping[str, Any] | None = None
    unready: int | None = None
    several: type[BaseModel] | None = None
    needs: frozenset[str] = frozenset()
    also: Mapping[str, Any] = field(default_factory=dict)
    asks: str | None = None
    is_keyed: bool = False
    is_mixed: bool = False
    is_table: bool = False

    def __deepcopy__(self, _: object) -> Self:
        """Itself: litestar copies what a route carries again and again, and this never changes."""
        return self

    @property
    def operation(self) -> str | None:
        """What sources are asked for; None where they are not."""
        return self.reader.capability if self.reader is not None else self.asks

    @property
    def is_tabular(self) -> bool:
        """Whether it answers as CSV and Arrow too."""
        return self.is_table or (self.reader is not None and self.schema is None)

    @property
    def kinds(self) -> str:
        """What it answers, in words."""
        if self.is_tabular:
            return "application/json, text/csv and application/vnd.apache.arrow.stream"
        return f"{self.media_type} and nothing else"

    def scope_at(self, template: str) -> str | None:
        """The scope that a key must have for the route at that path; None where it needs no key.

        What asks sources needs one, what computes for the caller, and what the pages ask.
        """
        if (
            self.is_admin
            or self.is_mixed
            or not (self.operation is not None or self.body is not None or "/pages/" in template)
        ):
            return None
        return area_of(template)

    def needs_key(self, template: str) -> bool:
        """Whether the route at that path takes the key of a consumer."""
        return self.is_keyed or self.is_mixed or self.scope_at(template) is not None

    def names(self) -> set[str]:
        """The names of all values the route takes."""
        of_reader = () if self.reader is None else (*self.reader.path, *self.reader.fields)
        of_body = () if self.body is None else tuple(self.body.model_fields)
        return {*of_reader, *of_body, *(one["name"] for one in self.parameters)}

    def is_of_indicators(self) -> bool:
        """Whether functions of candles are computed."""
        return (self.operation or "").startswith("indicator") or "rows" in self.names()

    def statuses(self, path: str) -> list[int]:
        """Every error status the route at `path` may answer."""
        found = {*(_ASKED if self.reader is not None else _LOCAL), *self.errors}
        if self.needs_key(path):
            found |= {401, 403, 429}
        if self.operation is not None:
            found.add(403)
        if self.media_type == "application/json":
            found.add(406)
        if self.is_admin:
            found |= {401, 403, 413, 415}
        if self.body is not None:
            found |= {413, 415}
        return sorted(found)


def document(app: Litestar) -> dict[str, Any]:
    """The OpenAPI 3.1 document of `app`'s documented routes."""
    handlers = list(documented(app))
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
                },
                "apiKey": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The key of a consumer; without API_KEYS none is needed.",
                },
                "apiKeyHeader": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "X-API-Key",
                    "description": "The same in a header of its own.",
                },
            },
        },
    }


def documented(app: Litestar) -> Iterator[tuple[str, Any, RouteDoc]]:
    """Path template, handler and description of every documented route, by path."""
    for route in sorted(app.routes, key=lambda route: route.path_format):
        if isinstance(route, HTTPRoute):
            # Litestar has those of one path in a set.
            for handler in sorted(route.route_handlers, key=lambda one: str(one.operation_id)):
                doc = handler.opt.get(DOC)
                if isinstance(doc, RouteDoc):
                    yield route.path_format, handler, doc


def areas_of(app: Litestar) -> dict[str, str]:
    """The scope a key must have for a capability, of those with a route of their own."""
    return {
        doc.operation: area
        for path, _, doc in documented(app)
        if doc.operation is not None and (area := doc.scope_at(path))
    }


def methods_of(handler: Any) -> list[str]:
    """What a handler is asked with; OPTIONS, which asks about the others, left out."""
    return sorted(method for method in handler.http_methods if method != "OPTIONS")


def _paths(handlers: list[tuple[str, Any, RouteDoc]]) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for path, handler, doc in handlers:
        for method in methods_of(handler):
            operation = _operation(path, handler, doc)
            operation["x-codeSamples"] = [
                one._asdict() for one in snippets(path, method, operation, doc)
            ]
            paths.setdefault(path, {})[method.lower()] = operation
    return paths


def _operation(path: str, handler: Any, doc: RouteDoc) -> dict[str, Any]:
    text = (handler.fn.__doc__ or "").strip()
    operation: dict[str, Any] = {
        "operationId": handler.operation_id,
        "summary": handler.summary or text.partition("\n")[0],
        "description": " ".join(text.split()),
        "tags": sorted(handler.resolve_tags()),
        "parameters": [*path_parameters(path), *_query_parameters(doc)],
        "responses": responses(doc, path),
    }
    if doc.body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": reference(doc.body)}},
        }
    return {**operation, **keyed(doc, path)}


def keyed(doc: RouteDoc, path: str) -> dict[str, Any]:
    """What the route at `path` must be asked with, as the member `security`."""
    if doc.is_admin:
        return {"security": [{}, {"adminToken": []}]}
    if doc.needs_key(path):
        return {"security": [{}, {"apiKey": []}, {"apiKeyHeader": []}]}
    return {}


def _query_parameters(doc: RouteDoc) -> list[dict[str, Any]]:
    if doc.reader is None or doc.body is not None:
        return list(doc.parameters)
    return [
        *doc.parameters,
        *(
            {**one, "required": one["required"] or one["name"] in doc.needs}
            for one in reader_parameters(doc.reader)
        ),
    ]


def _schemas(docs: Iterable[RouteDoc]) -> dict[str, Any]:
    results: set[type[Described]] = {Meta, Problem}
    bodies: set[type[BaseModel]] = set()
    for doc in docs:
        results |= {one for one in (doc.result, doc.several) if one is not None}
        if doc.body is not None:
            bodies.add(doc.body)
    schemas = _model_schemas(results - {Candles}, bodies)
    reports = _report_schemas(results)
    if twice := schemas.keys() & reports.keys():
        raise ValueError(f"two types are named {', '.join(sorted(twice))}")
    schemas |= reports
    if Candles in results:
        schemas["Candles"] = _candles_schema(Candles)
    return schemas


def _model_schemas(
    results: Iterable[type[Described]], bodies: Iterable[type[BaseModel]]
) -> dict[str, Any]:
    """Of pydantic's models, those of answers and of request bodies."""
    outputs = sorted((one for one in results if issubclass(one, BaseModel)), key=_name)
    _, schema = models_json_schema(
        [
            *((model, "serialization") for model in outputs),
            *((model, "validation") for model in sorted(bodies, key=_name)),
        ],
        ref_template=REFERENCE,
    )
    schemas: dict[str, Any] = schema["$defs"]
    return schemas


def _report_schemas(results: Iterable[type[Described]]) -> dict[str, Any]:
    """Of reports, and of all that they are made of."""
    reports = sorted((one for one in results if issubclass(one, msgspec.Struct)), key=_name)
    template = REFERENCE.format(model="{name}")
    _, schemas = msgspec.json.schema_components(reports, ref_template=template)
    return schemas


def _name(described: type[Described]) -> str:
    return described.__name__


def _candles_schema(model: type[Result]) -> dict[str, Any]:
    """The schema of candles: they are sent as rows, while the model has columns."""
    return {
        "type": "object",
        "description": model.__doc__,
        "required": ["symbol", "interval", "columns", "rows", "last_closed"],
        "properties": {
            "symbol": {"type": "string", "examples": ["BTC/USDT"]},
            "interval": {"type": "string", "enum": list(INTERVALS)},
            # An array as `const` says more, and some makers of clients cannot read it.
            "columns": {
                "type": "array",
                "items": {"type": "string", "enum": list(CANDLE_COLUMNS)},
                "minItems": len(CANDLE_COLUMNS),
                "maxItems": len(CANDLE_COLUMNS),
                "description": f"What each row holds, in this order: {', '.join(CANDLE_COLUMNS)}",
            },
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
