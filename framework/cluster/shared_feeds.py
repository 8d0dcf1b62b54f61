"""The live feeds that workers share: one of them follows a question, all of them tell it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from coinmux.framework.cluster.answer_codec import Damaged, key_text
from coinmux.framework.cluster.feed_channel import FeedChannel
from coinmux.framework.cluster.feed_codec import decode, event_of
from coinmux.framework.cluster.shared_feed import SharedFeed
from coinmux.framework.cluster.shared_voice import SharedQuestion
from coinmux.framework.cluster.store import alive_channel
from coinmux.framework.streams.explanation import FollowedElsewhere, told_of
from coinmux.framework.streams.lanes import subject_of
from coinmux.framework.tasks import keep_running

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from coinmux.framework.clock import Clock
    from coinmux.framework.cluster.store import Store
    from coinmux.framework.models.base import Query
    from coinmux.framework.models.capability import Capability
    from coinmux.framework.routing.options import RequestOptions
    from coinmux.framework.streams.feed import Feed

#: How often leases are renewed, and free ones taken.
_BEAT_S = 0.8
#: Events that are read for the last one that is whole.
_LOOKED_BACK = 3


class SharedFeeds:
    """The shared questions of this worker.

    Args:
        prefix: of the keys.
        worker: this one's name.

    Attributes:
        alive: precedes a worker's name in the channel that it listens to while it lives.
        damaged: events that could not be read.
    """

    def __init__(self, store: Store, prefix: str, worker: str, clock: Clock) -> None:
        self.store = store
        self.prefix = prefix
        self.worker = worker
        self.alive = alive_channel(prefix, "")
        self._clock = clock
        self._feeds: set[SharedFeed] = set()
        self._tokens = 0
        self._channel: FeedChannel | None = None
        self._opening = asyncio.Lock()
        #: Set when the store was lost or is reached again.
        self._turned = asyncio.Event()
        store.watch(self._turned.set)
        self._beats: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self.damaged = 0

    def feed(
        self,
        row: Capability,
        query: Query,
        subject: str,
        options: RequestOptions,
        begin: Callable[[], Feed],
        *,
        simulated: bool,
    ) -> SharedFeed:
        """The feed of a question; it begins at once."""
        name = key_text(row, query, options)
        question = SharedQuestion(name, row, query, subject, options.strategy, simulated, begin)
        made = SharedFeed(question, self, self._clock)
        self._feeds.add(made)
        self.spawn(made.look())
        if self._beats is None:
            self._beats = asyncio.ensure_future(keep_running(self._beat, lambda _: _BEAT_S))
        return made

    async def followed(
        self, row: Capability, query: Query, options: RequestOptions
    ) -> FollowedElsewhere | None:
        """What another worker that follows a question says of it; None where none does.

        Nothing is followed for it, and nothing is asked where the store is away.
        """
        if not self.store.online:
            return None
        key = f"{self.prefix}feed:{{{key_text(row, query, options)}}}:"
        lease, newest = await asyncio.gather(
            self.store.guard(self.store.ask("GET", f"{key}lease")),
            self.store.guard(
                self.store.ask("XREVRANGE", f"{key}events", "+", "-", "COUNT", _LOOKED_BACK)
            ),
        )
        worker = bytes(lease or b"").decode().partition(":")[0]
        if not worker or worker == self.worker:
            return None
        for _, fields in newest or ():
            try:
                sent, data = decode(bytes(fields[1]), row, query)
            except Damaged:
                self.damaged += 1
                continue
            told = event_of(sent, data, row, subject_of(query))
            return FollowedElsewhere(worker, sent.state, sent.reason, told_of(told))
        return FollowedElsewhere(worker, "starting", None, None)

    async def close_feed(self, feed: SharedFeed) -> None:
        """End one, and leave it to others."""
        self._feeds.discard(feed)
        if not self._feeds and self._beats is not None:
            beats, self._beats = self._beats, None
            beats.cancel()
            await asyncio.gather(beats, return_exceptions=True)

    def new_token(self) -> str:
        """What this worker is known by as the holder of a lease, once."""
        self._tokens += 1
        return f"{self.worker}:{self._tokens}"

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Do it in the background."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def channel(self) -> FeedChannel:
        """The connection on which others are heard.

        Raises:
            RedisError, OSError, TimeoutError: the store cannot be reached.
        """
        async with self._opening:
            if self._channel is None or self._channel.has_ended:
                channel = FeedChannel()
                await self.store.connect(channel)
                self._channel = channel
            return self._channel

    async def close(self) -> None:
        """End the connection; feeds are closed before."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._channel is not None:
            self._channel.close()

    async def _beat(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_BEAT_S):
                    await self._turned.wait()
            self._turned.clear()
            # All within one turn of the loop: one write.
            await asyncio.gather(*(feed.look() for feed in self._feeds))
