"""Every row of the fault catalogue and every rule of security has a test that is named for it."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/faults.md").read_text()

#: Rows by group: transport, status, body, JSON, data, plugins, the request itself, inbound.
ROWS = [
    f"{group}{number}"
    for group, most in zip("ABCDEFGH", (14, 22, 9, 12, 9, 6, 11, 4), strict=True)
    for number in range(1, most + 1)
]
RULES = 13


def named():
    """Row ids in names of tests and in ids of their parameters."""
    found = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        if path == Path(__file__):
            continue
        text = path.read_text()
        for name in re.findall(r"def (test_\w+)", text):
            found.update(
                part.upper() for part in re.findall(r"(?:(?<=_))[A-Ha-h]\d{1,2}(?=_)", name)
            )
        found.update(re.findall(r"""["']([A-H]\d{1,2})(?=["'-])""", text))
    return found


def test_every_row_has_a_test_named_after_it():
    assert set(ROWS) - named() == set()


def test_the_rows_are_those_of_the_catalogue():
    shared = ROOT.parent / "shared/faults.md"
    if not shared.exists():
        pytest.skip("the catalogue is not beside the project")
    assert re.findall(r"^\| ([A-H]\d+) \|", shared.read_text(), re.MULTILINE) == ROWS


def test_every_rule_of_security_names_tests_that_are_there():
    lines = re.findall(r"^\| S(\d+) \| .* \| (.*) \|$", PAGE, re.MULTILINE)
    assert [int(number) for number, _ in lines] == list(range(1, RULES + 1))
    for number, where in lines:
        places = re.findall(r"`([\w/]+\.py)::(\w+)`", where)
        assert places, number
        for file, test in places:
            assert f"def {test}(" in (ROOT / "tests" / file).read_text(), (file, test)


def test_every_row_is_told_in_the_docs():
    told = set(re.findall(r"^\| ([A-H]\d+) \|", PAGE, re.MULTILINE))
    assert told == set(ROWS)
