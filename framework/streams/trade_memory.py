"""The newest trades of a live feed, and the ids of those that were told. Pure."""

from __future__ import annotations

from bisect import insort
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from coinmux.framework.models.market import Trade

#: Trades kept whole, and ids remembered; twice as many at most.
_KEPT, _REMEMBERED = 1_000, 4_096
#: REST and the socket of a source may tell a trade's time differently; numbers that begin anew are
#: of another time altogether.
_SAME_MS = 5_000


def time_of(trade: Trade) -> int:
    """By which trades are sorted."""
    return trade.timestamp


def figures_of(trade: Trade) -> Hashable:
    """What a trade without an id is known by; several may have the same."""
    return trade.timestamp, trade.side, trade.price, trade.amount


class TradeMemory:
    """Trades in order of time, in bounded memory.

    Attributes:
        newest: the newest trade; None while there is none.
    """

    __slots__ = ("_ids", "_recent", "newest")

    newest: Trade | None

    def __init__(self) -> None:
        self.newest = None
        self._recent: list[Trade] = []
        #: With the time of each: numbers may begin anew.
        self._ids: dict[str, int] = {}

    def has_id(self, trade: Trade) -> bool:
        """Whether a trade of this id was put; False without an id."""
        return trade.id in self._ids

    def was_put(self, trade: Trade) -> bool:
        """Whether this very trade was put; False without an id."""
        at_ms = None if trade.id is None else self._ids.get(trade.id)
        return at_ms is not None and abs(at_ms - trade.timestamp) < _SAME_MS

    def knows(self, id_: str) -> bool:
        """Whether a trade of this id was put."""
        return id_ in self._ids

    def put(self, trade: Trade) -> None:
        """Put a trade in its place."""
        recent, ids = self._recent, self._ids
        if not recent or trade.timestamp >= recent[-1].timestamp:
            recent.append(trade)
            self.newest = trade
        else:
            insort(recent, trade, key=time_of)
        if len(recent) > 2 * _KEPT:
            del recent[:_KEPT]
        if trade.id is not None:
            ids[trade.id] = trade.timestamp
            if len(ids) > 2 * _REMEMBERED:
                self._ids = dict(islice(ids.items(), _REMEMBERED, None))

    def latest(self, limit: int) -> Sequence[Trade]:
        """The newest `limit` trades, newest last."""
        return self._recent[-limit:]

    def figures(self) -> Counter[Hashable]:
        """How often the figures of a trade are there."""
        return Counter(map(figures_of, self._recent))
