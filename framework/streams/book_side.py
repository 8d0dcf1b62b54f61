"""One side of a live order book: levels by price, put and removed one by one. Pure."""

from __future__ import annotations

from bisect import bisect_left, insort
from math import inf
from typing import TYPE_CHECKING

import msgspec

from coinmux.framework.reference.values import number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coinmux.framework.models.levels import Level
    from coinmux.framework.models.live import Written

_NUMBERS = list[list[float]]


def numbers_of(rows: Sequence[Sequence[Written]]) -> Sequence[Sequence[float]]:
    """The rows with numbers for what is written.

    Raises:
        ValueError, LookupError, TypeError: one of them cannot be read.
    """
    try:
        # Strings by the grammar of JSON numbers, all at once: a third of what `float` takes.
        return msgspec.convert(rows, _NUMBERS, strict=False)
    except msgspec.ValidationError:
        # Perhaps a decimal that is no JSON number, such as ".5", or a third column of words.
        return [_number_row(row) for row in rows]


def _number_row(row: object) -> tuple[float, float]:
    if not isinstance(row, (list, tuple)):
        raise TypeError(f"a level is [price, amount], not {type(row).__name__}")
    return number(row[0]), number(row[1])


class BookSide:
    """The bids or the asks.

    Args:
        is_bids: whether the highest price is the best.
        keeps_written: whether levels are kept as they were written too, for checksums.

    Attributes:
        prices: of the levels, in ascending order; not to be changed from outside.
    """

    __slots__ = ("_is_bids", "_levels", "_written", "prices")

    def __init__(self, *, is_bids: bool, keeps_written: bool = False) -> None:
        self._is_bids = is_bids
        self.prices: list[float] = []
        self._levels: dict[float, Level] = {}
        self._written: dict[float, tuple[Written, Written]] | None = {} if keeps_written else None

    def replace(self, rows: Sequence[Sequence[Written]]) -> None:
        """These levels and no others.

        Raises:
            ValueError, LookupError, TypeError: one of them cannot be read.
        """
        self.prices.clear()
        self._levels.clear()
        if self._written is not None:
            self._written.clear()
        levels, numbers = self._levels, numbers_of(rows)
        for row in numbers:
            price, size = row[0], row[1]
            if not (0.0 < price < inf and 0.0 <= size < inf):
                raise ValueError(f"an order of {size:g} at {price:g}")
            if size:
                levels[price] = (price, size)
            else:
                levels.pop(price, None)
        self.prices.extend(sorted(levels))
        if self._written is not None:
            self._note(numbers, rows)

    def change(self, rows: Sequence[Sequence[Written]]) -> None:
        """Put or remove levels, in the order of `rows`; size 0 removes.

        Raises:
            ValueError, LookupError, TypeError: one of them cannot be read; those before it are
                put already.
        """
        prices, levels, numbers = self.prices, self._levels, numbers_of(rows)
        for row in numbers:
            price, size = row[0], row[1]
            if not (0.0 < price < inf and 0.0 <= size < inf):
                raise ValueError(f"an order of {size:g} at {price:g}")
            if size:
                if price not in levels:
                    insort(prices, price)
                levels[price] = (price, size)
            elif levels.pop(price, None) is not None:
                del prices[bisect_left(prices, price)]
        if self._written is not None:
            self._note(numbers, rows)

    def _note(self, numbers: Sequence[Sequence[float]], rows: Sequence[Sequence[Written]]) -> None:
        """Keep how the levels that are there now were written."""
        written, levels = self._written, self._levels
        assert written is not None
        for (price, *_), row in zip(numbers, rows, strict=True):
            if price in levels:
                written[price] = (row[0], row[1])
            else:
                written.pop(price, None)

    def cut(self, depth: int) -> None:
        """Forget what lies beyond the best `depth` levels."""
        prices = self.prices
        beyond = slice(max(0, len(prices) - depth)) if self._is_bids else slice(depth, None)
        worst = prices[beyond]
        del prices[beyond]
        for price in worst:
            del self._levels[price]
            if self._written is not None:
                self._written.pop(price, None)

    def best(self, depth: int, floor: float | None = None) -> tuple[Level, ...]:
        """The best `depth` levels, best first; none beyond the price `floor`."""
        found = self._best_prices(depth)
        levels = self._levels
        if floor is None:
            return tuple(map(levels.__getitem__, found))
        if self._is_bids:
            return tuple([levels[price] for price in found if price >= floor])
        return tuple([levels[price] for price in found if price <= floor])

    def written(self, depth: int) -> list[tuple[Written, Written]]:
        """The best `depth` levels as they were written, best first."""
        assert self._written is not None
        return [self._written[price] for price in self._best_prices(depth)]

    def _best_prices(self, depth: int) -> list[float]:
        if self._is_bids:
            return self.prices[: -depth - 1 : -1]
        return self.prices[:depth]
