"""What readers are told while no socket tells it: answers of requests, one for all of them."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from coinmux.framework.errors import CoinmuxError, UnknownSymbol
from coinmux.framework.streams.lanes import newest_of
from coinmux.framework.streams.polled_news import missed, news
from coinmux.framework.streams.voice import Voice

if TYPE_CHECKING:
    from coinmux.framework.clock import Clock
    from coinmux.framework.models.base import Result

#: How often a source is polled at most, whatever its freshness.
_LEAST_POLL_S, _MOST_POLL_S = 1.0, 60.0
#: It is asked again so long after nobody answered, while a source is followed beside.
_AGAIN_S = 2.0
#: The shortest pause between two requests.
_PAUSE_S = 0.05
_OLD = "no source answers: the last answer is old"


def poll_pause_s(fresh_s: float) -> float:
    """Seconds between two requests for what is good for so long."""
    return min(max(fresh_s, _LEAST_POLL_S), _MOST_POLL_S)


class PolledVoice(Voice):
    """A voice that asks by REST where it must, beside what else it does."""

    def __init__(self, capability: str, subject: str, clock: Clock, *, simulated: bool) -> None:
        super().__init__(capability, subject, clock, simulated=simulated)
        #: The request on its way, and when the next may be made, by the loop's clock.
        self._asking: asyncio.Task[None] | None = None
        self._ask_at = 0.0
        self._wake = asyncio.Event()
        #: Whether its readers were refused: they end it.
        self._is_refused = False
        #: The newest that readers have, for a source that takes over.
        self._since_ms: int | None = None
        self._pause_s: float | None = None
        #: Whether what was told before is not over with what is told next.
        self._has_past = capability in ("trades", "candles")

    def go_on(self, since_ms: int | None, *, is_missed: bool) -> None:
        """Begin after what readers have already, before anything is told.

        Args:
            is_missed: whether they were told it until now, so that they miss it.
        """
        self._since_ms = since_ms

    @abstractmethod
    async def _ask(self) -> Any:
        """An answer by REST.

        Raises:
            CoinmuxError: there is none.
        """

    @abstractmethod
    def _may_be_live(self) -> bool:
        """Whether a source is followed, or could be."""

    @abstractmethod
    def _told_elsewhere(self) -> None:
        """Readers were told by an answer: who is followed begins after that."""

    @property
    def polled_every_s(self) -> float | None:
        return self._pause_s

    def _poll(self) -> None:
        """Ask by REST, once for all readers, unless that is under way or was done just now."""
        if self._asking is None and self._loop.time() >= self._ask_at:
            self._asking = self._loop.create_task(self._ask_and_tell())

    def _until_poll_s(self) -> float:
        """Seconds until it may be asked again."""
        return max(self._ask_at - self._loop.time(), _PAUSE_S)

    def _look_at_request(self) -> None:
        """Forget a request that is over.

        Raises:
            Exception: a defect of ours ended it.
        """
        asking = self._asking
        if asking is not None and asking.done():
            self._asking = None
            asking.result()

    async def _stop_asking(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)

    async def _ask_and_tell(self) -> None:
        begun = self._loop.time()
        try:
            pause_s = await self._tell_answer()
        finally:
            self._wake.set()
        self._ask_at = max(begun + pause_s, self._loop.time() + _PAUSE_S)

    async def _tell_answer(self) -> float:
        """Ask, and tell the answer; seconds until it is asked again."""
        try:
            answer = await self._ask()
        except CoinmuxError as error:
            return self._without_answer(error)
        self._take_polled(answer)
        pause_s = poll_pause_s(answer.ttl_s(self._clock.monotonic()))
        self._pause_s = _LEAST_POLL_S if self._may_be_live() else pause_s
        return self._pause_s

    def _without_answer(self, error: CoinmuxError) -> float:
        is_alone = not self.telling
        # Perhaps nobody lists the pair; else who is followed may tell it yet.
        if not self.ready.done() and (is_alone or isinstance(error, UnknownSymbol)):
            self._is_refused = True
            self.ready.set_exception(error)
        elif is_alone and self.state != "live":  # a socket may tell again meanwhile
            self._go_stale(error.detail)
        elif self.state != "live":
            self._reason = error.detail
        return _LEAST_POLL_S if is_alone else _AGAIN_S

    def _take_polled(self, answer: Any) -> None:
        """Tell an answer of REST, unless a socket tells again meanwhile."""
        if self.state == "live":
            return
        is_old = answer.meta["stale"]
        if is_old and self.state != "starting":
            # Nobody answers: it is what the cache has, and readers have it.
            self._go_stale(_OLD)
            return
        self._heard_at = self._loop.time()
        self._messages += 1
        data: Result | None = answer.data
        lost = missed(answer.data, self._since_ms)
        was, self.state = self.state, "polled"
        if was == "polled":
            before = self._last if self._provider == answer.provider else None
            data = news(answer.data, before, self._since_ms)
        self._now_told_by(answer.provider)
        self._note(answer.data)
        if lost is not None:
            self._gaps += 1
            self._emit("gap", None, missed=lost)
        if data is not None:
            # A list is not replaced by the next: each has what the other has not.
            key = self.capability if was == "polled" and newest_of(data) is None else None
            self._emit("update" if was == "polled" else "snapshot", data, replaces=key)
        self._told_elsewhere()
        self._set_ready()
        if is_old:
            self._go_stale(_OLD)

    def _note(self, data: Result) -> int:
        """Remember what was told last, for a reader that comes and a source that takes over.

        Returns the wall time at which it came, Unix ms.
        """
        self._last = data
        now_ms, own_ms = self._clock.wall_ms(), data.own_time_ms()
        if own_ms is not None:
            self._lag_ms = now_ms - own_ms
        if self._has_past:
            newest = newest_of(data)
            # What was fetched late is older than what readers have.
            if newest is not None and (self._since_ms is None or newest > self._since_ms):
                self._since_ms = newest
        return now_ms
