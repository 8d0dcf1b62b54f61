"""Tickers and trades that are read at once are those that their models read field by field."""

from unittest.mock import patch

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from coinmux import Ticker, TickerQuery, Trade
from coinmux.framework.errors import CoinmuxError
from coinmux.framework.reference.rows import collecting

NOW_MS = 1_764_000_000_000
QUERY = TickerQuery(symbol="BTC/USDT")
ODD = [
    "", "null", "nan", "inf", "-1", "0", "1e400", "0x10", "1_000", " 1", "1,5", "+5", ".5", "٣",
    True, False, None, 0, -1, 1e308, float("inf"), float("nan"), [], {}, b"1", 10**400,
]  # fmt: skip
FIGURES = st.sampled_from(ODD) | st.decimals(0, 10**9, places=4).map(str) | st.floats(0, 1e9)
TIMES = st.sampled_from([*ODD, NOW_MS, str(NOW_MS), f"{NOW_MS}.9999999", NOW_MS / 1000, 1.5e12])
IDS = st.sampled_from([*ODD, 7, "a-b", " a", "a b", "a\u200bb", "x" * 300, -3])


def outcome(make):
    """What is made, its JSON and what is said of it, or how it fails."""
    with collecting() as damage:
        try:
            made = make()
        except (CoinmuxError, ValueError) as error:
            return type(error), str(error)[:40]
        return made, made.encode(), made.model_dump(), damage.fields


@given(
    st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(
            ("bid", "ask", "high", "low", "volume_base", "volume_quote"), FIGURES
        )
        | {"timestamp": TIMES, "change_percent": FIGURES},
    )
)
def test_a_ticker_is_what_its_model_makes_of_the_figures(figures):
    """Odd ones among them too: they are null, or refused, with the same words."""
    figures = {"change_percent": None, "open": None, "timestamp": None} | figures
    quick = outcome(lambda: Ticker.of(QUERY, last=100.0, **figures))
    assert quick == outcome(lambda: Ticker(symbol=QUERY.symbol, last=100.0, **figures))


@given(
    st.fixed_dictionaries(
        {"last": FIGURES},
        optional=dict.fromkeys(
            ("open", "moved", "change_fraction", "change_percent", "timestamp_s"), FIGURES
        ),
    )
)
@example({"last": "5", "change_fraction": 1e308})
@example({"last": "1e308", "open": "1e-300"})
@example({"last": None, "open": "4", "change_percent": 1})
def test_what_is_computed_of_a_ticker_does_not_depend_on_how_it_is_read(figures):
    """Figures that are too large when they are computed, and prices that are none, among them."""
    quick = outcome(lambda: Ticker.of(QUERY, **figures))
    with patch("coinmux.framework.models.market.ticker_figures", return_value=None):
        assert quick == outcome(lambda: Ticker.of(QUERY, **figures))


@given(
    st.fixed_dictionaries(
        {
            "id": IDS, "timestamp": TIMES, "price": FIGURES, "amount": FIGURES,
            "side": st.sampled_from(["buy", "sell", "Buy", "null", "", None, 1]),
        }
    )
)  # fmt: skip
def test_a_trade_is_what_its_model_makes_of_the_figures(figures):
    """Odd ones among them too."""
    assert outcome(lambda: Trade.of(**figures)) == outcome(lambda: Trade(**figures))


def test_a_sound_trade_is_like_any_other():
    """It is compared, copied and frozen as one that was read field by field."""
    made = Trade.of(id=7, timestamp=NOW_MS, side="buy", price="1.5", amount=2)
    same = Trade(id="7", timestamp=NOW_MS, side="buy", price=1.5, amount=2.0)
    assert made == same
    assert made.model_copy(update={"price": 2.0}).price == 2.0
    assert made.model_fields_set == same.model_fields_set
    with pytest.raises(ValueError, match="frozen"):
        made.price = 3.0
