"""The API's documentation as one plain page, made from the OpenAPI document. No script."""

from __future__ import annotations

import json
from collections import defaultdict
from html import escape
from typing import TYPE_CHECKING, Any

from coinmux.server.openapi.document import document

if TYPE_CHECKING:
    from litestar import Litestar

_HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>coinmux API</title>
<link rel="stylesheet" href="static/site.css">
</head>
<body>
<main>
<h1>coinmux API</h1>
"""
_FOOT = "</main>\n</body>\n</html>\n"


class Docs:
    """The document and the page of one application, made when first asked for."""

    def __init__(self) -> None:
        self._document: dict[str, Any] | None = None
        self._page: str | None = None

    def document(self, app: Litestar) -> dict[str, Any]:
        """The OpenAPI document."""
        if self._document is None:
            self._document = document(app)
        return self._document

    def page(self, app: Litestar) -> str:
        """The page."""
        if self._page is None:
            self._page = docs_page(self.document(app))
        return self._page


def docs_page(document: dict[str, Any]) -> str:
    """The page for an OpenAPI document."""
    groups: dict[str, list[str]] = defaultdict(list)
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            groups[operation["tags"][0]].append(_operation(path, method.upper(), operation))
    parts = [
        _HEAD,
        f"<p>{escape(document['info']['description'])} Version "
        f"{escape(document['info']['version'])}. "
        '<a href="schema/openapi.json">OpenAPI document</a> · <a href="./">Start</a></p>\n',
        "<nav><ul>",
        *(f'<li><a href="#{escape(tag)}">{escape(tag)}</a></li>' for tag in sorted(groups)),
        "</ul></nav>\n",
    ]
    for tag in sorted(groups):
        parts.append(f'<section id="{escape(tag)}">\n<h2>{escape(tag.capitalize())}</h2>\n')
        parts.extend(groups[tag])
        parts.append("</section>\n")
    parts.append('<section id="schemas">\n<h2>Schemas</h2>\n')
    for name, schema in document["components"]["schemas"].items():
        parts.append(f'<details id="schema-{escape(name)}"><summary>{escape(name)}</summary>')
        parts.append(_json(schema))
        parts.append("</details>\n")
    parts.append("</section>\n" + _FOOT)
    return "".join(parts)


def _operation(path: str, method: str, operation: dict[str, Any]) -> str:
    parts = [
        f'<details class="operation" id="{escape(operation["operationId"])}">',
        f"<summary><code>{method} {escape(path)}</code> {escape(operation['summary'])}</summary>",
        f"<p>{escape(operation['description'])}</p>",
    ]
    if "security" in operation:
        parts.append("<p>Changes something: takes the admin's right.</p>")
    if operation["parameters"]:
        parts.append(
            "<table><thead><tr><th>Parameter</th><th>In</th><th>Type</th><th>Meaning</th></tr>"
            "</thead><tbody>"
        )
        parts.extend(_parameter(one) for one in operation["parameters"])
        parts.append("</tbody></table>")
    if "requestBody" in operation:
        content = operation["requestBody"]["content"]["application/json"]
        parts.append(f"<p>Body: {_schema_link(content['schema'])}</p>")
    parts.append("<ul>")
    for status, answer in operation["responses"].items():
        parts.append(f"<li><code>{status}</code> {escape(answer['description'])}</li>")
    parts.append("</ul>")
    content = next(iter(operation["responses"]["200"]["content"].values()))
    schema = content["schema"]
    data = schema.get("properties", {}).get("data", schema)
    parts.append(f"<p>Answer: {_schema_link(data)}</p>")
    parts.extend(_json(example["value"]) for example in content.get("examples", {}).values())
    parts.append("</details>\n")
    return "".join(parts)


def _parameter(one: dict[str, Any]) -> str:
    schema = one["schema"]
    kind = " or ".join(map(str, schema["enum"])) if "enum" in schema else schema.get("type", "")
    bounds = [
        f"{word} {schema[key]}"
        for key, word in (("minimum", "from"), ("maximum", "to"), ("default", "default"))
        if key in schema
    ]
    required = " (required)" if one["required"] else ""
    described = one.get("description", "")
    example = schema.get("examples", [""])[0]
    meaning = described + (f" Example: {example}" if example else "")
    return (
        f"<tr><td><code>{escape(one['name'])}</code>{required}</td><td>{escape(one['in'])}</td>"
        f"<td>{escape(' '.join([str(kind), *bounds]))}</td><td>{escape(meaning)}</td></tr>"
    )


def _schema_link(schema: dict[str, Any]) -> str:
    if "$ref" not in schema:
        return escape(schema.get("description") or schema.get("type", "see above"))
    name = schema["$ref"].rpartition("/")[2]
    return f'<a href="#schema-{escape(name)}">{escape(name)}</a>'


def _json(value: Any) -> str:
    return f"<pre>{escape(json.dumps(value, indent=2))}</pre>"
