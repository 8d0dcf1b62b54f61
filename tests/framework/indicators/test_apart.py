"""Installed indicators run in processes of their own: none keeps a core, memory or the server."""

import asyncio
import os
import sys
import time
from importlib.metadata import EntryPoint

import numpy as np
import psutil
import pytest

from coinmux import Gateway, IndicatorInfo, Output, PluginError, PluginTimeout, hookimpl
from coinmux.framework.indicators.apart import foreign
from coinmux.framework.indicators.frame import Frame
from coinmux.framework.plugins.discovery import Found, in_process
from coinmux.framework.testing.random_candles import random_candles

PLUGIN = """
import os, sys, threading, time
import numpy as np
from coinmux import IndicatorInfo, Output, Parameter, hookimpl

NAMES = ("good", "two", "spins", "sleeps", "raises", "writes", "leaves", "prints", "eats", "short",
         "forks", "asks")

@hookimpl
def indicator_info():
    return [
        IndicatorInfo(
            name=name, title=name, group="G", inputs=("high", "close"), minimum=lambda _: 2,
            outputs=(Output("a"), Output("b")) if name == "two" else (Output("a"),),
            parameters=(Parameter("by", 2.0, 0, 10),), series={"price": "hl2"},
        )
        for name in NAMES
    ]

@hookimpl
def compute(indicator, inputs, parameters):
    close = inputs["close"]
    if indicator == "good":
        return close * parameters["by"]
    if indicator == "two":
        return [inputs["price"] + 0, inputs["high"] + 0]
    if indicator == "spins":
        while True:
            pass
    if indicator == "sleeps":
        time.sleep(3600)
    if indicator == "raises":
        return divided(close)
    if indicator == "writes":
        close -= close.mean()
        return close
    if indicator == "leaves":
        os._exit(3)
    if indicator == "prints":
        print("x" * 100_000); sys.stdout.flush()
        return close + 0
    if indicator == "eats":
        return np.ones(10**9)
    if indicator == "short":
        return close[1:] + 0
    if indicator == "forks":
        threading.Thread(target=time.sleep, args=(3600,)).start()
        return close + 0
    if indicator == "asks":
        return close * (1.0 if "A_KEY" in os.environ else 0.0)

def divided(close):
    return close / (1 // 0)
"""


@pytest.fixture
def found(tmp_path, monkeypatch):
    """The plugin as an installed package."""
    (tmp_path / "coinmux_foreign.py").write_text(PLUGIN)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("A_KEY", "secret")
    yield Found(
        "foreign", "coinmux-foreign", "1", False,
        EntryPoint("foreign", "coinmux_foreign", "coinmux").load, "coinmux_foreign",
    )  # fmt: skip
    sys.modules.pop("coinmux_foreign", None)


@pytest.fixture
async def gateway(found):
    async with Gateway.from_env(None, environ={"CHECKER": "off"}, found=[found]) as gateway:
        assert await gateway.wait_loaded() == []
        yield gateway


CANDLES = random_candles(50)


async def computed(gateway, name, **parameters):
    plan = gateway.indicators.catalogue.plan(name, parameters)
    return await gateway.indicators.run(plan, Frame.of(CANDLES))


def children():
    return psutil.Process().children(recursive=True)


async def test_values_are_those_of_this_process(gateway):
    """Columns, series, parameters and outputs cross the border; one process serves them all."""
    one = await computed(gateway, "good", by="3")
    assert np.array_equal(one.outputs[0], CANDLES.close * 3)
    two = await computed(gateway, "two")
    assert np.array_equal(two.outputs[0], (CANDLES.high + CANDLES.low) * 0.5)
    assert np.array_equal(two.outputs[1], CANDLES.high)
    printed = await computed(gateway, "prints")
    assert np.array_equal(printed.outputs[0], CANDLES.close)
    assert len(children()) == 1
    assert gateway.indicators._foreign.in_threads == {}


@pytest.mark.parametrize("name", ["spins", "sleeps"])
async def test_one_that_never_ends_is_ended(gateway, monkeypatch, name):
    """`plugin_timeout` each time, no process left, and others are computed."""
    monkeypatch.setattr(foreign, "PATIENCE_S", 0.4)
    for _ in range(2):
        with pytest.raises(PluginTimeout, match=rf"indicator {name} took longer than 0.4 s"):
            await computed(gateway, name)
        assert children() == []
    monkeypatch.setattr(foreign, "PATIENCE_S", 5.0)
    assert (await computed(gateway, "good")).outputs[0].size == 50


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("raises", "indicator raises: ZeroDivisionError"),
        ("writes", "read-only"),
        ("leaves", "indicator leaves ended its process"),
        ("eats", "indicator eats"),
        ("short", "indicator short returns float64 arrays of its input's length"),
    ],
)
async def test_what_it_does_wrong_is_its_own_error(gateway, name, words):
    """`plugin_error`, and an event that names its package; the next question is answered."""
    with pytest.raises(PluginError) as caught:
        await computed(gateway, name)
    assert words in caught.value.detail or "MemoryError" in caught.value.detail
    event = next(one for one in gateway.events.recent() if one.kind == "plugin")
    assert (event.level, event.source) == ("warning", "coinmux-foreign")
    if name == "raises":
        assert 'coinmux_foreign.py", line' in event.trace
        assert "in divided" in event.trace
    assert np.array_equal((await computed(gateway, "good")).outputs[0], CANDLES.close * 2)


async def test_no_key_is_in_its_environment(gateway):
    """What a plugin needs no key for does not get one."""
    assert not (await computed(gateway, "asks")).outputs[0].any()


async def test_many_at_a_time_take_one_process(gateway):
    """Questions to one plugin take turns."""
    results = await asyncio.gather(*(computed(gateway, "good") for _ in range(6)))
    assert all(one.outputs[0].size == 50 for one in results)
    assert len(children()) == 1


async def test_closing_the_gateway_ends_them(found):
    """Those that compute as well, and what they have left running."""
    async with Gateway.from_env(None, environ={"CHECKER": "off"}, found=[found]) as gateway:
        await gateway.wait_loaded()
        await computed(gateway, "forks")
        asked = asyncio.ensure_future(computed(gateway, "sleeps"))
        await asyncio.sleep(0.05)
        assert len(children()) == 1
    assert children() == []
    begun = time.monotonic()
    with pytest.raises(PluginError):
        await asked
    assert time.monotonic() - begun < foreign.PATIENCE_S


class Notebook:
    """An indicator that only this process has."""

    @hookimpl
    def indicator_info(self):
        return IndicatorInfo(
            name="pid", title="Pid", group="G", inputs=("close",), minimum=lambda _: 1,
            outputs=(Output("a"),),
        )  # fmt: skip

    @hookimpl
    def compute(self, inputs, parameters):
        return np.full(inputs["close"].size, float(os.getpid()))


async def test_an_object_of_this_process_runs_in_a_thread():
    """It cannot be imported elsewhere."""
    found = [in_process("pid", Notebook())]
    async with Gateway.from_env(None, environ={"CHECKER": "off"}, found=found) as gateway:
        assert (await computed(gateway, "pid")).outputs[0][0] == os.getpid()


async def test_where_no_process_can_be_had_it_runs_in_a_thread(found, monkeypatch):
    """With a warning that says why, once."""
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")
    async with Gateway.from_env(None, environ={"CHECKER": "off"}, found=[found]) as gateway:
        await gateway.wait_loaded()
        for _ in range(2):
            assert (await computed(gateway, "good")).outputs[0].size == 50
        (event,) = (one for one in gateway.events.recent() if one.kind == "plugin")
        assert "computes in a thread, which cannot be ended: no process can be" in event.message
