"""Whether a market moved at all: an oscillator of prices that stand still is 0/0, and says nothing.

TA-Lib gives 0 for it, which would read as oversold. The values stay as they are; the reading says
that nothing moved.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from coinmux.framework.plugins.indicator_info import columns_read

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from coinmux.framework.indicators.frame import Frame
    from coinmux.framework.plugins.indicator_info import IndicatorInfo, Values

#: Two equal candles happen in any market; so many do not, in one that moves.
_LEAST = 3
#: For lines without levels, which have a value in a flat market too.
_LEAST_OF_LINES = 10

#: Readings that call nothing high, low, rising or falling; "at the high" does.
_CALM = re.compile(r"(at (?!the )|level\b|neutral\b|within\b|in\b|no\b)")
#: Prices that differ by so little, relatively, are the same, added up in another order.
_NOISE = 4e-16


def flatness(frame: Frame, info: IndicatorInfo, values: Values, reading: str) -> str | None:
    """What did not move over the candles the indicator looks back on, in words; else None.

    Args:
        reading: what the indicator says; of lines without levels, a calm word stays.
    """
    if not info.levels and _CALM.match(reading):
        return None
    read = columns_read(info, values)
    prices = sorted(read - {"timestamp", "volume"}) or sorted(read - {"timestamp"})
    required = info.minimum(values)
    if "volume" in read and required >= _LEAST and frame.size >= required:
        volume = frame.columns["volume"][-required:]
        if not volume.any():
            return f"flat: nothing was traded over {required} candles"
    span = _span(info, values, required, is_bar=len(prices) > 1)
    if not prices or frame.size < span:
        return None
    if all(_stands(frame.columns[name][-span:]) for name in prices):
        what = prices[0] if len(prices) == 1 else "prices"
        return f"flat: {what} did not move over {span} candles"
    return None


def _span(info: IndicatorInfo, values: Values, required: int, *, is_bar: bool) -> int:
    if not info.levels:
        return max(required, _LEAST_OF_LINES)
    if not is_bar:
        return max(required, _LEAST)
    # An average of positions within a range is 0/0 as soon as the range alone is flat.
    sizes = [value for value in values.values() if type(value) is int and value >= _LEAST]
    return min([*sizes, max(required, _LEAST)])


def _stands(column: NDArray[Any]) -> bool:
    low, high = float(column.min()), float(column.max())
    return high - low <= _NOISE * max(abs(low), abs(high))
