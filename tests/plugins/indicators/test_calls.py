"""What a plan asks of TA-Lib: each function it needs once, and without its search for series."""

from inspect import unwrap

import pytest
import talib

from coinmux.framework.indicators.frame import Frame

OF_ONE = {
    "sma": "SMA", "ema": "EMA", "rsi": "RSI", "macd": "MACD", "atr": "ATR",
    "bollinger-bands": "BBANDS",
}  # fmt: skip


def module_of(name):
    return __import__(f"coinmux.plugins.indicators.{name.replace('-', '_')}", fromlist=["compute"])


@pytest.mark.parametrize(("name", "function"), OF_ONE.items())
def test_an_indicator_of_one_function_calls_it_once(
    catalogue, candles, monkeypatch, name, function
):
    """Its name in the plugin is TA-Lib's own function, not the one that looks for series."""
    held = f"_{function.lower()}"
    native = getattr(module_of(name), held)
    assert native is unwrap(getattr(talib, function))
    calls = []

    def counted(*given):
        calls.append(given)
        return native(*given)

    monkeypatch.setattr(module_of(name), held, counted)
    plan = catalogue.plan(name)
    plan.run(Frame.of(candles))
    assert len(calls) == 1


def test_the_look_back_of_a_pattern_is_asked_for_once(catalogue, candles, monkeypatch):
    module = module_of("talib_functions")
    plan = catalogue.plan("cdldoji")
    asked = []
    known = module._lookback

    def counted(function, values):
        asked.append(function)
        return known(function, values)

    monkeypatch.setattr(module, "_lookback", counted)
    module._known_lookback.cache_clear()
    for _ in range(5):
        plan.run(Frame.of(candles))
    assert asked == ["CDLDOJI"]
