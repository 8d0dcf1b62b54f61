"""Times as people write them."""

import pytest

from coinmux.framework.reference.times import time_ms

GOOD = [
    ("1735689600000", 1_735_689_600_000),
    ("2025-01-01", 1_735_689_600_000),
    ("2025-01-01T00:00:00Z", 1_735_689_600_000),
    ("2025-01-01T01:00:00+01:00", 1_735_689_600_000),
    ("2025-01-01T01:00:00 01:00", 1_735_689_600_000),
    ("2025-01-01T00:00:00.5", 1_735_689_600_500),
]


@pytest.mark.parametrize(("text", "value"), GOOD)
def test_a_time_however_it_is_written(text, value):
    """Milliseconds, a date, or a time with or without a zone."""
    assert time_ms(text) == value


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("1735689600", "1735689600 seconds are 1735689600000"),
        ("1735689600000000", "1735689600000000 microseconds are 1735689600000"),
        ("5", "milliseconds"),
        ("yesterday", "a date such as 2025-01-01"),
        ("1999-01-01", "from 2009-01-03"),
        ("", "milliseconds"),
    ],
)
def test_what_is_no_such_time_is_told_what_would_do(text, word):
    """Seconds are never guessed to be milliseconds; the error says what they are."""
    with pytest.raises(ValueError, match=word):
        time_ms(text)
