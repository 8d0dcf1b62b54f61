"""Read the dates of feeds: RFC 822 and ISO 8601, with the slips that publishers make.

Only a date whose zone is known becomes a time; a number is seconds or milliseconds since 1970. The
weekday is not compared: it is often wrong and says nothing that the date does not.

Source: RFC 5322 section 4.3, ISO 8601, RFC 3339 and the time zone database, read 2026-11-24.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta

from coinmux.framework.reference.values import EARLIEST_MS, LATEST_MS

_CLOCK = (
    r"(?P<hour>\d{1,2}):(?P<minute>\d{1,2})(?::(?P<second>\d{1,2})(?:[.,:](?P<fraction>\d{1,9}))?)?"
    r"(?:\s*(?P<half>[AaPp])\.?[Mm]\b\.?)?"
)
# What follows the offset says the same again: `-0500 (EST)`, `+0000 UTC`, `+01:00[Europe/Paris]`.
_ZONE = (
    r"\s*(?P<zone>[A-Za-z]{1,4})?\s*(?P<offset>[+-]\s?\d{1,2}(?::?\d\d)?)?"
    r"(?:\s*(?:\([^()]{0,40}\)|\[[^\[\]]{0,40}\]|(?P<again>Z|UTC|GMT)))?"
)
_YEAR_FIRST = re.compile(
    rf"(?P<year>\d{{4}})[-/](?P<month>\d\d?)[-/](?P<day>\d\d?)(?:[Tt]|\s+){_CLOCK}{_ZONE}", re.ASCII
)
_WITHOUT_MARKS = re.compile(
    r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)[Tt]"
    rf"(?P<hour>\d\d):?(?P<minute>\d\d):?(?P<second>\d\d)(?P<fraction>)(?P<half>)?{_ZONE}",
    re.ASCII,
)
_WITH_DOTS = re.compile(
    rf"(?P<day>\d\d?)\.(?P<month>\d\d?)\.(?P<year>\d{{4}}),?\s+{_CLOCK}{_ZONE}", re.ASCII
)
_DAY_FIRST = re.compile(
    r"(?:[^\W\d_]{2,9}\.?,?\s*)?(?P<day>\d{1,2})(?:st|nd|rd|th)?[\s-]+(?P<month>[^\W\d_]{3,10})\.?,?"
    rf"[\s-]+(?P<year>\d{{4}}|\d\d),?(?:\s+at)?\s+{_CLOCK}{_ZONE}"
)
_MONTH_FIRST = re.compile(
    r"(?:[A-Za-z]{2,9}\.?,?\s+)?(?P<month>[A-Za-z]{3,9})\.?\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?,?\s+"
    rf"(?P<year>\d{{4}}),?(?:\s+at|\s+-)?\s+{_CLOCK}{_ZONE}",
    re.ASCII,
)
_CLOCK_BEFORE_YEAR = re.compile(
    rf"(?:[A-Za-z]{{2,9}}\.?,?\s+)?(?P<month>[A-Za-z]{{3,9}})\.?\s+(?P<day>\d{{1,2}})\s+{_CLOCK}"
    rf"{_ZONE}\s+(?P<year>\d{{4}})",
    re.ASCII,
)
_FORMS = (
    _YEAR_FIRST, _DAY_FIRST, _MONTH_FIRST, _CLOCK_BEFORE_YEAR, _WITHOUT_MARKS, _WITH_DOTS
)  # fmt: skip
_NUMBER = re.compile(r"\d{10}(?:\.\d{1,9}|\d{3})?", re.ASCII)
#: The months in languages of publishers, without accents; a date has a name or its beginning.
_MONTHS = tuple(
    tuple(names.split())
    for names in (
        "january januar janvier enero janeiro gennaio januari ocak",
        "february februar fevrier febrero fevereiro febbraio februari subat",
        "march marz mars marzo marco maart mrt mart",
        "april avril abril aprile nisan",
        "may mai mayo maio maggio mei mayis",
        "june juni juin junio junho giugno haziran",
        "july juli juillet julio julho luglio temmuz",
        "august aout agosto augustus agustos",
        "september septembre septiembre setembro settembre eylul wrzesnia",
        "october oktober octobre octubre outubro ottobre ekim",
        "november novembre noviembre novembro kasim",
        "december dezember decembre diciembre dezembro dicembre aralik",
    )
)
#: How the names of the months begin in Russian, in which their ends change.
_RUSSIAN = {
    "\u044f\u043d\u0432": 1, "\u0444\u0435\u0432": 2, "\u043c\u0430\u0440": 3,
    "\u0430\u043f\u0440": 4, "\u043c\u0430\u0438": 5, "\u043c\u0430\u044f": 5,
    "\u0438\u044e\u043d": 6, "\u0438\u044e\u043b": 7, "\u0430\u0432\u0433": 8,
    "\u0441\u0435\u043d": 9, "\u043e\u043a\u0442": 10, "\u043d\u043e\u044f": 11,
    "\u0434\u0435\u043a": 12,
}  # fmt: skip
#: Hours from UTC of the zones that RFC 5322 names and of those that have one meaning; others, such
#: as IST and BST, have several.
_ZONES = {
    "": 0, "Z": 0, "UT": 0, "UTC": 0, "GMT": 0,
    "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
    "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3, "MSK": 3, "SGT": 8, "HKT": 8,
    "JST": 9, "KST": 9, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13, "AKST": -9, "AKDT": -8,
    "HST": -10,
}  # fmt: skip
_UNIVERSAL = ("", "Z", "UT", "UTC", "GMT")
#: The longest date read; no form needs more.
_MOST_CHARS = 80


def feed_time(text: str) -> int | None:
    """Unix ms of a feed's date; None if it is no date, or one without a known zone."""
    text = " ".join(text.replace("\u2212", "-").split())
    if not text or len(text) > _MOST_CHARS:
        return None
    if _NUMBER.fullmatch(text):
        return _in_range(int(text) if len(text) == 13 else int(float(text) * 1000))
    for form in _FORMS:
        found = form.fullmatch(text)
        if found is not None:
            return _milliseconds(found.groupdict())
    return None


def _milliseconds(part: dict[str, str | None]) -> int | None:
    zone = _offset(part["zone"], part["offset"])
    month = _month(part["month"] or "")
    if zone is None or month is None or (part["again"] and zone):
        return None
    year = int(part["year"] or 0)
    if year < 100:
        year += 2000 if year < 50 else 1900  # RFC 5322 section 4.3
    hour = _hour(int(part["hour"] or 0), part["half"])
    is_midnight = hour == 24 and not int(part["minute"] or 0) and not int(part["second"] or 0)
    try:
        when = datetime(
            year,
            month,
            int(part["day"] or 0),
            0 if is_midnight else hour,
            int(part["minute"] or 0),
            min(int(part["second"] or 0), 59),  # a leap second
            int((part["fraction"] or "0").ljust(6, "0")[:6]),
            tzinfo=UTC,
        )
        when += timedelta(days=is_midnight) - zone  # 24:00 ends the day
        return _in_range(int(when.timestamp() * 1000))
    except (ValueError, OverflowError):
        return None


def _in_range(stamp: int) -> int | None:
    return stamp if EARLIEST_MS <= stamp <= LATEST_MS else None


def _hour(hour: int, half: str | None) -> int:
    """The hour of the day; `half` begins `am` or `pm`, which some write after 13:00 too."""
    if not half or hour > 12:
        return hour
    return hour % 12 + (12 if half in "Pp" else 0)


def _month(text: str) -> int | None:
    """The number of a month, by its number, name or abbreviation (`Sep`, `Sept`, `ao\u00fbt`)."""
    if text.isdigit():
        return int(text)
    letters = unicodedata.normalize("NFD", text.lower())
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    plain = plain.replace("\u0131", "i")
    if (russian := _RUSSIAN.get(plain[:3])) is not None:
        return russian
    found = [
        number
        for number, names in enumerate(_MONTHS, 1)
        if any(name.startswith(plain) for name in names)
    ]
    return found[0] if len(found) == 1 else None


def _offset(name: str | None, offset: str | None) -> timedelta | None:
    """How far a zone is from UTC; None if it is not told or not known."""
    zone = (name or "").upper()
    if (name is None and offset is None) or zone not in _ZONES:
        return None
    if offset is None:
        return timedelta(hours=_ZONES[zone])
    digits = offset[1:].replace(":", "").strip()
    hours, minutes = (int(digits), 0) if len(digits) <= 2 else (int(digits[:-2]), int(digits[-2:]))
    if hours > 15 or minutes > 59:
        return None
    span = timedelta(hours=hours, minutes=minutes) * (-1 if offset[0] == "-" else 1)
    # A name beside the offset says the same, or one of them is wrong.
    return span if zone in _UNIVERSAL or span == timedelta(hours=_ZONES[zone]) else None
