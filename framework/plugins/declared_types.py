"""Types of what a plugin declares, checked when it is declared and not when it is first used.

A dataclass does not check its annotations: a priority of "5" would fail in the ranking of every
source, long after the plugin that wrote it has loaded.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Mapping
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from coinmux.framework.reference.values import clean_text

_SHOWN = 60
_TITLE_CHARS = 80
_WORDS = {
    str: "a text", int: "a whole number", float: "a number", bool: "True or False",
    NoneType: "None", object: "any value",
}  # fmt: skip


@cache
def _hints(kind: Hashable) -> Mapping[str, Any]:
    # A name that only type checkers import stands within a function's annotation alone.
    assert isinstance(kind, type)
    return get_type_hints(kind, localns={"Reply": object})


def check_types(declared: object) -> None:
    """Compare each field of a dataclass with its annotation.

    Raises:
        TypeError: a field has another type; the text names the field and what it takes.
    """
    kind: Any = type(declared)
    for name, hint in _hints(kind).items():
        value = getattr(declared, name)
        if not _fits(value, hint):
            raise TypeError(f"{kind.__name__}.{name} takes {_words(hint)}, not {_shown(value)}")


def clean_texts(declared: object, names: Iterable[str], most: int = _TITLE_CHARS) -> None:
    """Remove control and direction characters from fields that people are shown, and cut them.

    Terminals and badges show them; a frozen dataclass calls this from its `__post_init__`.
    """
    for name in names:
        text = getattr(declared, name)
        if isinstance(text, str):
            object.__setattr__(declared, name, clean_text(text)[:most])


@cache
def _parts(hint: Hashable) -> tuple[Any, tuple[Any, ...]]:
    # Thousands of fields are declared with a few dozen annotations.
    return get_origin(hint), get_args(hint)


def _fits(value: object, hint: Any) -> bool:
    origin, arguments = _parts(hint)
    if origin in (Union, UnionType):
        return any(_fits(value, one) for one in arguments)
    if origin is Literal:
        return any(type(value) is type(one) and value == one for one in arguments)
    if origin is tuple:
        # A list does as well: nothing of what is declared is ever changed.
        if not isinstance(value, (tuple, list)):
            return False
        if arguments[-1] is Ellipsis:
            return all(_fits(one, arguments[0]) for one in value)
        return len(value) == len(arguments) and all(map(_fits, value, arguments))
    if origin is frozenset:
        return isinstance(value, (set, frozenset)) and all(
            _fits(one, arguments[0]) for one in value
        )
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return isinstance(value, Mapping) and all(
            _fits(key, arguments[0]) and _fits(one, arguments[1]) for key, one in value.items()
        )
    if origin is Callable:
        return callable(value)
    if hint is Any or hint is object:
        return True
    if hint is None:
        return value is None
    if hint is float:
        return type(value) in (int, float) and math.isfinite(value)  # type: ignore[arg-type]
    if hint is int:
        return type(value) is int
    return isinstance(value, hint)


def _words(hint: Any) -> str:
    """What a field takes, for people."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return " or ".join(_words(one) for one in arguments)
    if origin is Literal:
        return f"one of {', '.join(map(repr, arguments))}"
    if origin is tuple:
        inner = [_words(one) for one in arguments if one is not Ellipsis]
        return f"a tuple, each item {inner[0]}" if len(inner) == 1 else f"({', '.join(inner)})"
    if origin is frozenset:
        return f"a frozenset, each item {_words(arguments[0])}"
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return f"a mapping of {_words(arguments[0])} to {_words(arguments[1])}"
    if origin is not None:
        return "a function"
    return _WORDS.get(hint) or f"a {hint.__name__}"


def _shown(value: object) -> str:
    try:
        text = repr(value)
    except BaseException:  # noqa: BLE001 - a plugin's own object
        text = "something"
    return f"{type(value).__name__} {text[:_SHOWN]}"
