"""The trades that readers of a question were told, each once. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coinmux.framework.models.market import Trades, TradesQuery
from coinmux.framework.streams.lanes import SNAPSHOT_ROWS
from coinmux.framework.streams.told_whole import NO_MARKS, Marks, ToldState
from coinmux.framework.streams.trade_memory import TradeMemory, figures_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coinmux.framework.models.base import Result
    from coinmux.framework.models.market import Trade

#: Trades from whose oldest on others may be missing.
_KEPT = 1_000
_MINUTE_MS = 60_000
#: Sources whose trades are remembered. Through a bad minute each exchange may tell in turn, and a
#: worker that takes over hears what the store has kept of all of them once more.
_SOURCES = 32


class TradesState(ToldState):
    """Trades, each told once."""

    def __init__(self, query: TradesQuery) -> None:
        self._none = Trades(symbol=query.symbol, trades=())
        #: By source, the one that told last at the end.
        self._memories: dict[str, TradeMemory] = {}
        #: Trades until then may be told again under other ids; none while one process tells them.
        self._until_ms: int | None = None
        self._from_ms = 0

    def take(
        self, data: Result, source: str, *, is_asked: bool = False, is_whole: bool = False
    ) -> Result | None:
        assert isinstance(data, Trades)
        until_ms, known = self._until_ms, self._memories.get(source)
        new: Sequence[Trade] = data.trades
        if not is_whole:
            if until_ms is not None and not (new and new[0].timestamp > until_ms):
                new = self._new(source, data.trades, until_ms, is_asked=is_asked)
            elif known is not None and any(map(known.was_put, new)):
                new = [trade for trade in new if not known.was_put(trade)]
        if new:
            # What is known is known of who told it, and it tells from now on.
            memory = self._memories.pop(source, None) or TradeMemory()
            self._memories[source] = memory
            if len(self._memories) > _SOURCES:
                del self._memories[next(iter(self._memories))]
            for trade in new:
                if not (is_whole and memory.was_put(trade)):
                    memory.put(trade)
        if len(new) == len(data.trades):
            return data
        return data.model_copy(update={"trades": tuple(new)}) if new else None

    def add(self, data: Result, source: str) -> None:
        assert isinstance(data, Trades)
        if source not in self._memories:
            return
        for trade in self._new(source, data.trades, None, is_asked=False):
            self._memories[source].put(trade)

    def switch(self) -> None:
        known = self._last().latest(_KEPT)
        if known:
            self._from_ms, self._until_ms = known[0].timestamp, known[-1].timestamp

    def snapshot(self) -> Result | None:
        known = self._last().latest(SNAPSHOT_ROWS)
        return self._none.model_copy(update={"trades": tuple(known)}) if known else None

    def marks(self, data: Result, source: str, *, is_whole: bool) -> Marks:
        assert isinstance(data, Trades)
        # Numbers may begin anew; and REST and a socket may tell the time of one differently.
        names = tuple(
            (f"{source} {one.id} {one.timestamp // _MINUTE_MS}", one.timestamp)
            for one in data.trades
            if one.id is not None
        )
        if not names:
            return NO_MARKS
        is_named = len(names) == len(data.trades)
        return Marks("unknown" if is_named and not is_whole else "note", names)

    @property
    def since_ms(self) -> int | None:
        # Others of the newest one's moment may be missing; what is told again is left out here.
        newest = [one.newest.timestamp for one in self._memories.values() if one.newest is not None]
        return max(newest) - 1 if newest else None

    def _last(self) -> TradeMemory:
        """Of the source that told last."""
        return next(reversed(self._memories.values()), TradeMemory())

    def _new(
        self, source: str, trades: tuple[Trade, ...], until_ms: int | None, *, is_asked: bool
    ) -> list[Trade]:
        """The trades of these that are not known; those before all that is known are too old."""
        memory = self._memories.get(source) or TradeMemory()
        has_id = memory.has_id
        by_figures = (is_asked and not any(map(has_id, trades))) or any(
            trade.id is None for trade in trades
        )
        known = memory.figures() if by_figures else None
        new = []
        for trade in trades:
            if until_ms is not None and trade.timestamp < self._from_ms:
                continue
            if until_ms is None or trade.timestamp <= until_ms:
                if has_id(trade):
                    continue
                if known is not None and known[figures_of(trade)] > 0:
                    known[figures_of(trade)] -= 1
                    continue
            elif memory.was_put(trade):
                continue
            new.append(trade)
        return new
