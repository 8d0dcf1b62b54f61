"""Read the parameters of an indicator from a request, and check that each is within its bounds."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from coinmux.framework.errors import InvalidRequest, UnknownIndicatorParameter
from coinmux.framework.plugins.indicator_info import IndicatorInfo, Parameter, Value
from coinmux.framework.suggest import near

#: Larger than any bound. Checked before a conversion to float, which a long integer overflows.
_BEYOND = 1e15
_WHOLE = re.compile(r"-?[0-9]{1,9}")


def read_parameters(info: IndicatorInfo, given: Mapping[str, Any]) -> dict[str, Value]:
    """Every parameter of `info`: the given value, or the default.

    Args:
        given: values, or text, by name or alias.

    Raises:
        UnknownIndicatorParameter: `info` has no parameter of that name.
        InvalidRequest: a value is refused; `errors` names each such parameter with its bounds.
    """
    parameters = info.all_parameters()
    by_name = {name: one for one in parameters for name in (one.name, *one.aliases)}
    unknown = [name for name in given if name not in by_name]
    if unknown:
        known = [one.name for one in parameters]
        takes = "; ".join(f"{one.name} takes {one.allowed()}" for one in parameters) or "none"
        raise UnknownIndicatorParameter(
            f"{info.name} has no parameter {unknown[0][:40]!r}. Its parameters: {takes}",
            errors=[{"name": name[:40], "message": "is unknown"} for name in unknown],
            did_you_mean=near(unknown[0], by_name),
            known=known,
        )
    values: dict[str, Value] = {one.name: one.default for one in parameters}
    errors = []
    seen: set[str] = set()
    for name, value in given.items():
        one = by_name[name]
        read = _read(one, value)
        if one.name in seen:
            errors.append({"name": name, "message": f"is the same as {one.name}, given already"})
        elif read is None:
            errors.append(_refusal(one, name))
        else:
            seen.add(one.name)
            values[one.name] = read
    if not errors and (trouble := info.check(values)) is not None:
        name, _, message = trouble.partition(": ")
        errors.append({"name": name, "message": message})
    if errors:
        detail = "; ".join(f"{one['name']} {one['message']}" for one in errors)
        raise InvalidRequest(f"{info.name}: {detail}", errors=errors)
    return values


def _read(parameter: Parameter, value: Any) -> Value | None:
    """The value; None if it is refused."""
    if isinstance(parameter.default, str):
        text = value.lower() if isinstance(value, str) else None
        return text if text in parameter.choices else None
    number = _number(value, whole=isinstance(parameter.default, int))
    return number if number is not None and parameter.low <= number <= parameter.high else None


def _number(value: Any, *, whole: bool) -> int | float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        if whole:
            return int(value) if _WHOLE.fullmatch(value) else None
        try:
            value = float(value) if value.isascii() and "_" not in value else math.nan
        except ValueError:
            return None
    if not isinstance(value, (int, float)) or not abs(value) < _BEYOND:
        return None
    if whole:
        return int(value) if value == int(value) else None
    return float(value)


def _refusal(parameter: Parameter, name: str) -> dict[str, Any]:
    refusal: dict[str, Any] = {"name": name, "message": f"takes {parameter.allowed()}"}
    if isinstance(parameter.default, str):
        return {**refusal, "known": list(parameter.choices)}
    return {**refusal, "minimum": parameter.low, "maximum": parameter.high}
