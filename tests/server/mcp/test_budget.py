"""The budget of an answer: rows first, then texts, then fields; whatever is cut is known."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinmux.framework.models.tables import Table
from coinmux.server.mcp.budget import MOST_ROWS, page_of, short_fields

ROOM = 20_000


def rows_of(count):
    return [[at, f"row {at}"] for at in range(count)]


def walk(table, room):
    """All pages of a table, in the order they are shown."""
    pages, at = [], None
    while True:
        page = page_of(table, at, room)
        pages.append(page)
        assert len(pages) <= len(table.rows) + 1
        if page.following is None:
            return pages
        at = page.following


@given(
    count=st.integers(0, 700),
    room=st.integers(1, 30_000),
    newest_last=st.booleans(),
)
def test_pages_show_each_row_once(count, room, newest_last):
    """Whatever the room: none twice, none left out, each page in the order of the answer."""
    table = Table({}, ("timestamp", "text"), rows_of(count), newest_last=newest_last)
    pages = walk(table, room)
    shown = [list(page.rows) for page in (reversed(pages) if newest_last else pages)]
    assert [row for page in shown for row in page] == rows_of(count)
    assert all(len(page.rows) <= MOST_ROWS for page in pages)


def test_the_newest_rows_are_shown_first():
    """Where rows go by time: a model that reads one page reads the latest."""
    page = page_of(Table({}, ("timestamp",), rows_of(500), newest_last=True), None, ROOM)
    assert (page.begin, page.end, page.total) == (300, 500, 500)
    assert page.rows[-1][0] == 499


@pytest.mark.parametrize("room", [10, 500, 2_000])
def test_rows_are_as_many_as_there_is_room_for(room):
    """By the bytes they take; one is shown whatever it takes."""
    page = page_of(Table({}, ("at", "text"), rows_of(300)), None, room)
    size = sum(len(msgspec.json.encode(row)) + 1 for row in page.rows)
    assert len(page.rows) == 1 or size <= room
    following = msgspec.json.encode(rows_of(300)[len(page.rows)])
    assert size + len(following) + 1 > room


def test_long_texts_of_a_row_are_cut():
    """And it is known that they were."""
    page = page_of(Table({}, ("text",), [["x" * 5_000]]), None, ROOM)
    assert page.cut_texts
    assert page.rows[0][0].endswith("…")
    assert len(page.rows[0][0]) <= 300


def test_a_row_of_many_texts_is_cut_until_it_fits():
    """A stranger's capability may have a hundred of them."""
    page = page_of(Table({}, (), [["x" * 1_000] * 100]), None, 4_000)
    assert len(msgspec.json.encode(page.rows)) <= 4_000


def test_fields_beyond_the_room_are_named():
    """They are cut, or left out; never silently."""
    shown, cut = short_fields(
        {"a": 1, "text": "x" * 9_000, **{f"f{at}": "y" * 1_400 for at in range(9)}}
    )
    assert shown["a"] == 1
    assert len(msgspec.json.encode(shown)) <= 6_500
    assert "text" in cut
    assert {name for name in (f"f{at}" for at in range(9)) if name not in shown} <= set(cut)
