"""Whether a page grows is judged after its lists are full, by all that was seen since."""

import pytest

from bench.page_memory import WARM_MIN, Sample, growth, table


def test_what_fills_up_at_first_is_no_growth():
    """A list that reaches its bound in the first ten minutes stays flat after."""
    minutes = list(range(61))
    went = growth(minutes, [min(one, WARM_MIN) for one in minutes])
    assert (went.first, went.last, went.most) == (10, 10, 10)
    assert went.an_hour == pytest.approx(0)


def test_a_leak_is_told_for_an_hour():
    """Half a megabyte a minute is thirty an hour, however long was looked."""
    minutes = [one / 2 for one in range(61)]
    went = growth(minutes, [3 + one / 2 for one in minutes])
    assert went.an_hour == pytest.approx(30)
    assert went.last > went.first


def test_a_few_looks_are_no_judgement():
    """Before there is anything to compare nothing is said."""
    assert growth([9.0, 10.0, 11.0], [1.0, 2.0, 3.0]) is None


def test_each_page_has_its_three_figures():
    """A page that was looked at too briefly has none."""
    long = [Sample(float(one), 2.5, 900, 40) for one in range(30)]
    shown = table([("chart", long, 0), ("config", long[:5], 0)])
    assert list(shown.columns[0].cells) == ["/chart"] * 3
    assert list(shown.columns[1].cells) == ["heap_mb", "nodes", "listeners"]
    assert list(shown.columns[5].cells) == ["+0.00", "+0", "+0"]
