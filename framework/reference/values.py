"""Strict reading of values from sources: numbers, prices, times and text. Nothing is guessed."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from decimal import Decimal
from math import isfinite
from typing import Annotated, Any

from pydantic import BeforeValidator

from coinmux.framework.errors import Implausible, OtherSubject

#: A number of fewer digits is never too large for a float.
_SHORT = 300
_DECIMAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)

#: Earliest time accepted, in ms: the day of Bitcoin's first block (3 January 2009).
EARLIEST_MS = 1_230_940_800_000
#: Latest time accepted, in ms: 1 January 2100. A larger number is microseconds or nonsense.
LATEST_MS = 4_102_444_800_000


class _Impossible(Implausible, ValueError):
    """A value of the right shape that cannot be true.

    It is a `ValueError` so that pydantic says of which field it is.
    """


def number(value: Any) -> float:
    """A finite float from a JSON number or a decimal string.

    Raises:
        ValueError: anything else, such as thousands separators, hexadecimal, spaces, words,
            booleans or infinities.
    """
    kind = type(value)
    result: float
    if kind is float:
        result = value
    elif (
        kind is str
        and len(value) < _SHORT
        and value.replace(".", "", 1).isdigit()
        and value.isascii()
    ):
        return float(value)  # most are such digits, which take no search by a pattern
    elif kind is int or (kind is str and _DECIMAL.fullmatch(value)):
        try:
            result = float(value)
        except OverflowError:
            raise ValueError("takes a finite number") from None
    else:
        raise ValueError(f"takes a number such as 1000 or 0.5, not {str(value)[:40]!r}")
    if not isfinite(result):
        raise ValueError("takes a finite number")
    return result


def _positive(value: Any) -> float:
    result = number(value)
    if result <= 0:
        raise _Impossible(f"a price of {result:g}")
    return result


def price_or_none(value: Any) -> float | None:
    """A source's price; None for null, an empty string and 0, which mean that there is none.

    Raises:
        ValueError: the value is no number.
        Implausible: it is below 0.
    """
    if value is None or value == "":
        return None
    price = number(value)
    if price > 0:
        return price
    return _positive(price) if price else None


def _not_negative_or_none(value: Any) -> float | None:
    return None if value is None or value == "" else _not_negative(value)


def _id_or_none(value: Any) -> Any:
    if value is None or value == "":
        return None
    return clean_name(str(value) if type(value) is int else value)


def rank_or_none(value: Any) -> int | None:
    """A place in a ranking; None for null, "" and 0, which mean that there is none.

    Raises:
        ValueError: it is no whole number above 0.
    """
    if value is None or value == "":
        return None
    rank = number(value)
    if rank < 0 or not rank.is_integer():
        raise ValueError(f"takes a whole number, not {str(value)[:40]!r}")
    return int(rank) or None


def _number_or_none(value: Any) -> float | None:
    return None if value is None or value == "" else number(value)


def _not_negative(value: Any) -> float:
    result = number(value)
    if result < 0:
        raise _Impossible(f"an amount of {result:g}")
    return result


def _timestamp(value: Any) -> int:
    if type(value) is int or (type(value) is str and value.isascii() and value.isdigit()):
        result = int(value)
    else:
        result = math.floor(_milliseconds(value))
        if type(value) is str and "." in value and "e" not in value.lower():
            # As a float, 1300000000000.9999999 is a whole millisecond later.
            result = int(value.partition(".")[0] or 0)
    if not EARLIEST_MS <= result <= LATEST_MS:
        raise _Impossible(f"{result} is no time in milliseconds since 1970 after 2009")
    return result


def _milliseconds(value: Any) -> float:
    try:
        return number(value)
    except ValueError:
        raise ValueError(f"takes Unix milliseconds, not {str(value)[:40]!r}") from None


def percent(fraction: Any) -> float:
    """A fraction in percent, by decimal arithmetic: as a float, 0.0114 * 100 is 1.14000…01.

    Raises:
        ValueError: the value is no number.
    """
    written = repr(number(fraction))
    # The same decimal, read once; digits that have an exponent take no second one.
    return float(f"{written}e2") if "e" not in written else float(Decimal(written) * 100)


def seconds_ms(seconds: Any) -> int:
    """Unix milliseconds of a time in seconds; finer fractions are cut off.

    Raises:
        ValueError: the value is no number.
    """
    # Rounded in microseconds first, as seconds times 1000 may be just below a whole millisecond.
    return round(number(seconds) * 1_000_000) // 1000


def iso_time(time_ms: int) -> str:
    """Unix milliseconds as an ISO 8601 time in UTC, to the second: `2026-11-23T00:00:00Z`."""
    return datetime.fromtimestamp(time_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def confirm(asked: object, answered: object) -> None:
    """Check that an answer is about the requested subject, in any case.

    Raises:
        OtherSubject: the answer is about something else.
        Implausible: it does not say what it is about.
    """
    if answered is None or answered == "":
        raise Implausible(f"asked for {asked}, the answer does not say what it is about")
    if str(answered).lower() != str(asked).lower():
        raise OtherSubject(f"asked for {asked}, the answer is about {str(answered)[:50]!r}")


def iso_ms(text: Any) -> int:
    """Unix milliseconds of an ISO 8601 time; fractions of any length, `Z` or an offset.

    Raises:
        ValueError: `text` is no such time, or has no time zone.
    """
    if not isinstance(text, str):
        raise ValueError(f"takes an ISO 8601 time, not {str(text)[:40]!r}")
    when = datetime.fromisoformat(text.strip())
    if when.tzinfo is None:
        raise ValueError(f"a time without a zone: {text[:40]!r}")
    return round(when.timestamp() * 1000)


def _raw_integer(value: Any) -> str:
    text = str(value) if type(value) is int else value
    if not (isinstance(text, str) and re.fullmatch(r"-?\d{1,100}", text, re.ASCII)):
        raise ValueError(f"takes a whole number, not {str(value)[:40]!r}")
    return text


#: A finite number.
Number = Annotated[float, BeforeValidator(number)]
#: A price: more than 0, else `Implausible`.
Price = Annotated[float, BeforeValidator(_positive)]
#: A price; None for 0, "" and null, which mean that the source has none.
PriceOrNone = Annotated[float | None, BeforeValidator(price_or_none)]
#: A volume or amount; None for "" and null, which mean that the source has none.
AmountOrNone = Annotated[float | None, BeforeValidator(_not_negative_or_none)]
#: A number; None for "" and null, which mean that the source has none.
NumberOrNone = Annotated[float | None, BeforeValidator(_number_or_none)]
#: A place in a ranking, 1 is the first; None for 0, "" and null.
RankOrNone = Annotated[int | None, BeforeValidator(rank_or_none)]
#: A source's id of something, a text or a whole number; None for "" and null.
IdOrNone = Annotated[str | None, BeforeValidator(_id_or_none)]
#: A volume, amount or rate: 0 or more, else `Implausible`.
Amount = Annotated[float, BeforeValidator(_not_negative)]
#: Unix milliseconds UTC, finer fractions cut off; seconds or microseconds are `Implausible`.
Timestamp = Annotated[int, BeforeValidator(_timestamp)]
#: A raw on-chain integer (wei, satoshi) as a decimal string.
RawInteger = Annotated[str, BeforeValidator(_raw_integer)]

#: What people do not see and programs read: control, bidi and zero-width characters, surrogates,
#: tag characters (a whole alphabet of them) and variation selectors other than those of emoji.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200c-\u200f"
    "\u2028-\u202e\u2061-\u206f\u3164\ufe00-\ufe0d\uffa0\ufff0-\ufffb\ud800-\udfff"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]+"
)
#: What stands inside words to say where a line may break or not: they are one word without it.
_INSIDE_WORDS = re.compile("[\u00ad\u200b\u2060\ufeff]+")
TEXT_LIMIT = 500
#: Characters of a name or id: more than any hash, ticker or unit has.
NAME_LIMIT = 200


def clean_text(value: Any) -> str:
    """Text of a source as one line, without invisible characters, at most 500 characters."""
    if not isinstance(value, str):
        raise ValueError("takes text")
    # Cut before it is cleaned too: a source decides how long a text is.
    text = value[: TEXT_LIMIT * 20]
    if not (text.isascii() and text.isprintable()):
        text = _UNSAFE.sub(" ", _INSIDE_WORDS.sub("", text))
    return " ".join(text.split())[:TEXT_LIMIT]


def clean_name(value: Any) -> str:
    """A ticker, id, hash, unit or label of a source, cleaned; never empty, at most 200 characters.

    Raises:
        ValueError: `value` is no text, has nothing to be seen, or is longer than any such name.
    """
    name = clean_text(value)
    if not name:
        raise ValueError("takes a name")
    if len(name) > NAME_LIMIT:
        raise ValueError(f"takes a name of at most {NAME_LIMIT} characters")
    return name


#: Text from a source, cleaned (`faults.md` S7).
CleanText = Annotated[str, BeforeValidator(clean_text)]
#: A ticker, id, hash, unit or label from a source, cleaned, never empty.
CleanName = Annotated[str, BeforeValidator(clean_name)]
