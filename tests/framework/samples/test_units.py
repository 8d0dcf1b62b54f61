"""Units: every word of the table, exactly, and nothing guessed."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinmux.framework.samples import units

DOCS = Path(__file__).parents[3] / "docs" / "samples.md"


@pytest.mark.parametrize(
    ("theirs", "unit", "ours"),
    [
        ("91234.5", "quote", 91234.5),
        (7, "count", 7),
        ("-0.57", "percent", -0.57),
        ("0.0123", "fraction", 1.23),
        (0.0114, "fraction", 1.14),
        (1763999999963, "ms", 1763999999963),
        ("1763999999", "s", 1763999999000),
        (1688671969.993, "s", 1688671969993),
        (1763999999963123, "us", 1763999999963),
        ("1763999999963123456", "ns", 1763999999963),
        ("0x69248b7f", "hex_s", 1764002687000),
        ("2025-11-24T15:59:59.963123456Z", "iso", 1763999999963),
        ("2025-11-24 15:59:59", "iso_utc", 1763999999000),
        ("2025-11-24", "iso_utc", 1763942400000),
        ("Mon, 24 Nov 2025 15:59:59 GMT", "rfc822", 1763999999000),
        ("4210000000000000001", "wei", 4.21),
        ("0xde0b6b3a7640000", "wei", 1.0),
        (2500000, "sun", 2.5),
        (213099775494, "satoshi", 2130.99775494),
        (412345678, "wei_gas", 0.412345678),
        ("0x18940d4e", "hex_wei_gas", 0.412355918),
        ("4210000000000000001", "raw", "4210000000000000001"),
        ("0x3a6f9d6f0a3d0001", "hex_raw", str(0x3A6F9D6F0A3D0001)),
        ("0x16c3f22", "hex_count", 23871266),
        ("Buy", "text", "buy"),
        (40177214, "text", "40177214"),
    ],
)
def test_what_a_value_comes_to(theirs, unit, ours):
    """A value of theirs agrees with ours in its unit, and with no other figure."""
    assert units.agrees(ours, theirs, unit)
    other = f"{ours}1" if isinstance(ours, str) else ours * 1000
    assert not units.agrees(other, theirs, unit)


@pytest.mark.parametrize(
    ("theirs", "unit"),
    [
        ("1,234.5", "quote"),
        (True, "count"),
        (None, "base"),
        ("0x10", "count"),
        ("10", "hex_count"),
        ("1.5", "raw"),
        ("2025-11-24T15:59:59", "iso"),
        ("2025-11-24T15:59:59Z", "iso_utc"),
        ("yesterday", "rfc822"),
        ([], "ms"),
        ("1", "furlongs"),
    ],
)
def test_what_is_not_in_a_unit(theirs, unit):
    """Nothing is read as something near it."""
    with pytest.raises(ValueError):
        units.convert(theirs, unit)


@given(st.integers(0, 10**30))
def test_whole_numbers_lose_nothing(raw):
    """A raw amount agrees with itself alone, however long."""
    assert units.agrees(str(raw), raw, "raw")
    assert not units.agrees(str(raw + 1), raw, "raw")
    assert units.agrees(str(raw), hex(raw), "hex_raw")


@given(st.integers(1_230_940_800_000, 4_102_444_800_000))
def test_times_agree_whatever_their_unit(ms):
    """The same moment in seconds, milliseconds, micro- and nanoseconds, and as text."""
    moment = datetime.fromtimestamp(ms // 1000, UTC).replace(microsecond=ms % 1000 * 1000)
    for theirs, unit in (
        (f"{ms // 1000}.{ms % 1000:03d}", "s"),
        (ms, "ms"),
        (ms * 1000, "us"),
        (ms * 1_000_000, "ns"),
        (moment.isoformat(), "iso"),
        (moment.replace(tzinfo=None).isoformat(" "), "iso_utc"),
    ):
        assert units.agrees(ms, theirs, unit)
        assert not units.agrees(ms + 1_000, theirs, unit)


def test_a_whole_number_is_no_float():
    """A raw amount that went through a float is not what the source said."""
    assert not units.agrees(1e18, "1000000000000000000", "raw")


def test_the_table_in_the_docs_is_the_table():
    """Every unit is documented, and no other."""
    text = DOCS.read_text()
    table = text[text.index("| unit | theirs | ours |") :].split("\n\n")[0]
    first = (line.split("|")[1] for line in table.splitlines()[2:])
    assert set(re.findall(r"`([^`]+)`", " ".join(first))) == set(units.UNITS)


@pytest.mark.parametrize(
    ("unit", "known"),
    [("ms", True), ("derived: last less open", True), ("derived:", False), ("derived", False)],
)
def test_a_derived_figure_says_how(unit, known):
    """The word alone is not enough."""
    assert units.is_unit(unit) is known
