"""Dune: rows of anybody's query as a series, names for queries, executions waited for."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinmux import NotOffered, OnchainMetricQuery, SchemaMismatch
from coinmux.plugins.providers import dune
from tests.plugins.channel_replay import play_channels
from tests.plugins.sample_replay import samples

QUERY = OnchainMetricQuery(metric="query/7", asset="ETH")


@pytest.mark.parametrize("sample", samples("dune"))
async def test_samples(sample):
    """Each sample's requests are made as written and come to its outcome."""
    await play_channels("dune", sample)


@pytest.mark.parametrize(
    ("metric", "given_text", "found"),
    [
        ("query/3456", None, "3456"),
        ("mvrv", "active_addresses=12, mvrv=34", "34"),
        ("mvrv", "active_addresses=12", None),
        ("mvrv", "mvrv=34;rm", None),
        ("query/x", None, None),
        ("mvrv", "mvrv", None),
    ],
)
def test_which_query_is_meant(metric, given_text, found):
    """By its number, or by the name configuration gives it."""
    if found is None:
        with pytest.raises(NotOffered):
            dune.query_id(metric, given_text)
    else:
        assert dune.query_id(metric, given_text) == found


@given(st.integers(1_233_446_400_000, 4_070_908_800_000))
def test_times_as_sql_writes_them(at_ms):
    """UTC, with milliseconds; a day alone is its midnight."""
    when = datetime.fromtimestamp(at_ms / 1000, UTC).replace(tzinfo=None)
    text = when.isoformat(" ", "milliseconds") + " UTC"
    assert abs(dune.moment(text) - at_ms) <= 1
    assert dune.moment(str(when.date())) == at_ms // 86_400_000 * 86_400_000


@pytest.mark.parametrize("value", ["yesterday", "2024-13-45x", 7, None, "12:00:00"])
def test_what_is_no_time(value):
    """Numbers above all: a column of them is the one of values."""
    assert dune.moment(value) is None


def test_rows_become_points_oldest_first_within_the_range():
    """Whatever the order and the names of the columns."""
    rows = [{"n": str(day), "d": f"2025-11-{day:02d}"} for day in (3, 1, 2)]
    points = dune.parse_metric({"result": {"rows": rows}}, QUERY).points
    assert [value for _, value in points] == [1.0, 2.0, 3.0]
    start = points[1][0]
    cut = dune.parse_metric(
        {"result": {"rows": rows}}, QUERY.model_copy(update={"start": start, "end": start})
    )
    assert cut.points == (points[1],)


@pytest.mark.parametrize(
    "row", [{"a": 1, "b": 2}, {"d": "2025-11-01"}, {"d": "2025-11-01", "x": "y"}]
)
def test_other_columns_are_not_guessed_at(row):
    """Which of two numbers is meant only the author of the query knows."""
    with pytest.raises(SchemaMismatch):
        dune.parse_metric({"result": {"rows": [row]}}, QUERY)
