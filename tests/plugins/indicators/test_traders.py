"""What traders expect besides TA-Lib, against independent computations, one candle at a time."""

import datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coinmux.framework.indicators.frame import Frame
from coinmux.framework.testing.random_candles import random_candles

HOUR = 3_600_000
SIZES = st.integers(1, 30)
SEEDS = st.integers(0, 10_000)
QUICK = settings(max_examples=25, deadline=None, database=None)


def values_of(catalogue, name, candles, **parameters):
    plan = catalogue.plan(name, parameters)
    return plan.run(Frame.of(candles)).values


def day_of(time_ms):
    return datetime.datetime.fromtimestamp(time_ms / 1000, datetime.UTC)


STRETCHES = {
    "session": lambda time: day_of(time).date(),
    "day": lambda time: day_of(time).date(),
    "week": lambda time: day_of(time).isocalendar()[:2],
    "month": lambda time: (day_of(time).year, day_of(time).month),
}


@QUICK
@given(seed=SEEDS, anchor=st.sampled_from(["session", "week", "month"]))
def test_vwap_of_a_stretch(catalogue_, seed, anchor):
    """Sums begin with the UTC day, ISO week or month."""
    candles = random_candles(900, seed=seed)
    ours = values_of(catalogue_, "vwap", candles, anchor=anchor)["vwap"]
    money = volume = 0.0
    before = None
    for at, time in enumerate(candles.timestamp.tolist()):
        if (stretch := STRETCHES[anchor](time)) != before:
            money = volume = 0.0
            before = stretch
        typical = (candles.high[at] + candles.low[at] + candles.close[at]) / 3
        money += typical * candles.volume[at]
        volume += candles.volume[at]
        assert ours[at] == pytest.approx(money / volume, rel=1e-9)


@QUICK
@given(seed=SEEDS, size=SIZES)
def test_vwap_that_rolls(catalogue_, seed, size):
    candles = random_candles(60, seed=seed)
    ours = values_of(catalogue_, "vwap", candles, anchor="rolling", period=size)["vwap"]
    typical = (candles.high + candles.low + candles.close) / 3
    for at in range(size - 1, 60):
        window = slice(at - size + 1, at + 1)
        weight = candles.volume[window]
        assert ours[at] == pytest.approx(np.average(typical[window], weights=weight), rel=1e-9)
    assert np.isnan(ours[: size - 1]).all()


def test_vwap_without_volume_has_no_value(run, frame_of):
    values = run("vwap", frame_of([1.0, 2.0, 3.0], volume=[0, 0, 5]), anchor="all")["vwap"]
    assert np.isnan(values[:2]).all()
    assert values[2] == 3


@QUICK
@given(seed=SEEDS, size=st.integers(1, 20), multiplier=st.floats(0.5, 5))
def test_supertrend(catalogue_, seed, size, multiplier):
    """Edges that never loosen, and a trend that a close through the edge turns."""
    candles = random_candles(150, seed=seed)
    if size < 2:
        return
    ours = values_of(catalogue_, "supertrend", candles, period=size, multiplier=multiplier)
    high, low, close = candles.high, candles.low, candles.close
    reach = np.maximum(high[1:], close[:-1]) - np.minimum(low[1:], close[:-1])
    atr = np.full(close.size, np.nan)
    atr[size] = reach[:size].mean()
    for at in range(size + 1, close.size):
        atr[at] = (atr[at - 1] * (size - 1) + reach[at - 1]) / size
    upper = lower = np.nan
    up = None
    compared = 0
    for at in range(size, close.size):
        middle = (high[at] + low[at]) / 2
        top, bottom = middle + multiplier * atr[at], middle - multiplier * atr[at]
        if at > size:
            upper = min(top, upper) if close[at - 1] <= upper else top
            lower = max(bottom, lower) if close[at - 1] >= lower else bottom
            up = close[at] >= lower if up else close[at] > upper
        else:
            upper, lower = top, bottom
            up = ours["direction"][at] > 0
        assert ours["direction"][at] == (1 if up else -1)
        assert ours["supertrend"][at] == pytest.approx(lower if up else upper, rel=1e-9)
        compared += 1
    assert compared > 100


@QUICK
@given(seed=SEEDS, conversion=SIZES, base=SIZES, span=SIZES, displacement=SIZES)
def test_ichimoku(catalogue_, seed, conversion, base, span, displacement):
    """Each line is the middle of a window, drawn where it is said to be."""
    candles = random_candles(120, seed=seed)
    lines = values_of(
        catalogue_, "ichimoku", candles,
        conversion=conversion, base=base, span=span, displacement=displacement,
    )  # fmt: skip

    def middle(at, size):
        if at < size - 1:
            return np.nan
        window = slice(at - size + 1, at + 1)
        return (candles.high[window].max() + candles.low[window].min()) / 2

    for at in range(0, 120, 11):
        moved = at - displacement + 1
        expected = {
            "conversion": middle(at, conversion),
            "base": middle(at, base),
            "span_a": (middle(moved, conversion) + middle(moved, base)) / 2,
            "span_b": middle(moved, span),
            "lagging": (
                candles.close[at + displacement - 1] if at + displacement - 1 < 120 else np.nan
            ),
        }
        for name, value in expected.items():
            assert lines[name][at] == pytest.approx(value, rel=1e-12, nan_ok=True), (name, at)


@QUICK
@given(seed=SEEDS, size=st.integers(1, 25), ranges=st.integers(1, 25), multiplier=st.floats(0, 4))
def test_keltner_channels_are_as_wide_as_the_average_range(
    catalogue_, seed, size, ranges, multiplier
):
    candles = random_candles(80, seed=seed)
    channel = values_of(
        catalogue_, "keltner-channels", candles,
        period=size, atr_period=ranges, multiplier=multiplier,
    )  # fmt: skip
    average = values_of(catalogue_, "ema", candles, period=size)["ema"]
    reach = values_of(catalogue_, "atr", candles, period=ranges)["atr"]
    known = np.isfinite(average) & np.isfinite(reach)
    assert known.any()
    np.testing.assert_allclose(channel["middle"], average)
    np.testing.assert_allclose(
        (channel["upper"] - channel["lower"])[known], 2 * multiplier * reach[known], atol=1e-9
    )


@QUICK
@given(seed=SEEDS, size=st.integers(2, 40))
def test_donchian_channels_are_the_extremes_of_the_window(catalogue_, seed, size):
    candles = random_candles(80, seed=seed)
    channel = values_of(catalogue_, "donchian-channels", candles, period=size)
    for at in range(size - 1, 80):
        window = slice(at - size + 1, at + 1)
        assert channel["upper"][at] == candles.high[window].max()
        assert channel["lower"][at] == candles.low[window].min()
        assert channel["middle"][at] == pytest.approx(
            (channel["upper"][at] + channel["lower"][at]) / 2
        )


@QUICK
@given(seed=SEEDS)
def test_heikin_ashi(catalogue_, seed):
    candles = random_candles(60, seed=seed)
    ours = values_of(catalogue_, "heikin-ashi", candles)
    begin = (candles.open[0] + candles.close[0]) / 2
    for at in range(60):
        end = (candles.open[at] + candles.high[at] + candles.low[at] + candles.close[at]) / 4
        assert ours["open"][at] == pytest.approx(begin)
        assert ours["close"][at] == pytest.approx(end)
        assert ours["high"][at] == pytest.approx(max(candles.high[at], begin, end))
        assert ours["low"][at] == pytest.approx(min(candles.low[at], begin, end))
        begin = (begin + end) / 2


@QUICK
@given(
    seed=SEEDS,
    kind=st.sampled_from(["classic", "fibonacci", "camarilla", "woodie"]),
    anchor=st.sampled_from(["day", "week", "month"]),
)
def test_pivot_points_are_of_the_stretch_before(catalogue_, seed, kind, anchor):
    """In the order s3 to r3, as the formulas have them, and the same all day."""
    candles = random_candles(2000, seed=seed)
    levels = values_of(catalogue_, "pivot-points", candles, kind=kind, anchor=anchor)
    stretch = [STRETCHES[anchor](time) for time in candles.timestamp.tolist()]
    kinds = list(dict.fromkeys(stretch))
    newest, before = kinds[-1], kinds[-2]
    rows = [at for at, one in enumerate(stretch) if one == before]
    high, low = candles.high[rows].max(), candles.low[rows].min()
    close = candles.close[rows[-1]]
    pivot = (high + low + 2 * close) / 4 if kind == "woodie" else (high + low + close) / 3
    today = [at for at, one in enumerate(stretch) if one == newest]
    for name, column in levels.items():
        assert len(set(column[today].tolist())) == 1, name
    now = {name: column[-1] for name, column in levels.items()}
    assert now["pivot"] == pytest.approx(pivot)
    around = {"classic": None, "woodie": None, "fibonacci": pivot, "camarilla": close}[kind]
    if around is not None:
        for number, part in enumerate(
            (0.382, 0.618, 1.0) if kind == "fibonacci" else (1.1 / 12, 1.1 / 6, 1.1 / 4), start=1
        ):
            assert now[f"r{number}"] == pytest.approx(around + part * (high - low))
            assert now[f"s{number}"] == pytest.approx(around - part * (high - low))
    else:
        assert now["r1"] == pytest.approx(2 * pivot - low)
        assert now["s1"] == pytest.approx(2 * pivot - high)
        assert now["r2"] - now["s2"] == pytest.approx(2 * (high - low))
        assert now["r3"] == pytest.approx(high + 2 * (pivot - low))
    assert now["s3"] < now["s2"] < now["s1"] < now["r1"] < now["r2"] < now["r3"]


def test_a_day_that_began_before_the_history_gives_no_levels(run):
    """Its high and low are not known; the next day's are."""
    candles = random_candles(60)
    begins = [at for at, time in enumerate(candles.timestamp) if time % 86_400_000 == 0]
    assert begins[0] > 0
    pivot = run("pivot-points", candles)["pivot"]
    assert np.isnan(pivot[: begins[1]]).all()
    assert np.isfinite(pivot[begins[1] :]).all()


def test_a_day_missing_between_two_gives_none_to_the_second(run, frame_of):
    """Levels of the day before yesterday are no levels of today."""
    frame = frame_of(np.arange(1.0, 97))
    kept = np.ones(96, dtype=bool)
    kept[24:48] = False
    pivot = run("pivot-points", frame.kept(kept))["pivot"]
    assert np.isnan(pivot[24:48]).all()
    assert np.isfinite(pivot[48:]).all()


@pytest.fixture(scope="session")
def catalogue_(catalogue):
    """Under a name of its own: a property-based test takes no fixture of function scope."""
    return catalogue
