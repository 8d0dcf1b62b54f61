"""One question followed: which source tells it now, and what readers are told of that."""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from coinmux.framework.errors import CoinmuxError, InvalidRequest, UnknownSymbol
from coinmux.framework.routing.options import RequestOptions
from coinmux.framework.streams.events import Kind, LiveEvent, LiveMeta
from coinmux.framework.streams.lanes import newest_of
from coinmux.framework.streams.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Collection

    from coinmux.framework.clock import Clock
    from coinmux.framework.models.base import Query, Result
    from coinmux.framework.models.capability import Capability
    from coinmux.framework.streams.lanes import Told
    from coinmux.framework.streams.side import Side, SideOwner

#: Events that are kept for readers who resume.
_KEPT = 500
#: How often a feed looks at what time changes.
_TICK_S = 0.25
#: A source that failed is not followed again for so long; then it must tell something first.
_AVOID_S = 60.0
#: Where nothing is told for so long at first, it is asked for once.
_QUIET_S = 2.0
#: A source that is alone and does not tell any more is asked after so long.
_DOWN_S = 5.0
#: How often a better source is looked for, and how long the first data of one may take.
_BETTER_S, _FIRST_S = 10.0, 8.0
#: How often a source is polled at most, whatever its freshness.
_LEAST_POLL_S, _MOST_POLL_S = 1.0, 60.0

State = Literal["starting", "live", "polled", "stale"]


class Sources(Protocol):
    """The sources that can be followed."""

    def choose(self, feed: Feed, avoid: set[str]) -> list[str]:
        """Names of those that may be followed now, best first."""
        ...

    def side(self, feed: Feed, owner: SideOwner, name: str, since_ms: int | None) -> Side:
        """Begin to follow one.

        Raises:
            CoinmuxError: it cannot be followed.
        """
        ...

    def health(self, feed: Feed, name: str, error: CoinmuxError | None) -> None:
        """Record how following a source went: None for well."""
        ...

    def defect(self, feed: Feed, error: Exception) -> None:
        """Say that a feed ended by a defect of ours."""
        ...

    async def poll(self, feed: Feed, options: RequestOptions) -> Any:
        """An answer by REST, in place of a feed."""
        ...

    def keep(self, feed: Feed, provider: str, data: Result) -> None:
        """Store what a feed told as an answer of its source."""
        ...


@dataclass(frozen=True, slots=True)
class FeedUse:
    """One feed, in figures.

    Attributes:
        state: `starting`, `live` (by a socket), `polled` or `stale`.
        provider: who tells it now; empty while nobody does.
        messages: heard of all sources.
        lag_ms: of the last message, where the source tells its time.
        last_message_s: seconds since the last one; None before the first.
        failovers: how often another source took over.
        dropped: events that readers were too slow for.
        left_out: messages that were left out as bad or doubted.
        reason: why another source tells it, or none does.
    """

    capability: str
    subject: str
    state: State
    provider: str
    readers: int
    messages: int
    events: int
    lag_ms: int | None
    last_message_s: float | None
    failovers: int
    gaps: int
    dropped: int
    left_out: int
    reason: str | None


@dataclass(frozen=True, slots=True)
class FeedCounts:
    """What feeds counted: messages heard, events told, and what went wrong."""

    messages: int = 0
    events: int = 0
    failovers: int = 0
    gaps: int = 0
    dropped: int = 0
    left_out: int = 0

    def plus(self, use: FeedUse) -> FeedCounts:
        """These and those of one feed."""
        return FeedCounts(
            self.messages + use.messages,
            self.events + use.events,
            self.failovers + use.failovers,
            self.gaps + use.gaps,
            self.dropped + use.dropped,
            self.left_out + use.left_out,
        )


class Feed:
    """One question, told to all its readers by one source at a time.

    Args:
        row, query: the question.
        subject: as readers know it.
        options: the source that alone may be asked, if one is pinned, and how they are ordered.

    Attributes:
        pinned: that source; None for any.
        ready: done once the first event is there; fails if nobody can be followed.
    """

    def __init__(
        self,
        row: Capability,
        query: Query,
        subject: str,
        options: RequestOptions,
        sources: Sources,
        clock: Clock,
        *,
        simulated: bool,
    ) -> None:
        self.row = row
        self.query = query
        self.subject = subject
        self.options = options
        self.pinned = options.provider
        self._sources = sources
        self._clock = clock
        self._simulated = simulated
        self._loop = asyncio.get_running_loop()
        self.readers: set[Reader[Any]] = set()
        self._recent: deque[LiveEvent[Any]] = deque(maxlen=_KEPT)
        self._prefix = secrets.token_hex(4)
        self._count = 0
        self._side: Side | None = None
        self._trial: Side | None = None
        self._trial_until = 0.0
        self._avoid: dict[str, float] = {}
        self._better_at = 0.0
        self._last: Result | None = None
        self._since_ms: int | None = None
        self._wake = asyncio.Event()
        #: When the source was first followed, and since when it does not tell any more.
        self._begun_at = 0.0
        self._down_at: float | None = None
        self._started_at = self._loop.time()
        self._asked_at: float | None = None
        #: Whether a source does not list the pair: perhaps nobody does.
        self._is_strange = False
        self.state: State = "starting"
        self._provider = ""
        self._reason: str | None = None
        self._messages = self._failovers = self._gaps = self._dropped = self._left_out = 0
        self._lag_ms: int | None = None
        self._heard_at: float | None = None
        self._stored_at = 0.0
        #: A fraction of how long an answer is good.
        fresh_s = row.freshness_of(query, clock.wall_ms()).fresh_s
        self._store_s = max(fresh_s / 4, _TICK_S)
        self._unstored: tuple[str, Result] | None = None
        self.ready: asyncio.Future[None] = self._loop.create_future()
        self.ready.add_done_callback(_retrieve)
        self._task = self._loop.create_task(self._run())

    # Readers

    def add(self, reader: Reader[Any], since: str | None = None) -> None:
        """Give a reader what it misses since the event of that id, else a snapshot."""
        self.readers.add(reader)
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

    def remove(self, reader: Reader[Any]) -> None:
        """It reads no longer."""
        self.readers.discard(reader)
        self._dropped += reader.dropped

    async def close(self) -> None:
        """End it, and its readers."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        for side in (self._side, self._trial):
            if side is not None:
                side.stop()
        if not self.ready.done():
            self.ready.cancel()
        for reader in self.readers:
            reader.end()

    def use(self) -> FeedUse:
        """It in figures."""
        side = self._side
        heard_at = self._heard_at
        return FeedUse(
            capability=self.row.name,
            subject=self.subject,
            state=self.state,
            provider=self._provider,
            readers=len(self.readers),
            messages=self._messages + (side.messages if side is not None else 0),
            events=self._count,
            lag_ms=self._lag_ms,
            last_message_s=None if heard_at is None else self._loop.time() - heard_at,
            failovers=self._failovers,
            gaps=self._gaps,
            dropped=self._dropped + sum(one.dropped for one in self.readers),
            left_out=self._left_out + (side.left_out if side is not None else 0),
            reason=self._reason,
        )

    # Of a side

    def began(self, side: Side) -> None:
        """A source confirmed that it is followed."""
        self._sources.health(self, side.name, None)

    def told(self, side: Side, told: Told, at: float, filled_by: str | None = None) -> None:
        """Data of a source."""
        if side is self._trial:
            self._take_over(side, "it is better placed and is heard again")
        if side is not self._side:
            return
        self._heard_at = at
        self._note(told.data)
        kind: Kind = "update"
        if self.state != "live" or side.name != self._provider:
            kind = self._now_live(side)
        data = told.data
        if kind == "snapshot" and (whole := side.lane.snapshot()) is not None:
            data = whole
        # What is more than the message said is not replaced by the next message.
        replaces = told.replaces if data is told.data else None
        self._emit(kind, data, replaces=replaces, filled_by=filled_by)
        self._unstored = (side.name, data)

    def gap(self, side: Side, missed: str) -> None:
        """Something was lost for good."""
        if side is self._side:
            self._gaps += 1
            self._emit("gap", None, missed=missed)

    def failed(self, side: Side, error: CoinmuxError) -> None:
        """A source does not tell any more."""
        self._sources.health(self, side.name, error)
        if side is self._trial:
            self._end_trial()
            return
        if side is not self._side:
            return
        self._reason = f"{side.name}: {error.detail}"
        self._is_strange = self._is_strange or isinstance(error, UnknownSymbol)
        self._wake.set()

    def changed(self, names: Collection[str]) -> None:
        """Settings of these sources changed: whoever may be followed now is chosen anew."""
        for name in names:
            self._avoid.pop(name, None)
        if self._trial is not None and self._trial.name in names:
            self._end_trial()
        side = self._side
        if side is not None and side.name in names:
            self._reason = f"{side.name}: its settings changed"
            self._drop(side)
            self._side, self._down_at = None, None
            self._wake.set()

    # Its life

    async def _run(self) -> None:
        try:
            while True:
                await self._step()
        except Exception as error:  # a defect of ours must not look like a quiet market
            if not self.ready.done():
                self.ready.set_exception(error)
            self._go_stale(f"it ended by a defect: {type(error).__name__}")
            self._sources.defect(self, error)
            raise

    async def _ask_once(self) -> None:
        """Ask by REST while nothing is told: nobody may list the pair, or its market is quiet."""
        self._asked_at = self._loop.time()
        try:
            answer = await self._sources.poll(self, self.options)
        except UnknownSymbol as error:
            if not self.ready.done():
                self.ready.set_exception(error)
            await self._loop.create_future()  # its readers end it
        except CoinmuxError as error:
            self._reason = error.detail
        else:
            # A market may be quiet: what is known of it is told meanwhile.
            self._take_polled(answer)

    async def _step(self) -> None:
        if (
            self.state == "starting"
            and self._asked_at is None
            and (self._is_strange or self._is_quiet(self._loop.time()))
        ):
            await self._ask_once()
        if self._side is None and not self._next_side():
            await self._poll()
            return
        patience_s = 0.0 if self.state == "starting" else _DOWN_S
        if self._down_at is not None and self._loop.time() - self._down_at > patience_s:
            # Its connection is tried again and again; meanwhile it is asked.
            self._tick()
            await self._poll()
            return
        if not await self._nap():
            self._tick()
            return
        # The source that told it failed: the next, or the same once it is back.
        failed = self._side
        if failed is None or self._down_at is not None:
            return
        self._avoid[failed.name] = self._loop.time() + _AVOID_S
        if not self._next_side():
            self._down_at = self._loop.time()
            self._go_stale(self._reason or "no source can be followed")

    def _is_quiet(self, now: float) -> bool:
        """Whether nothing was told for a while since it began."""
        return now - self._started_at > _QUIET_S

    async def _nap(self) -> bool:
        """Wait for a moment; whether something happened meanwhile."""
        try:
            async with asyncio.timeout(_TICK_S):
                await self._wake.wait()
        except TimeoutError:
            return False
        # Not before: what happened while something else was awaited counts too.
        self._wake.clear()
        return True

    def _tick(self) -> None:
        now = self._loop.time()
        if self._side is not None:
            self._side.tick()
            if not self._side.has_told and now - self._begun_at > _FIRST_S:
                self._late(now)
        if self._trial is not None and now > self._trial_until:
            self._end_trial()
        self._store(now)
        if self._trial is None and now - self._better_at >= _BETTER_S:
            self._better_at = now
            self._try_better(now)

    def _late(self, now: float) -> None:
        """A source that says nothing at first is not waited for where another can be followed."""
        side = self._side
        assert side is not None
        if self._names(now, but=side.name):
            self._reason = f"{side.name}: it told nothing for {_FIRST_S:g} s"
            self._wake.set()
        else:
            self._begun_at = now

    def _names(self, now: float, but: str | None = None) -> list[str]:
        avoid = {name for name, until in self._avoid.items() if until > now}
        return [name for name in self._sources.choose(self, avoid) if name != but]

    def _next_side(self) -> bool:
        """Follow the best source that can be; whether one could."""
        now = self._loop.time()
        current = self._side
        for name in self._names(now, but=None if current is None else current.name):
            side = self._begin(name)
            if side is not None:
                self._drop(current)
                self._side = side
                self._begun_at, self._down_at = now, None
                return True
        # Where nobody else can be followed, its connections are opened again by themselves.
        return False

    def _begin(self, name: str) -> Side | None:
        try:
            return self._sources.side(self, self, name, self._since_ms)
        except CoinmuxError as error:
            self._avoid[name] = self._loop.time() + _AVOID_S
            self._reason = f"{name}: {error.detail}"
            if not isinstance(error, InvalidRequest):
                self._sources.health(self, name, error)
            return None

    def _drop(self, side: Side | None) -> None:
        if side is not None:
            self._messages += side.messages
            self._left_out += side.left_out
            side.stop()

    def _now_live(self, side: Side) -> Kind:
        """The source that tells it is another, or tells again."""
        former, self._provider = self._provider, side.name
        self.state, self._down_at = "live", None
        if former and former != side.name:
            self._failovers += 1
            self._emit("source", None, notes=(self._reason,) if self._reason else ())
        self._set_ready()
        return "snapshot"

    def _take_over(self, side: Side, why: str) -> None:
        former = self._side
        self._side, self._trial = side, None
        self._reason = why
        self._drop(former)

    def _try_better(self, now: float) -> None:
        """Follow a better source on trial: it takes over once it tells something."""
        names = self._names(now)
        current = None if self._side is None else self._side.name
        # One that does not tell any more may have been refused: it is followed anew.
        if not names or (self._down_at is None and (names[0] == current or self.pinned)):
            return
        self._trial = self._begin(names[0])
        self._trial_until = now + _FIRST_S

    def _end_trial(self) -> None:
        trial, self._trial = self._trial, None
        if trial is not None:
            self._avoid[trial.name] = self._loop.time() + _AVOID_S
            trial.stop()

    def _go_stale(self, reason: str) -> None:
        self._reason = reason
        if self.state in ("live", "polled"):
            self._emit("stale", None, notes=(reason,))
            self.state = "stale"

    # Without a socket

    async def _poll(self) -> None:
        """Ask by REST, once for all readers, until a source can be followed."""
        begun = self._loop.time()
        try:
            answer = await self._sources.poll(self, self.options)
        except CoinmuxError as error:
            if not self.ready.done():
                self.ready.set_exception(error)
                await self._loop.create_future()  # its readers end it
            self._go_stale(error.detail)
            await asyncio.sleep(_LEAST_POLL_S)
            return
        self._take_polled(answer)
        now = self._clock.monotonic()
        pause_s = min(max(answer.ttl_s(now), _LEAST_POLL_S), _MOST_POLL_S)
        if self._side is not None or self._names(self._loop.time()):
            pause_s = _LEAST_POLL_S
        await asyncio.sleep(max(pause_s - (self._loop.time() - begun), 0.05))

    def _take_polled(self, answer: Any) -> None:
        """Tell an answer of REST, unless a socket tells again meanwhile."""
        if self.state == "live":
            return
        self._heard_at = self._loop.time()
        self._messages += 1
        is_new = answer.data != self._last
        former, self._provider = self._provider, answer.provider
        was, self.state = self.state, "polled"
        if former and former != answer.provider:
            self._failovers += 1
            self._emit("source", None, notes=(self._reason,) if self._reason else ())
        self._note(answer.data)
        if is_new or was != "polled":
            key = self.row.name if was == "polled" else None
            self._emit("update" if was == "polled" else "snapshot", answer.data, replaces=key)
        self._set_ready()

    # What readers get

    def _snapshot(self) -> Result | None:
        if self.state == "live" and self._side is not None:
            return self._side.lane.snapshot()
        return self._last

    def _note(self, data: Result) -> None:
        """Remember what was told last, for a reader that comes and a source that takes over."""
        self._last = data
        own_ms = data.own_time_ms()
        if own_ms is not None:
            self._lag_ms = self._clock.wall_ms() - own_ms
        if (newest := newest_of(data)) is not None:
            self._since_ms = newest

    def _emit(
        self,
        kind: Kind,
        data: Result | None,
        *,
        replaces: object = None,
        notes: tuple[str, ...] = (),
        missed: str | None = None,
        filled_by: str | None = None,
    ) -> None:
        event = self._event(
            kind, data, replaces=replaces, notes=notes, missed=missed, filled_by=filled_by
        )
        self._recent.append(event)
        for reader in self.readers:
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
    ) -> LiveEvent[Any]:
        side = self._side
        stale = side.stale if side is not None else None
        meta = LiveMeta(
            provider=self._provider,
            live=self.state == "live",
            received_at=self._clock.wall_ms(),
            lag_ms=self._lag_ms if data is not None else None,
            filled_by=filled_by,
            missed=missed,
            notes=notes if stale is None else (*notes, stale),
            simulated=self._simulated,
        )
        if ident is None:
            self._count += 1
            ident = f"{self._prefix}-{self._count}"
        return LiveEvent(ident, kind, self.row.name, self.subject, data, meta, replaces)

    def _store(self, now: float) -> None:
        """Store what was told last as an answer, so that a request about it calls nobody."""
        if self._unstored is not None and now - self._stored_at >= self._store_s:
            provider, data = self._unstored
            self._unstored, self._stored_at = None, now
            side = self._side
            whole = side.lane.snapshot() if side is not None else None
            self._sources.keep(self, provider, data if whole is None else whole)

    def _set_ready(self) -> None:
        if not self.ready.done():
            self.ready.set_result(None)


def _retrieve(ready: asyncio.Future[None]) -> None:
    if not ready.cancelled():
        ready.exception()
