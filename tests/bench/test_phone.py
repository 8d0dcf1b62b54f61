"""The table of Lighthouse's figures is of this bench."""

from pathlib import Path

from bench.phone import BEGIN, END, Visit, filled, table, visit_of

PAGE = Path(__file__).resolve().parents[2] / "docs/dashboard.md"


def test_a_report_is_read():
    """Scores are of 100, times and sizes in the units of the table."""
    report = {
        "categories": {
            "performance": {"score": 0.956},
            "accessibility": {"score": 1},
            "best-practices": {"score": 0.96},
        },
        "audits": {
            "largest-contentful-paint": {"numericValue": 1740.2},
            "total-blocking-time": {"numericValue": 55},
            "cumulative-layout-shift": {"numericValue": 0.004},
            "total-byte-weight": {"numericValue": 102_400},
        },
    }
    assert visit_of(report) == Visit((96, 100, 96), 1.7402, 55, 0.004, 100)


def test_a_line_is_the_median_of_speed_and_the_worst_of_the_rest():
    """A page that failed a rule once is not shown as without fault."""
    visits = [
        Visit((99, 100, 100), 1.0, 0, 0.001, 90),
        Visit((91, 100, 96), 2.0, 300, 0.02, 90),
        Visit((97, 98, 100), 1.4, 40, 0.001, 90),
    ]
    told = table({"`/`": visits}).splitlines()[-1]
    assert told == "| `/` | 97 (91 to 99) | 98, 96 | 1.4 s | 40 ms | 0.020 | 90 |"


def test_a_table_replaces_the_former_and_nothing_else():
    """What stands before and after the marks stays, and the page has them once."""
    page = f"before\n{BEGIN}\nformer\n{END}\nafter\n"
    assert filled(page, "new") == f"before\n{BEGIN}\nnew\n{END}\nafter\n"
    assert PAGE.read_text().count(BEGIN) == PAGE.read_text().count(END) == 1
