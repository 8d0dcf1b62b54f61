"""How long a source asks us to wait: `Retry-After`, read strictly."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime

SHORTEST_S = 1.0
LONGEST_S = 3_600.0
#: A ban (HTTP 418) is taken more seriously.
SHORTEST_BAN_S = 120.0
LONGEST_BAN_S = 259_200.0

_DAY_MS = 86_400_000
_DIGITS = re.compile(r"[0-9]{1,64}")
# The three date forms of RFC 9110 section 5.6.7 all start with the name of a day.
_DATE = re.compile(r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? [ -:A-Za-z]{10,40}")


def parse(
    value: str | None,
    *,
    date: str | None = None,
    now_ms: int,
    shortest_s: float = SHORTEST_S,
    longest_s: float = LONGEST_S,
) -> float | None:
    """Seconds to wait, clamped; None where the header is absent or makes no sense.

    Args:
        value: of `Retry-After`: ASCII digits or an HTTP date.
        date: of the response's `Date`; dates are relative to it if it is within a day of ours.
        now_ms: our wall time.
        shortest_s: the least that is returned.
        longest_s: the most that is returned.
    """
    if value is None:
        return None
    text = value.strip(" \t")
    if _DIGITS.fullmatch(text):
        seconds = float(text)
    else:
        until = _moment(text)
        if until is None:
            return None
        said = _moment(date.strip(" \t")) if date else None
        base = said if said is not None and abs(said - now_ms) <= _DAY_MS else now_ms
        seconds = (until - base) / 1000
        if seconds < 0:
            return None
    return min(max(seconds, shortest_s), longest_s)


def _moment(text: str) -> int | None:
    if not _DATE.fullmatch(text):
        return None
    try:
        parsed = parsedate_to_datetime(text)
        # asctime carries no zone and means UTC.
        seconds = parsed.timestamp() if parsed.tzinfo else _utc(text)
        return round(seconds * 1000)
    except (ValueError, TypeError, OverflowError, IndexError, OSError):
        return None


def _utc(text: str) -> float:
    return parsedate_to_datetime(f"{text} +0000").timestamp()
