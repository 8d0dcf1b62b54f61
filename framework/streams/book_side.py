"""One side of a live order book: levels by price, put and removed one by one. Pure."""

from __future__ import annotations

from bisect import bisect_left, insort
from math import inf
from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec

from coinmux.framework.reference.values import number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coinmux.framework.models.levels import Level
    from coinmux.framework.models.live import Written

T = TypeVar("T")


class _Rows(msgspec.Struct):
    """In a struct, as a bare list of lists takes as long to look up as a few rows to read."""

    rows: list[list[float]]


def numbers_of(rows: Sequence[Sequence[Written]]) -> Sequence[Sequence[float]]:
    """The rows with numbers for what is written.

    Raises:
        ValueError, LookupError, TypeError: one of them cannot be read.
    """
    for row in rows:
        if type(row[0]) is not float or type(row[1]) is not float:
            break
    else:
        return rows  # type: ignore[return-value]  # a plugin read them as numbers already
    try:
        # Strings by the grammar of JSON numbers, all at once: a third of what `float` takes.
        return msgspec.convert({"rows": rows}, _Rows, strict=False).rows
    except msgspec.ValidationError:
        # Perhaps a decimal that is no JSON number, such as ".5", or a third column of words.
        return [_number_row(row) for row in rows]


def _number_row(row: object) -> tuple[float, float]:
    if not isinstance(row, (list, tuple)):
        raise TypeError(f"a level is [price, amount], not {type(row).__name__}")
    return number(row[0]), number(row[1])


class _Best(Generic[T]):
    """The best levels of a side, until one of them changes.

    Attributes:
        depth: how many were asked for.
        edge: the price of the last of them; None where there were fewer.
    """

    __slots__ = ("depth", "edge", "floor", "levels")

    def __init__(self, depth: int, floor: float | None, edge: float | None, levels: T) -> None:
        self.depth = depth
        self.floor = floor
        self.edge = edge
        self.levels = levels


class BookSide:
    """The bids or the asks.

    Args:
        is_bids: whether the highest price is the best.
        keeps_written: whether levels are kept as they were written too, for checksums.

    Attributes:
        prices: of the levels, in ascending order; not to be changed from outside.
    """

    __slots__ = ("_best", "_is_bids", "_levels", "_written", "_written_best", "prices")

    def __init__(self, *, is_bids: bool, keeps_written: bool = False) -> None:
        self._is_bids = is_bids
        self.prices: list[float] = []
        self._levels: dict[float, Level] = {}
        self._written: dict[float, tuple[Written, Written]] | None = {} if keeps_written else None
        self._best: _Best[tuple[Level, ...]] | None = None
        self._written_best: _Best[tuple[tuple[Written, Written], ...]] | None = None

    def replace(self, rows: Sequence[Sequence[Written]]) -> None:
        """These levels and no others.

        Raises:
            ValueError, LookupError, TypeError: one of them cannot be read.
        """
        self.prices.clear()
        self._levels.clear()
        self._best = self._written_best = None
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
        is_bids, prices, levels, numbers = (
            self._is_bids,
            self.prices,
            self._levels,
            numbers_of(rows),
        )
        nearest = 0.0 if is_bids else inf
        for row in numbers:
            price, size = row[0], row[1]
            if not (0.0 < price < inf and 0.0 <= size < inf):
                self._best = self._written_best = None
                raise ValueError(f"an order of {size:g} at {price:g}")
            if (price > nearest) is is_bids:
                nearest = price
            if size:
                if price not in levels:
                    insort(prices, price)
                levels[price] = (price, size)
            elif levels.pop(price, None) is not None:
                del prices[bisect_left(prices, price)]
        if self._written is not None:
            self._note(numbers, rows)
        self._forget_best(nearest)

    def _forget_best(self, nearest: float) -> None:
        """Forget the best levels that were given, if the change nearest to the best is of them."""
        is_bids, best, written = self._is_bids, self._best, self._written_best
        if best is not None and (
            best.edge is None or nearest == best.edge or (nearest > best.edge) is is_bids
        ):
            self._best = None
        if written is not None and (
            written.edge is None or nearest == written.edge or (nearest > written.edge) is is_bids
        ):
            self._written_best = None

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
        for price in worst:
            self._forget_best(price)

    def best(self, depth: int, floor: float | None = None) -> tuple[Level, ...]:
        """The best `depth` levels, best first; none beyond the price `floor`."""
        kept = self._best
        if kept is not None and kept.depth == depth and kept.floor == floor:
            return kept.levels
        found = self._best_prices(depth)
        levels = self._levels
        if floor is None:
            told = tuple(map(levels.__getitem__, found))
        elif self._is_bids:
            told = tuple([levels[price] for price in found if price >= floor])
        else:
            told = tuple([levels[price] for price in found if price <= floor])
        edge = found[-1] if len(found) == depth else None
        self._best = _Best(depth, floor, edge, told)
        return told

    def written(self, depth: int) -> tuple[tuple[Written, Written], ...]:
        """The best `depth` levels as they were written, best first; the same until they change."""
        assert self._written is not None
        kept = self._written_best
        if kept is not None and kept.depth == depth:
            return kept.levels
        found = self._best_prices(depth)
        told = tuple(map(self._written.__getitem__, found))
        edge = found[-1] if len(found) == depth else None
        self._written_best = _Best(depth, None, edge, told)
        return told

    def _best_prices(self, depth: int) -> list[float]:
        if self._is_bids:
            return self.prices[: -depth - 1 : -1]
        return self.prices[:depth]
