"""The feed that a worker follows for all, or for itself alone, and what it adds to what is told."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from coinmux.framework.cluster.feed_scripts import LEAVE
from coinmux.framework.cluster.shared_voice import SharedVoice, as_update
from coinmux.framework.errors import CoinmuxError
from coinmux.framework.streams.feed_figures import FeedCounts, FeedUse
from coinmux.framework.streams.reader import Reader

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Collection

    from coinmux.framework.clock import Clock
    from coinmux.framework.cluster.shared_feeds import SharedFeeds
    from coinmux.framework.cluster.shared_voice import SharedQuestion
    from coinmux.framework.streams.events import LiveEvent
    from coinmux.framework.streams.feed import Feed

#: After no source could be followed, the lease is left to others for so long.
_TRY_AGAIN_S = 5.0
#: Published by a holder that gives up the lease.
LEFT = b"left"


class FollowedFeed(SharedVoice):
    """A shared question of which this worker may have a feed."""

    def __init__(self, question: SharedQuestion, shared: SharedFeeds, clock: Clock) -> None:
        super().__init__(question, shared, clock)
        self._begin = question.begin
        #: The feed of this worker, while it holds the lease or is alone.
        self._inner: Feed | None = None
        #: What feeds of this worker counted that have ended.
        self._past = FeedCounts()
        self._held_until = 0.0
        self._held_back: list[LiveEvent[Any]] = []
        self._not_before = 0.0

    @abstractmethod
    async def look(self) -> None:
        """Renew the lease, take it where it is free, or hear who has it."""

    # Of a voice

    def use(self) -> FeedUse:
        mine, inner, past = super().use(), self._inner, self._past
        if inner is not None:
            mine = replace(
                inner.use(), readers=mine.readers, dropped=mine.dropped, reason=mine.reason,
                since=mine.since,
            )  # fmt: skip
        else:
            mine = replace(mine, messages=0, events=0, failovers=0, gaps=0, left_out=0)
        return replace(
            mine,
            messages=mine.messages + past.messages,
            events=mine.events + past.events,
            failovers=mine.failovers + past.failovers,
            gaps=mine.gaps + past.gaps,
            left_out=mine.left_out + past.left_out,
        )

    def changed(self, names: Collection[str]) -> None:
        if self._inner is not None:
            self._inner.changed(names)

    @property
    def telling(self) -> Collection[str]:
        return super().telling if self._inner is None else self._inner.telling

    @property
    def on_trial(self) -> str | None:
        return None if self._inner is None else self._inner.on_trial

    @property
    def polled_every_s(self) -> float | None:
        return None if self._inner is None else self._inner.polled_every_s

    def avoided(self, name: str) -> tuple[float, str] | None:
        return None if self._inner is None else self._inner.avoided(name)

    # Its life

    def _begin_inner(self) -> None:
        inner = self._inner = self._begin()
        inner.go_on(self._told.since_ms, is_missed=self._meta is not None)
        inner.add(_Tap(self._from_inner))
        inner.ready.add_done_callback(lambda ready: self._inner_began(inner, ready))

    async def _end_inner(self, *, is_told: bool = True) -> None:
        """End it.

        Args:
            is_told: whether readers were told all that it knows.
        """
        if is_told:
            self._know_more()
        inner, self._inner = self._inner, None
        if inner is not None:
            self._past = self._past.plus(inner.use())
            await inner.close()

    def _know_more(self) -> None:
        # What is held back is news still.
        if self._inner is None or self._held_back:
            return
        if (known := self._inner.snapshot()) is not None:
            self._told.add(known, self._inner.teller)

    def _inner_began(self, inner: Feed, ready: asyncio.Future[None]) -> None:
        if ready.cancelled() or inner is not self._inner:
            return
        error = ready.exception()
        if error is None:
            return
        if not self.ready.done():
            self.ready.set_exception(error)
            return
        # Those who read it stay; perhaps another worker can follow it.
        self._reason = error.detail if isinstance(error, CoinmuxError) else type(error).__name__
        if self.state != "stale":
            self._pass_on(self._event("stale", None, notes=(self._reason,)))
        self._not_before = self._loop.time() + _TRY_AGAIN_S
        self._shared.spawn(self._give_up())

    async def _give_up(self) -> None:
        token = self._token
        self._send_now()
        self.role, self._token = "hears", self._shared.new_token()
        await self._end_inner()
        await self._leave(token)

    async def _leave(self, token: str) -> None:
        """Let another worker have the lease at once."""
        keys = [self._lease, self._reading, self.channel_name]
        await self._shared.store.run(LEAVE, keys, [self._shared.worker, token, LEFT])

    # What it tells

    def _from_inner(self, event: LiveEvent[Any]) -> None:
        if self.role == "holds" and self._loop.time() >= self._held_until:
            # Another may be the holder by now: the store is asked first.
            if not self._held_back:
                self._shared.spawn(self.look())
            self._held_back.append(event)
            return
        self._pass_on(event)

    def _pass_on_held_back(self) -> None:
        back, self._held_back = self._held_back, []
        for event in back:
            self._pass_on(event)

    def _pass_on(self, event: LiveEvent[Any]) -> None:
        """Tell readers and other workers what this one's feed told."""
        if self._switch is not None and event.data is not None:
            self._say_switch(event.meta, is_sent=True)
            event = as_update(event)
        new = self._new(event, is_asked=event.meta.filled_by is not None)
        if new is not None:
            # What readers have must not be lost with this worker: the store is sent it first.
            self._send_soon()
            self._tell(new)
            self._send(new)


class _Tap(Reader[Any]):
    """The one reader of a worker's own feed."""

    __slots__ = ("_take",)

    def __init__(self, take: Callable[[LiveEvent[Any]], None]) -> None:
        super().__init__()
        self._take = take

    def put(self, event: LiveEvent[Any]) -> None:
        self._take(event)
