"""What an installed plugin returns is what its model says, optional values too."""

import numpy as np
import pytest

from coinmux import (
    CAPABILITIES,
    Candles,
    CandlesQuery,
    Implausible,
    SchemaMismatch,
    Ticker,
    TickerQuery,
)
from coinmux.framework.errors import PluginError
from coinmux.framework.quality.foreign_results import check_foreign

QUERY = TickerQuery(symbol="BTC/USDT")


@pytest.mark.parametrize("wrong", [{"last": "x"}, {"high": "x"}, {"high": -1.0}, {"timestamp": 7}])
def test_a_value_put_past_the_model_is_refused(wrong):
    """A model reads a bad optional value as null, so that nothing is raised is not enough."""
    good = Ticker(symbol="BTC/USDT", last=1.0)
    check_foreign(CAPABILITIES["ticker"], QUERY, good, 0)
    with pytest.raises(PluginError):
        check_foreign(CAPABILITIES["ticker"], QUERY, good.model_copy(update=wrong), 0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"high": np.zeros(2)},
        {"volume": np.array([1.0, -1.0])},
        {"close": [1.0, 1.0]},
        {"timestamp": np.array([2, 1])},
    ],
    ids=str,
)
def test_candles_put_past_the_model_are_refused_without_their_json(wrong, monkeypatch):
    """Once their values are right, nothing of ours can fail on them, so they are not encoded."""
    query = CandlesQuery(symbol="BTC/USDT", interval="1h")
    rows = [[1_764_000_000_000 + at * 3_600_000, 1, 2, 1, 2, 3] for at in range(2)]
    good = Candles.from_rows(query, rows)
    monkeypatch.setattr(Candles, "encode", pytest.fail)
    check_foreign(CAPABILITIES["candles"], query, good, 0)
    with pytest.raises((PluginError, Implausible, SchemaMismatch)):
        check_foreign(CAPABILITIES["candles"], query, good.model_copy(update=wrong), 0)
