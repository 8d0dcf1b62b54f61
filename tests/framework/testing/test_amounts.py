"""Numbers written like a sample's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.testing.amounts import like, read_amount, scaled


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


@pytest.mark.parametrize("value", [None, True, "", "N/A", "12abc", "nan", "1,234", [], "0x1F"])
def test_what_is_no_number_stays(value):
    """Anything else is not scaled."""
    assert read_amount(value) is None
    assert scaled(value, 2.0) is value
