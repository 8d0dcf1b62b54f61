"""Candles of the archive as answers: read where they are complete, or where every source failed."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from coinmux.framework.cache.answer import FetchResult
from coinmux.framework.cache.kept import LEAST_READ_S
from coinmux.framework.models.candle_checks import is_whole
from coinmux.framework.models.candles import Candles, CandlesQuery

if TYPE_CHECKING:
    from coinmux.framework.archive.archive import Archive
    from coinmux.framework.cache.kept import KeptRequest
    from coinmux.framework.cache.store import AnswerCache
    from coinmux.framework.clock import Clock

#: The provider of an answer that was read from the archive.
ARCHIVE = "archive"
#: No read takes longer than so many seconds.
_MOST_READ_S = 2.0
#: Answers that wait while the archive opens, which takes a second.
_MOST_WAITING = 500


class ArchivedAnswers:
    """Reads answers from the archive, and stores those that sources give."""

    def __init__(
        self, archive: Archive, cache: AnswerCache, clock: Clock, *, simulated: bool
    ) -> None:
        self._archive = archive
        self._cache = cache
        self._clock = clock
        self._simulated = simulated

    async def find(self, request: KeptRequest) -> FetchResult | None:
        """The answer to a question about a time that is over, if every candle of it is stored."""
        if request.query.__dict__.get("end") is None:
            return None
        return await self._read(request, complete=True)

    async def find_old(self, request: KeptRequest) -> FetchResult | None:
        """Whatever candles are stored of the question."""
        return await self._read(request, complete=False)

    async def _read(self, request: KeptRequest, *, complete: bool) -> FetchResult | None:
        query, ask = request.query, request.ask
        if ask.max_age_s == 0 or not isinstance(query, CandlesQuery):
            return None
        within_s = min(max(request.deadline.remaining_s(), LEAST_READ_S), _MOST_READ_S)
        found = await self._archive.candles(query, within_s)
        if found is None:
            return None
        now, now_ms = self._clock.monotonic(), self._clock.wall_ms()
        whole = is_whole(found.candles, query, now_ms)
        if complete and not whole:
            return None
        if ask.provider is not None and found.providers != (ask.provider,):
            return None
        note = f"from the archive, as reported by {', '.join(found.providers)}"
        freshness = request.row.freshness_of(query, now_ms)
        kept = found.candles.model_copy(update={"notes": (note,), "is_cut": not whole})
        return FetchResult(
            capability=request.row.name,
            data=kept.fitted(query, now_ms),
            provider=ARCHIVE,
            fetched_ms=now_ms,
            fetched_at=now,
            freshness=freshness,
            fresh_s=self._cache.jittered(freshness.fresh_s),
            stale=not whole,
            simulated=self._simulated,
            elapsed_ms=round((now - request.begun_at) * 1000, 3),
            attempts=request.attempts,
        )

    def keep(self, fetched: FetchResult) -> None:
        """Hand the candles of an answer to the archive; stale ones are not stored."""
        if isinstance(fetched.data, Candles) and not fetched.stale:
            self._archive.keep_candles(fetched.data, fetched.provider)


class WaitingAnswers:
    """Answers that sources gave while the archive was being opened; the oldest are dropped."""

    def __init__(self) -> None:
        self._waiting: deque[FetchResult] = deque(maxlen=_MOST_WAITING)
        self._answers: ArchivedAnswers | None = None

    def keep(self, fetched: FetchResult) -> None:
        """Hand an answer on, or store it until there is an archive."""
        if self._answers is not None:
            self._answers.keep(fetched)
        elif isinstance(fetched.data, Candles):
            self._waiting.append(fetched)

    def hand_to(self, answers: ArchivedAnswers) -> None:
        """Hand over what waits, and from now on each answer at once."""
        self._answers = answers
        while self._waiting:
            answers.keep(self._waiting.popleft())
