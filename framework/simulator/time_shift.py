"""Times as sources write them: read off the value, moved, and written back in the same form. Pure.

Known forms: seconds, milliseconds, microseconds and nanoseconds since 1970, as numbers or strings
of them, with or without a fraction; hexadecimal `0x...`; ISO 8601, whole (`2025-11-24T16:00:00Z`,
with a blank for the T, without zone, date alone) or compact (`20251124T160000Z`); RFC 822.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_FLOOR, Decimal
from typing import Any

SECOND_NS = 1_000_000_000
DAY_NS = 86_400 * SECOND_NS
#: From 9 September 2001, when seconds got their tenth digit, to 2100: what a time of ours may be.
EARLIEST_NS = 1_000_000_000 * SECOND_NS
LATEST_NS = 4_102_444_800 * SECOND_NS

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER = re.compile(r"\d{10,19}(?:\.\d{1,9})?", re.ASCII)
_HEX = re.compile(r"0x(0*)([0-9a-fA-F]{8,16})")
_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)"
    r"(?:([T ])(\d\d):(\d\d)(:\d\d)?(?:([.,])(\d{1,9}))?"
    r"(\s?(?:Z|UTC|GMT|[+-]\d\d:?\d\d|[+-]\d\d))?)?",
    re.ASCII,
)
_COMPACT = re.compile(r"((?:19|20)\d\d)(\d\d)(\d\d)(T?)(\d\d)(\d\d)(\d\d)(Z?)", re.ASCII)
_RFC822 = re.compile(
    r"((?:[A-Z][a-z]{2},\s*)?)(\d{1,2})(\s+)([A-Z][a-z]{2})(\s+)(\d{4})(\s+)"
    r"(\d\d):(\d\d)(:\d\d)?(\s+(?:[A-Z]{1,3}|[+-]\d{4}))",
    re.ASCII,
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
#: Zones RFC 822 section 5.1 names, in hours.
_ZONES = {"EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7}


@dataclass(frozen=True, slots=True)
class Stamp:
    """A time that was read.

    Attributes:
        ns: since 1970, UTC.
        write: another moment, in ns, in the form this one was in; what the form cannot hold is cut.
    """

    ns: int
    write: Callable[[int], Any]


def read_time(value: object) -> Stamp | None:
    """The time a value is; None for anything else, and for years before 2001 or after 2099."""
    stamp = None
    if type(value) is int:
        stamp = _integer(value)
    elif type(value) is float:
        stamp = _decimal(repr(value), float)
    elif type(value) is str:
        stamp = _text(value)
    return stamp if stamp is not None and EARLIEST_NS <= stamp.ns <= LATEST_NS else None


def shifted(value: Any, by_ns: int) -> Any:
    """The same time so much later, in the same form; what is no time comes back as it was."""
    stamp = read_time(value)
    return value if stamp is None else stamp.write(stamp.ns + by_ns)


def moved(value: Any, recorded_ms: int, now_ms: int) -> Any:
    """A time of an answer recorded then, as it would stand in the same answer now.

    A time at midnight UTC is taken for the name of a day and stays at midnight.
    """
    stamp = read_time(value)
    if stamp is None:
        return value
    then_ns, now_ns = recorded_ms * 1_000_000, now_ms * 1_000_000
    if stamp.ns % DAY_NS == 0:
        return stamp.write(stamp.ns + now_ns // DAY_NS * DAY_NS - then_ns // DAY_NS * DAY_NS)
    return stamp.write(stamp.ns + now_ns - then_ns)


def _unit_ns(number: int) -> int:
    """Nanoseconds in the unit a count since 1970 is in, by its size."""
    if number < 100_000_000_000:
        return SECOND_NS
    if number < 100_000_000_000_000:
        return 1_000_000
    return 1_000 if number < 100_000_000_000_000_000 else 1


def _integer(value: int) -> Stamp:
    unit = _unit_ns(value)
    return Stamp(value * unit, lambda ns: ns // unit)


def _decimal(text: str, kind: type) -> Stamp | None:
    if _NUMBER.fullmatch(text) is None:
        return None
    value = Decimal(text)
    unit = _unit_ns(int(value))
    smallest = Decimal(1).scaleb(int(value.as_tuple().exponent))

    def write(ns: int) -> Any:
        return kind(f"{(Decimal(ns) / unit).quantize(smallest, ROUND_FLOOR):f}")

    return Stamp(int(value * unit), write)


def _text(text: str) -> Stamp | None:
    if (match := _HEX.fullmatch(text)) is not None:
        return _hexadecimal(match)
    try:
        if (match := _ISO.fullmatch(text)) is not None:
            return _iso(match)
        if (match := _COMPACT.fullmatch(text)) is not None:
            return _compact(match)
        if (match := _RFC822.fullmatch(text)) is not None:
            return _rfc822(match)
    except ValueError:  # the 31st of June
        return None
    return _decimal(text, str)


def _hexadecimal(match: re.Match[str]) -> Stamp:
    digits = match[1] + match[2]
    form = "X" if any(letter in digits for letter in "ABCDEF") else "x"
    unit = _unit_ns(int(digits, 16))
    width = len(digits) if match[1] else 1
    return Stamp(int(digits, 16) * unit, lambda ns: f"0x{ns // unit:0{width}{form}}")


def _ns_of(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(seconds=1) * SECOND_NS


def _moment(ns: int) -> datetime:
    return _EPOCH + timedelta(seconds=ns // SECOND_NS)


def _zone_ns(zone: str) -> int:
    """What the zone's clocks are ahead of UTC."""
    text = zone.strip().replace(":", "")
    if not text or text[0] not in "+-":
        return _ZONES.get(text, 0) * 3600 * SECOND_NS
    seconds = int(text[1:3]) * 3600 + int(text[3:5] or 0) * 60
    return (-seconds if text[0] == "-" else seconds) * SECOND_NS


def _iso(match: re.Match[str]) -> Stamp:
    year, month, day, between, hour, minute, second, point, fraction, zone = match.groups()
    if between is None:
        start = datetime(int(year), int(month), int(day), tzinfo=UTC)
        return Stamp(_ns_of(start), lambda ns: _moment(ns).strftime("%Y-%m-%d"))
    moment = datetime(
        int(year), int(month), int(day), int(hour), int(minute), int((second or ":0")[1:]),
        tzinfo=UTC,
    )  # fmt: skip
    ahead = _zone_ns(zone or "")
    digits = len(fraction or "")
    parts = int((fraction or "0").ljust(9, "0"))
    form = f"%Y-%m-%d{between}%H:%M" + (":%S" if second else "")

    def write(ns: int) -> str:
        local = ns + ahead
        text = _moment(local).strftime(form)
        if digits:
            text += point + f"{local % SECOND_NS:09d}"[:digits]
        return text + (zone or "")

    return Stamp(_ns_of(moment) + parts - ahead, write)


def _compact(match: re.Match[str]) -> Stamp:
    year, month, day, hour, minute, second = (int(match[at]) for at in (1, 2, 3, 5, 6, 7))
    moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    form = f"%Y%m%d{match[4]}%H%M%S{match[8]}"
    return Stamp(_ns_of(moment), lambda ns: _moment(ns).strftime(form))


def _rfc822(match: re.Match[str]) -> Stamp | None:
    weekday, day, gap, month, gap2, year, gap3, hour, minute, second, zone = match.groups()
    if month not in _MONTHS:
        return None
    moment = datetime(
        int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute),
        int((second or ":0")[1:]), tzinfo=UTC,
    )  # fmt: skip
    ahead = _zone_ns(zone)
    width = len(day)

    def write(ns: int) -> str:
        local = _moment(ns + ahead)
        name = _DAYS[date.weekday(local)] + weekday[3:] if weekday else ""
        clock = local.strftime("%H:%M:%S" if second else "%H:%M")
        return (
            f"{name}{local.day:0{width}d}{gap}{_MONTHS[local.month - 1]}{gap2}{local.year}"
            f"{gap3}{clock}{zone}"
        )

    return Stamp(_ns_of(moment) - ahead, write)
