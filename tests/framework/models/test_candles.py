"""Candles are sound columns, oldest first, whatever order a source sends (`faults.md` E6, E7)."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinmux import (
    Candles,
    CandlesQuery,
    Implausible,
    SchemaMismatch,
)

HOUR = 3_600_000
START = 1_764_000_000_000 // HOUR * HOUR


def query(**more):
    return CandlesQuery(symbol="BTC/USDT", interval="1h", **more)


def rows(count, start=START):
    return [[start + at * HOUR, "10", "12", "9", "11", "5.5"] for at in range(count)]


@given(st.lists(st.sampled_from(range(12)), min_size=1, max_size=40))
def test_E6_candles_come_out_ascending_and_distinct_whatever_the_order(order):
    made = rows(12)
    candles = Candles.from_rows(query(), [made[at] for at in order])
    assert list(candles.timestamp) == sorted({made[at][0] for at in order})


def test_E6_dropped_duplicates_are_noted():
    assert Candles.from_rows(query(), rows(2) + rows(2)).notes == ("2 duplicate candles dropped",)


@pytest.mark.parametrize(
    "row",
    [
        [START, "10", "9", "9.5", "10", "1"],
        [START, "10", "12", "9", "13", "1"],
        [START, "0", "12", "0", "11", "1"],
        [START, "10", "12", "9", "11", "-1"],
        [START // 1000, "10", "12", "9", "11", "1"],
    ],
    ids=["high-below-low", "close-outside", "zero-price", "negative-volume", "seconds"],
)
def test_E7_impossible_candles_are_refused(row):
    """Where they are all there is."""
    with pytest.raises(Implausible):
        Candles.from_rows(query(), [row])


@pytest.mark.parametrize("cell", ["1_0", " 10", "x", None, True, "nan", {}, []])
def test_D11_a_cell_that_is_no_number_is_never_guessed(cell):
    """It costs its row, and the only row is the answer."""
    made = rows(3)
    made[1][1] = cell
    assert list(Candles.from_rows(query(), made).timestamp) == [START, START + 2 * HOUR]
    with pytest.raises((ValueError, SchemaMismatch)):
        Candles.from_rows(query(), made[1:2])


def test_column_order_direction_and_seconds_are_the_callers_to_name():
    made = [[START // 1000 + 3600, 9, 12, 10, 11, 5], [START // 1000, 9, 12, 10, 11, 5]]
    order = ("timestamp", "low", "high", "open", "close", "volume")
    candles = Candles.from_rows(query(), made, order=order, time_unit="s")
    assert list(candles.timestamp) == [START, START + HOUR]
    assert (candles.open[0], candles.low[0]) == (10, 9)


def test_the_latest_are_kept_unless_a_start_is_given():
    assert list(Candles.from_rows(query(limit=2), rows(5)).timestamp) == [
        START + 3 * HOUR,
        START + 4 * HOUR,
    ]
    first = Candles.from_rows(query(limit=2, start=START + HOUR), rows(5))
    assert list(first.timestamp) == [START + HOUR, START + 2 * HOUR]


def test_missing_volume_is_null_in_json():
    candles = Candles.from_rows(
        query(), [row[:5] for row in rows(1)], order=("timestamp", "open", "high", "low", "close")
    )
    assert np.isnan(candles.volume).all()
    assert json.loads(candles.encode())["rows"] == [[START, 10.0, 12.0, 9.0, 11.0, None]]


def test_an_empty_answer_is_empty():
    assert Candles.from_rows(query(), []).is_empty()
