"""The caller's own candles: read exactly, or refused by row."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coinmux import InvalidRequest
from coinmux.framework.indicators.caller_candles import frame_of_rows
from coinmux.framework.indicators.caller_forms import MOST_ROWS

AT = 1_764_000_000_000
GOOD = [AT, 1.0, 3.0, 0.5, 2.0, 10.0]


def test_rows_become_columns():
    frame = frame_of_rows([GOOD, [AT + 60_000, 2, 3, 1, 3, None]])
    assert frame.timestamp.tolist() == [AT, AT + 60_000]
    assert frame.columns["close"].tolist() == [2, 3]
    assert np.isnan(frame.columns["volume"][1])
    assert frame.holes == {"volume"}


@pytest.mark.parametrize(
    ("rows", "name", "message"),
    [
        (None, "rows", "takes a list"),
        ([], "rows", "takes a list"),
        ({"a": 1}, "rows", "takes a list"),
        ([GOOD[:4]], "rows[0]", "it has 4 cells"),
        ([GOOD, "x"], "rows[1]", "takes a list of cells"),
        ([["x", *GOOD[1:]]], "rows[0]", "takes a time"),
        ([[1.5, *GOOD[1:]]], "rows[0]", "Unix milliseconds"),
        ([[AT, "a", 3, 0.5, 2, 1]], "rows[0]", "takes a number as its open"),
        ([[AT, "inf", 3, 0.5, 2, 1]], "rows[0]", "takes a number as its open"),
        ([[AT, True, 3, 0.5, 2, 1]], "rows[0]", "takes a number as its open"),
        ([[1_764_000, *GOOD[1:]]], "rows[0]", "Unix milliseconds"),
        ([GOOD, [AT // 1000 + 60, *GOOD[1:]]], "rows[1]", "another unit"),
        ([["2025-11-24", *GOOD[1:]], [AT, *GOOD[1:]]], "rows[1]", "ISO 8601"),
        ([[10**30, *GOOD[1:]]], "rows[0]", "Unix milliseconds"),
        ([GOOD, [AT, 2, 3, 1, 3, 1], [AT + 60_000, *GOOD[1:]]], "rows[1]", "differs from another"),
        ([[AT, 1, 0.5, 1, 1, 1]], "rows[0]", "high below its low"),
        ([[AT, 9, 3, 0.5, 2, 1]], "rows[0]", "open outside"),
        ([[AT, 1, 3, 0.5, 4, 1]], "rows[0]", "close outside"),
        ([[AT, 1, 3, 0.5, 2, -1]], "rows[0]", "negative volume"),
        ([[AT, 1, 1e21, 0.5, 2, 1]], "rows[0]", "beyond 1e+20"),
        ([GOOD] * (MOST_ROWS + 1), "rows", "at most 10000 rows"),
    ],
)
def test_what_will_not_do_is_refused_by_row(rows, name, message):
    with pytest.raises(InvalidRequest) as refusal:
        frame_of_rows(rows)
    (error,) = refusal.value.errors
    assert error["name"] == name
    assert message in error["message"]


ANY = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3)


@settings(deadline=None, database=None)
@given(st.lists(st.lists(ANY, min_size=4, max_size=7) | ANY, max_size=5) | ANY)
def test_whatever_is_sent_is_read_or_refused(rows):
    try:
        frame = frame_of_rows(rows)
    except InvalidRequest:
        return
    assert 0 < frame.size <= len(rows)
