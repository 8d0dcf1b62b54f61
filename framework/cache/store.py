"""Cached answers: fresh, stale while a refresh runs, stale when every source failed."""

from __future__ import annotations

import random
from collections import OrderedDict
from typing import TYPE_CHECKING

from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Hashable

    from coinmux.framework.cache.answer import FetchResult
    from coinmux.framework.clock import Clock

#: Part of the freshness that is left to chance, so that answers do not expire together.
JITTER = 0.1


#: Bytes an answer takes: its model, and its data encoded for a body or two.
_OWN_BYTES, _BODIES = 2_000, 4


class AnswerCache:
    """Answers by validated key, least recently used first out.

    Args:
        entries, size: the most answers, and the most estimated bytes.
    """

    def __init__(
        self, clock: Clock, *, entries: int, size: int, rng: random.Random | None = None
    ) -> None:
        self._clock = clock
        self._entries = entries
        self._size = size
        self._rng = rng or random.Random()  # noqa: S311 - spreads expiry, guards nothing
        self._kept: OrderedDict[Hashable, FetchResult] = OrderedDict()
        self._used = 0
        #: Names of the fields set, by model and how many they are.
        self._names: dict[tuple[type[BaseModel], int], set[str]] = {}
        self.hits = 0
        self.misses = 0
        self.stale_served = 0

    def jittered(self, fresh_s: float) -> float:
        """`fresh_s` shortened by up to a tenth."""
        return fresh_s * (1 - JITTER * self._rng.random())

    def get(self, key: Hashable) -> FetchResult | None:
        """What is cached for `key`, however old; it becomes the most recently used."""
        fetched = self._kept.get(key)
        if fetched is not None:
            self._kept.move_to_end(key)
        return fetched

    def put(self, key: Hashable, fetched: FetchResult) -> None:
        """Cache `fetched`; the least recently used make room."""
        if self._entries == 0:
            return
        known = self._kept.get(key)
        if known is not None:
            self._used -= known.size
        elif isinstance(key, frozenset):
            # A key that is known already stays; only the answer is replaced.
            for part in key:
                if isinstance(part, BaseModel):
                    self._share_names(part)
        self._share_names(fetched.data)
        fetched.size = _OWN_BYTES + _BODIES * fetched.data.size()
        self._kept[key] = fetched
        self._used += fetched.size
        while self._used > self._size or len(self._kept) > self._entries:
            self._forget(next(iter(self._kept)))

    def _share_names(self, model: BaseModel) -> None:
        """Have models with the same fields set share the set of their names.

        Each has a set of its own, which takes more memory than the values of a ticker. Models are
        frozen, and a copy of one copies the set, so that no one changes it.
        """
        names = model.__pydantic_fields_set__
        shared = self._names.setdefault((type(model), len(names)), names)
        if shared is not names and shared == names:
            object.__setattr__(model, "__pydantic_fields_set__", shared)

    def _forget(self, key: Hashable) -> None:
        fetched = self._kept.pop(key, None)
        if fetched is not None:
            self._used -= fetched.size

    @property
    def used(self) -> int:
        """Estimated bytes of the cached answers."""
        return self._used

    def clear(self) -> None:
        """Forget everything, as after a reload."""
        self._kept.clear()
        self._used = 0

    def __len__(self) -> int:
        return len(self._kept)


def is_fresh(fetched: FetchResult, now: float, max_age_s: float | None) -> bool:
    """Whether it is fresh enough for a caller that accepts at most `max_age_s`."""
    age = now - fetched.fetched_at
    limit = fetched.fresh_s if max_age_s is None else min(max_age_s, fetched.fresh_s)
    return age < limit


def may_refresh(fetched: FetchResult, now: float, max_age_s: float | None) -> bool:
    """Whether it may be served stale while one refresh runs."""
    age = now - fetched.fetched_at
    return max_age_s is None and age < fetched.fresh_s + fetched.freshness.refresh_s


def may_rescue(fetched: FetchResult, now: float, max_age_s: float | None) -> bool:
    """Whether it may be served stale because every source failed."""
    age = now - fetched.fetched_at
    limit = fetched.fresh_s + fetched.freshness.failed_s
    return age < limit if max_age_s is None else age < min(max_age_s, limit)
