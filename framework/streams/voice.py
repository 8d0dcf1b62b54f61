"""What the readers of one question are told: events, each once for all of them."""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from typing import TYPE_CHECKING, Any

from coinmux.framework.streams.events import Kind, LiveEvent, LiveMeta
from coinmux.framework.streams.feed_figures import FeedUse, Loss, Rate, State, Switch
from coinmux.framework.streams.outlets import Outlets

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from coinmux.framework.clock import Clock
    from coinmux.framework.models.base import Result
    from coinmux.framework.streams.reader import Reader

#: Events that are kept for readers who resume.
_KEPT = 500
_NO_NOTES: tuple[str, ...] = ()
#: Switches and losses that are kept for explanation.
_REMEMBERED = 20


class Voice:
    """The readers of one question, and the events they are told.

    Args:
        capability, subject: as readers know the question.

    Attributes:
        ready: done once the first event is there; fails if nobody can be followed.
    """

    def __init__(self, capability: str, subject: str, clock: Clock, *, simulated: bool) -> None:
        self.capability = capability
        self.subject = subject
        self._clock = clock
        self._simulated = simulated
        self._loop = asyncio.get_running_loop()
        self.readers: set[Reader[Any]] = set()
        self._outlets = Outlets(self._loop)
        self._recent: deque[LiveEvent[Any]] = deque(maxlen=_KEPT)
        self._prefix = secrets.token_hex(4)
        self._count = 0
        self.state: State = "starting"
        self._provider = ""
        self._reason: str | None = None
        self._messages = self._failovers = self._gaps = self._dropped = self._left_out = 0
        self._reconnects = 0
        self._rate = Rate(self._loop.time())
        self._switches: deque[Switch] = deque(maxlen=_REMEMBERED)
        self._losses: deque[Loss] = deque(maxlen=_REMEMBERED)
        self._lag_ms: int | None = None
        self._heard_at: float | None = None
        self._last: Result | None = None
        self.ready: asyncio.Future[None] = self._loop.create_future()
        self.ready.add_done_callback(_retrieve)

    # Readers

    def add(self, reader: Reader[Any], since: str | None = None) -> None:
        """Give a reader what it misses since the event of that id, else a snapshot."""
        self.readers.add(reader)
        reader.outlets = self._outlets
        events = list(self._recent)
        at = next((at for at, one in enumerate(events) if one.id == since), None)
        if at is not None:
            reader.put_all(events[at + 1 :])
            return
        if (snapshot := self._snapshot()) is not None:
            notes = () if since is None else ("too much has happened to resume",)
            # It may be resumed from: what comes after it is what comes after the newest event.
            ident = events[-1].id if events else None
            reader.put(self._event("snapshot", snapshot, notes=notes, ident=ident))
        if self.state == "stale" and self._reason is not None:
            reader.put(self._event("stale", None, notes=(self._reason,)))

    @property
    def newest(self) -> LiveEvent[Any] | None:
        """The event that was told last; None before the first."""
        return self._recent[-1] if self._recent else None

    def remove(self, reader: Reader[Any]) -> None:
        """It reads no longer."""
        self.readers.discard(reader)
        self._outlets.remove(reader)
        self._dropped += reader.dropped

    def snapshot(self) -> Result | None:
        """The state as a whole; None while it is not known."""
        return self._snapshot()

    @property
    def teller(self) -> str:
        """The source whose state that is; empty where nobody told it."""
        return self._provider

    def wanted_s(self) -> float:
        """For how many seconds it goes on though nobody reads it here."""
        return 0.0

    def changed(self, names: Collection[str]) -> None:
        """Settings of these sources changed."""

    async def close(self) -> None:
        """End its readers, and forget what they were told."""
        if not self.ready.done():
            self.ready.cancel()
        self._outlets.pass_on()
        for reader in self.readers:
            reader.end()
        # An ended feed is in a circle with its task, and a server searches for those rarely:
        # hundreds of books need not wait for that.
        self._recent.clear()
        self._last = None

    def use(self) -> FeedUse:
        """It in figures."""
        heard_at, now, heard = self._heard_at, self._loop.time(), self._heard()
        return FeedUse(
            capability=self.capability,
            subject=self.subject,
            query=self._asked(),
            strategy=self._strategy(),
            state=self.state,
            provider=self._provider,
            since=self._switches[-1].at if self._switches else None,
            readers=len(self.readers),
            messages=heard,
            messages_per_s=self._rate.per_s(now, heard),
            events=self._count,
            lag_ms=self._lag_ms,
            last_message_s=None if heard_at is None else now - heard_at,
            failovers=self._failovers,
            reconnects=self._begun_again(),
            gaps=self._gaps,
            dropped=self._dropped + sum(one.dropped for one in self.readers),
            left_out=self._not_believed(),
            reason=self._reason,
        )

    @property
    def switches(self) -> tuple[Switch, ...]:
        """The last times that it was told by somebody else, or in another way, oldest first."""
        return tuple(self._switches)

    @property
    def losses(self) -> tuple[Loss, ...]:
        """What was missed lately, oldest first."""
        return tuple(self._losses)

    @property
    def telling(self) -> Collection[str]:
        """Names of those that are followed for it."""
        return (self._provider,) if self._provider else ()

    @property
    def on_trial(self) -> str | None:
        """The source that is followed beside that one, to take over."""
        return None

    @property
    def polled_every_s(self) -> float | None:
        """Seconds between the last two requests; None where it was not asked."""
        return None

    def avoided(self, name: str) -> tuple[float, str] | None:
        """For how many seconds a source is not followed, and why; None where it may be."""
        return None

    # What differs by what is followed

    def _asked(self) -> Mapping[str, str | int | float]:
        """What is followed beside the pair."""
        return {}

    def _strategy(self) -> str:
        """How its sources are ordered."""
        return "priority"

    def _snapshot(self) -> Result | None:
        """The state as a whole; None while it is not known."""
        return self._last

    def _heard(self) -> int:
        """Messages heard of all sources."""
        return self._messages

    def _not_believed(self) -> int:
        """Messages that were left out."""
        return self._left_out

    def _begun_again(self) -> int:
        """How often sources began it anew."""
        return self._reconnects

    def _remark(self) -> str | None:
        """Why what is told is older than it should be; None if it is not."""
        return None

    # What readers get

    def _go_stale(self, reason: str) -> None:
        self._reason = reason
        if self.state in ("live", "polled"):
            self._emit("stale", None, notes=(reason,))
            self.state = "stale"
            self._note_switch(self._provider)

    def _now_told_by(self, provider: str) -> None:
        """Say so if it is another source than before."""
        former, self._provider = self._provider, provider
        self._note_switch(former)
        if former and former != provider:
            self._failovers += 1
            self._emit("source", None, notes=(self._reason,) if self._reason else ())

    def _note_switch(self, former: str) -> None:
        """Remember it if another tells it than before, or in another way."""
        last = self._switches[-1] if self._switches else None
        if last is not None and (last.provider, last.state) == (self._provider, self.state):
            return
        reason = None if last is None else self._reason
        self._switches.append(
            Switch(self._clock.wall_ms(), former or None, self._provider, self.state, reason)
        )

    def _emit(
        self,
        kind: Kind,
        data: Result | None,
        *,
        replaces: object = None,
        notes: tuple[str, ...] = (),
        missed: str | None = None,
        filled_by: str | None = None,
        at_ms: int | None = None,
    ) -> None:
        event = self._event(
            kind, data, replaces=replaces, notes=notes, missed=missed, filled_by=filled_by,
            at_ms=at_ms,
        )  # fmt: skip
        if missed is not None or filled_by is not None:
            self._losses.append(Loss(event.meta.received_at, self._provider, missed, filled_by))
        self._recent.append(event)
        self._tell_readers(event)

    def _emit_update(self, data: Result, replaces: object, now_ms: int) -> None:
        """As `_emit`, of what came on a socket just now: nearly all events are that."""
        remark = self._remark()
        meta = LiveMeta(
            provider=self._provider,
            live=True,
            received_at=now_ms,
            lag_ms=self._lag_ms,
            notes=_NO_NOTES if remark is None else (remark,),
            simulated=self._simulated,
        )
        self._count += 1
        event = LiveEvent(
            f"{self._prefix}-{self._count}", "update", self.capability, self.subject, data, meta,
            replaces,
        )  # fmt: skip
        self._recent.append(event)
        self._tell_readers(event)

    def _tell_readers(self, event: LiveEvent[Any]) -> None:
        """Have every reader get an event."""
        outlets = self._outlets
        if not outlets.takers:
            for reader in self.readers:
                reader.put(event)
            return
        outlets.tell(event)
        if len(outlets) < len(self.readers):
            for reader in self.readers:
                if reader not in outlets:
                    reader.put(event)

    def _event(
        self,
        kind: Kind,
        data: Result | None,
        *,
        replaces: object = None,
        notes: tuple[str, ...] = (),
        missed: str | None = None,
        filled_by: str | None = None,
        ident: str | None = None,
        at_ms: int | None = None,
    ) -> LiveEvent[Any]:
        """An event of now, or of `at_ms` by the wall clock."""
        remark = self._remark()
        meta = LiveMeta(
            provider=self._provider,
            live=self.state == "live",
            received_at=self._clock.wall_ms() if at_ms is None else at_ms,
            lag_ms=self._lag_ms if data is not None else None,
            filled_by=filled_by,
            missed=missed,
            notes=notes if remark is None else (*notes, remark),
            simulated=self._simulated,
        )
        if ident is None:
            ident = self._new_ident()
        return LiveEvent(ident, kind, self.capability, self.subject, data, meta, replaces)

    def _new_ident(self) -> str:
        self._count += 1
        return f"{self._prefix}-{self._count}"

    def _set_ready(self) -> None:
        if not self.ready.done():
            self.ready.set_result(None)


def _retrieve(ready: asyncio.Future[None]) -> None:
    if not ready.cancelled():
        ready.exception()
