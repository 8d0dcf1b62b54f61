"""Whether a market moved at all: an oscillator of prices that stand still is 0/0, and says nothing.

TA-Lib gives 0 for it, which would read as oversold. The values stay as they are; the reading says
that nothing moved.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class LookBack:
    """Which candles must stand still for a plan's newest value to say nothing.

    Attributes:
        prices: the columns of prices that are read; volumes if none is.
        span: how many of the latest candles of them.
        traded: over how many of the latest candles something must have been traded; 0 for any.
        has_levels: whether the indicator has levels, so that a calm word is a judgement too.
    """

    prices: tuple[str, ...]
    span: int
    traded: int
    has_levels: bool

    @classmethod
    def of(cls, info: IndicatorInfo, values: Values) -> LookBack:
        """What `info` looks back on, with these parameters."""
        read = columns_read(info, values)
        prices = sorted(read - {"timestamp", "volume"}) or sorted(read - {"timestamp"})
        required = info.minimum(values)
        span = _span(info, values, required, is_bar=len(prices) > 1)
        traded = required if "volume" in read and required >= _LEAST else 0
        return cls(tuple(prices), span, traded, bool(info.levels))

    def flatness(self, frame: Frame, reading: str) -> str | None:
        """What did not move over the candles the indicator looks back on, in words; else None.

        Args:
            reading: what the indicator says; of lines without levels, a calm word stays.
        """
        if not self.has_levels and _CALM.match(reading):
            return None
        if self.traded and frame.size >= self.traded:
            volume = frame.columns["volume"][-self.traded :]
            if not volume.any():
                return f"flat: nothing was traded over {self.traded} candles"
        if not self.prices or frame.size < self.span:
            return None
        for name in self.prices:
            if not _stands(frame.columns[name], self.span):
                return None
        what = self.prices[0] if len(self.prices) == 1 else "prices"
        return f"flat: {what} did not move over {self.span} candles"


def _span(info: IndicatorInfo, values: Values, required: int, *, is_bar: bool) -> int:
    if not info.levels:
        return max(required, _LEAST_OF_LINES)
    if not is_bar:
        return max(required, _LEAST)
    # An average of positions within a range is 0/0 as soon as the range alone is flat.
    sizes = [value for value in values.values() if type(value) is int and value >= _LEAST]
    return min([*sizes, max(required, _LEAST)])


def _stands(column: NDArray[Any], span: int) -> bool:
    """Whether the latest `span` prices are one, but for noise."""
    # Ends that differ by twice the noise settle it without a search, which costs ten times as much.
    first, last = column.item(-span), column.item(-1)
    if abs(first - last) > 2 * _NOISE * (abs(first) + abs(last)):
        return False
    latest = column[-span:]
    low, high = float(latest.min()), float(latest.max())
    return high - low <= _NOISE * max(abs(low), abs(high))
