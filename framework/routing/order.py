"""The order of one capability's sources, kept true by ranking anew only those that changed.

A second of work changes the scores of a few sources, of thousands. To rank all of them anew takes
a thousand times as long as to move those few to their new places.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from coinmux.framework.routing.ranking import SourceScore, led, rank

if TYPE_CHECKING:
    from coinmux.framework.sources.source import Source

Pair = tuple[SourceScore, "Source"]


class Order:
    """Sources in the order to try them; empty until ranked.

    Args:
        strategy: `priority` or `fastest`.
        leader: the source that went first so far.

    Attributes:
        at: monotonic seconds as of which it is true; its owner sets it.
        good_until: monotonic seconds at which time alone may change a score.
        touched: names of sources whose scores may have changed since `at`, of others too.
        pairs: scores and sources in their order; a new list after each change.
    """

    def __init__(self, strategy: str, leader: str | None = None) -> None:
        self._strategy = strategy
        self._is_fastest = strategy == "fastest"
        self._leader = leader
        self._is_unsettled = False
        self._known: dict[str, Pair] = {}
        #: As `rank` orders them, whoever leads.
        self._ranked: list[Pair] = []
        self.at = -math.inf
        self.good_until = math.inf
        self.touched: set[str] = set()
        self.pairs: list[Pair] = []

    def rank(self, sources: Iterable[Pair]) -> None:
        """Rank all anew, by their scores."""
        self._known = {score.name: (score, source) for score, source in sources}
        scores = [score for score, _ in self._known.values()]
        self._ranked = [self._known[score.name] for score in rank(scores, self._strategy)]
        self._lead()

    @property
    def leader(self) -> str | None:
        """The source that goes first."""
        return self._leader

    def changed(self) -> Iterator[Source]:
        """The sources that were touched, each once."""
        while self.touched:
            known = self._known.get(self.touched.pop())
            if known is not None:
                yield known[1]

    def rescore(self, scores: Iterable[SourceScore]) -> None:
        """Move the sources of these scores to their places."""
        # Who led until now has its bonus no longer.
        moved = self._is_unsettled
        for score in scores:
            before = self._known[score.name]
            if before[0] == score:
                continue
            del self._ranked[self._place(before[0])]
            pair = self._known[score.name] = (score, before[1])
            self._ranked.insert(self._place(score), pair)
            moved = True
        if moved:
            self._lead()

    def _place(self, score: SourceScore) -> int:
        return bisect_left(self._ranked, self._key(score), key=lambda one: self._key(one[0]))

    def _key(self, score: SourceScore) -> tuple[Any, ...]:
        if self._is_fastest:
            return (score.place_by_speed, score.priority, score.name)
        return (score.place, score.name)

    def _lead(self) -> None:
        # A copy: decisions keep the order they were made by.
        pairs = self._ranked.copy()
        if self._leader is not None:
            pairs = led(pairs, self._leader, self._strategy, itemgetter(0))
        self.pairs = pairs
        leader = pairs[0][0].name if pairs else None
        self._is_unsettled = leader != self._leader
        self._leader = leader
