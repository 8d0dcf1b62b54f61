"""One question that several workers follow once: one of them follows it, the others hear of it.

- `holds`: this worker has the lease, follows the sources, and tells the others each event.
- `hears`: another has it; its events are told to this worker's readers, with the same ids.
- `alone`: the store is away, so that each worker follows for its own readers.

Whoever tells it next goes on from what readers have (`ToldState`). A holder that stood still for
longer than its lease tells nothing until the store has confirmed that it is the holder still.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from coinmux.framework.cluster.answer_codec import Damaged
from coinmux.framework.cluster.feed_codec import SentEvent, decode, encode, event_of
from coinmux.framework.cluster.feed_scripts import HOLD, LEAVE, TELL_EVENTS
from coinmux.framework.cluster.store import TROUBLE
from coinmux.framework.errors import CoinmuxError
from coinmux.framework.routing.options import CONSENSUS
from coinmux.framework.streams.events import LiveEvent, LiveMeta
from coinmux.framework.streams.feed_figures import FeedCounts, FeedUse, Loss
from coinmux.framework.streams.lanes import beside_pair
from coinmux.framework.streams.reader import Reader
from coinmux.framework.streams.told_state import state_for
from coinmux.framework.streams.voice import Voice

if TYPE_CHECKING:
    from collections.abc import Callable

    from coinmux.framework.clock import Clock
    from coinmux.framework.cluster.feed_channel import FeedChannel
    from coinmux.framework.cluster.lane import Part
    from coinmux.framework.cluster.shared_feeds import SharedFeeds
    from coinmux.framework.models.base import Query, Result
    from coinmux.framework.models.capability import Capability
    from coinmux.framework.streams.feed import Feed

#: A lease that is not renewed for so long is free; it is renewed several times in between.
LEASE_S = 2.5
#: Where the store is away for so long, workers follow for themselves.
_ALONE_AFTER_S = 1.5
#: Events that are kept in the store, and for how long after the last one.
_KEPT, _KEPT_S = 500, 60.0
#: Ids that are remembered: what the store has kept is heard again after each loss.
_REMEMBERED = 4 * _KEPT
#: So many events after the last state as a whole, those who come are sent another.
_STATE_EVERY = 100
#: A worker goes on for so long after the others' readers have left.
_LINGER_S = 5.0
#: What was told so long before the loss of the store was noticed is told again.
_AGAIN_MS = 3_000
#: After no source could be followed, the lease is left to others for so long.
_TRY_AGAIN_S = 5.0
#: Published by a holder that gives up the lease.
LEFT = b"left"

Role = Literal["starting", "holds", "hears", "alone"]


class SharedFeed(Voice):
    """One question, followed by one of all workers.

    Args:
        name: of the question, the same in every worker.
        strategy: how its sources are ordered.
        begin: makes the feed that follows the sources, and begins it.
        shared: the store, and the other questions of this worker.
    """

    def __init__(
        self,
        name: str,
        row: Capability,
        query: Query,
        subject: str,
        strategy: str,
        begin: Callable[[], Feed],
        shared: SharedFeeds,
        clock: Clock,
        *,
        simulated: bool,
    ) -> None:
        super().__init__(row.name, subject, clock, simulated=simulated)
        self.row = row
        self.query = query
        self._ordered_by = strategy
        self._begin = begin
        self._shared = shared
        key = f"{shared.prefix}feed:{{{name}}}:"
        self._lease, self._last_holder, self._reading = f"{key}lease", f"{key}last", f"{key}readers"
        self._events, self.channel_name = f"{key}events", f"{key}told"
        self.role: Role = "starting"
        #: The feed of this worker, while it holds the lease or is alone.
        self._inner: Feed | None = None
        #: What feeds of this worker counted that have ended.
        self._past = FeedCounts()
        self._token = shared.new_token()
        self._held_until = 0.0
        self._held_back: list[LiveEvent[Any]] = []
        self._not_before = 0.0
        self._others = 0
        self._needed_until = 0.0
        self._told = state_for(query)
        self._known: deque[str] = deque(maxlen=_REMEMBERED)
        self._idents: set[str] = set()
        self._meta: LiveMeta | None = None
        #: Readers that wait for the first event, and the id each resumes from.
        self._waiting: dict[Reader[Any], str | None] = {}
        #: Who told it last, and who holds the lease.
        self._teller = self._holder = ""
        #: Why another tells it than before, until readers are told.
        self._switch: str | None = None
        self._since_state = 0
        self._unsent: list[bytes] = []
        self._heard_events = 0
        self._away_since: float | None = None
        self._store_losses = shared.store.losses
        self._lost_ms: int | None = None
        self._channel: FeedChannel | None = None
        self._early: list[bytes] | None = None
        self._is_catching_up = False
        self._is_looking = self._is_closed = False

    # Readers

    def add(self, reader: Reader[Any], since: str | None = None) -> None:
        if not self.ready.done():
            self.readers.add(reader)
            self._waiting[reader] = since
            return
        self._know_more()
        super().add(reader, since)

    def remove(self, reader: Reader[Any]) -> None:
        self._waiting.pop(reader, None)
        super().remove(reader)

    def wanted_s(self) -> float:
        """For how many seconds it goes on without readers here, as others hear it."""
        if self.role != "holds":
            return 0.0
        return max(self._needed_until - self._loop.time(), 0.0)

    def changed(self, names: Collection[str]) -> None:
        if self._inner is not None:
            self._inner.changed(names)

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
            heard=self._heard_events,
            told_by=self._holder.partition(":")[0] if self.role == "hears" else None,
            told_to=self._others if self.role == "holds" else 0,
        )

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

    def _asked(self) -> Mapping[str, str | int | float]:
        return beside_pair(self.query)

    def _strategy(self) -> str:
        return self._ordered_by

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
            int(now >= self._not_before), round(_KEPT_S * 1000),
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
            await self._hold(now + LEASE_S, int(answer[2]), is_unbroken=before == self._token)
        elif self._holder:
            await self._follow()

    async def _hold(self, until: float, others: int, *, is_unbroken: bool) -> None:
        """The store says that this worker is the holder."""
        if self.role == "holds" and not is_unbroken:
            # It stood still for so long that another was the holder meanwhile.
            self._held_back.clear()
            self._switch_to("another process followed it meanwhile")
            self.role = "hears"
            await self._end_inner()
        is_more, self._others = others > self._others, others
        if others:
            self._needed_until = self._loop.time() + _LINGER_S
        if self.role != "holds":
            await self._take_lease(is_unbroken=is_unbroken)
            is_more = True
        self._held_until = until
        if self._store_losses != self._shared.store.losses:
            # It was lost and found again since the last look: what was sent meanwhile is not there.
            self._store_losses, is_more = self._shared.store.losses, True
            self._tell_again(self._clock.wall_ms() - _AGAIN_MS)
        back, self._held_back = self._held_back, []
        for event in back:
            self._pass_on(event)
        if is_more or self._since_state >= _STATE_EVERY:
            self._tell_state()

    async def _take_lease(self, *, is_unbroken: bool) -> None:
        store = self._shared.store
        if self.role == "alone":
            if is_unbroken and self._lost_ms is not None:
                self._tell_again(self._lost_ms - _AGAIN_MS)
        elif self.role == "hears" or any(self._waiting.values()):
            # What the last one told is told here, too, before it goes on from there.
            self._hear_kept(await store.ask("XRANGE", self._events, "-", "+"))
        self._hear_no_more()
        asked = [since for since in self._waiting.values() if since is not None]
        if self.role == "starting" and self._idents.isdisjoint(asked):
            self._forget()
            await store.ask("DEL", self._events)
        # A store that does not know the script would run what follows in another order.
        await store.run(TELL_EVENTS, [self._lease, self._events, self.channel_name],
                        [self._token, _KEPT, round(_KEPT_S * 1000)])  # fmt: skip
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
            self._switch_to("another process follows it now")
            self.role, self._token = "hears", self._shared.new_token()
            await self._end_inner()
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
            back, self._held_back = self._held_back, []
            for event in back:
                self._pass_on(event)
        elif self.role == "starting" or (
            self.role == "hears" and now - self._away_since >= _ALONE_AFTER_S
        ):
            if self._known:
                self._switch_to("the shared store is away: each process follows it for itself")
            self._begin_inner()
            self.role = "alone"

    # What this worker follows

    def _begin_inner(self) -> None:
        inner = self._inner = self._begin()
        inner.go_on(self._told.since_ms)
        inner.add(_Tap(self._from_inner))
        inner.ready.add_done_callback(lambda ready: self._inner_began(inner, ready))

    async def _end_inner(self) -> None:
        self._know_more()
        inner, self._inner = self._inner, None
        if inner is not None:
            self._past = self._past.plus(inner.use())
            await inner.close()

    def _know_more(self) -> None:
        """Know what its feed knows of the past, beside what was told."""
        if self._inner is not None and (known := self._inner.snapshot()) is not None:
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

    def _from_inner(self, event: LiveEvent[Any]) -> None:
        if self.role == "holds" and self._loop.time() >= self._held_until:
            # Another may be the holder by now: the store is asked first.
            if not self._held_back:
                self._shared.spawn(self.look())
            self._held_back.append(event)
            return
        self._pass_on(event)

    def _pass_on(self, event: LiveEvent[Any]) -> None:
        """Tell readers and other workers what this one's feed told."""
        if self._switch is not None and event.data is not None:
            self._say_switch(event.meta, is_sent=True)
            event = _as_update(event)
        new = self._new(event, is_asked=event.meta.filled_by is not None)
        if new is not None:
            self._tell(new)
            self._send(new)

    # What others are told

    def _send(self, event: LiveEvent[Any], *, is_state: bool = False) -> None:
        if self.role != "holds" or not self._shared.store.online:
            return
        self._since_state = 0 if is_state else self._since_state + 1
        if not self._unsent:
            self._loop.call_soon(self._send_now)
        self._unsent.append(encode(event, self._token, self.state, self._reason, is_state=is_state))

    def _send_now(self) -> None:
        """Send what was told within one turn of the loop."""
        unsent, self._unsent = self._unsent, []
        if unsent and self.role == "holds":
            args: list[Part] = [self._token, _KEPT, round(_KEPT_S * 1000), *unsent]
            keys = [self._lease, self._events, self.channel_name]
            self._shared.store.post(TELL_EVENTS, keys, args)

    def _tell_state(self) -> None:
        """Tell the state as a whole, for workers that come."""
        self._know_more()
        whole = self._told.snapshot()
        if whole is not None and self._recent:
            ident = self._recent[-1].id
            self._send(self._event("snapshot", whole, ident=ident), is_state=True)

    def _tell_again(self, since_ms: int) -> None:
        """Tell what was told since then: the store may not have got it."""
        self.role = "holds"
        for event in list(self._recent):
            if event.meta.received_at >= since_ms:
                self._send(event)

    # What is heard of others

    async def _hear(self) -> None:
        """Listen to the holder; first comes what the store has kept."""
        self._early = []
        try:
            self._channel = await self._shared.channel()
            await self._channel.subscribe(self.channel_name, self._heard_message)
            kept = await self._shared.store.ask("XRANGE", self._events, "-", "+")
            early = self._early
        finally:
            self._early = None
        self._hear_kept(kept)
        for payload in early or ():
            self._heard_message(payload)
        if self._meta is not None:
            self._greet()

    def _hear_kept(self, kept: Any) -> None:
        """Hear what the store has kept; those who wait may resume from any of it."""
        self._is_catching_up = True
        try:
            for _, fields in kept:
                self._heard_message(bytes(fields[1]))
        finally:
            self._is_catching_up = False

    def _hear_no_more(self) -> None:
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.unsubscribe(self.channel_name)

    def _heard_message(self, payload: bytes) -> None:
        if self._early is not None:
            self._early.append(payload)
            return
        if payload == LEFT:
            self._shared.spawn(self.look())
            return
        try:
            sent, data = decode(payload, self.row, self.query)
        except Damaged:
            self._shared.damaged += 1
            return
        self._hear_event(sent, data)

    def _hear_event(self, sent: SentEvent, data: Result | None) -> None:
        if self.role == "alone":
            if sent.teller != self._holder:
                return  # of somebody who told it while it was followed here
            self.role, self._token = "hears", self._shared.new_token()
            self._switch_to("the shared store is back: one process follows it for all")
            self._shared.spawn(self._end_inner())
        elif self.role == "holds":
            return
        is_new_teller = sent.teller != self._teller
        if is_new_teller:
            self._teller = sent.teller
            self._told.switch()
        event = event_of(sent, data, self.row, self.subject)
        if sent.kind == "state":
            if not is_new_teller and self._meta is not None:
                assert data is not None
                self._told.add(data, sent.meta.provider)
                return
        elif sent.ident in self._idents:
            return
        if self._switch is not None:
            if data is None:
                return  # of the time before
            self._say_switch(event.meta, is_sent=False)
        if is_new_teller and self._meta is not None:
            event = _as_update(event)
        new = self._new(event)
        if new is not None:
            self._heard_events += 1
            self.state, self._reason = sent.state, sent.reason
            self._tell(new)

    # What readers get

    def _switch_to(self, why: str) -> None:
        self._switch = why
        self._told.switch()

    def _say_switch(self, meta: LiveMeta, *, is_sent: bool) -> None:
        why, self._switch = self._switch, None
        self._reason = why
        event = self._event("source", None, notes=(why or "",), meta=meta)
        self._tell(event)
        if is_sent:
            self._send(event)

    def _new(self, event: LiveEvent[Any], *, is_asked: bool = False) -> LiveEvent[Any] | None:
        """The event with what readers do not have; None where they have all of it."""
        if event.data is None:
            return event
        data = self._told.take(event.data, event.meta.provider, is_asked=is_asked)
        if data is event.data:
            return event
        if data is None:
            return None
        return LiveEvent(
            event.id, event.kind, event.capability, event.subject, data, event.meta, event.replaces
        )

    def _tell(self, event: LiveEvent[Any]) -> None:
        if len(self._known) == _REMEMBERED:
            self._idents.discard(self._known[0])
        self._known.append(event.id)
        self._idents.add(event.id)
        self._recent.append(event)
        waiting = self._waiting
        for reader in self.readers:
            if reader not in waiting:
                reader.put(event)
        meta = event.meta
        former, self._provider = self._provider, meta.provider
        if event.data is not None:
            self._heard_at = self._loop.time()
            self._lag_ms, self._meta = meta.lag_ms, meta
            self.state = "live" if meta.live else "polled"
            if meta.filled_by is not None:
                self._lost(event)
            self._greet()
        elif event.kind == "stale":
            self.state = "stale"
            self._reason = meta.notes[0] if meta.notes else None
        elif event.kind == "gap":
            self._lost(event)
        elif event.kind == "source" and meta.notes:
            self._reason = meta.notes[0]
        if event.kind != "source":
            self._note_switch(former)

    def _lost(self, event: LiveEvent[Any]) -> None:
        meta = event.meta
        self._losses.append(Loss(meta.received_at, meta.provider, meta.missed, meta.filled_by))

    def _greet(self) -> None:
        """Give those who waited for the first event what they ask for."""
        if self.ready.done() or self._is_catching_up:
            return
        waiting, self._waiting = self._waiting, {}
        for reader, since in waiting.items():
            super().add(reader, since)
        self._set_ready()

    def _snapshot(self) -> Result | None:
        return self._told.snapshot()

    def _event(
        self, kind: Any, data: Result | None, *, meta: LiveMeta | None = None, **more: Any
    ) -> LiveEvent[Any]:
        """An event of this worker's own, with the provenance of the last that was told."""
        event = super()._event(kind, data, **more)
        known = self._meta if meta is None else meta
        if known is not None:
            notes = event.meta.notes
            if kind == "snapshot" and self._ordered_by == CONSENSUS:
                # What was said of the price that it has.
                notes = (*(one for one in known.notes if one not in notes), *notes)
            event.meta = replace(
                known, notes=notes, missed=None, filled_by=None,
                live=known.live and kind != "stale", lag_ms=None if data is None else known.lag_ms,
            )  # fmt: skip
        return event

    def _forget(self) -> None:
        """Know nothing of what others told long ago."""
        self._told = state_for(self.query)
        self._known.clear()
        self._idents.clear()
        self._recent.clear()
        self._meta = None
        self.state, self._provider, self._reason = "starting", "", None


class _Tap(Reader[Any]):
    """The one reader of a worker's own feed."""

    __slots__ = ("_take",)

    def __init__(self, take: Callable[[LiveEvent[Any]], None]) -> None:
        super().__init__()
        self._take = take

    def put(self, event: LiveEvent[Any]) -> None:
        self._take(event)


def _as_update(event: LiveEvent[Any]) -> LiveEvent[Any]:
    """The first event of a new teller, as readers get it who have what was told before."""
    if event.kind != "snapshot":
        return event
    return LiveEvent(
        event.id, "update", event.capability, event.subject, event.data, event.meta, event.replaces
    )
