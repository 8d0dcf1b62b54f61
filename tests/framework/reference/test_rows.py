"""One bad row costs itself, not the answer."""

import asyncio

import pytest

from coinmux import OtherSubject, SchemaMismatch, Symbol
from coinmux import models as m
from coinmux.framework.reference.rows import (
    collecting,
    optional,
    read_field,
    read_rows,
    read_word,
    required,
)


def doubled(row):
    return row["n"] * 2


def test_a_bad_row_is_left_out_counted_and_reported():
    """The others are read, and the note says what was wrong."""
    with collecting() as damage:
        read = read_rows([{"n": 1}, {}, {"n": 3}], doubled, kind="trades")
    assert read == [2, 6]
    assert damage.rows_left_out == 1
    assert damage.notes() == ("1 unreadable trades left out: n is missing",)


def test_mostly_bad_rows_refuse_the_answer():
    """More than half: the first error is the answer's."""
    with pytest.raises(KeyError):
        read_rows([{}, {}, {"n": 3}], doubled)


@pytest.mark.parametrize("rows", [None, 3, "text", b"text"])
def test_what_is_no_list_is_refused(rows):
    """A missing list is not an empty one."""
    with pytest.raises(SchemaMismatch):
        read_rows(rows, doubled)


def test_a_row_about_something_else_refuses_the_answer():
    """If one row is another pair's, all may be."""

    def one(row):
        if row == 2:
            raise OtherSubject("asked for A, the answer is about B")
        return row

    with pytest.raises(OtherSubject):
        read_rows([1, 2, 3, 4], one)


def test_rows_of_another_kind_are_not_missed():
    """`None` is no damage."""
    with collecting() as damage:
        assert read_rows([1, 2], lambda row: row if row > 1 else None) == [2]
    assert not damage


async def test_what_a_task_leaves_out_is_collected():
    """Hooks run in tasks of their own."""

    async def work():
        return read_rows([1, None], lambda row: row + 1)

    with collecting() as damage:
        await asyncio.create_task(work())
    assert damage.rows_left_out == 1


def test_what_a_bad_row_lost_before_it_was_left_out_is_not_reported_too():
    """Its fields and its own rows went with it."""

    def one(row):
        optional(row, "fee")
        read_rows(row["parts"], int, kind="parts")
        return row["id"]

    rows = [{"fee": 1, "parts": [1, 2], "id": 1}, {"parts": [1, 2, "x"]}]
    with collecting() as damage:
        assert read_rows(rows, one, kind="things") == [1]
    assert damage.notes() == ("1 unreadable things left out: id is missing",)


def test_a_row_of_an_asset_that_cannot_be_written_is_left_out():
    """A spelling of theirs is no mistake of the caller."""
    with collecting() as damage:
        assert read_rows(["BTC/USD", "/", "ETH/USD"], Symbol, kind="pairs") == [
            "BTC/USD",
            "ETH/USD",
        ]
    assert damage.rows_left_out == 1


@pytest.mark.parametrize(
    ("row", "path", "value", "reported"),
    [
        ({"high": 0}, ("high",), 0, False),
        ({"high": None}, ("high",), None, False),
        ({}, ("high",), None, True),
        ({"bid": [1, 2]}, ("bid", 0), 1, False),
        ({"bid": []}, ("bid", 0), None, True),
        ({"bid": None}, ("bid", 0), None, False),
        ({"bid": "12"}, ("bid", 0), None, True),
        ([1, 2], (6,), None, True),
        ([1, 2], ("high",), None, True),
        ("text", (0,), None, True),
    ],
)
def test_a_member_that_may_be_missing(row, path, value, reported):
    """Null is what a source does not have; what it stopped sending is reported."""
    with collecting() as damage:
        assert optional(row, *path) == value
    assert bool(damage.fields) is reported


def test_an_optional_value_that_cannot_be_read_is_null_and_reported():
    """Null and "" are what a source does not have, and no damage."""
    with collecting() as damage:
        assert read_field("timestamp", m.iso_ms, "2026-11-23T00:00:00Z") == 1_795_392_000_000
        assert read_field("timestamp", m.iso_ms, None) is None
        assert read_field("timestamp", m.iso_ms, "") is None
        assert not damage
        assert read_field("timestamp", m.iso_ms, "yesterday") is None
    assert damage.notes()[0].startswith("timestamp is null: ")


class Reading(m.Result):
    """Some of its fields may be null."""

    height: int
    fee: m.Amount | None = None
    party: str | None
    when: m.Timestamp | None = None


@pytest.mark.parametrize(
    ("name", "value"),
    [("fee", -1), ("fee", "nan"), ("fee", [1]), ("party", 3), ("party", {}), ("when", 7)],
)
def test_a_model_reads_a_bad_optional_field_as_null(name, value):
    """Of any model, a plugin's own too; the rest of the answer stays."""
    good = {"height": 5, "fee": "0.1", "party": "miner", "when": 1_764_000_000_000}
    with collecting() as damage:
        read = Reading(**{**good, name: value})
    assert read == Reading(**{**good, name: None})
    assert [field for field, _ in damage.fields] == [name]


def test_a_model_refuses_a_bad_field_that_may_not_be_null():
    """Beside bad optional ones too."""
    with collecting() as damage, pytest.raises(ValueError, match="height"):
        Reading(height="many", fee=-1, party=None)
    assert not damage


def test_rows_of_another_kind_are_readable_rows():
    """One bad row among them is no reason to refuse the answer."""
    with collecting() as damage:
        read = read_rows([None, None, "x"], lambda row: row and int(row), kind="trades")
    assert read == []
    assert damage.rows_left_out == 1


@pytest.mark.parametrize(
    ("value", "means", "reported"),
    [("b", "buy", False), (0, "buy", False), ("0", "buy", False), (None, None, False),
     ("", None, False), ("x", None, True), ([], None, True), (True, None, True), (0.0, None, True)],
)  # fmt: skip
def test_a_word_of_a_source_means_one_of_ours(value, means, reported):
    """One that is not known is null, and reported."""
    with collecting() as damage:
        assert read_word("side", {"b": "buy", "0": "buy"}, value) == means
    assert bool(damage.fields) is reported


@pytest.mark.parametrize("row", [{}, {"c": None}, {"c": "88000"}, {"c": []}, [], None, "text", 7])
def test_a_member_that_must_be_there_refuses_what_lacks_it(row):
    """A text in place of a list has no first item either."""
    assert required({"c": ["88000"]}, "c", 0) == "88000"
    with pytest.raises(SchemaMismatch, match=r"c\.0 is missing"):
        required(row, "c", 0)
