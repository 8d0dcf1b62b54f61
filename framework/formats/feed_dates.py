"""Read the dates of feeds: RFC 822 and ISO 8601, with the slips that publishers make.

Only a date whose zone is known becomes a time. The weekday is not compared: it is often wrong and
says nothing that the date does not.

Source: RFC 5322 section 4.3, ISO 8601 and RFC 3339, read 2026-11-24.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from coinmux.framework.reference.values import EARLIEST_MS, LATEST_MS

_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,9}))?)?"
_ZONE = r"\s*(?P<zone>[A-Za-z]{1,4})?\s*(?P<offset>[+-]\d{1,2}(?::?\d\d)?)?"
_YEAR_FIRST = re.compile(
    rf"(?P<year>\d{{4}})[-/](?P<month>\d\d)[-/](?P<day>\d\d)(?:[Tt]|\s+){_CLOCK}{_ZONE}", re.ASCII
)
_DAY_FIRST = re.compile(
    r"(?:[^\W\d_]{2,9}\.?,?\s*)?(?P<day>\d{1,2})(?:st|nd|rd|th)?[\s-]+(?P<month>[A-Za-z]{3,9})\.?,?"
    rf"[\s-]+(?P<year>\d{{4}}|\d\d),?(?:\s+at)?\s+{_CLOCK}{_ZONE}(?:\s*\([^()]{{0,40}}\))?"
)
_MONTH_FIRST = re.compile(
    r"(?:[A-Za-z]{2,9}\.?,?\s+)?(?P<month>[A-Za-z]{3,9})\.?\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?,?\s+"
    rf"(?:(?P<year>\d{{4}}),?\s+{_CLOCK}{_ZONE})",
    re.ASCII,
)
_CLOCK_BEFORE_YEAR = re.compile(
    rf"(?:[A-Za-z]{{2,9}}\.?,?\s+)?(?P<month>[A-Za-z]{{3,9}})\.?\s+(?P<day>\d{{1,2}})\s+{_CLOCK}"
    rf"{_ZONE}\s+(?P<year>\d{{4}})",
    re.ASCII,
)
_FORMS = (_YEAR_FIRST, _DAY_FIRST, _MONTH_FIRST, _CLOCK_BEFORE_YEAR)
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
#: Hours from UTC of the zones that RFC 5322 names; others have more than one meaning.
_ZONES = {
    "": 0, "Z": 0, "UT": 0, "UTC": 0, "GMT": 0,
    "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
}  # fmt: skip
_UNIVERSAL = ("", "Z", "UT", "UTC", "GMT")
#: The longest date read; no form needs more.
_MOST_CHARS = 80


def feed_time(text: str) -> int | None:
    """Unix ms of a feed's date; None if it is no date, or one without a known zone."""
    text = " ".join(text.split())
    if not text or len(text) > _MOST_CHARS:
        return None
    for form in _FORMS:
        found = form.fullmatch(text)
        if found is not None:
            return _milliseconds(found.groupdict())
    return None


def _milliseconds(part: dict[str, str | None]) -> int | None:
    zone = _offset(part["zone"], part["offset"])
    month = _month(part["month"] or "")
    if zone is None or month is None:
        return None
    year = int(part["year"] or 0)
    if year < 100:
        year += 2000 if year < 50 else 1900  # RFC 5322 section 4.3
    try:
        when = datetime(
            year,
            month,
            int(part["day"] or 0),
            int(part["hour"] or 0),
            int(part["minute"] or 0),
            min(int(part["second"] or 0), 59),  # a leap second
            int((part["fraction"] or "0").ljust(6, "0")[:6]),
            tzinfo=UTC,
        )
        stamp = int((when - zone).timestamp() * 1000)
    except (ValueError, OverflowError):
        return None
    return stamp if EARLIEST_MS <= stamp <= LATEST_MS else None


def _month(text: str) -> int | None:
    """The number of a month, by its number, name or abbreviation (`Sep`, `Sept`)."""
    if text.isdigit():
        return int(text)
    lower = text.lower()
    return next((n for n, name in enumerate(_MONTHS, 1) if name.startswith(lower)), None)


def _offset(name: str | None, offset: str | None) -> timedelta | None:
    """How far a zone is from UTC; None if it is not told or not known."""
    zone = (name or "").upper()
    if (name is None and offset is None) or zone not in _ZONES:
        return None
    if offset is None:
        return timedelta(hours=_ZONES[zone])
    if zone not in _UNIVERSAL:
        return None
    digits = offset[1:].replace(":", "")
    hours, minutes = (int(digits), 0) if len(digits) <= 2 else (int(digits[:-2]), int(digits[-2:]))
    if hours > 15 or minutes > 59:
        return None
    span = timedelta(hours=hours, minutes=minutes)
    return -span if offset[0] == "-" else span
