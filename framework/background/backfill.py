"""Gaps in the archive's candles, filled in the background by sources that have quota to spare."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import TYPE_CHECKING

from coinmux.framework.archive.archived_answers import ARCHIVE
from coinmux.framework.errors import CoinmuxError
from coinmux.framework.models.candles import MOST_CANDLES, Candles, CandlesQuery
from coinmux.framework.reference.intervals import Interval
from coinmux.framework.reference.symbols import Symbol
from coinmux.framework.routing.options import RequestOptions
from coinmux.framework.tasks import keep_running

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from coinmux.framework.archive.archive import Archive
    from coinmux.framework.cache.answer import Answer
    from coinmux.framework.clock import Clock
    from coinmux.framework.events import EventBus
    from coinmux.framework.models.base import Query

#: Seconds between two requests.
_EVERY_S = 5.0
#: Candles back from now in which gaps are looked for.
_DEPTH = 5_000
#: A question asks for so many candles at most.
_AT_ONCE = 500
#: A gap that no source filled is not asked for again within this time: markets may stand still.
_AGAIN_S = 86_400.0
_REMEMBERED = 10_000
_LONGEST_PAUSE_S = 60.0
_TIMEOUT_S = 20.0

_Gap = tuple[str, str, int]


class Backfill:
    """One task that takes the archive's markets in turn and asks for what lies between candles.

    Its answers are archived like all others: closed candles only, each with its source.

    Args:
        fetch: asks a question by capability.
        is_on: whether it is switched on, and this is the one worker that does it.

    Attributes:
        filled: candles that closed a gap, since the start.
    """

    def __init__(
        self,
        fetch: Callable[[str, Query, RequestOptions], Awaitable[Answer]],
        is_on: Callable[[], Awaitable[bool]],
        events: EventBus,
        clock: Clock,
    ) -> None:
        self._fetch = fetch
        self._is_on = is_on
        self._events = events
        self._clock = clock
        self._archive: Archive | None = None
        self._turn: list[tuple[str, str]] = []
        self._asked: OrderedDict[_Gap, float] = OrderedDict()
        self._task: asyncio.Task[None] | None = None
        self.filled = 0

    def start(self, archive: Archive) -> None:
        """Begin to fill the gaps of `archive`; `stop` must follow."""
        self._archive = archive
        self._task = asyncio.ensure_future(keep_running(self._run, self._failed))

    async def stop(self) -> None:
        """End the task and wait for it."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(_EVERY_S)
            if await self._is_on():
                await self.round()

    def _failed(self, error: Exception) -> float:
        self._events.publish(
            "error", f"back-fill: {type(error).__name__}; it goes on", level="error"
        )
        return _LONGEST_PAUSE_S

    async def round(self) -> int:
        """Fill one gap of the market whose turn it is; the candles that came."""
        archive = self._archive
        if archive is None:
            return 0
        if not self._turn:
            self._turn = await archive.markets()
        if not self._turn:
            return 0
        symbol, interval = self._turn.pop()
        gap = await self._gap(archive, symbol, interval)
        return 0 if gap is None else await self._fill(symbol, interval, *gap)

    async def _gap(self, archive: Archive, symbol: str, interval: str) -> tuple[int, int] | None:
        """First and last opening time of the newest gap that was not asked for lately."""
        if interval == "1M":
            return None  # months are of no fixed length
        width = Interval(interval).ms
        since = self._clock.wall_ms() - _DEPTH * width
        for before, after in await archive.gaps(symbol, interval, width, since):
            asked_at = self._asked.get((symbol, interval, before))
            if asked_at is None or self._clock.monotonic() - asked_at >= _AGAIN_S:
                return before + width, after - width
        return None

    async def _fill(self, symbol: str, interval: str, first: int, last: int) -> int:
        width = Interval(interval).ms
        self._asked[(symbol, interval, first - width)] = self._clock.monotonic()
        while len(self._asked) > _REMEMBERED:
            self._asked.popitem(last=False)
        count = min((last - first) // width + 1, _AT_ONCE, MOST_CANDLES)
        query = CandlesQuery(
            symbol=Symbol(symbol), interval=Interval(interval), limit=count,
            start=first, end=first + (count - 1) * width,
        )  # fmt: skip
        try:
            answer = await self._fetch(
                "candles", query, RequestOptions(background=True, timeout_s=_TIMEOUT_S)
            )
        except CoinmuxError:
            return 0  # no source has quota to spare now; each attempt is in the log already
        if not isinstance(answer.data, Candles) or answer.provider == ARCHIVE:
            return 0
        came = len(answer.data)
        self.filled += came
        if came:
            self._events.publish(
                "archive",
                f"{came} candles of {symbol} {interval} fill a gap",
                source=answer.provider,
                first=first,
            )
        return came
