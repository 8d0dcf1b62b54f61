"""The check of indicators passes those that keep their promises and names the broken promise."""

import numpy as np
import pytest

from coinmux import IndicatorInfo, Output, hookimpl, period
from coinmux.framework.testing.indicators import check_indicator

BUILT_IN = (
    "sma", "ema", "rsi", "macd", "atr", "stoch_rsi", "bollinger_bands", "vwap", "ichimoku",
    "supertrend", "keltner_channels", "donchian_channels", "heikin_ashi", "pivot_points",
    "talib_functions",
)  # fmt: skip


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_built_in_ones_pass(name):
    check_indicator(f"coinmux.plugins.indicators.{name}")


class Mean:
    """The mean of all prices so far, which it declares as changes say."""

    def __init__(self, compute=None, **changes):
        self.changes = changes
        self.how = compute

    @hookimpl
    def indicator_info(self):
        declared = {
            "name": "mean", "title": "Mean", "group": "Tests", "series": {"price": "close"},
            "parameters": (period(5),), "outputs": (Output("mean"),),
            "minimum": lambda _: 2, "settle": lambda _: None, "formula": "mean", "source": "here",
        }  # fmt: skip
        return IndicatorInfo(**{**declared, **self.changes})

    @hookimpl
    def compute(self, inputs, parameters):
        price = inputs["price"]
        if self.how is not None:
            return self.how(price)
        return np.cumsum(price) / np.arange(1, price.size + 1)


def test_one_that_keeps_its_promises_passes():
    check_indicator(Mean())


def overwrite(price):
    price[0] = 0.0
    return price.copy()


def choke(price):
    if price.min() == price.max():
        raise ZeroDivisionError
    return price.copy()


@pytest.mark.parametrize(
    ("plugin", "promise"),
    [
        (Mean(settle=lambda _: 3), "settle is too small"),
        (Mean(formula=""), "says no formula"),
        (Mean(minimum=lambda _: 0), "at least one candle"),
        (Mean(overwrite), "read-only"),
        (Mean(choke), "ZeroDivisionError"),
        (Mean(lambda price: price[:-1]), "its input's length"),
        (Mean(reading=lambda _: 1 / 0), "reading of mean"),
        (object(), "no hook of coinmux"),
    ],
)
def test_a_broken_promise_is_named(plugin, promise):
    with pytest.raises(Exception, match=promise):
        check_indicator(plugin)
