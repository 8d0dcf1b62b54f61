"""What readers of a question were told, so that whoever tells it next goes on from there. Pure.

While one process tells it, nothing is left out. After a change of the teller, what both told is
told once: trades are known by source and id, candles that are closed by their opening times. The
state as a whole is what one source told, since it goes out under its name.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from coinmux.framework.models.candles import Candles, CandlesQuery
from coinmux.framework.models.market import Trades, TradesQuery
from coinmux.framework.reference.values import iso_time
from coinmux.framework.streams.candle_told import CandleRow, answer_of, rows_of
from coinmux.framework.streams.lanes import SNAPSHOT_ROWS
from coinmux.framework.streams.trade_memory import TradeMemory, figures_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coinmux.framework.models.base import Query, Result
    from coinmux.framework.models.market import Trade

#: Candles that are kept; twice as many at most.
_KEPT = 1_000
#: Sources whose trades are remembered.
_SOURCES = 4


class ToldState(ABC):
    """What readers have of one question."""

    @abstractmethod
    def take(self, data: Result, source: str, *, is_asked: bool = False) -> Result | None:
        """What is new to readers in what a source is to tell; None where nothing is.

        Args:
            is_asked: it came by REST, where trades may have other ids.
        """

    @abstractmethod
    def add(self, data: Result, source: str) -> None:
        """Know more of the past than the source told, for readers that come."""

    @abstractmethod
    def switch(self) -> None:
        """Another tells it from now on: it may tell again what is known."""

    @abstractmethod
    def snapshot(self) -> Result | None:
        """The state as a whole, as the last source told it; None while nothing is known."""

    @property
    @abstractmethod
    def since_ms(self) -> int | None:
        """From where another source or process goes on; None for the present."""


class WholeState(ToldState):
    """Prices and books: the newest is all there is."""

    def __init__(self) -> None:
        self._last: Result | None = None
        self._is_switched = False

    def take(self, data: Result, source: str, *, is_asked: bool = False) -> Result | None:
        last = self._last
        if self._is_switched:
            self._is_switched = False
            if data == last:
                return None
        self._last = data
        return data

    def add(self, data: Result, source: str) -> None:
        if self._last is None:
            self._last = data

    def switch(self) -> None:
        self._is_switched = True

    def snapshot(self) -> Result | None:
        return self._last

    @property
    def since_ms(self) -> int | None:
        return None


class TradesState(ToldState):
    """Trades, each told once."""

    def __init__(self, query: TradesQuery) -> None:
        self._none = Trades(symbol=query.symbol, trades=())
        #: By source, the one that told last at the end.
        self._memories: dict[str, TradeMemory] = {}
        #: Trades until then may be told again; none while one process tells them.
        self._until_ms: int | None = None
        self._from_ms = 0

    def take(self, data: Result, source: str, *, is_asked: bool = False) -> Result | None:
        assert isinstance(data, Trades)
        until_ms = self._until_ms
        new: Sequence[Trade] = data.trades
        if until_ms is not None and not (new and new[0].timestamp > until_ms):
            new = self._new(source, data.trades, until_ms, is_asked=is_asked)
        if new:
            # What is known is known of who told it, and it tells from now on.
            memory = self._memories.pop(source, None) or TradeMemory()
            self._memories[source] = memory
            if len(self._memories) > _SOURCES:
                del self._memories[next(iter(self._memories))]
            for trade in new:
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
            new.append(trade)
        return new


class CandlesState(ToldState):
    """Candles, each closed once."""

    def __init__(self, query: CandlesQuery) -> None:
        self._none = Candles.from_rows(
            CandlesQuery(symbol=query.symbol, interval=query.interval), []
        )
        #: As the source told them that told last.
        self._rows: dict[int, CandleRow] = {}
        self._source = ""
        #: The newest that is closed.
        self._closed_ms: int | None = None
        self._until_ms: int | None = None
        self._is_switched = False

    def take(self, data: Result, source: str, *, is_asked: bool = False) -> Result | None:
        assert isinstance(data, Candles)
        rows = _told_rows(data)
        until_ms = self._until_ms
        new = rows
        if until_ms is not None:
            new = [row for row in rows if row.timestamp > until_ms]
        if self._is_switched and new:
            self._is_switched = False
            new = [row for row in new if source != self._source or not self._is_known(row)]
        if new and source != self._source:
            self._source, self._rows = source, {}
        for row in new:
            self._put(row)
        if len(new) == len(rows):
            return data
        return answer_of(new, self._none) if new else None

    def add(self, data: Result, source: str) -> None:
        assert isinstance(data, Candles)
        if source != self._source:
            return
        for row in _told_rows(data):
            if row.is_closed and row.timestamp not in self._rows:
                self._rows[row.timestamp] = row
        self._trim()

    def switch(self) -> None:
        self._until_ms = self._closed_ms
        self._is_switched = True

    def snapshot(self) -> Result | None:
        rows = [self._rows[time] for time in sorted(self._rows)[-SNAPSHOT_ROWS:]]
        # One that was followed by another without being closed was given up.
        whole = [row for row in rows[:-1] if row.is_closed] + rows[-1:]
        return answer_of(whole, self._none) if whole else None

    @property
    def since_ms(self) -> int | None:
        return self._closed_ms

    def _is_known(self, row: CandleRow) -> bool:
        known = self._rows.get(row.timestamp)
        return (
            known is not None
            and known.is_closed == row.is_closed
            and known.figures() == row.figures()
        )

    def _put(self, row: CandleRow) -> None:
        self._rows[row.timestamp] = row
        if row.is_closed:
            self._closed_ms = max(self._closed_ms or 0, row.timestamp)
        self._trim()

    def _trim(self) -> None:
        if len(self._rows) > 2 * _KEPT:
            self._rows = {time: self._rows[time] for time in sorted(self._rows)[-_KEPT:]}


def state_for(query: Query) -> ToldState:
    """The state of a question of which nothing was told."""
    if isinstance(query, TradesQuery):
        return TradesState(query)
    if isinstance(query, CandlesQuery):
        return CandlesState(query)
    return WholeState()


def _told_rows(candles: Candles) -> list[CandleRow]:
    """The candles of an answer, with what it says of each."""
    rows = rows_of(candles)
    last = len(rows) - 1
    return [
        CandleRow(
            row.timestamp, row.open, row.high, row.low, row.close, row.volume,
            is_closed=at < last or candles.last_closed is not False,
            is_partial=any(iso_time(row.timestamp) in note for note in candles.notes),
        )
        for at, row in enumerate(rows)
    ]  # fmt: skip
