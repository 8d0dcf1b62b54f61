"""One question followed: which source tells it now, and who does when that one fails."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from coinmux.framework.errors import CoinmuxError, InvalidRequest, UnknownSymbol
from coinmux.framework.streams.lanes import beside_pair
from coinmux.framework.streams.polled_voice import PolledVoice

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from coinmux.framework.clock import Clock
    from coinmux.framework.models.base import Query, Result
    from coinmux.framework.models.capability import Capability
    from coinmux.framework.routing.options import RequestOptions
    from coinmux.framework.streams.events import Kind
    from coinmux.framework.streams.feed_sources import Sources
    from coinmux.framework.streams.lanes import Told
    from coinmux.framework.streams.side import Side

#: How often a feed looks at what time changes.
_TICK_S = 0.25
#: A source that failed is not followed again for so long; then it must tell something first.
_AVOID_S = 60.0
#: Where nothing is told for so long at first, it is asked for; sooner for readers who had it.
_QUIET_S = 2.0
#: A source that is alone and does not tell any more is asked after so long.
_DOWN_S = 5.0
#: How often a better source is looked for, and how long the first data of one may take.
_BETTER_S, _FIRST_S = 10.0, 8.0
#: While readers have nothing: another is followed beside one that has not told for so long, and in
#: place of it after so long.
_BESIDE_S, _INSTEAD_S = 1.5, 3.0
#: How often one is looked for while nobody tells; one that failed is left out for so long then.
_ANYONE_S, _REST_S = 1.0, 4.0


class Feed(PolledVoice):
    """One question, told to all its readers by one source at a time.

    Args:
        row, query: the question.
        subject: as readers know it.
        options: the source that alone may be asked, if one is pinned, and how they are ordered.

    Attributes:
        pinned: that source; None for any.
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
        super().__init__(row.name, subject, clock, simulated=simulated)
        self.row = row
        self.query = query
        self.options = options
        self.pinned = options.provider
        self._sources = sources
        self._side: Side | None = None
        self._trial: Side | None = None
        self._trial_until = 0.0
        self._trial_since: int | None = None
        self._why_trial = ""
        #: Until when sources are not followed, and why.
        self._avoid: dict[str, tuple[float, str]] = {}
        self._better_at = 0.0
        #: When the source was first followed, and since when it does not tell any more.
        self._begun_at = 0.0
        self._down_at: float | None = None
        self._started_at = self._loop.time()
        self._quiet_s = _QUIET_S
        #: Whether a source does not list the pair: perhaps nobody does.
        self._is_strange = False
        self._stored_at = 0.0
        #: A fraction of how long an answer is good.
        fresh_s = row.freshness_of(query, clock.wall_ms()).fresh_s
        self._store_s = max(fresh_s / 4, _TICK_S)
        self._unstored: tuple[str, Result] | None = None
        self._task = self._loop.create_task(self._run())

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._stop_asking()
        for side in (self._side, self._trial):
            if side is not None:
                side.stop()
        self._side = self._trial = None
        await super().close()

    def go_on(self, since_ms: int | None, *, is_missed: bool) -> None:
        super().go_on(since_ms, is_missed=is_missed)
        if is_missed:
            self._quiet_s = _QUIET_S / 2

    # Of a side

    def began(self, side: Side) -> None:
        """A source confirmed that it is followed."""
        self._sources.health(self, side.name, None)

    def told(self, side: Side, told: Told, at: float, filled_by: str | None = None) -> None:
        """Data of a source."""
        if side is self._trial:
            if self._trial_since != self._since_ms and self.row.name == "candles":
                # A candle closed since it began, which it must not close again.
                self._trial_since = self._since_ms
                side.resume(self._since_ms)
                return
            self._take_over(side, self._why_trial)
        if side is not self._side:
            return
        self._heard_at = at
        data = told.data
        now_ms = self._note(data)
        if filled_by is None and self.state == "live" and side.name == self._provider:
            self._emit_update(data, told.replaces, now_ms)
        else:
            data = self._tell_more(side, told, filled_by, now_ms)
        self._unstored = (side.name, data)

    def _tell_more(self, side: Side, told: Told, filled_by: str | None, now_ms: int) -> Result:
        """Tell what was asked for, or what a source tells first; what was told."""
        kind: Kind = "update"
        if self.state != "live" or side.name != self._provider:
            kind = self._now_live(side)
        data = told.data
        if kind == "snapshot" and (whole := side.lane.snapshot()) is not None:
            data = whole
        # What is more than the message said is not replaced by the next message.
        replaces = told.replaces if data is told.data else None
        self._emit(kind, data, replaces=replaces, filled_by=filled_by, at_ms=now_ms)
        return data

    def gap(self, side: Side, missed: str) -> None:
        """Something was lost for good."""
        if side is self._side:
            self._gaps += 1
            self._emit("gap", None, missed=missed)

    def failed(self, side: Side, error: CoinmuxError) -> None:
        """A source does not tell any more."""
        self._sources.health(self, side.name, error)
        if side is self._trial:
            self._end_trial(error.detail)
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
            self._end_trial("its settings changed")
        side = self._side
        if side is not None and side.name in names:
            self._reason = f"{side.name}: its settings changed"
            self._drop(side)
            self._side, self._down_at = None, None
            self._wake.set()

    # Its life

    async def _run(self) -> None:
        try:
            while not self._is_refused:
                self._look_at_request()
                await self._step()
            await self._loop.create_future()  # its readers end it
        except Exception as error:  # a defect of ours must not look like a quiet market
            if not self.ready.done():
                self.ready.set_exception(error)
            self._go_stale(f"it ended by a defect: {type(error).__name__}")
            self._sources.defect(self, error)
            raise

    async def _step(self) -> None:
        now = self._loop.time()
        if self.state == "starting" and (self._is_strange or self._is_quiet(now)):
            self._poll()
        if self._side is None and not self._next_side():
            if self.state == "live":
                self._go_stale(self._reason or "no source can be followed")
            self._poll()
            await self._nap(min(self._until_poll_s(), _ANYONE_S))
            return
        patience_s = 0.0 if self.state == "starting" else _DOWN_S
        if self._down_at is not None and self._loop.time() - self._down_at > patience_s:
            # Its connection is tried again and again; meanwhile it is asked.
            self._tick()
            self._poll()
            await self._nap(min(self._until_poll_s(), _TICK_S))
            return
        if not await self._nap():
            self._tick()
            return
        # The source that told it failed: the next, or the same once it is back.
        failed = self._side
        if failed is None or self._down_at is not None:
            return
        self._avoid_for(_AVOID_S, failed.name, self._reason)
        if not self._next_side():
            self._down_at = self._loop.time()
            self._better_at = 0.0
            self._go_stale(self._reason or "no source can be followed")

    def _is_quiet(self, now: float) -> bool:
        """Whether nothing was told for a while since it began."""
        return now - self._started_at > self._quiet_s

    async def _nap(self, seconds: float | None = None) -> bool:
        """Wait for a moment; whether something happened meanwhile."""
        try:
            async with asyncio.timeout(_TICK_S if seconds is None else seconds):
                await self._wake.wait()
        except TimeoutError:
            return False
        # Not before: what happened while something else was awaited counts too.
        self._wake.clear()
        return True

    def _tick(self) -> None:
        now = self._loop.time()
        self._rate.look(now, self._heard())
        if self._side is not None:
            self._side.tick()
            if not self._side.has_told and self._down_at is None:
                self._wait_for_first(self._side, now - self._begun_at, now)
        if self._trial is not None and now > self._trial_until:
            self._end_trial(f"on trial it told nothing for {_FIRST_S:g} s")
        self._store(now)
        every_s = _BETTER_S
        if self._down_at is not None:
            every_s = _ANYONE_S
            for side in (self._side, self._trial):
                if side is not None:
                    side.hurry()
        if self._trial is None and now - self._better_at >= every_s:
            self._better_at = now
            self._try_better(now)

    def _wait_for_first(self, side: Side, waited_s: float, now: float) -> None:
        """A source that says nothing at first is not waited for where another can be followed."""
        is_missed = side.lane.tells_at_once or not side.has_begun
        if waited_s > _FIRST_S or (is_missed and waited_s > _INSTEAD_S and self._trial is not None):
            if self._trial is not None or self._names(now, but=side.name):
                self._reason = f"{side.name}: it told nothing for {waited_s:.0f} s"
                self._wake.set()
            else:
                self._begun_at = now
        elif is_missed and waited_s > _BESIDE_S and self._trial is None:
            others = self._names(now, but=side.name)
            if not others:  # one that failed is better than none
                others = self._names(now, but=side.name, anyone=True)
            if others:
                self._try(others[0], f"{side.name}: it told nothing for {waited_s:.0f} s", now)

    def _store(self, now: float) -> None:
        """Store what was told last as an answer, so that a request about it calls nobody."""
        if self._unstored is not None and now - self._stored_at >= self._store_s:
            provider, data = self._unstored
            self._unstored, self._stored_at = None, now
            side = self._side
            is_its = side is not None and side.name == provider
            whole = side.lane.snapshot() if side is not None and is_its else None
            self._sources.keep(self, provider, data if whole is None else whole)

    # Who tells it

    def _names(
        self, now: float, but: str | None = None, *, anyone: bool | None = None
    ) -> list[str]:
        # While nobody tells, one that failed is better than none.
        anyone = self._down_at is not None if anyone is None else anyone
        least_s = _AVOID_S - _REST_S if anyone else 0.0
        avoid = {name for name, (until, _) in self._avoid.items() if until - now > least_s}
        found = self._sources.choose(self, avoid, anyone=anyone)
        return [name for name in found if name != but]

    def _next_side(self) -> bool:
        """Follow the best source that can be; whether one could."""
        now = self._loop.time()
        current = self._side
        if self._trial is not None and self._down_at is None:
            # It is followed already.
            self._drop(current)
            self._side, self._trial = self._trial, None
            self._begun_at = self._trial_until - _FIRST_S
            if self._trial_since != self._since_ms:
                self._side.resume(self._since_ms)
            return True
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
            self._reason = f"{name}: {error.detail}"
            self._avoid_for(_AVOID_S, name, self._reason)
            if not isinstance(error, InvalidRequest):
                self._sources.health(self, name, error)
            return None

    def _drop(self, side: Side | None) -> None:
        if side is not None:
            self._messages += side.messages
            self._left_out += side.left_out
            if self._since_ms is not None:
                lost = side.lane.lost_before(self._since_ms)
                if lost is not None and side is self._side:
                    self.gap(side, lost)
            self._reconnects += side.begun_again
            side.stop()

    def _now_live(self, side: Side) -> Kind:
        """The source that tells it is another, or tells again."""
        self.state, self._down_at = "live", None
        if self._trial is not None:
            # It was begun because nobody told; of the same source, it would tell it all again.
            self._trial.stop()
            self._trial = None
        self._now_told_by(side.name)
        self._set_ready()
        return "snapshot"

    def _take_over(self, side: Side, why: str) -> None:
        self._drop(self._side)
        self._side, self._trial = side, None
        self._reason = why
        # Two that are as good as each other must not take turns.
        self._better_at = self._loop.time() + _AVOID_S - _BETTER_S

    def _try_better(self, now: float) -> None:
        """Follow a better source on trial: it takes over once it tells something."""
        names = self._names(now)
        current = None if self._side is None else self._side.name
        # One that does not tell any more may have been refused: it is followed anew.
        if not names or (self._down_at is None and (names[0] == current or self.pinned)):
            return
        self._try(names[0], "it is better placed and is heard again", now)

    def _try(self, name: str, why: str, now: float) -> None:
        self._trial, self._why_trial = self._begin(name), why
        self._trial_until, self._trial_since = now + _FIRST_S, self._since_ms

    def _end_trial(self, why: str) -> None:
        trial, self._trial = self._trial, None
        if trial is not None:
            self._avoid_for(_AVOID_S, trial.name, f"{trial.name}: {why}")
            trial.stop()

    def _avoid_for(self, seconds: float, name: str, why: str | None) -> None:
        self._avoid[name] = (self._loop.time() + seconds, why or "it failed")

    # Of a voice

    @property
    def telling(self) -> Collection[str]:
        side = self._side
        # One that is down is tried again, but tells nothing.
        return () if side is None or self._down_at is not None else (side.name,)

    @property
    def on_trial(self) -> str | None:
        return None if self._trial is None else self._trial.name

    def avoided(self, name: str) -> tuple[float, str] | None:
        until, why = self._avoid.get(name, (0.0, ""))
        left_s = until - self._loop.time()
        return (left_s, why) if left_s > 0 else None

    def _asked(self) -> Mapping[str, str | int | float]:
        return beside_pair(self.query)

    def _strategy(self) -> str:
        return self.options.strategy

    async def _ask(self) -> Any:
        return await self._sources.poll(self, self.options)

    def _may_be_live(self) -> bool:
        return self._side is not None or bool(self._names(self._loop.time()))

    def _told_elsewhere(self) -> None:
        self._trial_since = self._since_ms
        for side in (self._side, self._trial):
            if side is not None:
                side.resume(self._since_ms)

    def _snapshot(self) -> Result | None:
        side = self._side
        # The next source may be followed already, and be silent yet: it is not who told.
        is_its = side is not None and side.name == self._provider and not side.is_doubted
        if self.state == "live" and side is not None and is_its:
            known = side.lane.snapshot()
            # After a gap that nobody could fill, what readers have is what was told.
            if known is not None or not side.lane.keeps_told:
                return known
        return self._last

    def _heard(self) -> int:
        return self._messages + (self._side.messages if self._side is not None else 0)

    def _not_believed(self) -> int:
        return self._left_out + (self._side.left_out if self._side is not None else 0)

    def _begun_again(self) -> int:
        return self._reconnects + (self._side.begun_again if self._side is not None else 0)

    def _remark(self) -> str | None:
        return None if self._side is None else self._side.checks.stale
