"""Intervals: their lengths, and the names that are refused."""

import pytest

from coinmux import Interval, UnknownInterval


def test_minute_and_month_differ_by_case():
    assert Interval("1m").seconds == 60
    assert Interval("1M").seconds == 31 * 86_400


def test_an_unknown_interval_lists_the_known():
    with pytest.raises(UnknownInterval) as caught:
        Interval("7m")
    assert "1h" in caught.value.extra["known"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("1H", "1h"), ("1D", "1d"), ("1W", "1w"), ("4hours", "4h"), ("15min", "15m"), ("60m", "1h"),
        ("24h", "1d"), ("1day", "1d"), ("1 hour", "1h"), ("1mo", "1M"), ("1m", "1m"), ("1M", "1M"),
    ],
)  # fmt: skip
def test_an_interval_is_read_as_people_write_it(text, name):
    """Where a text can mean one interval only, it is that one."""
    assert Interval.parse(text) == name


@pytest.mark.parametrize(
    ("text", "meant"),
    [("60", ["1h", "1m"]), ("5M", ["5m"]), ("240", ["4h"]), ("1440", ["1d"]), ("3600", ["1h"])],
)
def test_what_could_mean_two_intervals_is_not_guessed(text, meant):
    """A bare number is minutes at one exchange and seconds at another."""
    with pytest.raises(UnknownInterval) as caught:
        Interval.parse(text)
    assert caught.value.extra["did_you_mean"] == meant
