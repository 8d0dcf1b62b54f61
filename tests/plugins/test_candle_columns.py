"""The recorded candles of exchanges that tell them as lists of numbers are read as columns."""

import importlib
import json
from pathlib import Path

import pytest

from coinmux import models as m
from coinmux.framework.formats import number_rows, strict_json
from coinmux.framework.reference.number_rows import NumberRows
from coinmux.plugins import providers

EXCHANGES = (
    "binance", "bitfinex", "bybit", "coinbase_exchange", "gateio", "gemini", "kraken", "kucoin",
    "mexc", "okx",
)  # fmt: skip
HOME = Path(providers.__path__[0])


def rows_in(document):
    """The rows of candles in a document, however it was read."""
    if isinstance(document, NumberRows) or not isinstance(document, dict):
        return document
    inner = document.get("data", document.get("result"))
    return inner if not isinstance(inner, dict) else next(filter(_is_rows, inner.values()))


def _is_rows(value):
    return isinstance(value, (list, NumberRows))


@pytest.mark.parametrize("name", EXCHANGES)
def test_recorded_candles_are_columns_with_the_values_of_their_rows(name):
    """None of them takes the slower way, and each gives the very same candles by it."""
    module = importlib.import_module(f"coinmux.plugins.providers.{name}")
    order = getattr(module, "CANDLE", m.CANDLE_COLUMNS)
    sample = json.loads((HOME / name / "samples" / "candles.json").read_text())
    query = m.CandlesQuery(symbol="BTC/USDT", interval="1h")
    for exchange in sample["exchanges"]:
        sent = json.dumps(exchange["response"]["body"]).encode()
        rows = rows_in(number_rows.parse(sent, order))
        assert isinstance(rows, NumberRows)
        unit = "s" if rows.cells[0][0] < 1e11 else "ms"
        fast = m.Candles.from_rows(query, rows, order=order, time_unit=unit)
        plain = m.Candles.from_rows(
            query, rows_in(strict_json.parse(sent)), order=order, time_unit=unit
        )
        assert fast.to_numpy().tobytes() == plain.to_numpy().tobytes()
        assert len(fast) == len(rows)
