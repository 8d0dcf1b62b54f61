"""Numbers written the way a sample writes them: of its type and of like precision. Pure."""

from __future__ import annotations

import math
import re
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


def scaled(sample: Any, factor: float) -> Any:
    """A sample's number times `factor`, written like it; what is no number comes back as it was."""
    number = read_amount(sample)
    return sample if number is None else like(sample, number * factor)


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
