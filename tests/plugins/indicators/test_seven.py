"""The seven: their minimum of candles, published worked examples, and their readings."""

import numpy as np
import pytest
import talib

from coinmux import InsufficientData, InvalidRequest
from coinmux.framework.indicators.frame import Frame
from coinmux.framework.testing.random_candles import random_candles

#: name, parameters, candles needed (as `docs/indicators.md` lists them), the label of the message.
MINIMA = [
    ("sma", {"period": 30}, 30, "SMA(30)"),
    ("ema", {"period": 30}, 31, "EMA(30)"),
    ("rsi", {}, 15, "RSI(14)"),
    ("rsi", {"period": 5}, 6, "RSI(5)"),
    ("macd", {}, 35, "MACD(12,26,9)"),
    ("macd", {"slow": 40}, 49, "MACD(12,40,9)"),
    ("atr", {}, 15, "ATR(14)"),
    ("stoch-rsi", {}, 50, "STOCHRSI(14,14,3,3)"),
    ("stoch-rsi", {"k": 4}, 33, "STOCHRSI(14,14,4,3)"),
    ("bollinger-bands", {}, 20, "BOLLINGER(20,2)"),
]


@pytest.mark.parametrize(("name", "parameters", "required", "label"), MINIMA)
def test_one_candle_fewer_than_the_minimum_is_refused_and_the_minimum_gives_a_value(
    name, parameters, required, label, catalogue
):
    plan = catalogue.plan(name, parameters)
    assert plan.required == required
    enough = plan.run(Frame.of(random_candles(required)))
    assert all(value is not None for value in enough.latest.values())
    with pytest.raises(InsufficientData) as refusal:
        plan.run(Frame.of(random_candles(required - 1)))
    error = refusal.value
    assert (error.required, error.available) == (required, required - 1)
    assert error.detail.upper() == (
        f"{label} NEEDS AT LEAST {required} CANDLES, GOT {required - 1}".upper()
    )


#: StockCharts ChartSchool, Relative Strength Index, "Calculation": QQQQ closes and their RSI(14).
RSI_CLOSES = [
    44.3389, 44.0902, 44.1497, 43.6124, 44.3278, 44.8264, 45.0955, 45.4245, 45.8433, 46.0826,
    45.8931, 46.0328, 45.6140, 46.2820, 46.2820, 46.0028, 46.0328, 46.4116, 46.2222, 45.6439,
    46.2122, 46.2521, 45.7137, 46.4515, 45.7835, 45.3548, 44.0288, 44.1783, 44.2181, 44.5672,
    43.4205, 42.6628, 43.1314,
]  # fmt: skip
RSI_VALUES = [
    70.53, 66.32, 66.55, 69.41, 66.36, 57.97, 62.93, 63.26, 56.06, 62.38, 54.71, 50.42, 39.99,
    41.46, 41.87, 45.46, 37.30, 33.08, 37.77,
]  # fmt: skip


def test_wilders_rsi_of_a_published_example(run, frame_of):
    """To the two decimals printed."""
    values = run("rsi", frame_of(RSI_CLOSES))["rsi"]
    assert np.isnan(values[:14]).all()
    np.testing.assert_allclose(values[14:], RSI_VALUES, atol=0.005)


#: Samir Khan, Investment Excel, "How to calculate MACD in Excel": Apple's closes of spring 2013;
#: the table's MACD of rows 26 to 34 and its signal of rows 34 to 38.
MACD_CLOSES = [
    459.99, 448.85, 446.06, 450.81, 442.80, 448.97, 444.57, 441.40, 430.47, 420.05, 431.14, 425.66,
    430.58, 431.72, 437.87, 428.43, 428.35, 432.50, 443.66, 455.72, 454.49, 452.08, 452.73, 461.91,
    463.58, 461.14, 452.08, 442.66, 428.91, 429.79, 431.99, 427.72, 423.20, 426.21, 426.98, 435.69,
    434.33, 429.80, 419.85, 426.24, 402.80, 392.05, 390.53, 398.67, 406.13, 405.46, 408.38, 417.20,
    430.12, 442.78, 439.29, 445.52, 449.98, 460.71, 458.66, 463.84, 456.77, 452.97, 454.74, 443.86,
    428.85, 434.58, 433.26, 442.93, 439.66, 441.35,
]  # fmt: skip
MACD_LINE = [
    8.275269504, 7.703378381, 6.416074757, 4.237519783, 2.552583325, 1.378885719, 0.102981491,
    -1.258401953, -2.07055819,
]  # fmt: skip
MACD_SIGNAL = [3.037525869, 1.905652229, 1.058708435, 0.410640325, -0.152012994]


def test_a_published_macd_table_by_its_averages(run, frame_of):
    """The table begins each average at its own first price."""
    frame = frame_of(MACD_CLOSES)
    line = run("ema", frame, period=12)["ema"] - run("ema", frame, period=26)["ema"]
    np.testing.assert_allclose(line[25:34], MACD_LINE, atol=1e-8)
    signal = run("ema", frame_of(line[25:]), period=9)["ema"]
    np.testing.assert_allclose(signal[8:13], MACD_SIGNAL, atol=1e-8)


def test_macd_comes_to_the_published_table_as_its_start_fades(run, frame_of):
    """TA-Lib begins both averages at one candle; the difference shrinks by 11/13 with each."""
    frame = frame_of(MACD_CLOSES)
    ours = run("macd", frame)["macd"]
    table = run("ema", frame, period=12)["ema"] - run("ema", frame, period=26)["ema"]
    apart = np.abs(ours - table)
    first = np.flatnonzero(~np.isnan(apart))[0]
    for at in range(first, apart.size):
        assert apart[at] <= apart[first] * (11 / 13) ** (at - first) + 1e-9
    assert apart[-1] < 0.01


def test_stochastic_rsi_is_the_rsis_place_in_its_own_range(candles, run):
    """%K smoothed over 3 and %D over 3 of it, computed here candle by candle."""
    rsi = talib.RSI(candles.close, 14)
    ours = run("stoch-rsi", candles)
    raw = np.full(rsi.size, np.nan)
    for at in range(27, rsi.size):
        window = rsi[at - 13 : at + 1]
        raw[at] = 100 * (rsi[at] - window.min()) / (window.max() - window.min())
    for at in range(31, rsi.size, 7):
        assert ours["k"][at] == pytest.approx(raw[at - 2 : at + 1].mean(), abs=1e-8)
        assert ours["d"][at] == pytest.approx(
            np.mean([raw[at - back - 2 : at - back + 1].mean() for back in range(3)]), abs=1e-8
        )


def test_stochastic_rsi_has_no_value_where_the_rsi_stands_still(run, frame_of, catalogue):
    """A market that only rises is not oversold; once it moves again the values are back."""
    rising = np.arange(100.0, 160.0)
    values = run("stoch-rsi", frame_of(rising))
    assert np.isnan(values["k"]).all()
    assert catalogue.plan("stoch-rsi").run(frame_of(rising)).reading is None
    moved = np.concatenate((rising, 160 + 3 * np.sin(np.arange(40.0))))
    values = run("stoch-rsi", frame_of(moved))
    assert np.isnan(values["k"][50])
    assert np.isfinite(values["k"][-10:]).all()
    assert np.isfinite(values["d"][-10:]).all()


def test_bollinger_bands_are_population_deviations(candles, run):
    bands = run("bollinger-bands", candles, deviations=1.5)
    window = candles.close[-20:]
    assert bands["upper"][-1] == pytest.approx(window.mean() + 1.5 * window.std(), rel=1e-10)
    assert bands["lower"][-1] == pytest.approx(window.mean() - 1.5 * window.std(), rel=1e-10)


def test_a_fast_average_is_faster_than_the_slow(catalogue):
    with pytest.raises(InvalidRequest) as refusal:
        catalogue.plan("macd", {"fast": 26})
    assert refusal.value.errors == [
        {"name": "fast", "message": "takes less than slow, which is 26"}
    ]


READINGS = [
    ("rsi", np.arange(1.0, 40), "overbought: rsi 100 > 70"),
    ("rsi", np.arange(40.0, 1, -1), "oversold: rsi 0 < 30"),
    ("sma", np.arange(1.0, 40), "above sma: close 39 > sma 29.5"),
    ("sma", np.full(30, 5.0), "at sma: close 5 = sma 5"),
    ("macd", np.concatenate((np.full(40, 9.0), [12.0])),
     "bullish cross: macd 0.239316 > signal 0.0478632"),
    ("bollinger-bands", np.concatenate((np.tile([1.0, 1.1], 20), [3.0])),
     "above the band: close 3 > upper 2.0044004"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "close", "reading"), READINGS)
def test_readings_name_the_rule_that_gave_them(name, close, reading, catalogue, frame_of):
    assert catalogue.plan(name).run(frame_of(close)).reading == reading


def test_a_cross_is_told_with_the_candle_it_happens_in(catalogue, frame_of):
    """And only then."""
    falling_then_rising = np.concatenate((100 - np.arange(50) ** 2 / 50, np.linspace(52, 90, 20)))
    plan = catalogue.plan("macd")
    words = [
        plan.run(frame_of(falling_then_rising[:size])).reading.partition(":")[0]
        for size in range(45, 70)
    ]
    assert words.count("bullish cross") == 1
    at = words.index("bullish cross")
    assert set(words[:at]) <= {"bearish", "bearish cross"}
    assert set(words[at + 1 :]) == {"bullish"}


def test_indicators_of_one_kind_are_told_apart(catalogue):
    """No two have one title, and those that differ by a hyphen or a definition name each other."""
    lines = {line["name"]: line for line in catalogue.public()}
    titles = [line["title"].casefold() for line in lines.values()]
    assert len(set(titles)) == len(titles)
    plain = {}
    for name in lines:
        plain.setdefault(name.replace("-", ""), []).append(name)
    for names in plain.values():
        for name in names:
            assert set(names) - {name} <= set(lines[name]["also"])
    for name, line in lines.items():
        for other in line["also"]:
            assert other in lines
            assert other in line["summary"] or name in lines[other]["also"]
        assert line["summary"]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("stochrsi", "charting sites draw stoch-rsi"),
        ("stoch-rsi", "TA-Lib's, without the average, is stochrsi"),
        ("cmo", "2 x RSI - 100"),
        ("cmou", "as charting sites draw it"),
        ("dpo", "StockCharts"),
        ("trix", "10,000"),
        ("bbands", "bollinger-bands"),
        ("cci", "charting sites draw 20"),
    ],
)
def test_a_summary_says_which_definition_it_is(catalogue, name, says):
    (line,) = [one for one in catalogue.public() if one["name"] == name]
    assert says in line["summary"]


def test_cmo_is_what_its_summary_says(catalogue, candles, run):
    """The smoothed one is 2 x RSI - 100, and the bands of both names are equal."""
    cmo, rsi = run("cmo", candles)["cmo"], run("rsi", candles)["rsi"]
    np.testing.assert_allclose(cmo[50:], 2 * rsi[50:] - 100, atol=1e-9)
    pairs = [
        ("bbands", "bollinger-bands"),
        ("donchian", "donchian-channels"),
        ("ha", "heikin-ashi"),
    ]
    for talibs, ours in pairs:
        for one, other in zip(
            run(talibs, candles).values(), run(ours, candles).values(), strict=True
        ):
            np.testing.assert_allclose(one[50:], other[50:], rtol=1e-9)
