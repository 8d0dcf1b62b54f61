"""`docs/reference/routes.md`: every route with examples of how it is asked."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import Any

from coinmux import Gateway
from coinmux.server.app import create_app
from coinmux.server.openapi.document import document

_HEAD = """\
# Routes, and how they are asked

Generated from the OpenAPI document by `make docs`; a test compares it, and others run the examples.
The document has them as `x-codeSamples`; parameters and answers are at `/docs` of a running server.

Python uses [the client](../client.md) where it has a method for the route, and tables open in Excel
(Power Query) and in a cell of Google Sheets, which reaches servers that the internet reaches. With
`API_KEYS` set, send a key: `-H "X-API-Key: $KEY"`, `Client(url, api_key=…)`. Routes that change
something are shown for curl alone; with `ADMIN_TOKEN` set they take it in
`-H "Authorization: Bearer $ADMIN_TOKEN"`.
"""
#: Written in one block: they are lines of other programs.
_SPREADSHEETS = ("Excel", "Google Sheets")


def route_reference() -> str:
    """Every documented route by its tag, with its examples."""
    groups: dict[str, list[str]] = defaultdict(list)
    for path, operations in _described()["paths"].items():
        for method, operation in operations.items():
            groups[operation["tags"][0]].append(_route(path, method.upper(), operation))
    parts = [_HEAD]
    for tag, routes in sorted(groups.items()):
        parts.append(f"\n## {tag.capitalize()}\n")
        parts.extend(routes)
    return "".join(parts)


def _described() -> dict[str, Any]:
    async def make() -> dict[str, Any]:
        gateway = Gateway.from_env(None, environ={"CHECKER": "off", "ARCHIVE": "off"}, found=[])
        try:
            return document(create_app(gateway).application)
        finally:
            await gateway.close()

    return asyncio.run(make())


def _route(path: str, method: str, operation: dict[str, Any]) -> str:
    lines = [f"\n### {method} {path}\n", operation["summary"]]
    samples = operation["x-codeSamples"]
    for one in samples:
        if one["label"] not in _SPREADSHEETS:
            lines += ["", f"```{one['lang']}", one["source"], "```"]
    tables = [one["source"] for one in samples if one["label"] in _SPREADSHEETS]
    if tables:
        lines += ["", "```text", *tables, "```"]
    return "\n".join(lines) + "\n"
