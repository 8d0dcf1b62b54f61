"""One bad row costs itself, not the answer."""

import asyncio

import pytest

from coinmux import OtherSubject, SchemaMismatch
from coinmux.framework.reference.rows import collecting, read_rows


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
