"""An order book as a function of time: levels that change, go and come back. Pure.

Prices lie on a fixed grid; whether a level is there, and its size, is hashed from its place and a
number that grows every half to ten seconds. So the book at a moment is the same for every caller,
and what changed between two moments is the difference of two books.
"""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Level = tuple[Decimal, Decimal]
Levels = list[Level]

#: A book changes so often; its changes are counted since 1 January 2020.
TICK_MS = 100
_FIRST_MS = 1_577_836_800_000
#: Places of the grid on each side; some four in five have a level.
DEPTH = 150
#: The grid's step of a price.
_STEP = 2e-5
#: How long a level stays as it is, in ticks.
_SHORTEST, _LONGEST = 5, 100
#: Levels that are remembered.
_MOST_LEVELS = 20_000
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_GOLD = np.uint64(0x9E3779B97F4A7C15)


class LiveBook:
    """The book of one market.

    Args:
        seed: another seed, another book.
        price_digits, size_digits: decimals of a price and of a size.
        price: what a unit costs, about.
        big: the size of a large level.
    """

    def __init__(
        self, seed: str, price_digits: int, size_digits: int, *, price: float, big: float
    ) -> None:
        digest = hashlib.blake2b(seed.encode(), digest_size=8).digest()
        self._seed = np.frombuffer(digest, dtype="<u8").astype(np.uint64)[0]
        self._price_digits = price_digits
        self._size_digits = size_digits
        self._big = max(round(big * 10**size_digits), 2)
        self._known: dict[tuple[int, int], Level] = {}
        self._step = max(round(price * 10**price_digits * _STEP), 1)
        self._last: tuple[int, Levels, Levels] | None = None

    def number(self, now_ms: int) -> int:
        """How many changes there were until now."""
        return (now_ms - _FIRST_MS) // TICK_MS

    def levels(self, now_ms: int, price: Decimal) -> tuple[Levels, Levels]:
        """Bids and asks, best first, around the price of the last trade.

        The same lists again within a tick; not to be changed.
        """
        number = self.number(now_ms)
        last = self._last
        if last is not None and last[0] == number:
            return last[1], last[2]
        bids, asks = self._made(number, price)
        self._last = (number, bids, asks)
        return bids, asks

    def _made(self, number: int, price: Decimal) -> tuple[Levels, Levels]:
        middle = int(price.scaleb(self._price_digits))
        step = self._step
        centre = middle // step
        places = np.arange(centre - DEPTH, centre + DEPTH + 1, dtype=np.int64)
        fixed = _hashed(places.astype(np.uint64) * _GOLD + self._seed)
        prices = places * step + (fixed % np.uint64(step)).astype(np.int64)
        spans = _SHORTEST + ((fixed >> np.uint64(20)) % np.uint64(_LONGEST - _SHORTEST)).astype(
            np.int64
        )
        turns = (
            number + ((fixed >> np.uint64(32)) % np.uint64(_LONGEST)).astype(np.int64)
        ) // spans
        chance = _hashed(fixed + turns.astype(np.uint64) * _MIX_1)
        there = (chance & np.uint64(1023)) < np.uint64(840)
        parts = (chance >> np.uint64(11)).astype(np.float64) * 2.0**-53
        sizes = np.maximum((parts**3 * self._big).astype(np.int64), 1)
        bids: Levels = []
        asks: Levels = []
        for place, level, size in zip(
            places[there].tolist(), prices[there].tolist(), sizes[there].tolist(), strict=True
        ):
            if level < middle:
                bids.append(self._level(place, level, size))
            elif level > middle:
                asks.append(self._level(place, level, size))
        bids.reverse()
        return bids, asks

    def _level(self, place: int, price: int, size: int) -> Level:
        found = self._known.get((place, size))
        if found is None:
            if len(self._known) >= _MOST_LEVELS:
                self._known.clear()
            found = (
                Decimal(price).scaleb(-self._price_digits),
                Decimal(size).scaleb(-self._size_digits),
            )
            self._known[(place, size)] = found
        return found


def changes(old: Levels, new: Levels, *, is_fall_told: bool, full: Levels) -> Levels:
    """What makes the new levels of the old ones, size 0 where one is gone.

    Args:
        is_fall_told: whether a level that is only beyond the depth now is told as gone.
        full: all levels of the side now.
    """
    before = dict(old)
    changed = [level for level in new if before.pop(level[0], None) != level[1]]
    if before:
        there = {level[0] for level in (new if is_fall_told else full)}
        changed += [(price, Decimal(0)) for price in before if price not in there]
    return changed


def _hashed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Splitmix64's finaliser."""
    values = (values ^ (values >> np.uint64(30))) * _MIX_1
    values = (values ^ (values >> np.uint64(27))) * _MIX_2
    return values ^ (values >> np.uint64(31))
