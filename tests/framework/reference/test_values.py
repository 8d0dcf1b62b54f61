"""Numbers, times and texts of results: what is read, and what is refused."""

import math
import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinmux import Ticker, TickerQuery, iso_ms
from coinmux.framework.reference import values
from coinmux.framework.reference.values import number, percent


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-13T10:43:49.000000Z", 1_768_301_029_000),
        ("2026-01-13T10:43:49Z", 1_768_301_029_000),
        ("2026-01-13T11:43:49.25+01:00", 1_768_301_029_250),
        ("2026-01-13T10:43:49.123456789Z", 1_768_301_029_123),
    ],
)
def test_iso_times(text, expected):
    """Any zone, any fraction."""
    assert iso_ms(text) == expected


@pytest.mark.parametrize("text", ["2026-01-13T10:43:49", "yesterday", "", None, 1768301029])
def test_times_that_are_no_times(text):
    """A time without a zone is not guessed at."""
    with pytest.raises(ValueError, match=r"zone|ISO|iso"):
        iso_ms(text)


@given(st.text("0123456789.+-eE_ ٣x²", max_size=8) | st.text("0123456789.", max_size=400))
def test_a_text_is_a_number_by_the_grammar_of_decimals(text):
    """However it is read: no blanks, no underscores, no other digits, nothing that is infinite."""
    is_decimal = re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", text)
    if is_decimal and math.isfinite(float(text)):
        assert number(text) == float(text)
    else:
        with pytest.raises(ValueError, match="takes a"):
            number(text)


def test_a_ticker_takes_no_validator_and_no_pattern_is_searched(monkeypatch):
    """Figures of digits, which most are, are read at once; only others go through the model."""
    built = []
    init = Ticker.model_post_init
    monkeypatch.setattr(
        Ticker, "model_post_init", lambda self, context: built.append(init(self, context))
    )
    monkeypatch.setattr(values, "_DECIMAL", None)
    figures = {
        "last": "73346.14000000", "bid": "73345.15", "ask": 73345.5, "open": "72159.5",
        "high": "73559.04", "low": "69008.63", "change_percent": "1.644", "volume_base": "129.2",
    }  # fmt: skip
    query = TickerQuery(symbol="BTC/USDT")
    ticker = Ticker.of(query, volume_quote="9254480", **figures)
    assert ticker.volume_quote == 9254480
    assert built == []
    assert Ticker.of(query, volume_quote="", **figures).volume_quote is None
    assert len(built) == 1


@given(st.floats(-1e9, 1e9))
def test_a_fraction_in_percent_is_its_decimal_a_hundredfold(fraction):
    assert percent(fraction) == percent(repr(fraction)) == float(Decimal(repr(fraction)) * 100)


@pytest.mark.parametrize(("fraction", "told"), [(0.0114, 1.14), ("1e-07", 1e-05), ("-0.3", -30.0)])
def test_a_fraction_in_percent_has_no_more_digits_than_it_was_written_with(fraction, told):
    assert percent(fraction) == told
