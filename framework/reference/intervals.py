"""Candle intervals: the lengths that coinmux knows, each with one spelling."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Self

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from coinmux.framework.errors import UnknownInterval

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


class Interval(str):
    """The length of a candle: one of `INTERVALS`. `1m` is a minute, `1M` a month."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        if text not in INTERVALS:
            raise UnknownInterval(
                f"{text[:20]!r} is no interval; known are {' '.join(INTERVALS)}",
                known=list(INTERVALS),
            )
        return super().__new__(cls, text)

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
            return cls(value)

        return core_schema.no_info_plain_validator_function(
            read, serialization=core_schema.to_string_ser_schema()
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"type": "string", "enum": list(INTERVALS)}


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
