"""Answers as data frames of Arrow, pandas and polars: types, times, nulls, what is said once."""

import msgspec
import numpy as np
import pandas
import polars
import pyarrow
import pytest

from coinmux.framework.models.data_frames import ONCE, arrow_of
from coinmux.framework.models.market import OrderBook, Ticker, Trade, Trades
from coinmux.framework.models.onchain import OnchainMetric
from coinmux.framework.models.tables import Table
from coinmux.framework.testing.random_candles import random_candles

AT = 1_764_000_000_000
UTC = pyarrow.timestamp("ms", "UTC")


def trades():
    made = [Trade(id=str(n), timestamp=AT + n, price=1.5, amount=2.0, side="buy") for n in range(3)]
    return Trades(symbol="BTC/USDT", trades=made)


def test_rows_are_columns_with_their_types_and_what_is_said_once_beside():
    frame = trades().to_arrow()
    assert frame.num_rows == 3
    assert frame.schema.field("timestamp").type == UTC
    assert frame.schema.field("price").type == pyarrow.float64()
    assert frame.schema.field("side").type == pyarrow.string()
    assert msgspec.json.decode(frame.schema.metadata[ONCE]) == {"symbol": "BTC/USDT"}


def test_an_answer_without_rows_is_one_row():
    frame = Ticker(symbol="BTC/USDT", last=2.5, timestamp=AT).to_pandas()
    assert len(frame) == 1
    assert frame["symbol"].item() == "BTC/USDT"
    assert frame["last"].item() == 2.5
    assert frame["timestamp"].item() == pandas.Timestamp(AT, unit="ms", tz="UTC")


def test_null_is_null_and_no_figure():
    frame = Ticker(symbol="BTC/USDT", last=2.5).to_polars()
    assert frame["bid"].is_null().all()
    assert frame["timestamp"].is_null().all()


def test_lists_of_an_answer_stand_under_each_other():
    book = OrderBook(symbol="BTC/USDT", bids=[(9.0, 1.0), (8.0, 2.0)], asks=[(10.0, 3.0)])
    frame = book.to_pandas()
    assert frame["list"].tolist() == ["bids", "bids", "asks"]
    assert frame["price"].tolist() == [9.0, 8.0, 10.0]
    assert frame["amount"].sum() == 6.0
    assert frame.attrs["once"]["symbol"] == "BTC/USDT"


def test_points_are_times_and_values():
    metric = OnchainMetric(metric="hash_rate", asset="BTC", points=[(AT, 1.0), (AT + 1, 2.0)])
    frame = metric.to_polars()
    assert frame.columns == ["timestamp", "value"]
    assert frame.schema["timestamp"] == polars.Datetime("ms", "UTC")


def test_candles_come_without_a_way_through_text():
    candles = random_candles(50)
    arrow = candles.to_arrow()
    assert arrow.schema.field("timestamp").type == UTC
    np.testing.assert_array_equal(arrow["close"].to_numpy(), candles.close)
    assert candles.to_pandas().index.name == "timestamp"
    assert candles.to_polars().height == 50


@pytest.mark.parametrize(
    ("cells", "kind", "expected"),
    [
        pytest.param([1, 2.5, None], pyarrow.float64(), [1.0, 2.5, None], id="whole and not"),
        pytest.param(["a", 1], pyarrow.string(), ["a", "1"], id="no type in common"),
        pytest.param([{"a": 1}, None], pyarrow.string(), ['{"a":1}', None], id="objects"),
        pytest.param([2**70, 1], pyarrow.string(), [str(2**70), "1"], id="beyond 64 bits"),
        pytest.param([None, None], pyarrow.null(), [None, None], id="nothing known"),
        pytest.param([True, None], pyarrow.bool_(), [True, None], id="yes or no"),
        pytest.param([["a"], []], pyarrow.list_(pyarrow.string()), [["a"], []], id="lists"),
    ],
)
def test_a_column_has_a_type_that_holds_all_its_cells(cells, kind, expected):
    frame = arrow_of(Table({}, ("x",), [[cell] for cell in cells]))
    assert frame.schema.field("x").type == kind
    assert frame["x"].to_pylist() == expected
