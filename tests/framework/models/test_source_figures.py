"""What models make of a source's own figures: none, seconds, fractions, rows as mappings."""

import pytest

from coinmux import Candles, CandlesQuery, SymbolStyle, Ticker, TickerQuery, UnknownSymbol
from coinmux import models as m

BTC = TickerQuery(symbol="BTC/USD")


@pytest.mark.parametrize("nothing", [0, "0", "0.000", "", None])
def test_a_price_of_nothing_is_none(nothing):
    """0, an empty string and null say that the source has no such price."""
    prices = dict.fromkeys(("bid", "ask", "open", "high", "low"), nothing)
    ticker = Ticker(symbol=BTC.symbol, last=1, **prices)
    assert {getattr(ticker, name) for name in prices} == {None}
    with pytest.raises(UnknownSymbol):
        Ticker.of(BTC, last=nothing)


def test_an_empty_string_is_no_volume_and_0_is_one():
    """An amount of 0 is an answer."""
    ticker = Ticker(symbol=BTC.symbol, last=1, volume_base="", volume_quote="0", change_percent="")
    assert (ticker.volume_base, ticker.volume_quote, ticker.change_percent) == (None, 0, None)


def test_what_follows_from_other_figures_is_worked_out():
    """The change from the open, the open from the movement, milliseconds from seconds."""
    ticker = Ticker.of(BTC, last="110", open="100", timestamp_s="1700000000")
    assert ticker.change_percent == pytest.approx(10)
    assert ticker.timestamp == 1_700_000_000_000
    assert Ticker.of(BTC, last="110", open=100, change_fraction="0.0114").change_percent == 1.14
    assert Ticker.of(BTC, last="0.3", moved="0.1", change_percent=5).open == 0.2
    assert Ticker.of(BTC, last=5, moved=5).open is None


def test_seconds_become_milliseconds_without_falling_short():
    """What is finer than a millisecond is cut off."""
    assert m.seconds_ms("1700000000.1239") == 1_700_000_000_123
    assert m.seconds_ms(1_700_000_000.001) == 1_700_000_000_001


def test_candle_rows_may_be_mappings():
    """Their keys are named in the order of our columns."""
    query = CandlesQuery(symbol="BTC/USD", interval="1h")
    row = {"id": 1_700_000_000, "o": "1", "h": 3, "l": 1, "c": 2, "more": None}
    order = ("id", "o", "h", "l", "c")
    candles = Candles.from_rows(query, [row], order=order, time_unit="s")
    assert candles.timestamp.tolist() == [1_700_000_000_000]
    assert (candles.open[0], candles.high[0], candles.close[0]) == (1, 3, 2)


def test_a_market_our_names_do_not_lead_to_is_none():
    """It could not be asked for."""
    style = SymbolStyle(aliases={"BTC": "XBT"})
    assert m.Market.of(style, "XBT", "USD", native="XBTUSD", active=True).symbol == "BTC/USD"
    assert m.Market.of(style, "XBT", "USD", native="XBTUSD-OLD", active=True) is None
