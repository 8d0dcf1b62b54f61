"""Candles in a source's own rows."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinmux.framework.samples import json_paths
from coinmux.framework.simulator.candle_series import (
    Rows,
    closing_times,
    find_columns,
    opening_times,
)

NOW_S = 1_795_000_123


@given(
    step_s=st.sampled_from([60, 300, 3600, 14_400, 86_400]),
    now_s=st.integers(1_600_000_000, 1_900_000_000),
    limit=st.integers(1, 300),
)
def test_the_last_candle_is_the_one_open_now(step_s, now_s, limit):
    """As many as asked, evenly spaced on the interval's grid, the last of them open."""
    times = opening_times(step_s, now_s, limit)
    assert len(times) == limit
    assert times[-1] <= now_s < times[-1] + step_s
    assert all(at % step_s == 0 for at in times)
    assert closing_times(step_s, times)[:-1] == times[1:]


def test_weeks_open_on_mondays():
    """A week's candle opens on Monday, 0 h UTC."""
    for at in opening_times(7 * 86_400, NOW_S, 5):
        assert datetime.fromtimestamp(at, UTC).strftime("%a %H:%M") == "Mon 00:00"


@pytest.mark.parametrize("step_s", [2_592_000, 2_678_400])
def test_months_are_calendar_months(step_s):
    """Whatever a source's table makes of a month, it opens on the first and ends with the next."""
    times = opening_times(step_s, NOW_S, 14)
    days = [datetime.fromtimestamp(at, UTC) for at in times]
    assert [day.day for day in days] == [1] * 14
    assert len({(day.year, day.month) for day in days}) == 14
    assert closing_times(step_s, times)[:-1] == times[1:]


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (NOW_S // 60 * 60 - 600, None, [-10, -9, -8]),
        (NOW_S // 60 * 60 - 601, None, [-10, -9, -8]),
        (NOW_S // 60 * 60 - 600, NOW_S // 60 * 60 - 540, [-10, -9]),
        (None, NOW_S // 60 * 60 - 541, [-12, -11, -10]),
        (NOW_S - 60, None, [0]),
        (NOW_S + 600, None, []),
        (None, NOW_S + 600, [-2, -1, 0]),
    ],
    ids=["start", "off the grid", "both", "end", "near the end", "future", "end in the future"],
)
def test_a_range_bounds_opening_times(start, end, expected):
    """From a start the first candles are given, else the latest; none from the future."""
    times = opening_times(60, NOW_S, 3, start, end)
    assert [(at - NOW_S // 60 * 60) // 60 for at in times] == expected


ROWS = [
    [1000, "10", "12.5", "9", "12", "x", "55.5"],
    [1060, "12", "13", "11.5", "11.8", "x", "44.5"],
    [1120, "11.8", "12", "8", "8.5", "x", "33.5"],
]


def paths(*columns):
    return [json_paths.parse(str(column)) for column in columns]


@pytest.mark.parametrize("order", [(1, 2, 3, 4), (4, 3, 2, 1), (2, 4, 1, 3)])
def test_columns_are_found_by_what_they_hold(order):
    """High above all, low below all, and the close is what the next open follows."""
    found = find_columns(ROWS, paths(*order))
    assert found == {"open": ("1",), "high": ("2",), "low": ("3",), "close": ("4",)}


@pytest.mark.parametrize("names", ["open high low close", "o h l c", "Open High Low Close"])
def test_columns_are_found_by_name(names):
    """Rows that are objects tell by their keys."""
    rows = [dict(zip(names.split(), (10, 12, 9, 11), strict=True))]
    found = find_columns(rows, paths(*names.split()))
    assert list(found.values()) == [(name,) for name in names.split()]


@pytest.mark.parametrize(
    ("rows", "columns", "message"),
    [(ROWS, (1, 2, 3), "four prices"), (ROWS[:1], (1, 2, 3, 4), "one row does not tell")],
)
def test_rows_that_do_not_tell_are_refused(rows, columns, message):
    """Without names, and with one row or three prices, there is no telling."""
    with pytest.raises(ValueError, match=message):
        find_columns(rows, paths(*columns))


def rows_of(times, order="asc"):
    start = 1_764_000_000
    rows = [
        [start + 60 * at, *row[1:5], start + 60 * at + 59, "55.5", 7, str(int(at < 2))]
        for at, row in enumerate(ROWS)
    ]
    return Rows.read(
        rows if order == "asc" else rows[::-1],
        step_s=60,
        time=("0",),
        times=paths(*times),
        prices=paths(1, 2, 3, 4),
        columns=None,
        order=order,
    )


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_rows_keep_their_form(order):
    """Columns, types, direction and flags are the sample's; times, prices and volumes are not."""
    opens, closes = [1_795_000_200, 1_795_003_800], [1_795_003_800, 1_795_007_400]
    values = [(80_000.0, 81_000.0, 79_000.0, 80_500.0), (80_500.0, 80_600.0, 80_100.0, 80_200.0)]
    rows = rows_of((0, 5), order).write(opens, closes, values)
    first, last = rows if order == "asc" else rows[::-1]
    assert [first[0], first[5]] == [1_795_000_200, 1_795_003_799]
    assert [last[0], last[5]] == [1_795_003_800, 1_795_007_399]
    assert [float(price) for price in first[1:5]] == [80_000, 81_000, 79_000, 80_500]
    assert all(isinstance(price, str) for price in first[1:5])
    assert first[6] != "55.5"
    assert first[7:] == [7, "1"]
    assert last[7:] == [7, "0"]


def test_rows_may_tell_when_they_close():
    """One that is open closes now, whatever length is asked for."""
    told = [[1_764_000_060 + 60 * at, *row[1:5]] for at, row in enumerate(ROWS)]
    rows = Rows.read(
        told, step_s=60, time=("0",), times=paths(0), prices=paths(1, 2, 3, 4), columns=None,
        order="asc", at="close",
    )  # fmt: skip
    opens, closes = [1_795_000_200, 1_795_003_800], [1_795_003_800, 1_795_007_400]
    written = rows.write(opens, closes, [(4.0, 5.0, 3.0, 4.5)] * 2, now_s=1_795_004_000)
    assert [row[0] for row in written] == [1_795_003_800, 1_795_004_000]
    assert [float(price) for price in written[0][1:5]] == [4.0, 5.0, 3.0, 4.5]


def test_a_row_is_the_same_at_every_look():
    """A closed candle comes with the same volume, whatever window it is seen in."""
    rows = rows_of((0, 5))
    values = (80_000.0, 81_000.0, 79_000.0, 80_500.0)
    opens = [1_795_000_200 + 60 * at for at in range(6)]
    closes = [at + 60 for at in opens]
    whole = rows.write(opens, closes, [values] * 6)
    part = rows.write(opens[2:], closes[2:], [values] * 4)
    assert whole[2:] == part
