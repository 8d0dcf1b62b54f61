"""`Retry-After`, read as the rules for holds have it."""

from __future__ import annotations

from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinmux.framework.sources import retry_after

NOW_MS = 1_764_000_000_000
NOW = formatdate(NOW_MS / 1000, usegmt=True)


def in_s(seconds: float) -> str:
    return formatdate(NOW_MS / 1000 + seconds, usegmt=True)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("7", 7),
        (" 7\t", 7),
        ("0", 1),
        ("3600", 3600),
        ("86400", 3600),
        ("99999999999999999999", 3600),
        (in_s(30), 30),
        (in_s(0), 1),
        ("Tue, 01 Dec 2099 00:00:00 GMT", 3600),
        ("Monday, 24-Nov-25 16:01:00 GMT", 60),
        ("Mon Nov 24 16:00:40 2025", 40),
        (None, None),
        ("", None),
        ("-5", None),
        ("+5", None),
        ("1.5", None),
        ("1e9", None),
        ("\u0667", None),
        ("\uff17", None),
        ("soon", None),
        ("7 7", None),
        (in_s(-5), None),
        ("Tue, 99 Foo 2099 00:00:00 GMT", None),
        ("Tue, 01 Dec 99999 00:00:00 GMT", None),
    ],
)
def test_values(value, expected):
    """Digits and dates are clamped, everything else counts as absent."""
    assert retry_after.parse(value, now_ms=NOW_MS) == expected


def test_date_is_relative_to_the_servers_clock():
    """A date is measured from the response's `Date` where that is near ours, else from ours."""
    server = in_s(600)
    assert retry_after.parse(in_s(630), date=server, now_ms=NOW_MS) == 30
    assert retry_after.parse(in_s(630), date=in_s(3 * 86_400), now_ms=NOW_MS) == 630
    assert retry_after.parse(in_s(630), date="nonsense", now_ms=NOW_MS) == 630


def test_bounds_of_a_ban():
    """A ban is held two minutes at least and three days at most."""
    bounds = {"shortest_s": 120.0, "longest_s": 259_200.0}
    assert retry_after.parse("5", now_ms=NOW_MS, **bounds) == 120
    assert retry_after.parse("99999999", now_ms=NOW_MS, **bounds) == 259_200


@given(st.text(max_size=60), st.none() | st.text(max_size=60))
def test_any_text(value, date):
    """Whatever stands there, the result is None or within the bounds."""
    got = retry_after.parse(value, date=date, now_ms=NOW_MS)
    assert got is None or 1 <= got <= 3600


@given(st.integers(min_value=0, max_value=10**30))
def test_any_digits(seconds):
    """ASCII digits are always understood."""
    assert retry_after.parse(str(seconds), now_ms=NOW_MS) == min(max(seconds, 1), 3600)


@given(st.integers(min_value=1, max_value=10**6), st.integers(min_value=-80_000, max_value=80_000))
def test_any_date(seconds, skew):
    """A date in the server's own time does not depend on how far its clock is off."""
    got = retry_after.parse(in_s(skew + seconds), date=in_s(skew), now_ms=NOW_MS)
    assert got == min(seconds, 3600)
