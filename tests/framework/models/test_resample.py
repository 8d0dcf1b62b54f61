"""Longer candles from shorter ones: exact, or not at all."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinmux import Candles, CandlesQuery, Interval
from coinmux.framework.models.resample import aggregate, finer_query
from coinmux.framework.reference.intervals import finer

HOUR = 3_600_000
DAY_START = 1_764_028_800_000


def hourly(count, first=0):
    rows = [
        [DAY_START + (first + at) * HOUR, 10 + at, 20 + at, 5, 11 + at, 1] for at in range(count)
    ]
    return Candles.from_rows(CandlesQuery(symbol="BTC/USDT", interval="1h", limit=1000), rows)


@pytest.mark.parametrize(
    ("asked", "offered", "answer"),
    [
        ("2h", ["1m", "1h", "6h"], "1h"),
        ("12h", ["1m", "1h", "6h", "1d"], "6h"),
        ("4h", ["3m", "30m"], "30m"),
        ("1w", ["1d"], None),
        ("1M", ["1d"], None),
        ("1m", ["1h"], None),
    ],
)
def test_the_longest_interval_that_divides_is_taken(asked, offered, answer):
    assert finer(Interval(asked), offered) == answer


def test_four_hours_from_hours():
    query = CandlesQuery(symbol="BTC/USDT", interval="4h")
    made = aggregate(hourly(8), query)
    assert list(made.timestamp) == [DAY_START, DAY_START + 4 * HOUR]
    assert (made.open[0], made.high[0], made.low[0], made.close[0], made.volume[0]) == (
        10,
        23,
        5,
        14,
        4,
    )
    assert made.notes == ("gathered from 1h candles",)


def test_a_first_window_that_is_not_whole_is_dropped():
    query = CandlesQuery(symbol="BTC/USDT", interval="4h")
    assert list(aggregate(hourly(7, first=1), query).timestamp) == [DAY_START + 4 * HOUR]


@given(st.integers(1, 60), st.sampled_from(["2h", "4h", "6h", "12h"]))
def test_nothing_is_lost_in_whole_windows(count, name):
    query = CandlesQuery(symbol="BTC/USDT", interval=name, limit=1000)
    source = hourly(count)
    made = aggregate(source, query)
    assert made.volume.sum() == count
    assert made.high.max() == source.high.max()
    assert (np.diff(made.timestamp) == query.interval.ms).all()


def test_the_finer_question_covers_the_asked_range():
    query = CandlesQuery(
        symbol="BTC/USDT", interval="4h", limit=10, start=DAY_START + 1, end=DAY_START + 8 * HOUR
    )
    asked = finer_query(query, Interval("1h"), 300)
    assert (asked.limit, asked.start) == (40, DAY_START + 4 * HOUR)
    assert asked.end == DAY_START + 12 * HOUR - 1
