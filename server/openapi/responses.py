"""The responses of a route as OpenAPI objects: its answer, and each error it may give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec
from pydantic import BaseModel

from coinmux.framework import errors
from coinmux.server.asgi.problems import (
    TABLE,
    AdminRequired,
    KeyRefused,
    KeyRequired,
    ScopeMissing,
)
from coinmux.server.openapi.examples import EXAMPLES
from coinmux.server.openapi.schemas import Meta, Problem

if TYPE_CHECKING:
    from coinmux.server.openapi.document import RouteDoc

REFERENCE = "#/components/schemas/{model}"
Described = BaseModel | msgspec.Struct

#: Errors that can come only where the route takes a value of that name.
_ABOUT: Mapping[type[errors.CoinmuxError], frozenset[str]] = {
    errors.InvalidSymbol: frozenset({"symbol", "symbols"}),
    errors.UnknownInterval: frozenset({"interval"}),
    errors.UnknownChain: frozenset({"chain"}),
    errors.UnknownMetric: frozenset({"metric"}),
}
_OF_INDICATORS = (
    errors.InsufficientData,
    errors.UnknownIndicator,
    errors.UnknownIndicatorParameter,
)


#: By `Accept`, or by an ending of the path: `.csv`, `.arrow`.
_TABLES = {
    "text/csv": {"schema": {"type": "string", "description": "A header, then a row a line"}},
    "application/vnd.apache.arrow.stream": {"schema": {"type": "string", "format": "binary"}},
}
#: Errors that can come only where a key is looked at.
_OF_KEYS = (KeyRequired, KeyRefused, ScopeMissing, errors.BudgetSpent)


def responses(doc: RouteDoc, path: str) -> dict[str, Any]:
    """The responses of the route at `path`, by status."""
    content: dict[str, Any] = {}
    if doc.schema is not None:
        content["schema"] = dict(doc.schema)
    elif doc.result is not None and doc.reader is not None:
        content["schema"] = envelope(doc.result)
        if (example := EXAMPLES.get(doc.reader.capability)) is not None:
            content["examples"] = {"typical": {"value": example}}
    elif doc.result is not None:
        content["schema"] = reference(doc.result)
        if doc.several is not None:
            content["schema"] = {"anyOf": [reference(doc.result), reference(doc.several)]}
    else:
        content["schema"] = {"type": "string"}
    forms = _TABLES if doc.is_tabular else {}
    answers: dict[str, Any] = {
        "200": {
            "description": "The answer",
            "content": {doc.media_type: content, **doc.also, **forms},
        }
    }
    if doc.unready is not None:
        answers[str(doc.unready)] = {"description": "Not now", "content": {doc.media_type: content}}
    for status in doc.statuses(path):
        if status == doc.unready:
            continue
        answers[str(status)] = {
            "description": " or ".join(_codes(doc, path, status)),
            "content": {"application/problem+json": {"schema": reference(Problem)}},
        }
        if status in (429, 503):
            answers[str(status)]["headers"] = {
                "Retry-After": {
                    "description": "Seconds after which it may work, where that is known",
                    "schema": {"type": "integer", "minimum": 1},
                }
            }
    return answers


def _codes(doc: RouteDoc, path: str, status: int) -> list[str]:
    """The codes of the errors that the route may give with that status."""
    kinds = [kind for kind, (of_kind, _) in TABLE.items() if of_kind == status]
    given = [kind.code for kind in kinds if _may_give(doc, path, kind)]
    return given or [kind.code for kind in kinds]


def _may_give(doc: RouteDoc, path: str, kind: type[errors.CoinmuxError]) -> bool:
    if (names := _ABOUT.get(kind)) is not None:
        return not names.isdisjoint(doc.names())
    if kind in _OF_KEYS:
        return doc.needs_key(path)
    if kind is AdminRequired:
        return doc.is_admin
    if kind in _OF_INDICATORS:
        return doc.is_of_indicators()
    if kind is errors.UnknownSymbol:
        return doc.operation is not None
    return kind is not errors.UnknownFeature or doc.operation is None


def envelope(result: type[Described]) -> dict[str, Any]:
    """The schema of an answer from sources."""
    return {
        "type": "object",
        "required": ["data", "meta"],
        "properties": {"data": reference(result), "meta": reference(Meta)},
    }


def reference(model: type[Described]) -> dict[str, Any]:
    """A reference to the schema of a type."""
    return {"$ref": REFERENCE.format(model=model.__name__)}
