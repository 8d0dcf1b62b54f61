"""What is wrong with the values of a question, in words for the person who asked it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from coinmux.framework.reference.times import TAKES_TIME
from coinmux.framework.reference.values import EARLIEST_MS

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError
    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

_KINDS: Mapping[str, str] = {
    "int": "a whole number",
    "float": "a number",
    "decimal": "a number",
    "bool": "true or false",
    "string": "a text",
    "list": "a list",
    "tuple": "a list",
    "set": "a list",
    "dict": "an object",
    "model": "an object",
}
_FIXED: Mapping[str, str] = {
    "missing": "is missing",
    "extra_forbidden": "is not known here",
    "finite_number": "takes a finite number",
    "int_from_float": "takes a whole number",
    "string_unicode": "takes a text in UTF-8",
    "none_required": "takes nothing but null",
}
#: What texts of a fixed form look like, by field; other fields are told by their examples.
_FORMS: Mapping[str, str] = {
    "asset": "takes a ticker such as BTC",
    "quote": "takes a currency such as USD",
    "metric": "takes the name of a metric such as hash_rate or market/mvrv",
    "protocol": "takes the slug of a protocol such as aave or uniswap-v3",
    "chain": "takes a chain such as ethereum",
}
_BOUNDS = ("greater_than_equal", "greater_than", "less_than_equal", "less_than")


def refusals_of(
    error: ValidationError, model: type[BaseModel], names: Mapping[str, str] | None = None
) -> list[dict[str, Any]]:
    """Each refused value by its name, with what would do; one sentence each.

    Args:
        names: field -> the name the caller knows it by, where they differ.
    """
    found = error.errors(include_url=False)
    places = [one["loc"] for one in found]
    return [
        {"name": _name(one["loc"], names or {}), "message": _message(one, model),
         **({"known": list(model.model_fields)} if one["type"] == "extra_forbidden" else {})}
        for one in found
        # A list that lost its bad item is not too short as well.
        if not any(len(place) > len(one["loc"]) and place[: len(one["loc"])] == one["loc"]
                   for place in places)
    ]  # fmt: skip


def _name(place: tuple[int | str, ...], names: Mapping[str, str]) -> str:
    if not place:
        return "query"
    first, *rest = place
    name = names.get(str(first), str(first))
    return name + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in rest)


def _message(one: ErrorDetails, model: type[BaseModel]) -> str:
    kind, context, place = one["type"], one.get("ctx", {}), one["loc"]
    field = model.model_fields.get(str(place[0])) if place else None
    if kind in _FIXED:
        return _FIXED[kind]
    if kind in ("value_error", "assertion_error"):
        return str(context.get("error") or "takes another value")
    if kind in _BOUNDS:
        return number_wanted(field, context)
    if kind in ("literal_error", "enum"):
        return f"takes {str(context.get('expected', 'another value')).replace(chr(39), '')}"
    if kind == "string_pattern_mismatch":
        return _FORMS.get(str(place[0]) if place else "") or _form(field)
    if kind.endswith(("too_short", "too_long")):
        return _length(kind, context)
    word = _KINDS.get(kind.partition("_")[0])
    return f"takes {word}" if word is not None else "takes a value of another kind"


def number_wanted(field: FieldInfo | None, context: Mapping[str, Any] | None = None) -> str:
    """The numbers that would do, with both bounds where the field has both.

    Args:
        context: the bounds, of what is no field of its own.
    """
    given: dict[str, Any] = {}
    for part in () if field is None else field.metadata:
        for bound in ("ge", "gt", "le", "lt"):
            value = getattr(part, bound, None)
            if value is not None:
                given[bound] = value
    given = given or dict(context or {})
    if given.get("ge") == EARLIEST_MS:
        return TAKES_TIME
    whole = all(isinstance(value, int) for value in given.values())
    noun = "a whole number" if whole and field is not None and "int" in str(field.annotation) else (
        "a number"
    )  # fmt: skip
    if "ge" in given and "le" in given:
        return f"takes {noun} from {given['ge']} to {given['le']}"
    words = {"ge": "of at least", "gt": "above", "le": "of at most", "lt": "below"}
    parts = [f"{words[name]} {value}" for name, value in given.items() if name in words]
    return f"takes {noun} {' and '.join(parts)}".rstrip()


def _length(kind: str, context: Mapping[str, Any]) -> str:
    least, most = context.get("min_length"), context.get("max_length")
    noun = "character" if kind.startswith("string") else "item"
    if least is not None:
        if noun == "character" and least == 1:
            return "takes a text that is not empty"
        return f"takes at least {least} {noun}{'' if least == 1 else 's'}"
    return f"takes at most {most} {noun}{'' if most == 1 else 's'}"


def _form(field: FieldInfo | None) -> str:
    """What a text of a fixed form looks like, by the examples of its field."""
    if field is not None and field.examples:
        return f"takes a text such as {field.examples[0]}"
    return "has letters or a length that are not taken"
