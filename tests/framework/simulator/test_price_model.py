"""The simulated market."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinmux.framework.reference.symbols import Symbol
from coinmux.framework.simulator.price_model import ASSETS, BASES, PAIRS, QUOTES, PriceModel

NOW_S = 1_795_000_000
BTC = Symbol("BTC/USDT")


def test_there_are_29_pairs():
    """Each base in each quote but itself."""
    assert len(PAIRS) == len(BASES) * len(QUOTES) - 1


@pytest.mark.parametrize("pair", PAIRS)
def test_prices_stay_near_the_reference(pair):
    """Over a year no price goes below half or above twice its reference."""
    reference = ASSETS[pair.base][0] / ASSETS[pair.quote][0]
    prices = PriceModel().prices(pair, range(NOW_S - 365 * 86_400, NOW_S, 43_200))
    assert prices.min() > reference / 2
    assert prices.max() < reference * 2


@given(second=st.integers(NOW_S, NOW_S + 10_000_000))
def test_the_market_moves_slowly(second):
    """From one second to the next a price moves by less than a thousandth."""
    before, after = PriceModel().prices(BTC, [second, second + 1])
    assert abs(after / before - 1) < 0.001


@given(second=st.integers(NOW_S, NOW_S + 10_000_000))
def test_crosses_agree(second):
    """A price in BTC is the price in dollars by that of BTC in dollars."""
    market = PriceModel()
    eth, btc, cross = (
        market.price(Symbol(text), second * 1000) for text in ("ETH/USD", "BTC/USD", "ETH/BTC")
    )
    assert cross == pytest.approx(eth / btc)


@pytest.mark.parametrize("step_s", [60, 3600, 86_400])
def test_candles_hang_together(step_s):
    """Each opens where the last one closed; high and low hold all; the open one is at the price."""
    market = PriceModel()
    last = NOW_S // step_s * step_s
    opens = [last - at * step_s for at in range(50)][::-1]
    candles = market.candles(BTC, opens, [at + step_s for at in opens], NOW_S)
    for opened, high, low, close in candles:
        assert low <= min(opened, close) <= max(opened, close) <= high
    for before, after in itertools.pairwise(candles):
        assert before[3] == after[0]
    assert candles[-1][3] == pytest.approx(market.price(BTC, NOW_S * 1000), rel=1e-12)


def test_closed_candles_never_change():
    """A later look finds the same candles, except the one that was open."""
    market = PriceModel()
    opens = [NOW_S - 600 + at * 60 for at in range(10)]
    closes = [at + 60 for at in opens]
    assert (
        market.candles(BTC, opens, closes, NOW_S)[:9]
        == (market.candles(BTC, opens, closes, NOW_S + 30)[:9])
    )


def test_the_seed_chooses_the_course():
    """The same seed gives the same prices, another one others."""
    at_ms = NOW_S * 1000
    assert PriceModel(1).price(BTC, at_ms) == PriceModel(1).price(BTC, at_ms)
    assert PriceModel(1).price(BTC, at_ms) != PriceModel(2).price(BTC, at_ms)
