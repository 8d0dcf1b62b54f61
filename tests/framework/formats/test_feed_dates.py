"""Dates of feeds: the slips of publishers are read, what is not told is not guessed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinmux.framework.formats.feed_dates import feed_time

TEN = 1_795_428_000_000  # 23 November 2026, 10:00 UTC


@pytest.mark.parametrize(
    "text",
    [
        "Mon, 23 Nov 2026 10:00:00 GMT",
        "Mon, 23 Nov 2026 11:00:00 +01:00",
        "Mon, 23 Nov 2026 11:00:00 GMT+0100",
        "Mon, 23 Nov 2026 10:00:00 GMT+0000",
        "Mon, 23 Nov 2026 10:00:00 GMT+00:00 (Coordinated Universal Time)",
        "Mon, 23 Nov 2026 10:00:00 +0000 (UTC)",
        "Fri, 23 Nov 2026 10:00:00 Z",
        "Mon,23 Nov 2026 10:00:00 UT",
        "Monday, 23-Nov-26 10:00:00 UTC",
        "23 November 2026 10:00 UTC",
        "Mon, 23 Nov. 2026 05:00:00 EST",
        "mon, 23 nov 2026 02:00:00 pst",
        "Mon Nov 23 10:00:00 UTC 2026",
        "Nov 23, 2026 10:00 GMT",
        "2026-11-23T10:00:00Z",
        "2026-11-23t10:00:00z",
        "2026-11-23 10:00:00 UTC",
        "2026-11-23T10:00Z",
        "2026-11-23T11:00:00+0100",
        "2026-11-23 11:00:00 +01:00",
        "2026-11-23T11:00:00+01",
        "2026-11-23T10:00:00.000000000Z",
        "  2026-11-23T10:00:00Z\n",
        "Mon, 23 Nov 2026 10:00:00 -0000",
    ],
)
def test_one_moment_in_many_words(text):
    """Each says when, zone and all."""
    assert feed_time(text) == TEN


def test_september_has_three_spellings():
    """`Sept` is one of them."""
    moments = {
        feed_time(f"Tue, 01 {name} 2026 13:00:00 +0300") for name in ("Sep", "Sept", "Sept.")
    }
    assert moments == {1_788_256_800_000} == {feed_time("1 September 2026 10:00 GMT")}


@pytest.mark.parametrize(
    "text",
    [
        "Mon, 23 Nov 2026 10:00:00 CEST",
        "Mon, 23 Nov 2026 10:00:00 IST",
        "Mon, 23 Nov 2026 10:00:00",
        "Mon, 23 Nov 2026 10:00:00 EST+0100",
        "Mon, 23 Nov 2026 10:00:00 +9900",
        "Mon, 31 Feb 2026 10:00:00 GMT",
        "Mon, 23 Foo 2026 10:00:00 GMT",
        "Mon, 23 Nov 2026 25:00:00 GMT",
        "2026-11-23T10:00:00",
        "2026-11-23",
        "2026-13-23T10:00:00Z",
        "11/23/2026 10:00 GMT",
        "Mon, 01 Jan 0001 00:00:00 +0000",
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "2101-01-01T00:00:00Z",
        "yesterday",
        "9" * 64,
        "1 " * 500,
        "",
    ],
)
def test_what_is_not_told_is_null(text):
    """No zone, no such day, or no date at all."""
    assert feed_time(text) is None


@given(st.text(max_size=90))
def test_any_text_is_read_or_null(text):
    """It never raises."""
    assert feed_time(text) is None or isinstance(feed_time(text), int)
