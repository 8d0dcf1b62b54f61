"""Parameters of a question as a widget of OpenBB Workspace asks a person for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

#: Kinds of JSON Schema, and what a widget calls them.
_KINDS = {"integer": "number", "number": "number", "boolean": "boolean"}
#: Longer lists of choices are written, not chosen.
_CHOICES = 60


def widget_params(
    parameters: Iterable[Mapping[str, Any]], first: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Each parameter as an input field.

    Args:
        parameters: as OpenAPI objects.
        first: what a field shows at first, by name, where it must be filled in and has no default.
    """
    return [_param(one, first.get(one["name"])) for one in parameters]


def _param(parameter: Mapping[str, Any], first: str | None) -> dict[str, Any]:
    name, schema = parameter["name"], parameter["schema"]
    label = name.replace("_", " ").capitalize()
    choices = schema.get("enum") or ()
    kind = "text" if choices else _KINDS.get(schema.get("type", ""), "text")
    value = schema.get("default")
    if value is None and parameter["required"]:
        value = first or next(iter(schema.get("examples") or choices), None)
    made = {
        "paramName": name,
        "label": label,
        "description": parameter["description"] or label,
        "type": kind,
        "value": value if isinstance(value, str | int | float | bool | None) else str(value),
        "optional": not parameter["required"],
    }
    if 0 < len(choices) <= _CHOICES:
        made["options"] = [{"label": str(one), "value": one} for one in choices]
    return made
