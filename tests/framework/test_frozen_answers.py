"""What is kept is frozen: no caller and no plugin can change what others are served."""

import copy
import pickle

import numpy as np
import pytest

from coinmux import (
    Candles,
    CandlesQuery,
    Gateway,
    IndicatorInfo,
    Output,
    PluginError,
    Social,
    hookimpl,
)
from coinmux.framework.models.resample import aggregate
from coinmux.framework.plugins.discovery import in_process
from coinmux.framework.reference.frozen import FrozenDict, FrozenList, frozen
from coinmux.framework.testing.random_candles import random_candles

COLUMNS = ("timestamp", "open", "high", "low", "close", "volume")
HOUR = 3_600_000


class InPlace:
    """An indicator that works in place, in one of the ways people write that."""

    def __init__(self, name, work):
        self.name, self.work = name, work

    @hookimpl
    def indicator_info(self):
        return IndicatorInfo(
            name=self.name, title=self.name, group="Test", outputs=(Output("it"),),
            minimum=lambda _: 1, inputs=("close", "volume"), series={"price": "close"},
        )  # fmt: skip

    @hookimpl
    def compute(self, inputs, parameters):
        self.work(inputs)
        return inputs["close"].copy()


def shift(inputs):
    close = inputs["close"]
    close -= close.mean()


WAYS = {
    "assigned": lambda inputs: inputs["close"].__setitem__(slice(None), 1),
    "shifted": shift,
    "series": lambda inputs: inputs["price"].fill(0),
    "sorted": lambda inputs: inputs["volume"].sort(),
    "out": lambda inputs: np.sqrt(inputs["close"], out=inputs["close"]),
    "made-writable": lambda inputs: inputs["close"].setflags(write=True),
    "view": lambda inputs: inputs["close"][1:].__iadd__(1),
}


@pytest.fixture
def hours(clock):
    last = clock.wall_ms() // HOUR * HOUR
    return range(last - 999 * HOUR, last + 1, HOUR)


@pytest.mark.parametrize("way", WAYS)
async def test_an_indicator_that_works_in_place_is_a_plugin_error_and_spoils_nothing(
    candle_source, hours, clock, way
):
    found = [
        in_process("a", candle_source("a", hours)),
        in_process("in-place", InPlace("in-place", WAYS[way])),
        in_process("fair", InPlace("fair", lambda inputs: None)),
    ]
    gateway = Gateway.from_env(None, environ={"CHECKER": "off"}, found=found, clock=clock)
    async with gateway:
        before = (await gateway.indicator("fair", "BTC/USDT", limit=5)).values["it"].tolist()
        with pytest.raises(PluginError):
            await gateway.indicator("in-place", "BTC/USDT", limit=5)
        assert (await gateway.indicator("fair", "BTC/USDT", limit=5)).values[
            "it"
        ].tolist() == before
        candles = (await gateway.candles("BTC/USDT", limit=5)).data
        assert candles.close.tolist() == [11] * 5


async def test_a_caller_cannot_write_to_the_candles_of_others(gateway_with, candle_source, hours):
    async with gateway_with(candle_source("a", hours)) as gateway:
        candles = (await gateway.candles("BTC/USDT", limit=5)).data
        with pytest.raises(ValueError, match="read-only"):
            candles.close[:] = 1
        with pytest.raises(ValueError, match="read-only"):
            candles.volume *= 0
        again = await gateway.candles("BTC/USDT", limit=5)
        assert again.cache == "hit"
        assert again.data.close.tolist() == [11] * 5


def made():
    whole = random_candles(48)
    query = CandlesQuery(symbol="BTC/USDT", interval="4h")
    rows = [[time, 10, 12, 9, 11, 1] for time in whole.timestamp.tolist()]
    return {
        "made": whole,
        "rows": Candles.from_rows(CandlesQuery(symbol="BTC/USDT"), rows),
        "reversed": Candles.from_rows(CandlesQuery(symbol="BTC/USDT"), rows[::-1]),
        "cut": Candles.from_rows(CandlesQuery(symbol="BTC/USDT", limit=3), rows),
        "empty": Candles.from_rows(CandlesQuery(symbol="BTC/USDT"), []),
        "gathered": aggregate(whole, query),
        "copied": whole.model_copy(update={"last_closed": True}),
    }


@pytest.mark.parametrize("kind", made())
@pytest.mark.parametrize("name", COLUMNS)
def test_no_column_can_be_written_or_made_writable(kind, name):
    column = getattr(made()[kind], name)
    assert not column.flags.writeable
    assert not column[1:].flags.writeable
    if column.size:
        with pytest.raises(ValueError, match="WRITEABLE"):
            column.setflags(write=True)


def test_the_arrays_a_caller_made_candles_of_stay_the_callers():
    """They can be written to still, and that changes no candle."""
    whole = random_candles(5)
    own = {name: getattr(whole, name).copy() for name in COLUMNS}
    candles = Candles(symbol="BTC/USDT", interval="1h", **own)
    own["close"][:] = 1
    assert candles.close.tolist() == whole.close.tolist()


def test_tables_are_the_callers_own():
    """Of pandas here; of numpy below."""
    candles = random_candles(5)
    before = candles.close.tolist()
    table = candles.to_pandas()
    table["close"] = 0.0
    table.loc[table.index[0], "open"] = 1.0
    assert (table["close"] == 0).all()
    candles.to_numpy()[:] = 0
    assert candles.close.tolist() == before


def test_members_of_a_result_cannot_be_changed():
    metrics = {"score": {"value": 1.5, "unit": "points"}}
    social = Social(symbol="BTC", metrics=metrics)
    metrics.clear()
    with pytest.raises(TypeError, match="shared by every caller"):
        social.metrics["score"] = None
    with pytest.raises(TypeError):
        social.metrics.clear()
    assert social.metrics["score"].value == 1.5
    assert social.encode() == (
        b'{"symbol":"BTC","timestamp":null,"metrics":{"score":{"value":1.5,"unit":"points"}}}'
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda it: it.update(a=1),
        lambda it: it.pop("a"),
        lambda it: it.popitem(),
        lambda it: it.setdefault("z", 1),
        lambda it: it.__ior__({"z": 1}),
        lambda it: it.__delitem__("a"),
        lambda it: it["list"].append(1),
        lambda it: it["list"].sort(),
        lambda it: it["list"].__iadd__([1]),
        lambda it: it["list"].__setitem__(0, 1),
        lambda it: it["inner"].update(b=2),
    ],
)
def test_frozen_members_refuse_every_change(change):
    it = frozen({"a": 1, "list": [3, 2], "inner": {"b": 1}})
    with pytest.raises(TypeError):
        change(it)
    assert it == {"a": 1, "list": [3, 2], "inner": {"b": 1}}


def test_frozen_members_copy_and_pickle():
    it = frozen({"a": [1]})
    assert pickle.loads(pickle.dumps(it)) == it
    assert type(it.copy()) is dict
    assert type(copy.copy(it["a"])) is list
    assert isinstance(copy.deepcopy(it), FrozenDict)
    assert isinstance(it["a"], FrozenList)


async def test_meta_is_each_callers_own(gateway_with, candle_source, hours):
    async with gateway_with(candle_source("a", hours)) as gateway:
        first = await gateway.candles("BTC/USDT", limit=5)
        first.meta["attempts"].clear()
        first.meta["attempts"] = []
        again = await gateway.candles("BTC/USDT", limit=5)
        again.meta["attempts"][0]["provider"] = "z"
        assert [one["provider"] for one in again.meta["attempts"]] == ["a"]
        shown = gateway.explain("candles", CandlesQuery(symbol="BTC/USDT", limit=5))
        shown["candidates"].clear()
        shown["query"]["limit"] = 7
        again = gateway.explain("candles", CandlesQuery(symbol="BTC/USDT", limit=5))
        assert (len(again["candidates"]), again["query"]["limit"]) == (1, 5)


async def test_decisions_are_each_callers_own(gateway_with, candle_source, hours):
    query = CandlesQuery(symbol="BTC/USDT", limit=5)
    async with gateway_with(candle_source("a", hours)) as gateway:
        await gateway.fetch(query, request_id="one")
        gateway.decision("one")["attempts"][0]["provider"] = "z"
        gateway.decision("one")["query"]["limit"] = 7
        kept = gateway.decision("one")
        assert kept["attempts"][0]["provider"] == "a"
        assert kept["query"]["limit"] == 5
