"""The pairs of one source by its own list: what decides whether it is asked about a pair at all."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from coinmux.framework.models.market import Market

#: Pairs kept of one list; the largest exchanges list some four thousand.
MOST_PAIRS = 20_000
#: A list of fewer pairs is taken for a part of one, a page or a sample: it says what is there, and
#: not what is missing.
LEAST_PAIRS = 20


@dataclass(frozen=True, slots=True)
class MarketList:
    """Immutable; pairs are texts, `BASE/QUOTE` in our names.

    Attributes:
        pairs: every pair, traded now or not.
        active: those traded now.
        is_whole: whether a pair that is not in the list is not listed.
        read_at: monotonic seconds.
    """

    pairs: frozenset[str]
    active: frozenset[str]
    is_whole: bool
    read_at: float

    @classmethod
    def of(cls, markets: Iterable[Market], read_at: float, *, left_out: int = 0) -> Self:
        """The list of these markets.

        Args:
            left_out: rows that could not be read; a pair may be among them.
        """
        # Sources share most pairs, so their texts are shared too.
        rows = [(sys.intern(str.__str__(one.symbol)), one.active) for one in markets]
        pairs = frozenset(pair for pair, _ in rows[:MOST_PAIRS])
        active = frozenset(pair for pair, is_active in rows[:MOST_PAIRS] if is_active)
        is_whole = left_out == 0 and len(pairs) >= LEAST_PAIRS and len(rows) <= MOST_PAIRS
        return cls(pairs, pairs if len(active) == len(pairs) else active, is_whole, read_at)
