"""Cursors to the rows of an answer: of one question, of one source, and found again."""

from dataclasses import replace

import pytest

from coinmux import InvalidRequest
from coinmux.framework.models.tables import Table
from coinmux.server.mcp.budget import page_of
from coinmux.server.mcp.cursors import next_cursor, read_cursor

ASKED = {"symbol": "BTC/USDT", "limit": 9}
TRADES = Table(
    {}, ("id", "timestamp", "price"), [[f"t{at}", 1_000 + at, at / 3] for at in range(9)],
    newest_last=True,
)  # fmt: skip
ROOM = 90


def cursor_of(table=TRADES, asked=ASKED, of_source=None):
    page = page_of(table, None, ROOM)
    assert 0 < page.begin < len(table.rows) or page.end < len(table.rows)
    cursor = next_cursor(asked, table, page, "kraken", 77, of_source)
    assert cursor is not None
    return page, cursor


def test_it_goes_on_where_the_page_ended():
    """The same answer: at the very place."""
    page, cursor = cursor_of()
    assert read_cursor(cursor, ASKED).find(TRADES, "kraken", 77) == (page.begin, False)


def test_how_long_it_may_take_is_no_part_of_the_question():
    """Nor is the cursor itself, nor what was not given."""
    _, cursor = cursor_of()
    given = {**ASKED, "cursor": cursor, "timeout_s": 3, "max_age_s": 9, "provider": None}
    assert read_cursor(cursor, given).of_source is None


def test_an_answer_fetched_anew_goes_on_after_the_last_row_shown():
    """Trades came in meanwhile and figures moved: the rows are told by their names and times."""
    page, cursor = cursor_of()
    later = replace(
        TRADES,
        rows=[[name, time, price * 1.01] for name, time, price in TRADES.rows[2:]]
        + [["t9", 1_009, 5.0]],
    )
    at, is_anew = read_cursor(cursor, ASKED).find(later, "kraken", 99)
    assert is_anew
    assert later.rows[at][0] == TRADES.rows[page.begin][0]


def test_rows_of_figures_alone_are_told_by_all_of_them():
    """Levels of a book, whose first column says which side they are on."""
    book = Table({}, ("list", "price", "amount"), [["bids", at / 7, 1.0] for at in range(9)])
    page, cursor = cursor_of(book)
    assert read_cursor(cursor, ASKED).find(book, "kraken", 99) == (page.end, True)


@pytest.mark.parametrize(
    ("provider", "rows"),
    [
        ("binance", TRADES.rows),
        ("kraken", [["u", 1, 1.0]]),
        ("kraken", [*TRADES.rows, *TRADES.rows]),
    ],
    ids=["another source", "the row is gone", "rows that look alike"],
)
def test_where_the_rows_have_changed_it_has_expired(provider, rows):
    """Going on anyway would leave rows out, or show them twice."""
    _, cursor = cursor_of()
    with pytest.raises(InvalidRequest, match="has expired"):
        read_cursor(cursor, ASKED).find(replace(TRADES, rows=rows), provider, 99)


def test_it_is_of_its_own_question():
    """Sent with another it is refused, and says so."""
    _, cursor = cursor_of()
    with pytest.raises(InvalidRequest, match="is of another question"):
        read_cursor(cursor, {**ASKED, "symbol": "ETH/USDT"})


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[:-3],
        lambda text: text[:9] + "A" + text[10:],
        lambda _: "rows.",
        lambda _: "rows.é",
    ],
    ids=["cut", "changed", "empty", "no letters of base64"],
)
def test_one_that_was_not_given_out_is_refused(spoil):
    """Whatever was done to it."""
    _, cursor = cursor_of()
    with pytest.raises(InvalidRequest, match="is none that was given out"):
        read_cursor(spoil(cursor), ASKED)


def test_a_place_beyond_the_rows_is_refused():
    """An answer of the same moment may be shorter where the cursor was made by hand."""
    _, cursor = cursor_of()
    with pytest.raises(InvalidRequest, match="has expired"):
        read_cursor(cursor, ASKED).find(replace(TRADES, rows=TRADES.rows[:1]), "kraken", 77)


def test_it_keeps_the_page_of_the_source_it_was_asked_with():
    """Rows of a source's second page go on in that page."""
    _, cursor = cursor_of(of_source="theirs")
    assert read_cursor(cursor, ASKED).of_source == "theirs"
