"""Supertrend: a stop that trails the price by a multiple of the average true range.

Formula: the edges are the middle of high and low, plus and minus k ATR(n) (Wilder's). The upper
edge only falls and the lower edge only rises until a close breaks through, which turns the trend.
The line is the lower edge while the trend is up, the upper while it is down; `direction` is 1 or
-1.

Source: Olivier Seban; TA-Lib SUPERTREND, https://ta-lib.org/functions/, read 2026-11-24.
"""

from collections.abc import Sequence

import numpy as np
import talib

from coinmux import (
    Column,
    Columns,
    IndicatorInfo,
    Latest,
    Output,
    Parameter,
    Values,
    hookimpl,
    period,
    wilder_memory,
)

#: A stop depends on earlier candles until the trend turns, nearly always within this many candles.
_TURN = 100


def _reading(latest: Latest) -> str | None:
    now, before = latest.values["direction"], latest.previous["direction"]
    line, close = latest.values["supertrend"], latest.close
    if line is None or now is None or close is None:
        return None
    word, sign = ("uptrend", ">") if now > 0 else ("downtrend", "<")
    turned = " begins" if before is not None and before != now else ""
    return f"{word}{turned}: close {close:.8g} {sign} supertrend {line:.8g}"


@hookimpl
def indicator_info() -> IndicatorInfo:
    """The stop and its direction, from n + 1 candles on."""
    return IndicatorInfo(
        name="supertrend",
        title="Supertrend",
        group="Overlap Studies",
        label="Supertrend",
        inputs=("high", "low", "close"),
        parameters=(
            period(10),
            Parameter("multiplier", 3.0, 0, 100, description="Average ranges to each side"),
        ),
        outputs=(Output("supertrend"), Output("direction", "marks")),
        minimum=lambda values: values["period"] + 1,
        settle=lambda values: wilder_memory(values["period"]) + _TURN,
        overlay=True,
        reading=_reading,
        formula="middle of high and low, k ATR(n) to each side, kept tight until a close breaks it",
        source="Olivier Seban; TA-Lib SUPERTREND",
    )


@hookimpl
def compute(inputs: Columns, parameters: Values) -> Sequence[Column]:
    """The stop in price units, and 1 or -1."""
    line, direction = talib.SUPERTREND(
        inputs["high"],
        inputs["low"],
        inputs["close"],
        parameters["period"],
        parameters["multiplier"],
    )
    return line, np.where(np.isnan(line), np.nan, direction)
