"""The table of what a watcher asks is of this bench, and what was read is compared strictly."""

from pathlib import Path

import pytest

from bench.watcher import BEGIN, END, filled
from bench.watcher_questions import QUESTIONS, Number, Words

PAGE = Path(__file__).resolve().parents[2] / "docs/dashboard.md"


def test_the_page_has_a_line_for_each_question():
    """Nobody writes a line by hand, and none is left from a former question."""
    table = PAGE.read_text().partition(BEGIN)[2].partition(END)[0]
    rows = [line.split("|")[1].strip() for line in table.splitlines() if line.startswith("| ")]
    assert rows[1:] == [one.asks for one in QUESTIONS]
    assert len(QUESTIONS) >= 10


def test_a_table_replaces_the_former_and_nothing_else():
    """What stands before and after the marks stays."""
    page = f"before\n{BEGIN}\nformer\n{END}\nafter\n"
    assert filled(page, "new") == f"before\n{BEGIN}\nnew\n{END}\nafter\n"


@pytest.mark.parametrize(
    ("said", "fits"),
    [("13 ms p95", True), ("12 ms p95", False), ("1.3 s p95", False), ("p95", False)],
)
def test_a_number_fits_only_what_the_api_gave(said, fits):
    """Rounded as pages round, and with its unit."""
    assert Number(r"([\d,.]+) (m?s) p95", [13.2, 900.0]).fits(said) is fits


def test_words_fit_in_any_case_and_not_in_part():
    """A state is written in capitals by the API and small by a page."""
    assert Words("OFFLINE").fits("Binance is offline")
    assert not Words("offline").fits("Binance is off")
