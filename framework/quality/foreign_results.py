"""Whether an installed plugin's result is what its type says, before it is taken for an answer.

The models check what they are made of, but a plugin can go past that (`model_construct`), and the
methods of a result of its own are its own code. What they raise must show while the source can
still be blamed and another one asked.
"""

from __future__ import annotations

from math import isfinite
from types import NoneType
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from pydantic import BaseModel, ValidationError

from coinmux.framework.errors import PluginError
from coinmux.framework.models.base import Head
from coinmux.framework.models.candles import Candles
from coinmux.framework.models.market import Ticker
from coinmux.framework.reference.intervals import Interval
from coinmux.framework.reference.rows import collecting
from coinmux.framework.reference.symbols import Symbol

if TYPE_CHECKING:
    from coinmux.framework.models.base import Query, Result
    from coinmux.framework.models.capability import Capability

#: Models of ours whose methods cannot fail once their values are right: they are numbers and what
#: was compared with the query. A result of another model may hold a text that has no JSON.
_SAFE = frozenset({Candles, Ticker})
_PLAIN = (bool, int, float, str)
#: Nothing can be wrong with a value of these types that its field accepts.
_SURE = frozenset({bool, int, str, NoneType, Symbol, Interval, np.ndarray})


def check_foreign(capability: Capability, query: Query, result: Result, now_ms: int) -> None:
    """Check every value of `result`, and call each of its methods that is used later.

    Raises:
        PluginError: a value is not what its field says, or a method returns something else.
        Exception: whatever a method of the plugin raises.
    """
    name = capability.result.__name__
    if type(result) is not capability.result:
        raise PluginError(f"{name}.fitted returned {type(result).__name__}")
    _check_values(result, name)
    if type(result) in _SAFE:
        return
    body = result.encode()
    returned: tuple[tuple[str, object, type, bool], ...] = (
        ("encode", body, bytes, False),
        ("data_length", result.data_length(), int, False),
        ("size", result.size(), int, False),
        ("own_time_ms", result.own_time_ms(), int, True),
        ("misplaced", result.misplaced(query, now_ms), str, True),
        ("staleness", result.staleness(query, now_ms, capability.max_age_s), str, True),
        ("head", result.head(), Head, True),
    )
    for method, value, kind, may_be_none in returned:
        if type(value) is not kind and not (may_be_none and value is None):
            raise PluginError(f"{name}.{method} returned {type(value).__name__}")
    msgspec.json.decode(body)
    capability.freshness_of(query, now_ms)


def _check_values(value: Any, place: str) -> None:
    """Check a value and what it is made of: fields by their model, numbers for being finite."""
    if isinstance(value, BaseModel):
        values = value.__dict__
        try:
            with collecting() as damage:
                again = type(value).__pydantic_validator__.validate_python(
                    dict(values), by_name=True
                )
        except ValidationError as error:
            first = error.errors(include_context=False, include_input=False, include_url=False)[0]
            where = ".".join([place, *map(str, first["loc"])])
            raise PluginError(f"{where}: {first['msg']}") from None
        for name, reason in damage.fields:  # a model reads a bad optional value as null
            raise PluginError(f"{place}.{name}: {reason}")
        read = again.__dict__
        for name, one in values.items():
            # Most values are plain and right; a place is made in words only for the others.
            kind = type(one)
            sure = kind in _SURE or (kind is float and isfinite(one))
            if not sure or kind is not type(read.get(name)):
                _check_kind(one, read.get(name), f"{place}.{name}")
                _check_values(one, f"{place}.{name}")
    elif isinstance(value, float):
        if not isfinite(value):
            raise PluginError(f"{place} is {value:g}, which is no number; leave it None")
    elif isinstance(value, (tuple, list)):
        for at, one in enumerate(value):
            _check_values(one, f"{place}.{at}")
    elif isinstance(value, dict):
        for name, one in value.items():
            _check_values(one, f"{place}.{name}")


def _check_kind(given: Any, read: Any, place: str) -> None:
    """Compare a plain value with what its field reads it as; a whole number may be for a float."""
    kind, wanted = type(given), type(read)
    if kind is wanted or wanted not in _PLAIN or (kind is int and wanted is float):
        return
    raise PluginError(f"{place} is {kind.__name__}, not {wanted.__name__}")
