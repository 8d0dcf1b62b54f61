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
_OLD = "no source answers: the last answer is old"


def poll_pause_s(fresh_s: float) -> float:
    """Seconds between two requests for what is good for so long."""
    return min(max(fresh_s, _LEAST_POLL_S), _MOST_POLL_S)


class PolledVoice(Voice):
    """A voice that asks by REST where it must."""

    def __init__(self, capability: str, subject: str, clock: Clock, *, simulated: bool) -> None:
        super().__init__(capability, subject, clock, simulated=simulated)
        self._asked_at: float | None = None
        #: The newest that readers have, for a source that takes over.
        self._since_ms: int | None = None
        self._pause_s: float | None = None
        #: Whether what was told before is not over with what is told next.
        self._has_past = capability in ("trades", "candles")

    def go_on(self, since_ms: int | None) -> None:
        """Begin after what readers have already, before anything is told."""
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

    async def _ask_once(self) -> None:
        """Ask by REST while nothing is told: nobody may list the pair, or its market is quiet."""
        self._asked_at = self._loop.time()
        try:
            answer = await self._ask()
        except UnknownSymbol as error:
            if not self.ready.done():
                self.ready.set_exception(error)
            await self._loop.create_future()  # its readers end it
        except CoinmuxError as error:
            self._reason = error.detail
        else:
            # A market may be quiet: what is known of it is told meanwhile.
            self._take_polled(answer)

    async def _poll(self) -> None:
        """Ask by REST, once for all readers, until a source can be followed."""
        begun = self._loop.time()
        try:
            answer = await self._ask()
        except CoinmuxError as error:
            if not self.ready.done():
                self.ready.set_exception(error)
                await self._loop.create_future()  # its readers end it
            if self.state != "live":  # a socket may tell again meanwhile
                self._go_stale(error.detail)
            await asyncio.sleep(_LEAST_POLL_S)
            return
        self._take_polled(answer)
        now = self._clock.monotonic()
        pause_s = poll_pause_s(answer.ttl_s(now))
        if self._may_be_live():
            pause_s = _LEAST_POLL_S
        self._pause_s = pause_s
        await asyncio.sleep(max(pause_s - (self._loop.time() - begun), 0.05))

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
