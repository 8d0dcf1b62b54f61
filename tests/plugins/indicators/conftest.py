"""The built-in indicators, and candles to run them over."""

import numpy as np
import pytest

from coinmux.framework.indicators.catalogue import Catalogue
from coinmux.framework.indicators.frame import Frame
from coinmux.framework.plugins.discovery import PluginLoader
from coinmux.framework.testing.random_candles import random_candles


@pytest.fixture(scope="session")
def catalogue():
    loader = PluginLoader()
    loader.load(loader.discover(), wait_s=30, limit_s=30)
    assert [one for one in loader.broken if "indicators" in one.error] == []
    return Catalogue(loader.indicators)


@pytest.fixture(scope="session")
def candles():
    return random_candles(1500)


@pytest.fixture
def run(catalogue):
    """`run("rsi", candles, period=14)`: its values by output."""

    def call(name, candles, **parameters):
        frame = candles if isinstance(candles, Frame) else Frame.of(candles)
        return catalogue.plan(name, parameters).run(frame).values

    return call


def frame_of(close, *, high=None, low=None, opened=None, volume=None, step_ms=3_600_000):
    """Columns of the given prices, an hour apart."""
    close = np.asarray(close, dtype=float)
    filled = {
        "open": close if opened is None else opened,
        "high": close if high is None else high,
        "low": close if low is None else low,
        "volume": np.ones(close.size) if volume is None else volume,
    }
    columns = {name: np.asarray(values, dtype=float) for name, values in filled.items()}
    time = 1_763_942_400_000 + np.arange(close.size, dtype=np.int64) * step_ms
    return Frame({"timestamp": time, **columns, "close": close, "price": close}, ("volume",))


@pytest.fixture(name="frame_of")
def frame_of_fixture():
    return frame_of
