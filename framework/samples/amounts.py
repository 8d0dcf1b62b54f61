"""Numbers written the way a sample writes them: of its type and of like precision. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

_PLAIN = re.compile(r"-?\d+(?:\.(\d*))?", re.ASCII)
#: More decimals than any source writes.
_MOST_DECIMALS = 12


def read_amount(value: object) -> float | None:
    """The number a JSON number or a decimal string is; None for anything else."""
    if type(value) in (int, float):
        number = float(value)  # type: ignore[arg-type]
    elif isinstance(value, str) and value and value[-1].isdigit():
        try:
            number = float(value)
        except ValueError:
            return None
    else:
        return None
    return number if math.isfinite(number) else None


def like(sample: Any, number: float) -> Any:
    """`number` as the source would write it that wrote `sample`.

    A string stays a string. The decimals are those of the sample, and more where a smaller number
    would lose digits: 0.1491 like "73346.14" is "0.1491000".
    """
    if type(sample) is int:
        return round(number) if abs(number) >= 1000 or number == 0 else _floated(sample, number)
    if type(sample) is float:
        return _floated(sample, number)
    return f"{number:.{_decimals(sample, number)}f}"


def scaled(sample: Any, factor: float, forms: Mapping[bool, Any] | None = None) -> Any:
    """A sample's number times `factor`; what is no number comes back as it was.

    Args:
        sample: written by the source.
        factor: to multiply by.
        forms: what to write strings (True) and numbers (False) like; like the sample without it.
    """
    number = read_amount(sample)
    if number is None:
        return sample
    form = sample if forms is None else forms.get(isinstance(sample, str), sample)
    return like(form, number * factor)


def finest(values: Iterable[Any]) -> dict[bool, Any]:
    """The value with the most decimals among the strings (True) and among the numbers (False).

    Prices that are compared with each other are all written like it: rounded apart, a high could
    come out below a close.
    """
    best: dict[bool, Any] = {}
    for value in values:
        if read_amount(value) is None:
            continue
        is_text = isinstance(value, str)
        if is_text not in best or _fineness(value) > _fineness(best[is_text]):
            best[is_text] = value
    return best


def _fineness(value: Any) -> tuple[int, int]:
    text = value if isinstance(value, str) else _plain(float(value)).removesuffix(".0")
    return (len(text.partition(".")[2]), len(text))


def _floated(sample: float, number: float) -> float:
    return round(number, _decimals(_plain(sample), number))


def _plain(value: float) -> str:
    text = repr(value)
    return text if "e" not in text else f"{value:.{_MOST_DECIMALS}f}".rstrip("0")


def _decimals(text: str, number: float) -> int:
    match = _PLAIN.fullmatch(text)
    decimals = len(match[1] or "") if match is not None else _MOST_DECIMALS
    if number == 0:
        return decimals
    digits = len(text.partition("e")[0].replace(".", "").lstrip("-0"))
    wanted = digits - 1 - math.floor(math.log10(abs(number)))
    return min(max(decimals, wanted), max(_MOST_DECIMALS, decimals))
