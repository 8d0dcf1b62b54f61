"""A copy of an answer with other values, made without checks."""

import copy

import pytest
from pydantic import ValidationError

from coinmux import Symbol
from coinmux.framework.models.market import OrderBook, Trade, Trades

PAIR = Symbol("BTC/USDT")


@pytest.mark.parametrize(
    ("result", "fields"),
    [
        (OrderBook(symbol=PAIR, bids=(), asks=()), {"bids": ((1.0, 2.0),), "timestamp": 5}),
        (
            Trades(symbol=PAIR, trades=(), notes=("one",)),
            {"trades": (Trade(timestamp=1_764_000_000_000, price=1.0, amount=2.0),)},
        ),
    ],
    ids=["book", "trades"],
)
def test_it_is_what_model_copy_makes(result, fields):
    """Equal, encoded alike, with the same fields set, and neither changes the other."""
    before = result.model_copy()
    made, expected = result.altered(**fields), result.model_copy(update=fields)
    assert made == expected
    assert type(made) is type(result)
    assert made.encode() == expected.encode()
    assert made.model_fields_set == expected.model_fields_set
    assert made.model_copy() == copy.deepcopy(made) == expected
    assert result == before
    with pytest.raises(ValidationError):
        made.symbol = PAIR
