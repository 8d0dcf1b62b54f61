"""Market models refuse nonsense (`faults.md` rows D and E) and keep candles as columns."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from coinmux import (
    Candles,
    CandlesQuery,
    Implausible,
    OrderBook,
    SchemaMismatch,
    Ticker,
    Trade,
    Trades,
    TradesQuery,
    UnknownSymbol,
    last_price,
    price_or_none,
)

HOUR = 3_600_000
START = 1_764_000_000_000 // HOUR * HOUR


def query(**more):
    return CandlesQuery(symbol="BTC/USDT", interval="1h", **more)


def rows(count, start=START):
    return [[start + at * HOUR, "10", "12", "9", "11", "5.5"] for at in range(count)]


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
    with pytest.raises(Implausible):
        ticker(timestamp=time)


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


@given(st.lists(st.sampled_from(range(12)), min_size=1, max_size=40))
def test_E6_candles_come_out_ascending_and_distinct_whatever_the_order(order):
    made = rows(12)
    candles = Candles.from_rows(query(), [made[at] for at in order])
    assert list(candles.timestamp) == sorted({made[at][0] for at in order})


def test_E6_dropped_duplicates_are_noted():
    assert Candles.from_rows(query(), rows(2) + rows(2)).notes == ("2 duplicate candles dropped",)


def test_E7_two_values_for_one_time_are_refused():
    other = rows(2)
    other[0] = [START, "10", "12", "9", "10.5", "5.5"]
    with pytest.raises(Implausible):
        Candles.from_rows(query(), rows(2) + other)


@pytest.mark.parametrize(
    "row",
    [
        [START, "10", "9", "9.5", "10", "1"],
        [START, "10", "12", "9", "13", "1"],
        [START, "0", "12", "0", "11", "1"],
        [START, "10", "12", "9", "11", "-1"],
        [START // 1000, "10", "12", "9", "11", "1"],
    ],
    ids=["high-below-low", "close-outside", "zero-price", "negative-volume", "seconds"],
)
def test_E7_impossible_candles_are_refused(row):
    with pytest.raises(Implausible):
        Candles.from_rows(query(), [row])


@pytest.mark.parametrize("cell", ["1_0", " 10", "x", None, True, "nan", {}, []])
def test_D11_a_cell_that_is_no_number_is_refused(cell):
    made = rows(3)
    made[1][1] = cell
    with pytest.raises(SchemaMismatch):
        Candles.from_rows(query(), made)


def test_rows_of_different_length_are_refused():
    with pytest.raises(SchemaMismatch):
        Candles.from_rows(query(), [*rows(2), [START]])


def test_column_order_direction_and_seconds_are_the_callers_to_name():
    made = [[START // 1000 + 3600, 9, 12, 10, 11, 5], [START // 1000, 9, 12, 10, 11, 5]]
    order = ("timestamp", "low", "high", "open", "close", "volume")
    candles = Candles.from_rows(query(), made, order=order, time_unit="s")
    assert list(candles.timestamp) == [START, START + HOUR]
    assert (candles.open[0], candles.low[0]) == (10, 9)


def test_the_latest_are_kept_unless_a_start_is_given():
    assert list(Candles.from_rows(query(limit=2), rows(5)).timestamp) == [
        START + 3 * HOUR,
        START + 4 * HOUR,
    ]
    first = Candles.from_rows(query(limit=2, start=START + HOUR), rows(5))
    assert list(first.timestamp) == [START + HOUR, START + 2 * HOUR]


def test_missing_volume_is_null_in_json():
    candles = Candles.from_rows(
        query(), [row[:5] for row in rows(1)], order=("timestamp", "open", "high", "low", "close")
    )
    assert np.isnan(candles.volume).all()
    assert json.loads(candles.encode())["rows"] == [[START, 10.0, 12.0, 9.0, 11.0, None]]


def test_an_empty_answer_is_empty():
    assert Candles.from_rows(query(), []).is_empty()


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
