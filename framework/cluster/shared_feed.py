"""One question that several workers follow once: who holds its lease.

- `holds`: this worker has the lease, follows the sources, and tells the others each event.
- `hears`: another has it; its events are told to this worker's readers, with the same ids.
- `alone`: the store is away, so that each worker follows for its own readers.

Whoever tells it next goes on from what readers have (`ToldState`). A holder that stood still for
longer than its lease tells nothing until the store has confirmed that it is the holder still.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from coinmux.framework.cluster.answer_codec import Damaged
from coinmux.framework.cluster.feed_scripts import HOLD, TELL_EVENTS
from coinmux.framework.cluster.heard_feed import HeardFeed
from coinmux.framework.cluster.shared_voice import KEPT_S
from coinmux.framework.cluster.store import TROUBLE

if TYPE_CHECKING:
    from coinmux.framework.clock import Clock
    from coinmux.framework.cluster.lane import Part
    from coinmux.framework.cluster.shared_feeds import SharedFeeds
    from coinmux.framework.cluster.shared_voice import SharedQuestion
    from coinmux.framework.streams.feed_figures import FeedUse

#: A lease that is not renewed for so long is free; it is renewed several times in between.
LEASE_S = 2.5
#: Of a worker that is not connected with the store any more, it is free so long after it.
_GONE_S = 1.2
#: Where the store is away for so long, workers follow for themselves: it is tried again before.
_ALONE_AFTER_S = 1.0
#: So many events after the last state as a whole, those who come are sent another.
_STATE_EVERY = 100
#: A worker goes on for so long after the others' readers have left.
_LINGER_S = 5.0
#: What was told so long before the loss of the store was noticed is told again.
_AGAIN_MS = 3_000


class SharedFeed(HeardFeed):
    """One question, followed by one of all workers."""

    def __init__(self, question: SharedQuestion, shared: SharedFeeds, clock: Clock) -> None:
        super().__init__(question, shared, clock)
        self._others = 0
        self._needed_until = 0.0
        self._away_since: float | None = None
        self._store_losses = shared.store.losses
        self._lost_ms: int | None = None
        self._is_told_again = False
        self._is_looking = self._is_closed = False

    def wanted_s(self) -> float:
        """For how many seconds it goes on without readers here, as others hear it."""
        if self.role != "holds":
            return 0.0
        return max(self._needed_until - self._loop.time(), 0.0)

    def use(self) -> FeedUse:
        return replace(super().use(), told_to=self._others if self.role == "holds" else 0)

    async def close(self) -> None:
        self._is_closed = True
        await self._shared.close_feed(self)
        self._hear_no_more()
        self._send_now()
        token = self._token
        await self._end_inner()
        await self._leave(token)
        await super().close()

    # The lease

    def look_soon(self) -> None:
        if not self._is_closed:
            self._shared.spawn(self.look())

    async def look(self) -> None:
        """Renew the lease, take it where it is free, or hear who has it."""
        if self._is_looking or self._is_closed:
            return
        self._is_looking = True
        try:
            await self._look()
        except (*TROUBLE, Damaged):
            self._without_store()
        finally:
            self._is_looking = False

    async def _look(self) -> None:
        now = self._loop.time()
        keys = [self._lease, self._last_holder, self._reading, self._events]
        args: list[Part] = [
            self._shared.worker, self._token, round(LEASE_S * 1000), int(bool(self.readers)),
            int(now >= self._not_before), round(KEPT_S * 1000),
            self._shared.alive, round(_GONE_S * 1000),
        ]  # fmt: skip
        answer = await self._shared.store.run(HOLD, keys, args)
        if answer is None:
            self._without_store()
            return
        if self._is_closed:
            return
        self._away_since = None
        self._holder, before = bytes(answer[0]).decode(), bytes(answer[1]).decode()
        if self._holder == self._token:
            if not int(answer[3]) and self.role == "holds":
                # What it told just before its lease ended may have been refused.
                self._is_told_again = True
            await self._hold(now + LEASE_S, int(answer[2]), is_unbroken=before == self._token)
        elif self._holder:
            await self._follow()

    async def _hold(self, until: float, others: int, *, is_unbroken: bool) -> None:
        """The store says that this worker is the holder."""
        if self.role == "holds" and not is_unbroken:
            # It stood still for so long that another was the holder meanwhile.
            self._held_back.clear()
            self._now_overlaps()
            self._switch_to("another process followed it meanwhile")
            self.role = "hears"
            await self._end_inner(is_told=False)
        is_more, self._others = others > self._others, others
        if others:
            self._needed_until = self._loop.time() + _LINGER_S
        if self.role != "holds":
            await self._take_lease(is_unbroken=is_unbroken)
            is_more = True
        self._held_until = until
        if self._store_losses != self._shared.store.losses:
            # It was lost and found again since the last look: what was sent meanwhile is not there.
            self._store_losses = self._shared.store.losses
            self._is_told_again = True
        if self._is_told_again:
            self._is_told_again, is_more = False, True
            self._tell_again(self._clock.wall_ms() - _AGAIN_MS - round(LEASE_S * 1000))
        self._pass_on_held_back()
        if is_more or self._since_state >= _STATE_EVERY:
            self._tell_state()

    async def _take_lease(self, *, is_unbroken: bool) -> None:
        store = self._shared.store
        if self.role == "alone":
            if is_unbroken and self._lost_ms is not None:
                self._tell_again(self._lost_ms - _AGAIN_MS)
        elif self.role == "hears" or self._others or any(self._waiting.values()):
            # What the last one told is told here, too, before it goes on from there.
            await self._hear_kept()
        self._hear_no_more()
        asked = [since for since in self._waiting.values() if since is not None]
        if self.role == "starting" and not self._others and self._idents.isdisjoint(asked):
            self._forget()
            await store.ask("DEL", self._events, self._marks)
        elif self._meta is not None:
            # A quiet market may tell nothing new for long.
            self._greet()
        # A store that does not know the script would run what follows in another order.
        await store.run(TELL_EVENTS, self._tell_keys(), self._tell_args())
        self._lost_ms = None
        if self._is_closed:
            return
        if self._inner is None:
            if self._known:
                self._switch_to("another process follows it now")
            self._begin_inner()
        # From now on it is told here, and sent on.
        self.role, self._teller = "holds", self._token

    async def _follow(self) -> None:
        """The store says that another is the holder."""
        if self.role == "holds":
            # It stood still; what it has not told, the other one tells.
            self._held_back.clear()
            self._now_overlaps()
            self._switch_to("another process follows it now")
            self.role, self._token = "hears", self._shared.new_token()
            await self._end_inner(is_told=False)
        if self._channel is None or self._channel.has_ended:
            await self._hear()
        if self.role == "starting":
            self.role = "hears"

    def _without_store(self) -> None:
        now = self._loop.time()
        if self._away_since is None:
            self._away_since = now
        self._channel = None
        if self.role == "holds":
            self.role = "alone"
            self._lost_ms = self._clock.wall_ms()
            self._pass_on_held_back()
        elif self.role == "hears" and now - self._away_since < _ALONE_AFTER_S:
            self._loop.call_at(self._away_since + _ALONE_AFTER_S, self.look_soon)
        elif self.role in ("starting", "hears"):
            if self._known:
                self._switch_to("the shared store is away: each process follows it for itself")
            self._begin_inner()
            self.role = "alone"
