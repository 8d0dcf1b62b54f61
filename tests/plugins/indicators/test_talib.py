"""Every indicator backed by TA-Lib against TA-Lib itself, and against its own shorter history."""

import numpy as np
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st
from talib import abstract

from coinmux.framework.indicators.frame import Frame
from coinmux.framework.testing.random_candles import random_candles

#: Ours under other names, or with outputs in our words -> TA-Lib's parameters at our defaults.
OWN = {
    "sma": ("SMA", [20]),
    "ema": ("EMA", [20]),
    "rsi": ("RSI", [14]),
    "macd": ("MACD", [12, 26, 9]),
    "atr": ("ATR", [14]),
    "bollinger-bands": ("BBANDS", [20, 2.0, 2.0]),
    "donchian-channels": ("DONCHIAN", [20]),
    "supertrend": ("SUPERTREND", [10, 3.0]),
    "heikin-ashi": ("HA", []),
}
COLUMNS = ("open", "high", "low", "close", "volume")
#: Whose values are told in candles ago.
INDEX = {"MAXINDEX", "MININDEX", "MINMAXINDEX"}


def name_of(function):
    return function.lower().replace("_", "-")


def direct(function, candles, parameters=None):
    """TA-Lib's own answer by its abstract interface, outputs as float64 with no value before the
    look-back."""
    call = abstract.Function(function, **(parameters or {}))
    columns = {name: np.array(getattr(candles, name)) for name in COLUMNS}
    before = call.lookback
    if function == "MAVP":
        columns["periods"] = talib.HT_DCPERIOD(columns["close"])
        before += abstract.Function("HT_DCPERIOD").lookback
    answer = call(columns)
    outputs = answer if isinstance(answer, list) else [answer]
    found = []
    for column in outputs:
        values = column.astype(float)
        if function in INDEX:
            values = np.arange(values.size) - values
        if column.dtype != np.float64:
            values[:before] = np.nan
        found.append(values)
    return found


def same(ours, theirs):
    np.testing.assert_allclose(ours, theirs, rtol=1e-8, atol=1e-8, equal_nan=True)


@pytest.mark.parametrize("function", talib.get_functions())
def test_every_function_is_in_the_catalogue_and_as_talib_has_it(function, catalogue, candles, run):
    """To 1e-8 on random candles, at the defaults."""
    name = name_of(function)
    if name in OWN or name == "vwap":
        assert catalogue.find(name)
        return
    for ours, theirs in zip(run(name, candles).values(), direct(function, candles), strict=True):
        same(ours, theirs)


@pytest.mark.parametrize("name", OWN)
def test_ours_of_the_same_definition_are_as_talib_has_them(name, candles, run):
    function, values = OWN[name]
    names = list(abstract.Function(function).parameters)
    theirs = direct(function, candles, dict(zip(names, values, strict=False)))
    for ours, other in zip(run(name, candles).values(), theirs, strict=True):
        defined = ~np.isnan(ours)
        same(ours[defined], other[defined])
        assert defined.sum() >= candles.close.size - 60


def test_a_running_vwap_is_talibs(candles, run):
    """`anchor=all` sums from the first candle on."""
    ours = run("vwap", candles, anchor="all")["vwap"]
    same(ours, talib.VWAP(candles.high, candles.low, candles.close, candles.volume))


def test_the_catalogue_is_well_over_150(catalogue):
    assert len(catalogue) > 200


def parameters_of(info):
    """Values within the bounds, of moderate length."""
    drawn = {}
    for one in info.parameters:
        if isinstance(one.default, str):
            drawn[one.name] = st.sampled_from(one.choices)
        elif isinstance(one.default, int):
            drawn[one.name] = st.integers(int(one.low), min(int(one.high), 40))
        else:
            drawn[one.name] = st.floats(one.low, min(one.high, 10))
    return st.fixed_dictionaries(drawn)


@pytest.mark.parametrize(
    "function", [f for f in talib.get_functions() if f not in ("VWAP", "MAVP")]
)
def test_minimum_candles_are_exactly_what_one_value_takes(function, catalogue):
    """With any parameters: with the minimum there is a value, with one fewer TA-Lib has none."""
    name = name_of(function)
    if name in OWN:
        return
    indicator = catalogue.find(name)

    @settings(max_examples=5, deadline=None, database=None)
    @given(parameters_of(indicator.info))
    def check(parameters):
        if indicator.info.check({**parameters}) is not None:
            return
        plan = catalogue.plan(name, parameters)
        candles = random_candles(plan.required)
        newest = [column[-1] for column in plan.run(Frame.of(candles)).outputs]
        if "Transform" in indicator.info.group:
            return  # of a price of 100 an arc cosine has no value, whatever the history
        assert any(np.isfinite(newest)), (parameters, plan.required)

    check()


FADING = [
    function
    for function in talib.get_functions()
    if function not in ("CUMSUM", "WAD", "AD", "NVI", "OBV", "PVI", "PVT", "VWAP")
]


@pytest.mark.parametrize("function", FADING)
def test_a_settled_value_does_not_depend_on_where_the_history_begins(function, catalogue, candles):
    """From `settle` candles on, a part of the history gives what the whole gives."""
    plan = catalogue.plan(name_of(function))
    if plan.span_ms:
        return
    whole = plan.run(Frame.of(candles))
    begin = 400
    part = plan.run(Frame.of(candles).last(candles.close.size - begin))
    at = plan.settled_at(part.frame.timestamp)
    assert at is not None
    assert at < 1000
    for ours, all_of_it in zip(part.outputs, whole.outputs, strict=True):
        settled, same_candles = ours[at:], all_of_it[begin + at :]
        known = np.isfinite(same_candles)
        assert (np.isfinite(settled) == known).all()
        scale = max(np.abs(same_candles[known]), default=1.0) or 1.0
        assert (np.abs(settled[known] - same_candles[known]) <= 2e-6 * scale).all()


@pytest.mark.parametrize("function", ["CUMSUM", "WAD", "AD", "NVI", "OBV", "PVI", "PVT"])
def test_what_adds_up_says_that_its_level_never_settles(function, catalogue):
    assert catalogue.plan(name_of(function)).settle is None
