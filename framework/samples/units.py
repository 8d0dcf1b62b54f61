"""Units of sources' values turned into ours, exactly: the table of `docs/samples.md`. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any

from coinmux.framework.reference.values import clean_text, iso_ms, number

#: Says of a figure that it is computed, and how.
DERIVED = "derived:"
#: What a whole number of some unit may be off by: sources cut or round to a millisecond.
_ROUNDING_MS = 1
_HEX = re.compile(r"0x[0-9a-fA-F]{1,64}")
_WHOLE = re.compile(r"-?\d{1,100}", re.ASCII)


def _decimal(value: Any) -> Decimal:
    if type(value) is int:
        return Decimal(value)
    number(value)  # refuses what is none
    return Decimal(value if isinstance(value, str) else repr(value))


def _scaled(exponent: int) -> Callable[[Any], float]:
    def convert(value: Any) -> float:
        return float(_decimal(value).scaleb(exponent))

    return convert


def _coins(exponent: int) -> Callable[[Any], float]:
    """Of whole numbers, which nodes write in hexadecimal."""

    def convert(value: Any) -> float:
        is_hex = isinstance(value, str) and value.startswith("0x")
        return float(Decimal(_hex(value) if is_hex else _whole(value)).scaleb(exponent))

    return convert


def _ms(exponent: int) -> Callable[[Any], int]:
    def convert(value: Any) -> int:
        return round(_decimal(value).scaleb(exponent))

    return convert


def _whole(value: Any) -> int:
    text = str(value) if type(value) is int else value
    if not (isinstance(text, str) and _WHOLE.fullmatch(text)):
        raise ValueError(f"takes a whole number, not {str(value)[:40]!r}")
    return int(text)


def _hex(value: Any) -> int:
    if not (isinstance(value, str) and _HEX.fullmatch(value)):
        raise ValueError(f"takes a hexadecimal number, not {str(value)[:40]!r}")
    return int(value, 16)


def _hex_seconds(value: Any) -> int:
    return _hex(value) * 1000


def _hex_gwei(value: Any) -> float:
    return float(Decimal(_hex(value)).scaleb(-9))


def _iso_utc(value: Any) -> int:
    if not isinstance(value, str):
        raise ValueError(f"takes a time as text, not {str(value)[:40]!r}")
    when = datetime.fromisoformat(value.strip())
    if when.tzinfo is not None:
        raise ValueError(f"{value[:40]!r} names its zone: the unit is iso")
    return round(when.replace(tzinfo=UTC).timestamp() * 1000)


def _rfc822(value: Any) -> int:
    if not isinstance(value, str):
        raise ValueError(f"takes a time as text, not {str(value)[:40]!r}")
    return round(parsedate_to_datetime(value).timestamp() * 1000)


def _text(value: Any) -> str:
    return clean_text(value if isinstance(value, str) else str(value)).casefold()


_NUMBERS = ("quote", "base", "usd", "count", "score", "percent", "gwei", "sat/vB", "coin")

#: Unit -> their value as ours would be.
UNITS: Mapping[str, Callable[[Any], float | int | str]] = {
    **dict.fromkeys(_NUMBERS, number),
    "fraction": _scaled(2),
    "ms": _ms(0),
    "s": _ms(3),
    "us": _ms(-3),
    "ns": _ms(-6),
    "hex_s": _hex_seconds,
    "iso": iso_ms,
    "iso_utc": _iso_utc,
    "rfc822": _rfc822,
    "wei": _coins(-18),
    "sun": _coins(-6),
    "satoshi": _coins(-8),
    "wei_gas": _scaled(-9),
    "hex_wei_gas": _hex_gwei,
    "raw": _whole,
    "hex_raw": _hex,
    "hex_count": _hex,
    "text": _text,
}
_TIMES = frozenset({"ms", "s", "us", "ns", "hex_s", "iso", "iso_utc", "rfc822"})
_WHOLES = frozenset({"raw", "hex_raw", "hex_count"})


def is_unit(unit: str) -> bool:
    """Whether a word of the table, or `derived: how`."""
    return unit in UNITS or (unit.startswith(DERIVED) and bool(unit.removeprefix(DERIVED).strip()))


def convert(value: Any, unit: str) -> float | int | str:
    """A source's value in our unit.

    Raises:
        ValueError: the value is none of that unit, or there is no such unit.
    """
    if unit not in UNITS:
        raise ValueError(f"{unit!r} is no unit; known are {' '.join(UNITS)}")
    try:
        return UNITS[unit](value)
    except (TypeError, ArithmeticError) as error:
        raise ValueError(f"{str(value)[:40]!r} is not in {unit}") from error


def agrees(ours: Any, theirs: Any, unit: str) -> bool:
    """Whether our value is what theirs comes to.

    Whole numbers and text are the same; times differ by a millisecond at most, since sources cut
    and round; other figures are the same but for the last bits of a float.

    Raises:
        ValueError: see `convert`.
    """
    made = convert(theirs, unit)
    if unit == "text":
        return _text(ours) == made
    if unit in _WHOLES:
        return not isinstance(ours, float) and _whole(ours) == made
    if isinstance(ours, bool) or not isinstance(ours, int | float) or isinstance(made, str):
        return False
    if unit in _TIMES:
        return abs(ours - made) <= _ROUNDING_MS
    return math.isclose(ours, made, rel_tol=1e-12, abs_tol=1e-15)
