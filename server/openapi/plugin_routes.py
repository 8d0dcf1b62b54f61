"""What plugins add, as routes of the OpenAPI document: `/api/data/<capability>`, `/plugins/…`.

Capabilities are served by the one route that takes any of them, which can describe no answer of its
own; routes of plugins by one door to all of them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pydantic.errors import PydanticInvalidForJsonSchema, PydanticUserError

from coinmux.framework.models.capability import CAPABILITIES
from coinmux.server.asgi.query_params import QueryReader
from coinmux.server.openapi.document import RouteDoc, keyed
from coinmux.server.openapi.parameters import reader_parameters
from coinmux.server.openapi.responses import REFERENCE, reference, responses
from coinmux.server.openapi.schemas import Meta

if TYPE_CHECKING:
    from collections.abc import Iterable

    from coinmux.framework.models.capability import Capability
    from coinmux.framework.plugins.extensions.routes import Route


def add_plugin_routes(document: dict[str, Any], rows: Iterable[Capability]) -> None:
    """Describe in `document` each capability of `rows` that does not come with coinmux.

    Their models are named `<capability>.<model>`, as two plugins may use one name. One whose models
    JSON has no word for is described as any capability is.
    """
    for row in rows:
        if row.name not in CAPABILITIES:
            try:
                path, operation, schemas = _described(row)
            except (PydanticInvalidForJsonSchema, PydanticUserError):
                continue
            document["paths"][path] = {"get": operation}
            document["components"]["schemas"] |= schemas


def add_own_routes(document: dict[str, Any], routes: Iterable[tuple[str, str, Route]]) -> None:
    """Describe in `document` the routes that plugins serve: plugin, whole path and route."""
    for plugin, path, route in routes:
        doc = RouteDoc(
            media_type=route.media_type,
            schema={} if route.media_type == "application/json" else {"type": "string"},
            errors=(404, 405, 502),
            is_keyed=not route.is_open,
        )
        words = re.findall(r"[A-Za-z0-9]+", f"{plugin}{path.removeprefix(f'/plugins/{plugin}')}")
        operation = {
            "operationId": route.method.lower() + "".join(f"_{word}" for word in words),
            "summary": route.summary,
            "description": f"{route.summary} A route of the plugin {plugin}.",
            "tags": ["plugins"],
            "parameters": [],
            "responses": responses(doc, path),
            **keyed(doc, path),
        }
        document["paths"].setdefault(path, {})[route.method.lower()] = operation


def _described(row: Capability) -> tuple[str, dict[str, Any], dict[str, Any]]:
    path = f"/api/data/{row.name}"
    doc = RouteDoc(row.result, reader=QueryReader(row.name, row.query))
    whole = row.result.model_json_schema(
        mode="serialization", ref_template=REFERENCE.format(model=f"{row.name}.{{model}}")
    )
    parts = whole.pop("$defs", {})
    schemas = {f"{row.name}.{name}": part for name, part in parts.items()}
    name = f"{row.name}.{row.result.__name__}"
    answers = responses(doc, path)
    answers["200"]["content"][doc.media_type] = {
        "schema": {
            "type": "object",
            "required": ["data", "meta"],
            "properties": {
                "data": {"$ref": REFERENCE.format(model=name)},
                "meta": reference(Meta),
            },
        }
    }
    words = row.name.split("_")
    operation = {
        "operationId": "getData" + "".join(word.capitalize() for word in words),
        "summary": row.label,
        "description": row.description or row.label,
        "tags": ["data"],
        "parameters": list(reader_parameters(doc.reader)) if doc.reader is not None else [],
        "responses": answers,
        **keyed(doc, path),
    }
    return path, operation, {name: whole, **schemas}
