"""Numbers, times and texts of results: what is read, and what is refused."""

import pytest

from coinmux import iso_ms


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-13T10:43:49.000000Z", 1_768_301_029_000),
        ("2026-01-13T10:43:49Z", 1_768_301_029_000),
        ("2026-01-13T11:43:49.25+01:00", 1_768_301_029_250),
        ("2026-01-13T10:43:49.123456789Z", 1_768_301_029_123),
    ],
)
def test_iso_times(text, expected):
    """Any zone, any fraction."""
    assert iso_ms(text) == expected


@pytest.mark.parametrize("text", ["2026-01-13T10:43:49", "yesterday", "", None, 1768301029])
def test_times_that_are_no_times(text):
    """A time without a zone is not guessed at."""
    with pytest.raises(ValueError, match=r"zone|ISO|iso"):
        iso_ms(text)
