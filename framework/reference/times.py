"""Times as people write them: Unix milliseconds, or an ISO 8601 date or time."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from coinmux.framework.reference.values import EARLIEST_MS, LATEST_MS

_WHOLE = re.compile(r"-?[0-9]{1,18}")
#: What would do, for messages.
TAKES_TIME = "takes Unix milliseconds such as 1735689600000, or a date such as 2025-01-01"


def time_ms(text: str) -> int:
    """The Unix milliseconds of `text`; a date or time without a zone counts as UTC.

    Raises:
        ValueError: it is no time, or one that is not between 2009 and 2100. A number that would be
            such a time in seconds is not read as seconds: the error says what to send instead.
    """
    text = text.strip()
    if _WHOLE.fullmatch(text):
        return _bounded(int(text), text)
    try:
        # In a query string a plus sign is a space, and people forget to encode it.
        moment = datetime.fromisoformat(re.sub(r" (?=\d\d:?\d\d$)", "+", text))
    except ValueError:
        raise ValueError(TAKES_TIME) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return _bounded(round(moment.timestamp() * 1000), text)


def _bounded(value: int, text: str) -> int:
    if EARLIEST_MS <= value <= LATEST_MS:
        return value
    if EARLIEST_MS <= value * 1000 <= LATEST_MS:
        raise ValueError(f"takes milliseconds; {text} seconds are {value * 1000}")
    if EARLIEST_MS <= value // 1000 <= LATEST_MS:
        raise ValueError(f"takes milliseconds; {text} microseconds are {value // 1000}")
    raise ValueError(f"{TAKES_TIME}, from 2009-01-03 to 2100-01-01")
