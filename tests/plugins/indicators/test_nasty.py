"""Every indicator over candles nobody wishes for: defined, of the right shape, no exception."""

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coinmux.framework.errors import InsufficientData
from coinmux.framework.indicators.caller_candles import frame_of_rows
from coinmux.framework.indicators.frame import Frame
from coinmux.framework.plugins.discovery import PluginLoader

START = 1_763_942_400_000


def all_names():
    loader = PluginLoader()
    loader.load(loader.discover(), wait_s=30, limit_s=30)
    return sorted(loader.indicators)


NAMES = all_names()


def rows_of(prices, *, volume=1.0, step_ms=3_600_000):
    return [[START + at * step_ms, *([price] * 4), volume] for at, price in enumerate(prices)]


def ragged():
    """Candles with a gap of three hours in the middle."""
    rows = rows_of(100 + math.sin(at) for at in range(150))
    return rows[:70] + rows[73:]


def with_hole():
    rows = rows_of(100 + math.sin(at) for at in range(150))
    rows[75][4] = None
    return rows


CASES = {
    "flat": rows_of([5.0] * 150),
    "no volume at all": rows_of([100 + math.sin(at) for at in range(150)], volume=0.0),
    "volume unknown": rows_of([100 + math.sin(at) for at in range(150)], volume=None),
    "a gap": ragged(),
    "one close unknown": with_hole(),
    "only rising": rows_of(range(1, 151)),
    "tiny": rows_of([1e-12 * (1 + at % 3) for at in range(150)]),
    "huge": rows_of([1e18 * (1 + at % 3) for at in range(150)]),
    "negative": rows_of([-5.0 - at % 3 for at in range(150)]),
    "zero": rows_of([0.0] * 150),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", NAMES)
def test_nothing_a_candle_holds_is_a_defect(name, case, catalogue):
    """Values of the candles' number, finite or null in JSON; or too few candles, said so."""
    frame = frame_of_rows(CASES[case])
    plan = catalogue.plan(name)
    if case == "volume unknown" and "volume" in (*plan.info.inputs, *plan.info.series.values()):
        with pytest.raises(InsufficientData, match="got 0"):
            plan.run(frame)
        return
    computed = plan.run(frame)
    text = computed.encode({"symbol": None}, frame.size)
    data = msgspec.json.decode(text)
    assert b"NaN" not in text
    assert b"Infinity" not in text
    assert data["timestamps"] == [row[0] for row in CASES[case]]
    for values in data["values"].values():
        assert len(values) == frame.size
    assert data["reading"] is None or isinstance(data["reading"], str)


@pytest.mark.parametrize("name", ["sma", "rsi", "macd", "vwap", "obv", "cdlhammer", "stoch-rsi"])
def test_a_candle_with_a_hole_is_as_one_that_is_missing(name, catalogue):
    """Its own values are null, the others as if it were not there."""
    holed, rows = with_hole(), with_hole()
    del rows[75]
    with_it = catalogue.plan(name).run(frame_of_rows(holed))
    without = catalogue.plan(name).run(frame_of_rows(rows))
    assert with_it.left_out == 1
    for ours, theirs in zip(with_it.outputs, without.outputs, strict=True):
        assert np.isnan(ours[75])
        np.testing.assert_array_equal(np.delete(ours, 75), theirs)


PRICE = st.floats(-1e20, 1e20, allow_nan=False) | st.floats(0.5, 2.0)


@pytest.mark.parametrize("name", NAMES)
def test_any_prices_and_any_parameters_are_answered_or_refused(name, catalogue):
    """Shapes of any length, prices of any size; an error is one of the caller's, never a defect."""
    info = catalogue.find(name).info
    drawn = {}
    for one in info.all_parameters():
        if isinstance(one.default, str):
            drawn[one.name] = st.sampled_from(one.choices)
        elif isinstance(one.default, int):
            drawn[one.name] = st.integers(int(one.low), 30)
        else:
            drawn[one.name] = st.floats(one.low, one.high)

    @settings(max_examples=6, deadline=None, database=None)
    @given(
        prices=st.lists(PRICE | st.none(), min_size=1, max_size=120),
        parameters=st.fixed_dictionaries(drawn),
        volume=st.sampled_from([0.0, 1.0, None]),
    )
    def check(prices, parameters, volume):
        if info.check(parameters) is not None:
            return
        frame = frame_of_rows(rows_of(prices, volume=volume))
        try:
            computed = catalogue.plan(name, parameters).run(frame)
        except InsufficientData:
            return
        for column in computed.outputs:
            assert column.shape == (frame.size,)
        computed.encode({}, frame.size)

    check()


def test_inputs_are_never_written_to(catalogue):
    """They are shared by all indicators of a batch, and by the cache."""
    rows = rows_of([100 + math.sin(at) for at in range(150)])
    frame = frame_of_rows(rows)
    locked = Frame(dict(frame.columns), frame.holes)
    for column in locked.columns.values():
        column.setflags(write=False)
    for name in NAMES:
        catalogue.plan(name).run(locked)
