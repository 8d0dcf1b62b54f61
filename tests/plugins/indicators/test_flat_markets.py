"""A market that did not move is neither oversold nor overbought, bullish nor bearish."""

import re

import numpy as np
import pytest

from coinmux.framework.indicators.caller_candles import frame_of_rows

AT, HOUR = 1_764_000_000_000, 3_600_000
VERDICT = re.compile(
    "oversold|overbought|bullish|bearish|positive|negative|above|below|trending"
    "|at the|turned|trend:|between"
)


def rows(candles):
    return [[AT + at * HOUR, *candle] for at, candle in enumerate(candles)]


def reading(catalogue, name, candles, **parameters):
    return catalogue.plan(name, parameters).run(frame_of_rows(rows(candles))).reading


FLAT = {
    "no-trade": (1.0, 1.0, 1.0, 1.0, 0.0),
    "one-price": (1.0, 1.0, 1.0, 1.0, 5.0),
    "odd-price": (0.1, 0.1, 0.1, 0.1, 3.3),
    "tiny-price": (1.7e-9, 1.7e-9, 1.7e-9, 1.7e-9, 1e9),
    "large-price": (98765.4321, 98765.4321, 98765.4321, 98765.4321, 0.1),
    "same-candle": (1.0, 1.2, 0.9, 1.1, 7.0),
}


@pytest.mark.parametrize("kind", FLAT)
def test_no_indicator_calls_a_flat_market_high_or_low(catalogue, kind):
    """Those that read bars, closes, or volumes as well, with their default parameters."""
    said = {}
    for indicator in catalogue:
        info = indicator.info
        if info.group == "Pattern Recognition" or info.reading is None:
            continue
        text = reading(catalogue, info.name, [FLAT[kind]] * 400)
        if text is not None and not text.startswith("flat:"):
            said[info.name] = text
    assert {name for name, text in said.items() if VERDICT.search(text)} == set()


@pytest.mark.parametrize(
    "name",
    ["rsi", "stochrsi", "stoch-rsi", "cci", "mfi", "willr", "cmo", "ultosc", "stoch", "imi",
     "stochf"],
)  # fmt: skip
def test_oscillators_say_flat_or_nothing(catalogue, name):
    for candle in FLAT.values():
        text = reading(catalogue, name, [candle] * 60)
        assert text is None or text.startswith("flat: ")


def test_a_market_that_stopped_moving_is_flat_as_far_as_the_indicator_looks_back(catalogue):
    """What moved before stays in a smoothed average, and says nothing of now."""
    moved = [(p, p * 1.01, p * 0.99, p, 5.0) for p in np.linspace(1, 2, 40).tolist()]
    still = [(2.0, 2.0, 2.0, 2.0, 0.0)]
    assert (
        reading(catalogue, "stoch", moved + still * 7) == "flat: prices did not move over 3 candles"
    )
    assert reading(catalogue, "rsi", moved + still * 20).startswith("flat: close did not move")
    assert reading(catalogue, "rsi", moved + still * 5).startswith("overbought")


def test_rising_prices_are_not_oversold(catalogue):
    """The RSI of prices that only rise stands at 100, so its own position is 0/0."""
    rising = [(p, p, p, p, 5.0) for p in np.linspace(1, 2, 80).tolist()]
    assert reading(catalogue, "stochrsi", rising) is None
    assert reading(catalogue, "rsi", rising).startswith("overbought")


def test_without_trades_a_flow_of_money_is_flat(catalogue):
    prices = 1 + 0.1 * np.sin(np.arange(60))
    idle = [(p, p * 1.01, p * 0.99, p, 0.0) for p in prices.tolist()]
    for name in ("mfi", "cmf", "pvo", "efi"):
        text = reading(catalogue, name, idle)
        assert text is None or not VERDICT.search(text)
    assert reading(catalogue, "mfi", idle) == "flat: nothing was traded over 15 candles"


def test_a_market_that_moves_little_has_its_reading(catalogue):
    small = [(p, p, p, p, 5.0) for p in (1 + 1e-9 * np.arange(60)).tolist()]
    assert reading(catalogue, "rsi", small).startswith("overbought")


@pytest.mark.parametrize("price", [1.3e-8, 0.1, 100.0, 7.7e15])
def test_prices_that_differ_in_the_last_bit_do_not_move(catalogue, price):
    """Sums of fractions do, and are the same price."""
    candles = [(one, one, one, one, 1.0) for one in (price, price * (1 + 2.3e-16))] * 150
    said = {}
    for indicator in catalogue:
        text = reading(catalogue, indicator.info.name, candles)
        if text is not None and not text.startswith("flat:") and VERDICT.search(text):
            said[indicator.info.name] = text
    assert said == {}


def test_the_stop_of_a_falling_market_is_above_its_price(catalogue):
    """TA-Lib's extended SAR tells it below zero, which is no price."""
    falling = [(200.0 - at, 201.0 - at, 198.0 - at, 199.0 - at, 1.0) for at in range(60)]
    assert reading(catalogue, "sarext", falling).startswith("below the stop: close 140 < ")
