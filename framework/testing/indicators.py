"""What an indicator must hold to, checked in one line of its author's tests.

```python
from coinmux.framework.testing.indicators import check_indicator

def test_mine():
    check_indicator("my_package")
```
"""

from __future__ import annotations

import importlib
import math
from typing import TYPE_CHECKING

import numpy as np

from coinmux.framework.errors import InsufficientData
from coinmux.framework.indicators.caller_candles import frame_of_rows
from coinmux.framework.indicators.catalogue import Catalogue
from coinmux.framework.indicators.frame import Frame
from coinmux.framework.indicators.plan import Plan
from coinmux.framework.plugins.discovery import PluginLoader, in_process
from coinmux.framework.testing.random_candles import random_candles

if TYPE_CHECKING:
    from numpy.typing import NDArray

_HISTORY = 1_500
_START_MS = 1_763_942_400_000
#: A settled value may differ by so much of the largest, from one beginning to another.
_LEFT = 2e-6


def check_indicator(plugin: object) -> None:
    """Load a plugin and check each of its indicators at the default parameters.

    Args:
        plugin: a module's name, a module, or an object with the hooks.

    Raises:
        AssertionError: says which indicator breaks which promise.
    """
    if isinstance(plugin, str):
        plugin = importlib.import_module(plugin)
    loader = PluginLoader()
    loader.load([in_process("checked", plugin)], wait_s=10, limit_s=10)
    assert not loader.broken, loader.broken[0].error
    assert loader.indicators, "the plugin declares no indicator"
    catalogue = Catalogue(loader.indicators)
    for indicator in catalogue:
        info = indicator.info
        assert info.title, f"{info.name}: has no title"
        assert info.formula, f"{info.name}: says no formula"
        assert info.source, f"{info.name}: says no source of it"
        plan = catalogue.plan(info.name)
        _check_minimum(plan)
        _check_settled(plan)
        _check_inputs_untouched(plan)
        _check_nasty(plan)


def _check_minimum(plan: Plan) -> None:
    """`minimum` candles are enough to run on, and no fewer are handed over."""
    assert plan.required >= 1, f"{plan.info.name}: minimum takes at least one candle"
    computed = plan.run(Frame.of(random_candles(plan.required)))
    for name, column in computed.values.items():
        assert column.size == plan.required, f"{plan.info.name}.{name}: not one value a candle"
    try:
        plan.run(Frame.of(random_candles(plan.required).model_copy()).last(plan.required - 1))
    except InsufficientData:
        return
    raise AssertionError(f"{plan.info.name}: runs on fewer candles than its minimum")


def _check_settled(plan: Plan) -> None:
    """From `settle` candles on, a shorter history gives the same values."""
    candles = random_candles(_HISTORY)
    whole = plan.run(Frame.of(candles))
    begin = _HISTORY // 3
    part = plan.run(Frame.of(candles).last(_HISTORY - begin))
    at = plan.settled_at(part.frame.timestamp)
    if at is None:
        return
    for output, short, full in zip(plan.info.outputs, part.outputs, whole.outputs, strict=True):
        assert _agree(short[at:], full[begin + at :]), (
            f"{plan.info.name}.{output.name}: settled values depend on where the history begins;"
            " settle is too small"
        )


def _agree(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> bool:
    known = np.isfinite(theirs)
    if not (np.isfinite(ours) == known).all():
        return False
    largest = max(np.abs(theirs[known]), default=1.0) or 1.0
    return bool((np.abs(ours[known] - theirs[known]) <= _LEFT * largest).all())


def _check_inputs_untouched(plan: Plan) -> None:
    """Inputs are shared: one that writes to them raises here."""
    frame = Frame.of(random_candles(max(plan.required, 100)))
    for column in frame.columns.values():
        column.setflags(write=False)
    plan.run(frame)


def _check_nasty(plan: Plan) -> None:
    """Flat, empty, rising, huge and negative candles give values or none, never an exception."""
    count = max(plan.required, 100)
    waves = [100 + math.sin(at) for at in range(count)]
    cases: dict[str, tuple[list[float], float]] = {
        "flat prices": ([5.0] * count, 1.0),
        "no volume": (waves, 0.0),
        "rising prices": (list(range(1, count + 1)), 1.0),
        "huge prices": ([1e18 * (1 + at % 3) for at in range(count)], 1.0),
        "negative prices": ([-5.0 - at % 3 for at in range(count)], 1.0),
    }
    for case, (prices, volume) in cases.items():
        rows = [
            [_START_MS + at * 3_600_000, *([price] * 4), volume] for at, price in enumerate(prices)
        ]
        computed = plan.run(frame_of_rows(rows))
        reading = computed.reading
        assert reading is None or isinstance(reading, str), f"{plan.info.name}: {case}: reading"
