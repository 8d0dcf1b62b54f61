"""Answers as tables: what has rows becomes columns and rows, by its shape alone."""

import pytest

from coinmux import FearGreed, OrderBook
from coinmux.framework.models.tables import table_of


def test_columns_and_rows_of_an_answer_are_taken_as_they_are():
    """Candles have both, and go by time."""
    table = table_of(
        {"symbol": "BTC/USDT", "columns": ["timestamp", "close"], "rows": [[1, 2.0], [2, 3.0]]}
    )
    assert table.fields == {"symbol": "BTC/USDT"}
    assert (table.columns, table.rows) == (("timestamp", "close"), [[1, 2.0], [2, 3.0]])
    assert table.newest_last


def test_a_list_of_objects_has_a_column_for_each_member():
    """In the order they come, those of an object within it by both names; null where one lacks."""
    table = table_of(
        {
            "transfers": [
                {"hash": "a", "from": {"address": "x", "owner": None}},
                {"hash": "b", "from": None, "note": "late"},
            ]
        }
    )
    assert table.columns == ("hash", "from.address", "from.owner", "note")
    assert table.rows == [["a", "x", None, None], ["b", None, None, "late"]]


def test_an_object_of_objects_has_its_names_in_a_column():
    """Social figures are by name."""
    table = table_of(
        {"asset": "BTC", "metrics": {"volume": {"value": 1.0}, "score": {"value": 2.0}}}
    )
    assert table.fields == {"asset": "BTC"}
    assert table.columns == ("name", "value")
    assert table.rows == [["volume", 1.0], ["score", 2.0]]


def test_several_lists_stand_under_each_other():
    """The first column says whose each row is; the model names the cells."""
    table = table_of({"bids": [[2.0, 1.0]], "asks": [[3.0, 1.0], [4.0, 1.0]]}, OrderBook.cells)
    assert table.columns == ("list", "price", "amount")
    assert table.rows == [["bids", 2.0, 1.0], ["asks", 3.0, 1.0], ["asks", 4.0, 1.0]]
    assert not table.newest_last


def test_lists_of_different_members_share_the_columns():
    """A member that one list lacks is null there."""
    table = table_of({"a": [{"x": 1, "y": 2}], "b": [{"y": 3, "z": 4}]})
    assert table.columns == ("list", "x", "y", "z")
    assert table.rows == [["a", 1, 2, None], ["b", None, 3, 4]]


def test_cells_without_names_are_numbered():
    """A plugin need not name them; a short row is filled up."""
    table = table_of({"points": [[1, 2.0], [3]]})
    assert table.columns == ("c1", "c2")
    assert table.rows == [[1, 2.0], [3, None]]


@pytest.mark.parametrize(
    ("rows", "is_rising"),
    [([[1, 0.0], [2, 0.0]], True), ([[2, 0.0], [1, 0.0]], False), ([[1, 0.0]], False)],
    ids=["rising", "falling", "one row"],
)
def test_rows_that_go_by_time_say_where_the_newest_stands(rows, is_rising):
    """Told by the times themselves: sources of one kind differ."""
    assert table_of({"history": rows}, FearGreed.cells).newest_last is is_rising


def test_a_short_list_of_plain_values_is_a_field():
    """Labels of an address are no table; a long list is one."""
    assert table_of({"labels": ["a", "b"]}).columns == ()
    long = table_of({"names": [str(at) for at in range(30)]})
    assert (long.columns, len(long.rows)) == (("names",), 30)


def test_an_empty_list_is_said_to_be_empty():
    """With its columns where they are known, else as a field."""
    assert table_of({"items": []}).fields == {"items": []}
    assert table_of({"history": []}, FearGreed.cells).columns == ("timestamp", "value")


def test_an_answer_without_lists_has_no_rows():
    """A ticker is one row of nothing."""
    table = table_of({"last": 1.0, "symbol": "BTC/USDT"})
    assert (table.columns, list(table.rows)) == ((), [])
    assert table.fields == {"last": 1.0, "symbol": "BTC/USDT"}
