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
        "Mon, 23 Nov 2026 11:00:00 CET",
        "Mon, 23 Nov 2026 12:00:00 CEST",
        "Mon, 23 Nov 2026 13:00:00 MSK",
        "Mon, 23 Nov 2026 05:00:00 EST-0500",
        "Mon, 23 Nov 2026 05:00:00 -0500 (EST)",
        "Mon, 23 Nov 2026 13:00:00 + 0300",
        "Mon, 23 Nov 2026 10:00:00 AM GMT",
        "November 23, 2026, 10:00 a.m. UTC",
        "Mon, 23 Nov 2026 10:00:00:000 GMT",
        "Monday, November 23, 2026 - 10:00 UTC",
        "Mon Nov 23 2026 11:00:00 GMT+0100 (Central European Standard Time)",
        "2026-11-23 10:00:00 +0000 UTC",
        "2026-11-23T10:00:00+00:00Z",
        "2026-11-23T04:00:00.000-06:00[America/Chicago]",
        "2026-11-23T07:00:00\u221203:00",
        "20261123T100000Z",
        "23.11.2026 13:00:00 +0300",
        "1795428000",
        "1795428000000",
        "1795428000.0",
    ],
)
def test_one_moment_in_many_words(text):
    """Each says when, zone and all."""
    assert feed_time(text) == TEN


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Mo, 02 M\u00e4r 2026", 3),
        ("Mi, 02 Dez 2026", 12),
        ("02 f\u00e9vr. 2026", 2),
        ("mer., 02 ao\u00fbt 2026", 8),
        ("02 juil. 2026", 7),
        ("Lun, 02 Ene 2026", 1),
        ("Ter, 02 Out 2026", 10),
        ("gio, 02 giu 2026", 6),
        ("vr, 02 mei 2026", 5),
        ("Sal, 02 Eyl 2026", 9),
        ("\u0412\u0442, 02 \u0441\u0435\u043d 2026", 9),
        ("02 \u043c\u0430\u044f 2026", 5),
        ("2 Juli 2026", 7),
        ("2 enero 2026", 1),
    ],
)
def test_months_have_names_in_many_languages(text, number):
    """Themes write them in the language of the site."""
    assert feed_time(f"{text} 13:00:00 +0100") == feed_time(f"2026-{number:02}-02T12:00:00Z")


def test_the_day_ends_at_24_hours():
    """ISO 8601 knows that moment by two names."""
    assert feed_time("2026-11-23T24:00:00Z") == feed_time("2026-11-24T00:00:00Z")
    assert feed_time("Mon, 23 Nov 2026 12:30 PM GMT") == feed_time("2026-11-23T12:30:00Z")
    assert feed_time("Mon, 23 Nov 2026 12:30 AM GMT") == feed_time("2026-11-23T00:30:00Z")


def test_september_has_three_spellings():
    """`Sept` is one of them."""
    moments = {
        feed_time(f"Tue, 01 {name} 2026 13:00:00 +0300") for name in ("Sep", "Sept", "Sept.")
    }
    assert moments == {1_788_256_800_000} == {feed_time("1 September 2026 10:00 GMT")}


@pytest.mark.parametrize(
    "text",
    [
        "Mon, 23 Nov 2026 10:00:00 IST",
        "Mon, 23 Nov 2026 10:00:00 BST",
        "Mon, 23 Nov 2026 10:00:00 +0300 UTC",
        "Mon, 23 Nov 2026 24:30:00 GMT",
        "Mon, 23 jui 2026 10:00:00 GMT",
        "-62135596800",
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
