"""What a worker hears of a question that another follows, and tells its own readers."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from coinmux.framework.cluster.answer_codec import Damaged
from coinmux.framework.cluster.feed_codec import SentEvent, decode, event_of
from coinmux.framework.cluster.followed_feed import LEFT, FollowedFeed
from coinmux.framework.cluster.shared_voice import as_update

if TYPE_CHECKING:
    from coinmux.framework.clock import Clock
    from coinmux.framework.cluster.feed_channel import FeedChannel
    from coinmux.framework.cluster.shared_feeds import SharedFeeds
    from coinmux.framework.cluster.shared_voice import SharedQuestion
    from coinmux.framework.models.base import Result
    from coinmux.framework.streams.feed_figures import FeedUse


#: What is heard of others was told here, too, so long after this worker followed it itself: what
#: reached it at once may have reached others later.
_OVERLAP_MS = 3_000
#: Events that were kept and are heard in one turn of the loop.
_A_TURN = 20


class HeardFeed(FollowedFeed):
    """A shared question that another worker may follow."""

    def __init__(self, question: SharedQuestion, shared: SharedFeeds, clock: Clock) -> None:
        super().__init__(question, shared, clock)
        #: Who told it last, and who holds the lease.
        self._teller = self._holder = ""
        #: Whether it has told data since.
        self._has_teller_told = False
        #: Whether something may have been missed since the last state as a whole was heard.
        self._is_behind = False
        #: What others heard until then this worker's own feed may have told here.
        self._overlaps_until_ms = 0
        self._heard_events = 0
        self._channel: FeedChannel | None = None
        self._early: list[bytes] | None = None

    def use(self) -> FeedUse:
        return replace(
            super().use(),
            heard=self._heard_events,
            told_by=self._holder.partition(":")[0] if self.role == "hears" else None,
        )

    async def _hear(self) -> None:
        """Listen to the holder; first comes what the store has kept."""
        # Where nothing was told here yet, nobody misses anything.
        self._early, self._is_behind = [], self._told.is_each_needed and bool(self._known)
        try:
            self._channel = await self._shared.channel()
            await self._channel.subscribe(self.channel_name, self._heard_message)
            await self._hear_kept()
        finally:
            self._early = None
        if self._meta is not None:
            self._greet()

    async def _hear_kept(self) -> None:
        """Hear what the store has kept, then what came meanwhile.

        Those who wait may resume from any of it. A worker that begins hears hundreds of events of
        each of its questions, so that others have their turns in between.
        """
        early = self._early = [] if self._early is None else self._early
        try:
            kept = await self._shared.store.ask("XRANGE", self._events, "-", "+")
            self._is_catching_up = True
            for at, (_, fields) in enumerate(kept, 1):
                self._take_message(bytes(fields[1]))
                if not at % _A_TURN:
                    await asyncio.sleep(0)
        finally:
            self._is_catching_up, self._early = False, None
        for payload in early:
            self._heard_message(payload)

    def _hear_no_more(self) -> None:
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.unsubscribe(self.channel_name)

    def _heard_message(self, payload: bytes) -> None:
        if self._early is not None:
            self._early.append(payload)
        elif payload == LEFT:
            self._shared.spawn(self.look())
        else:
            self._take_message(payload)

    def _take_message(self, payload: bytes) -> None:
        try:
            sent, data = decode(payload, self.row, self.query)
        except Damaged:
            self._shared.damaged += 1
            return
        self._hear_event(sent, data)

    def _hear_event(self, sent: SentEvent, data: Result | None) -> None:
        if self.role == "alone" and sent.teller != self._holder:
            # Of somebody who told it while it was followed here; perhaps not to its end.
            if not (self._is_catching_up and self._told.is_each_needed):
                return
        elif self.role == "alone":
            self.role, self._token = "hears", self._shared.new_token()
            self._has_teller_told = False
            self._now_overlaps()
            self._switch_to("the shared store is back: one process follows it for all")
            self._shared.spawn(self._end_inner())
        elif self.role == "holds":
            return
        is_new_teller = sent.teller != self._teller
        if is_new_teller:
            self._teller, self._has_teller_told = sent.teller, False
            self._told.switch()
        if self._is_outdated(sent):
            return
        event = event_of(sent, data, self.row, self.subject)
        if sent.kind == "state":
            if not (self._is_behind or is_new_teller) and self._meta is not None:
                assert data is not None
                self._told.add(data, sent.meta.provider)
                return
        elif sent.ident in self._idents:
            # What the store has kept goes on from what was heard before.
            self._is_behind = self._is_behind and not self._is_catching_up
            return
        if self._is_out_of_order(sent):
            # Readers may not resume from here elsewhere, where what is told next was told before.
            self._remember(event.id)
            event.id = self._new_ident()
        if self._switch is not None:
            if data is None:
                return  # of the time before
            self._say_switch(event.meta, is_sent=False)
        if data is not None:
            # What comes late is not the state as a whole any more.
            is_late = self._is_catching_up or sent.kind == "state" or not self._has_teller_told
            if is_late and self._meta is not None:
                event = as_update(event)
            self._has_teller_told = True
        new = self._new(event)
        if new is not None:
            self._heard_events += 1
            self.state, self._reason = sent.state, sent.reason
            self._tell(new)
        if sent.kind == "state" and data is not None:
            self._is_behind = False
            # What of it is no news is known for readers that come.
            self._told.add(data, sent.meta.provider)

    def _now_overlaps(self) -> None:
        """Readers here were told by this worker what others tell, and in another order."""
        self._overlaps_until_ms = self._clock.wall_ms() + _OVERLAP_MS

    def _is_outdated(self, sent: SentEvent) -> bool:
        """Whether readers here were told a newer price or book meanwhile, of whichever source.

        A store that stood still passes on late what it was sent before. Clocks of two machines may
        differ, so that this is asked just after readers here were told by this worker alone.
        """
        if self._told.is_each_needed or self._meta is None:
            return False
        is_overlap = self._clock.wall_ms() <= self._overlaps_until_ms
        return is_overlap and sent.meta.received_at < self._meta.received_at

    def _is_out_of_order(self, sent: SentEvent) -> bool:
        """Whether it is told here after what others were told later."""
        if self._meta is None:
            return False  # it begins with what others were told, in their order
        is_late = self._is_behind or sent.meta.received_at <= self._overlaps_until_ms
        return is_late or sent.kind == "state" or self.role == "alone"
