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
