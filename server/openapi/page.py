"""The API's documentation as one plain page, made from the OpenAPI document."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from html import escape
from typing import TYPE_CHECKING, Any

from coinmux.server.asgi.static_files import FOLDER
from coinmux.server.openapi.document import document
from coinmux.server.openapi.plugin_routes import add_own_routes, add_plugin_routes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from litestar import Litestar

    from coinmux.framework.models.capability import Capability
    from coinmux.framework.plugins.extensions.routes import Route

#: The frame that the documentation shares with the other pages, with three places to fill.
_FRAME = FOLDER / "pages/docs/index.html"
_CODE = re.compile(r"`([^`\n]+)`")


class Docs:
    """The document and the page of one application, made when asked for, and anew for new plugins.

    Args:
        rows: the capabilities there are now.
        routes: those of plugins there are now: plugin, whole path and route.
    """

    def __init__(
        self,
        rows: Callable[[], Iterable[Capability]],
        routes: Callable[[], Iterable[tuple[str, str, Route]]],
    ) -> None:
        self._rows = rows
        self._routes = routes
        self._described: tuple[object, ...] = ()
        self._document: dict[str, Any] | None = None
        self._page: str | None = None

    def document(self, app: Litestar) -> dict[str, Any]:
        """The OpenAPI document."""
        rows, routes = tuple(self._rows()), tuple(self._routes())
        if self._document is None or (rows, routes) != self._described:
            self._page, self._described = None, (rows, routes)
            self._document = document(app)
            add_plugin_routes(self._document, rows)
            add_own_routes(self._document, routes)
        return self._document

    def page(self, app: Litestar) -> str:
        """The page."""
        made = self.document(app)
        if self._page is None:
            self._page = docs_page(made)
        return self._page


def docs_page(document: dict[str, Any]) -> str:
    """The page for an OpenAPI document."""
    groups: dict[str, list[str]] = defaultdict(list)
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            groups[operation["tags"][0]].append(_operation(path, method.upper(), operation))
    info = document["info"]
    routes = []
    for tag in sorted(groups):
        routes.append(f'<section class="card" id="{escape(tag)}">')
        routes.append(f'<header><h2>{escape(tag.capitalize())}</h2></header>\n<div class="body">')
        routes.extend(groups[tag])
        routes.append("</div></section>\n")
    routes.append('<section class="card" id="schemas"><header><h2>Schemas</h2></header>')
    routes.append('<div class="body">\n')
    for name, schema in document["components"]["schemas"].items():
        routes.append(f'<details id="schema-{escape(name)}"><summary>{escape(name)}</summary>')
        routes.append(_json(schema))
        routes.append("</details>\n")
    routes.append("</div></section>\n")
    links = [(tag, tag.capitalize()) for tag in sorted(groups)] + [("schemas", "Schemas")]
    fills = {
        "about": f"{_prose(info['description'])} Version {escape(info['version'])}.",
        "parts": "".join(
            f'<li><a href="#{escape(to)}">{escape(name)}</a></li>' for to, name in links
        ),
        "routes": "".join(routes),
    }
    page = _FRAME.read_text(encoding="utf-8")
    for place, text in fills.items():
        page = page.replace(f"{{{place}}}", text, 1)
    return page


def _prose(text: str) -> str:
    """A sentence of a docstring as HTML: what stands between backticks is code."""
    return _CODE.sub(r"<code>\1</code>", escape(text))


def _operation(path: str, method: str, operation: dict[str, Any]) -> str:
    parts = [
        f'<details class="operation" id="{escape(operation["operationId"])}">',
        f"<summary><code>{method} {escape(path)}</code> {_prose(operation['summary'])}</summary>",
        f"<p>{_prose(operation['description'])}</p>",
    ]
    if "security" in operation:
        parts.append("<p>Changes something: takes the admin's right.</p>")
    if operation["parameters"]:
        parts.append(
            '<div class="scroll" tabindex="0"><table><thead><tr><th>Parameter</th><th>In</th>'
            "<th>Type</th><th>Meaning</th></tr></thead><tbody>"
        )
        parts.extend(_parameter(one) for one in operation["parameters"])
        parts.append("</tbody></table></div>")
    if "requestBody" in operation:
        content = operation["requestBody"]["content"]["application/json"]
        parts.append(f"<p>Body: {_schema_link(content['schema'])}</p>")
    parts.append("<ul>")
    for status, answer in operation["responses"].items():
        parts.append(f"<li><code>{status}</code> {_prose(answer['description'])}</li>")
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
        f"<td>{escape(' '.join([str(kind), *bounds]))}</td>"
        f'<td class="wrap">{_prose(meaning)}</td></tr>'
    )


def _schema_link(schema: dict[str, Any]) -> str:
    if "$ref" not in schema:
        return _prose(schema.get("description") or schema.get("type", "see above"))
    name = schema["$ref"].rpartition("/")[2]
    return f'<a href="#schema-{escape(name)}">{escape(name)}</a>'


def _json(value: Any) -> str:
    return f'<pre tabindex="0">{escape(json.dumps(value, indent=2))}</pre>'
