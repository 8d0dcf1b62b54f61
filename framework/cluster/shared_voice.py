"""What is told of a question that several workers share: to this worker's readers, and the others.

Every event is told once, whoever followed it: what readers have is left out (`ToldState`).
"""

from __future__ import annotations

from abc import abstractmethod
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from msgspec import structs

from coinmux.framework.cluster.feed_codec import encode
from coinmux.framework.cluster.feed_scripts import TELL_EVENTS, marked
from coinmux.framework.routing.options import CONSENSUS
from coinmux.framework.streams.events import LiveEvent, LiveMeta
from coinmux.framework.streams.feed_figures import Loss
from coinmux.framework.streams.lanes import beside_pair
from coinmux.framework.streams.told_state import NO_MARKS, state_for
from coinmux.framework.streams.voice import Voice

if TYPE_CHECKING:
    from coinmux.framework.clock import Clock
    from coinmux.framework.cluster.lane import Part
    from coinmux.framework.cluster.shared_feeds import SharedFeeds
    from coinmux.framework.models.base import Query, Result
    from coinmux.framework.models.capability import Capability
    from coinmux.framework.streams.feed import Feed
    from coinmux.framework.streams.reader import Reader

#: Events that are kept in the store, and for how long after the last one.
KEPT, KEPT_S = 500, 60.0
#: What was told is known for so long after that: a market may be quiet for longer.
_MARKED_S = 600.0
#: Ids that are remembered: what the store has kept is heard again after each loss.
_REMEMBERED = 4 * KEPT

Role = Literal["starting", "holds", "hears", "alone"]


@dataclass(frozen=True, slots=True)
class SharedQuestion:
    """What several workers follow once.

    Attributes:
        name: the same in every worker.
        strategy: how its sources are ordered.
        begin: makes the feed that follows the sources, and begins it.
    """

    name: str
    row: Capability
    query: Query
    subject: str
    strategy: str
    simulated: bool
    begin: Callable[[], Feed]


class SharedVoice(Voice):
    """The readers of a shared question in this worker, and what others are told.

    Args:
        name: of the question, the same in every worker.
        strategy: how its sources are ordered.
        shared: the store, and the other questions of this worker.

    Attributes:
        role: `holds` where this worker follows it for all, `hears` where another does, `alone`
            where the store is away, so that each worker follows it for its own readers.
    """

    def __init__(self, question: SharedQuestion, shared: SharedFeeds, clock: Clock) -> None:
        row, query = question.row, question.query
        super().__init__(row.name, question.subject, clock, simulated=question.simulated)
        self.row = row
        self.query = query
        self._ordered_by = question.strategy
        self._shared = shared
        key = f"{shared.prefix}feed:{{{question.name}}}:"
        self._lease, self._last_holder, self._reading = f"{key}lease", f"{key}last", f"{key}readers"
        self._events, self._marks = f"{key}events", f"{key}marks"
        self.channel_name = f"{key}told"
        self.role: Role = "starting"
        self._token = shared.new_token()
        self._told = state_for(query)
        self._known: deque[str] = deque(maxlen=_REMEMBERED)
        self._idents: set[str] = set()
        self._meta: LiveMeta | None = None
        #: Readers that wait for the first event, and the id each resumes from.
        self._waiting: dict[Reader[Any], str | None] = {}
        #: Why another tells it than before, until readers are told.
        self._switch: str | None = None
        self._since_state = 0
        self._unsent: list[Part] = []
        self._is_to_send = False
        self._is_catching_up = False

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

    def _asked(self) -> Mapping[str, str | int | float]:
        return beside_pair(self.query)

    def _strategy(self) -> str:
        return self._ordered_by

    def _snapshot(self) -> Result | None:
        return self._told.snapshot()

    @abstractmethod
    def _know_more(self) -> None:
        """Know what its feed knows of the past, beside what was told."""

    # What others are told

    def _send(self, event: LiveEvent[Any], *, is_state: bool = False) -> None:
        if self.role != "holds" or not self._shared.store.online:
            return
        self._since_state = 0 if is_state else self._since_state + 1
        self._send_soon()
        marks, data = NO_MARKS, event.data
        if data is not None and not is_state:
            is_whole = event.kind == "snapshot"
            marks = self._told.marks(data, event.meta.provider, is_whole=is_whole)
        payload = encode(event, self._token, self.state, self._reason, is_state=is_state)
        self._unsent += marked(payload, marks)

    def _send_soon(self) -> None:
        """Send what is told within this turn of the loop, in the next one."""
        if not self._is_to_send:
            self._is_to_send = True
            self._loop.call_soon(self._send_now)

    def _send_now(self) -> None:
        self._is_to_send = False
        unsent, self._unsent = self._unsent, []
        if unsent and self.role == "holds":
            args = [*self._tell_args(), *unsent]
            self._shared.store.post(TELL_EVENTS, self._tell_keys(), args, at_once=True)

    def _tell_keys(self) -> list[str]:
        return [self._lease, self._events, self.channel_name, self._marks]

    def _tell_args(self) -> list[Part]:
        return [self._token, KEPT, round(KEPT_S * 1000), round(_MARKED_S * 1000)]

    def _tell_state(self) -> None:
        """Tell the state as a whole, for workers that come."""
        self._know_more()
        whole = self._told.snapshot()
        if whole is not None and self._recent:
            ident = self._recent[-1].id
            self._send(self._event("snapshot", whole, ident=ident), is_state=True)

    def _tell_again(self, since_ms: int) -> None:
        """Tell what was told since then, as the store may not have got it.

        Of what replaces each other the newest: others may have told newer than the rest.
        """
        self.role = "holds"
        again = [event for event in self._recent if event.meta.received_at >= since_ms]
        newest = {event.replaces: event for event in again if event.replaces is not None}
        for event in again:
            if event.replaces is None or newest[event.replaces] is event:
                self._send(as_update(event))

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
        data = self._told.take(
            event.data, event.meta.provider, is_asked=is_asked, is_whole=event.kind == "snapshot"
        )
        if data is event.data:
            return event
        if data is None:
            return None
        return LiveEvent(
            event.id, event.kind, event.capability, event.subject, data, event.meta, event.replaces
        )

    def _remember(self, ident: str) -> None:
        """Know an event, which may be heard again."""
        if len(self._known) == _REMEMBERED:
            self._idents.discard(self._known[0])
        self._known.append(ident)
        self._idents.add(ident)

    def _tell(self, event: LiveEvent[Any]) -> None:
        self._remember(event.id)
        self._recent.append(event)
        if waiting := self._waiting:
            for reader in self.readers:
                if reader not in waiting:
                    reader.put(event)
        else:
            self._tell_readers(event)
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
            self._told.gave_up()
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
            event.meta = structs.replace(
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


def as_update(event: LiveEvent[Any]) -> LiveEvent[Any]:
    """The first event of a new teller, as readers get it who have what was told before."""
    if event.kind != "snapshot":
        return event
    return LiveEvent(
        event.id, "update", event.capability, event.subject, event.data, event.meta, event.replaces
    )
