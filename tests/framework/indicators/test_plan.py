"""A plan over a frame: holes, minimum, and plugins that break their contract."""

import numpy as np
import pytest

from coinmux import IndicatorInfo, InsufficientData, Output, PluginError
from coinmux.framework.indicators.catalogue import Catalogue
from coinmux.framework.indicators.frame import Frame
from coinmux.framework.plugins.adapters import Indicator
from coinmux.framework.testing.random_candles import random_candles


def plan_of(compute, **changes):
    declared = {
        "name": "it",
        "title": "It",
        "group": "Tests",
        "series": {"price": "close"},
        "outputs": (Output("it"),),
        "minimum": lambda _: 3,
        **changes,
    }
    indicator = Indicator(IndicatorInfo(**declared), compute, "tests", "1", is_built_in=True)
    return Catalogue({"it": indicator}).plan("it")


def closes(inputs, _):
    return inputs["price"].copy()


def test_it_reads_the_chosen_price():
    candles = random_candles(10)
    plan = Catalogue(
        {"it": Indicator(plan_of(closes).info, closes, "tests", "1", is_built_in=True)}
    ).plan("it", {"source": "hlc3"})
    values = plan.run(Frame.of(candles)).values["it"]
    np.testing.assert_allclose(values, (candles.high + candles.low + candles.close) / 3)


def test_what_is_read_decides_what_a_hole_spoils():
    """A volume nobody knows is no matter to who reads prices."""
    candles = random_candles(10, without_volume=[4])
    assert plan_of(closes).run(Frame.of(candles)).left_out == 0
    reading_volume = plan_of(closes, inputs=("volume",)).run(Frame.of(candles))
    assert reading_volume.left_out == 1
    assert np.isnan(reading_volume.values["it"][4])
    assert np.isfinite(np.delete(reading_volume.values["it"], 4)).all()


def test_candles_left_out_do_not_count_towards_the_minimum():
    candles = random_candles(4, without_volume=[0, 1])
    with pytest.raises(InsufficientData) as refusal:
        plan_of(closes, inputs=("volume",)).run(Frame.of(candles))
    assert (refusal.value.required, refusal.value.available) == (3, 2)


def boom(*_):
    raise ZeroDivisionError("secret")


def ends(*_):
    raise SystemExit(3)


@pytest.mark.parametrize(
    "compute",
    [
        boom,
        ends,
        lambda i, _: None,
        lambda i, _: i["price"][1:],
        lambda i, _: i["price"].astype(np.float32),
        lambda i, _: i["price"].tolist(),
        lambda i, _: (i["price"], i["price"]),
        lambda i, _: (),
        lambda i, _: i["price"].reshape(-1, 1),
        lambda i, _: 1.0,
    ],
    ids=["raises", "exits", "none", "short", "narrow", "list", "two", "nothing", "2-d", "number"],
)
def test_F4_a_plugin_that_breaks_its_contract_is_a_plugin_error(compute):
    with pytest.raises(PluginError, match="indicator it"):
        plan_of(compute).run(Frame.of(random_candles(10)))


def test_a_reading_that_fails_is_a_plugin_error():
    computed = plan_of(closes, reading=lambda latest: latest.values["other"]).run(
        Frame.of(random_candles(10))
    )
    with pytest.raises(PluginError, match="reading of it"):
        _ = computed.reading


def test_infinities_are_null_in_json_and_no_value():
    computed = plan_of(lambda i, _: i["price"] * np.inf, reading=lambda _: "endless").run(
        Frame.of(random_candles(4))
    )
    assert computed.latest == {"it": None}
    assert computed.reading is None
    assert b'"it":[null,null,null,null]' in computed.encode({}, 4)


def test_settled_is_where_the_history_no_longer_matters():
    candles = random_candles(50)
    times = candles.timestamp.tolist()
    windowed = plan_of(closes).run(Frame.of(candles))
    fading = plan_of(closes, settle=lambda _: 10).run(Frame.of(candles))
    of_a_day = plan_of(closes, span_ms=lambda _: 86_400_000).run(Frame.of(candles))
    never = plan_of(closes, settle=lambda _: None).run(Frame.of(candles))
    long = plan_of(closes, settle=lambda _: 48).run(Frame.of(candles))
    assert windowed.settled_from == times[2]
    assert fading.settled_from == times[12]
    assert of_a_day.settled_from == times[24]
    assert never.settled_from is None
    assert long.settled_from is None


def test_values_over_a_callers_candles_have_no_provenance():
    """What needs the candles' provenance says that there is none."""
    candles = random_candles(10)
    result = plan_of(closes).run(Frame.of(candles))
    assert result.provenance is None
    assert result.head() == {"symbol": None, "interval": None, "last_closed": None}
    with pytest.raises(ValueError, match="no source gave"):
        _ = result.meta


def test_values_are_handed_on_without_a_copy():
    """The columns of a result are those the indicator returned, the shown ones a view of them."""
    candles = random_candles(10)
    column = np.arange(float(len(candles)))
    result = plan_of(lambda i, _: column).run(Frame.of(candles))
    assert result.outputs[0] is column
    assert np.shares_memory(result.values["it"], column)
