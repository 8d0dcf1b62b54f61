"""Candle intervals: the lengths that coinmux knows, each with one spelling."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Self

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from coinmux.framework.errors import UnknownInterval
from coinmux.framework.suggest import near

#: Seconds of each interval. A month counts 31 days; use the calendar where that matters.
INTERVALS: Mapping[str, int] = {
    "1m": 60,
    "3m": 180,
    "5m": 300,
    "15m": 900,
    "30m": 1800,
    "1h": 3600,
    "2h": 7200,
    "4h": 14400,
    "6h": 21600,
    "8h": 28800,
    "12h": 43200,
    "1d": 86400,
    "3d": 259200,
    "1w": 604800,
    "1M": 2678400,
}

#: Longest interval whose windows all begin at a multiple of its length since 1970. (Weeks begin on
#: Mondays, months vary, and each source chooses the first of its three-day windows.)
_ALIGNED_S = 86_400

_WRITTEN = re.compile(r"([1-9][0-9]{0,4}) ?([A-Za-z]+)")
#: Seconds of the units people write. `m` and `M` are not among them: they differ by case alone.
_UNITS: Mapping[str, int] = {
    **dict.fromkeys(("min", "mins", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3_600),
    **dict.fromkeys(("d", "day", "days"), 86_400),
    **dict.fromkeys(("w", "wk", "week", "weeks"), 604_800),
    **dict.fromkeys(("mo", "mon", "month", "months"), 2_678_400),
}


class Interval(str):
    """The length of a candle: one of `INTERVALS`. `1m` is a minute, `1M` a month."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        if text not in INTERVALS:
            raise UnknownInterval(
                f"{text[:20]!r} is no interval; known are {' '.join(INTERVALS)}",
                known=list(INTERVALS),
                did_you_mean=_meant(text),
            )
        return super().__new__(cls, text)

    @classmethod
    def parse(cls, text: str) -> Self:
        """The interval a person means: also `1H`, `1D`, `1day`, `15min`, `60m` or `24h`.

        A number alone is minutes at one exchange and seconds at another, and `5M` would be five
        months, so neither is read; the error says what may be meant.

        Raises:
            UnknownInterval: there is no such interval; with the known ones.
        """
        text = text.strip()
        return cls(text if text in INTERVALS else _NAMES.get(_seconds(text) or 0, text))

    @property
    def seconds(self) -> int:
        return INTERVALS[self]

    @property
    def ms(self) -> int:
        return INTERVALS[self] * 1000

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        def read(value: Any) -> Interval:
            if type(value) is cls:
                return value
            if not isinstance(value, str):
                raise ValueError("an interval such as 1h is a string")
            return cls.parse(value)

        return core_schema.no_info_plain_validator_function(
            read, serialization=core_schema.to_string_ser_schema()
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"type": "string", "enum": list(INTERVALS)}


_NAMES: Mapping[int, str] = {seconds: name for name, seconds in INTERVALS.items()}


def _seconds(text: str) -> int | None:
    """The length of what is written with a unit that can be read in one way only."""
    match = _WRITTEN.fullmatch(text)
    if match is None:
        return None
    unit = 60 if match[2] == "m" else _UNITS.get(match[2].lower())
    return None if unit is None else int(match[1]) * unit


def _meant(text: str) -> list[str]:
    """What may be meant by a text that is no interval: a bare number in minutes or seconds."""
    text = text.strip()[:20]
    if text.isascii() and text.isdigit():
        lengths = (int(text) * 60, int(text))
        return [_NAMES[seconds] for seconds in lengths if seconds in _NAMES]
    if (lower := text.lower()) in INTERVALS:
        return [lower]
    return near(text, INTERVALS)


def finer(interval: Interval, offered: Iterable[str]) -> Interval | None:
    """The longest offered interval that divides `interval` evenly; None if there is none."""
    if interval.seconds > _ALIGNED_S:
        return None
    fits = [
        name
        for name in offered
        if INTERVALS[name] < interval.seconds and interval.seconds % INTERVALS[name] == 0
    ]
    return Interval(max(fits, key=INTERVALS.__getitem__)) if fits else None
