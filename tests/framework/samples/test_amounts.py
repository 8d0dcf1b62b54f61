"""Numbers written like a sample's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinmux.framework.samples.amounts import finest, like, read_amount, scaled


@pytest.mark.parametrize(
    ("sample", "number", "expected"),
    [
        ("73346.14", 88000.456, "88000.46"),
        ("73346.14", 0.14912345, "0.1491234"),
        ("91234.50000000", 12.5, "12.50000000000"),
        ("0.0300", 88000.0, "88000.0000"),
        (88213, 88300.4, 88300),
        (88213, 0.1491234, 0.14912),
        (87650.0, 88123.456, 88123.5),
        (1.2e-07, 3.44e-07, 3.4e-07),
        ("1", 2.0, "2"),
        ("0.00", 0.0, "0.00"),
    ],
)
def test_numbers_keep_type_and_precision(sample, number, expected):
    """Strings stay strings; decimals are the sample's, more where digits would be lost."""
    written = like(sample, number)
    assert written == expected
    assert type(written) is type(expected)


@given(
    prices=st.lists(st.floats(0.01, 200_000), min_size=2, max_size=6),
    factor=st.floats(0.0001, 50),
)
def test_scaling_keeps_the_order(prices, factor):
    """What was not above another is not above it after scaling, rounding included."""
    texts = sorted((f"{price:.2f}" for price in prices), key=float)
    numbers = [float(scaled(text, factor)) for text in texts]
    assert numbers == sorted(numbers)


@given(
    prices=st.lists(st.floats(0.01, 200_000), min_size=2, max_size=6), factor=st.floats(1e-4, 50)
)
def test_unevenly_written_prices_keep_their_order(prices, factor):
    """Also where the source writes 88492 beside 88188.6: all are written like the finest."""
    ordered = sorted(prices)
    texts = [f"{price:.{at % 3}f}" for at, price in enumerate(ordered)]
    before = sorted(texts, key=float)
    forms = finest(texts)
    after = [float(scaled(text, factor, forms)) for text in before]
    assert after == sorted(after)


def test_the_finest_is_found_by_kind():
    """Among strings and among numbers, by decimals and then by digits."""
    values = ["88492", "88188.6", "8.60", 12, 13.5, 100, None, "N/A"]
    assert finest(values) == {True: "8.60", False: 13.5}
    assert finest([12, 100.0]) == {False: 100.0}


@pytest.mark.parametrize("value", [None, True, "", "N/A", "12abc", "nan", "1,234", [], "0x1F"])
def test_what_is_no_number_stays(value):
    """Anything else is not scaled."""
    assert read_amount(value) is None
    assert scaled(value, 2.0) is value
