"""Market models refuse nonsense (`faults.md` rows D and E)."""

import json

import pytest
from pydantic import ValidationError

from coinmux import (
    Implausible,
    OrderBook,
    Ticker,
    Trade,
    Trades,
    TradesQuery,
    UnknownSymbol,
    last_price,
    price_or_none,
)
from coinmux.framework.reference.rows import collecting

HOUR = 3_600_000
START = 1_764_000_000_000 // HOUR * HOUR


def ticker(**more):
    return Ticker(**{"symbol": "BTC/USDT", "last": "10", "timestamp": START, **more})


@pytest.mark.parametrize("last", ["-1", "0", 0, -5.0])
def test_E1_prices_must_be_positive(last):
    with pytest.raises(Implausible):
        ticker(last=last)


def test_E1_a_bid_far_above_the_ask_is_refused():
    with pytest.raises(Implausible):
        ticker(bid="10.6", ask="10")
    assert ticker(bid="10.4", ask="10").bid == 10.4


@pytest.mark.parametrize("time", [START // 1000, START * 1000, 0, -1])
def test_E3_times_in_another_unit_are_refused(time):
    """A trade without a time is none; a ticker is still the price."""
    with pytest.raises(Implausible):
        Trade(timestamp=time, side="buy", price=1, amount=1)
    with collecting() as damage:
        assert ticker(timestamp=time).timestamp is None
    assert damage.fields


@pytest.mark.parametrize(
    "text", ["1,234.5", "65 000", "0x1F", "--", "", "1_000", "nan", "Infinity", True]
)
def test_D11_numbers_are_never_guessed(text):
    with pytest.raises(ValidationError):
        ticker(last=text)


@pytest.mark.parametrize(
    ("text", "value"), [("6.5e4", 65000.0), ("1.50", 1.5), (3, 3.0), (".5", 0.5)]
)
def test_D11_decimal_strings_are_numbers(text, value):
    assert ticker(last=text).last == value


def test_what_a_source_does_not_have_is_null():
    assert json.loads(ticker().encode())["volume_base"] is None


def test_order_books_are_best_first_and_not_crossed():
    book = OrderBook(
        symbol="BTC/USDT", bids=[["9", "1"], ["10", "2"]], asks=[["12", "1"], ["11", "1"]]
    )
    assert book.bids[0] == (10, 2)
    assert book.asks[0] == (11, 1)
    assert book.cut(1).data_length() == 2
    with pytest.raises(Implausible):
        OrderBook(symbol="BTC/USDT", bids=[["20", "1"]], asks=[["10", "1"]])


def test_trades_are_the_newest_of_those_given_newest_last():
    made = [
        Trade(id=str(at), timestamp=START + at, side="buy", price=1, amount=1) for at in (3, 1, 2)
    ]
    trades = Trades.latest(TradesQuery(symbol="BTC/USDT", limit=2), made)
    assert [trade.id for trade in trades.trades] == ["2", "3"]


@pytest.mark.parametrize(
    ("told", "price"), [(None, None), ("", None), ("0.00", None), ("7.5", 7.5)]
)
def test_a_price_that_is_none(told, price):
    """Sources say so by null, by nothing and by zero; of a last price it means never traded."""
    assert price_or_none(told) == price
    if price is None:
        with pytest.raises(UnknownSymbol):
            last_price("NEW/EUR", told)
    else:
        assert last_price("NEW/EUR", told) == price
