"""A question told by several sources at once: the median of those that agree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import structs

from coinmux.framework.streams.composite import Composite
from coinmux.framework.streams.feed import Feed

if TYPE_CHECKING:
    from collections.abc import Collection

    from coinmux.framework.errors import CoinmuxError
    from coinmux.framework.models.capability import Consensus
    from coinmux.framework.streams.composite import CompositeAnswer
    from coinmux.framework.streams.events import Kind, LiveEvent
    from coinmux.framework.streams.lanes import Told
    from coinmux.framework.streams.side import Side

#: Sources compared at most, whatever fails: more are not followed one after the other.
_MOST = 12
#: How often a new median is told at most.
_EVERY_S = 0.1
#: How often sources are looked for in place of those that failed.
_LOOK_S = 1.0


class CompositeFeed(Feed):
    """The median of the feeds of several sources, outliers named.

    Args:
        rule: how they are compared.
        together: how many are followed at once.
        feed: as of `Feed`.
    """

    def __init__(self, *feed: Any, rule: Consensus, together: int, simulated: bool) -> None:
        self._rule = rule
        self._together = together
        self._sides: dict[str, Side] = {}
        self._composite: Composite | None = None
        self._answer: CompositeAnswer | None = None
        self._told_at = self._looked_at = 0.0
        self._is_new = False
        super().__init__(*feed, simulated=simulated)

    async def close(self) -> None:
        await super().close()
        for side in self._sides.values():
            side.stop()
        self._sides.clear()

    @property
    def telling(self) -> Collection[str]:
        return tuple(self._sides)

    def _heard(self) -> int:
        return self._messages + sum(side.messages for side in self._sides.values())

    def _not_believed(self) -> int:
        return self._left_out + sum(side.left_out for side in self._sides.values())

    def _begun_again(self) -> int:
        return self._reconnects + sum(side.begun_again for side in self._sides.values())

    def told(self, side: Side, told: Told, at: float, filled_by: str | None = None) -> None:
        if self._composite is None or self._sides.get(side.name) is not side:
            return
        self._composite.tell(side.name, told.data, at)
        self._heard_at = at
        self._note(told.data)
        self._is_new = True
        if at - self._told_at >= _EVERY_S:
            self._tell(at)

    def gap(self, side: Side, missed: str) -> None:
        """Prices have no gaps: the newest is all there is."""

    def failed(self, side: Side, error: CoinmuxError) -> None:
        self._sources.health(self, side.name, error)
        if self._sides.get(side.name) is not side:
            return
        self._end(side, error.detail)

    def changed(self, names: Any) -> None:
        for name in names:
            self._avoid.pop(name, None)
            if (side := self._sides.get(name)) is not None:
                self._end(side, "its settings changed")

    def _end(self, side: Side, why: str) -> None:
        self._reason = f"{side.name}: {why}"
        self._avoid_for(_LOOK_S * 30, side.name, self._reason)
        del self._sides[side.name]
        self._drop(side)
        if self._composite is not None:
            self._composite.lose(side.name, why)
            self._is_new = self.state != "starting"
        self._looked_at = 0.0
        self._wake.set()

    async def _step(self) -> None:
        now = self._loop.time()
        self._rate.look(now, self._heard())
        if now - self._looked_at >= _LOOK_S:
            self._looked_at = now
            self._fill(now)
        if not self._sides:
            self._poll()
            await self._nap(min(self._until_poll_s(), _LOOK_S))
            return
        if self.state == "starting" and self._is_quiet(now):
            self._poll()
        await self._nap()
        if self._is_new:
            self._tell(self._loop.time())

    def _fill(self, now: float) -> None:
        """Follow as many sources as are compared."""
        names = self._names(now)[:_MOST]
        if self._composite is None and names:
            self._composite = Composite(self._rule, names)
        for name in names:
            if len(self._sides) >= self._together:
                return
            if name not in self._sides and (side := self._begin(name)) is not None:
                self._sides[name] = side

    def _tell(self, now: float) -> None:
        assert self._composite is not None
        self._is_new, self._told_at = False, now
        answer = self._answer = self._composite.answer(now)
        if answer.result is None:
            self._go_stale("; ".join(answer.notes) or "the sources do not agree")
            return
        was, self.state = self.state, "live"
        former, self._provider = self._provider, answer.provider
        self._note_switch(former)
        self._last = answer.result
        kind: Kind = "update" if was == "live" else "snapshot"
        self._emit(kind, answer.result, replaces=self.row.name, notes=answer.notes)
        self._set_ready()

    def _event(self, *told: Any, **more: Any) -> LiveEvent[Any]:
        event = super()._event(*told, **more)
        answer = self._answer
        if answer is not None and event.meta.live:
            # Who comes later is told what was said of the price that it gets.
            notes = event.meta.notes if event.data is not None else answer.notes
            missing = tuple(one for one in answer.notes if one not in notes)
            event.meta = structs.replace(
                event.meta, sources=answer.sources, outliers=answer.outliers,
                notes=(*event.meta.notes, *missing),
            )  # fmt: skip
        return event
