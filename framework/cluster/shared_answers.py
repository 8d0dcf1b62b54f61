"""Answers that any worker fetched, for all of them; and one fetch at a time among them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from coinmux.framework.cache.answer import FetchResult
from coinmux.framework.cluster.answer_codec import Damaged, decode, encode, key_text, rule_in
from coinmux.framework.cluster.scripts import KEEP, LOOK, RELEASE
from coinmux.framework.errors import CoinmuxError

if TYPE_CHECKING:
    from collections.abc import Hashable

    from coinmux.framework.cache.kept import KeptRequest
    from coinmux.framework.cache.store import AnswerCache
    from coinmux.framework.clock import Clock
    from coinmux.framework.cluster.lane import Part
    from coinmux.framework.cluster.store import Store

#: How often a worker checks whether the fetch of another has ended.
_LOOK_S = 0.02
#: Larger answers stay with the worker that fetched them.
_MOST_BYTES = 1_000_000
#: The lease of a fetch lasts this long beyond its deadline, in case its worker died.
_GRACE_S = 1.0
#: Questions whose keys are kept: each is written as JSON and hashed.
_MOST_KEYS = 4_096


class SharedAnswers:
    """The answers in the store.

    Args:
        prefix: of the keys.
        worker: this one's name.

    Attributes:
        hits: answers taken that another worker fetched.
        damaged: entries that could not be read.
    """

    def __init__(
        self,
        store: Store,
        prefix: str,
        worker: str,
        cache: AnswerCache,
        clock: Clock,
        *,
        simulated: bool,
    ) -> None:
        self._store = store
        self._prefix = prefix
        self._worker = worker
        self._cache = cache
        self._clock = clock
        self._simulated = simulated
        self._known_keys: dict[Hashable, list[str]] = {}
        self.hits = 0
        self.damaged = 0

    async def find(self, request: KeptRequest) -> FetchResult | None:
        """A fresh answer of another worker; None where this worker must fetch it.

        While another worker fetches the same, this one waits for its answer.
        """
        if not self._store.online or request.ask.max_age_s == 0:
            return None
        keys = self._keys(request)
        waited = False
        while True:
            left_s = request.deadline.remaining_s()
            lease_ms = max(1, round((left_s + _GRACE_S) * 1000))
            answer = await self._store.run(LOOK, keys, [self._worker, lease_ms])
            if answer is None:
                return None
            found = self._read(request, answer[1], answer[0])
            if found is not None and self._is_fresh(found, request):
                if answer[2]:
                    self._store.post(RELEASE, keys[1:], [self._worker, 0])
                self.hits += 1
                found.from_others = "coalesced" if waited else "hit"
                return found
            if answer[2] or left_s <= _LOOK_S:
                return None
            waited = True
            await asyncio.sleep(_LOOK_S)

    async def find_old(self, request: KeptRequest) -> FetchResult | None:
        """The stored answer, however old."""
        answer = await self._store.run(LOOK, self._keys(request), [self._worker, 0])
        return None if answer is None else self._read(request, answer[1], answer[0])

    def keep(self, request: KeptRequest, fetched: FetchResult) -> None:
        """Store the answer for the other workers; returns at once."""
        if not self._store.online:
            return
        life_s = fetched.freshness.fresh_s + fetched.freshness.failed_s
        try:
            data = encode(fetched) if life_s > 0 else b""
        except TypeError:
            data = b""  # a plugin's model that cannot be encoded
        if not data or len(data) > _MOST_BYTES:
            self.give_up(request)
            return
        args: list[Part] = [self._worker, data, round(life_s * 1000)]
        self._store.post(KEEP, self._keys(request), args)

    def give_up(self, request: KeptRequest) -> None:
        """This worker's fetch failed: another may try."""
        if self._store.online and request.ask.max_age_s != 0:
            keys = self._keys(request)
            self._store.post(RELEASE, keys[1:], [self._worker, 0])

    def _keys(self, request: KeptRequest) -> list[str]:
        keys = self._known_keys.get(request.key)
        if keys is None:
            name = key_text(request.row, request.query, request.ask)
            keys = [f"{self._prefix}answer:{{{name}}}", f"{self._prefix}fetch:{{{name}}}"]
            if len(self._known_keys) >= _MOST_KEYS:
                del self._known_keys[next(iter(self._known_keys))]
            self._known_keys[request.key] = keys
        return keys

    def _is_fresh(self, found: FetchResult, request: KeptRequest) -> bool:
        age = self._clock.monotonic() - found.fetched_at
        most = request.ask.max_age_s
        return age < (found.fresh_s if most is None else min(most, found.fresh_s))

    def _read(self, request: KeptRequest, data: bytes, left_ms: int) -> FetchResult | None:
        """The answer; its age follows from the time the store will still keep it."""
        if not data or left_ms <= 0:
            return None
        try:
            stored, result = decode(data, request.row.result)
            # The store is shared with other programs: what it holds must be about the question.
            result.check(request.query, self._clock.wall_ms())
        except (Damaged, CoinmuxError):
            self.damaged += 1
            return None
        rule = rule_in(stored)
        freshness = (
            request.row.freshness_of(request.query, self._clock.wall_ms())
            if rule is None
            else rule.freshness
        )
        age_s = max(freshness.fresh_s + freshness.failed_s - left_ms / 1000, 0.0)
        return FetchResult(
            capability=request.row.name,
            data=result,
            provider=stored.provider,
            fetched_ms=stored.fetched_ms,
            fetched_at=self._clock.monotonic() - age_s,
            freshness=freshness,
            fresh_s=self._cache.jittered(freshness.fresh_s),
            stale=stored.stale,
            simulated=self._simulated,
            elapsed_ms=stored.elapsed_ms,
            attempts=stored.attempts,
            consensus=stored.consensus,
            rule=rule,
        )
