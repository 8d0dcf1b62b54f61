"""Ichimoku Kinko Hyo, its five lines as they are drawn.

Formula: the conversion line and the base line are the middle between the highest high and the
lowest low of 9 and 26 candles. Span A is the middle of those two lines, span B the middle of 52
candles; both are drawn 26 candles ahead (this candle counts as the first, so they are moved by 25).
The lagging line is the close, drawn 26 candles back by the same count. Each value is listed at the
candle where it is drawn: a span was known 25 candles earlier, a lagging value 25 candles later.

Source: Goichi Hosoda (Ichimoku Sanjin), 1969, as described by Nicole Elliott, Ichimoku Charts,
2007; the displacement as TradingView draws it (26 with the current candle).
"""

from collections.abc import Sequence

import numpy as np
import talib

from coinmux import Column, Columns, IndicatorInfo, Latest, Output, Values, hookimpl, period


def _reading(latest: Latest) -> str | None:
    a, b, close = latest.values["span_a"], latest.values["span_b"], latest.close
    if a is None or b is None or close is None:
        return None
    top, bottom = max(a, b), min(a, b)
    if close > top:
        return f"above the cloud: close {close:.8g} > {top:.8g}"
    if close < bottom:
        return f"below the cloud: close {close:.8g} < {bottom:.8g}"
    return f"in the cloud: {bottom:.8g} <= close {close:.8g} <= {top:.8g}"


@hookimpl
def indicator_info() -> IndicatorInfo:
    """The five lines; the spans need the candles of their window and of their displacement."""
    return IndicatorInfo(
        name="ichimoku",
        title="Ichimoku Kinko Hyo",
        group="Overlap Studies",
        label="Ichimoku",
        inputs=("high", "low", "close"),
        parameters=(
            period(9, name="conversion", low=1, meaning="Candles of the conversion line"),
            period(26, name="base", low=1, meaning="Candles of the base line"),
            period(52, name="span", low=1, meaning="Candles of span B"),
            period(
                26, name="displacement", low=1, meaning="Candles ahead, this one being the first"
            ),
        ),
        outputs=(
            Output("conversion"),
            Output("base"),
            Output("span_a", "upper"),
            Output("span_b", "lower"),
            Output("lagging", "dashed"),
        ),
        minimum=lambda values: (
            max(values["span"], values["base"], values["conversion"]) + values["displacement"] - 1
        ),
        overlay=True,
        reading=_reading,
        formula="middles of the highest high and lowest low of 9, 26 and 52 candles, drawn apart",
        source="Goichi Hosoda, 1969; Nicole Elliott, Ichimoku Charts, 2007",
    )


@hookimpl
def compute(inputs: Columns, parameters: Values) -> Sequence[Column]:
    """Conversion, base, span A, span B and lagging line, in price units."""
    sizes = (parameters["conversion"], parameters["base"], parameters["span"])
    conversion, base, span_b = (_middle(inputs, int(size)) for size in sizes)
    ahead = int(parameters["displacement"]) - 1
    lagging = np.full(conversion.size, np.nan)
    lagging[: conversion.size - ahead] = inputs["close"][ahead:]
    return conversion, base, _moved((conversion + base) / 2, ahead), _moved(span_b, ahead), lagging


def _middle(inputs: Columns, size: int) -> Column:
    if size == 1:
        return (inputs["high"] + inputs["low"]) / 2
    return (talib.MAX(inputs["high"], size) + talib.MIN(inputs["low"], size)) / 2


def _moved(values: Column, ahead: int) -> Column:
    return np.concatenate((np.full(ahead, np.nan), values[: values.size - ahead]))
