"""The candles that readers of a question were told, each closed once. Pure."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from coinmux.framework.models.candles import Candles, CandlesQuery
from coinmux.framework.reference.values import iso_time
from coinmux.framework.streams.candle_times import next_open, previous_open
from coinmux.framework.streams.candle_told import CandleRow, answer_of, rows_of
from coinmux.framework.streams.lanes import SNAPSHOT_ROWS
from coinmux.framework.streams.told_whole import NO_MARKS, Marks, ToldState

if TYPE_CHECKING:
    from coinmux.framework.models.base import Result

#: Candles that are kept; twice as many at most.
_KEPT = 1_000
#: A candle that is missing for longer than so many others is not waited for.
_WAITED = 60


class CandlesState(ToldState):
    """Candles, each closed once."""

    def __init__(self, query: CandlesQuery) -> None:
        self._interval = query.interval
        self._none = Candles.from_rows(
            CandlesQuery(symbol=query.symbol, interval=query.interval), []
        )
        #: As the source told them that told last.
        self._rows: dict[int, CandleRow] = {}
        self._source = ""
        #: The first that was told; those before it are the past, which is never news.
        self._first_ms: int | None = None
        #: Opening times of those that were closed, whoever told them, in the order of telling; the
        #: newest of them; and the last one before the first of which that is not known.
        self._closed: dict[int, None] = {}
        self._newest_ms: int | None = None
        self._whole_ms: int | None = None
        #: The newest that was told while it was open.
        self._open_ms = 0
        self._is_switched = False

    def take(
        self, data: Result, source: str, *, is_asked: bool = False, is_whole: bool = False
    ) -> Result | None:
        assert isinstance(data, Candles)
        rows = _told_rows(data)
        is_first = self._first_ms is None
        if is_first and rows:
            self._first_ms = rows[0].timestamp
            self._whole_ms = previous_open(self._interval, rows[0].timestamp)
        new = rows if is_whole else [row for row in rows if self._is_new(row)]
        if self._is_switched and new:
            self._is_switched = False
            if source == self._source and not is_whole:
                new = [row for row in new if not self._is_known(row)]
        if new and source != self._source:
            self._source, self._rows = source, {}
        for row in new:
            self._put(row)
        if is_whole and rows:
            # A source may lag behind the one before; from now on this is what readers have.
            self._open_ms = rows[-1].timestamp
        if is_first:
            # A source has no candle where nothing was traded.
            self.gave_up()
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
        self._is_switched = True

    def snapshot(self) -> Result | None:
        rows = [self._rows[time] for time in sorted(self._rows)[-SNAPSHOT_ROWS:]]
        # One that was followed by another without being closed was given up.
        whole = [row for row in rows[:-1] if row.is_closed] + rows[-1:]
        return answer_of(whole, self._none) if whole else None

    def marks(self, data: Result, source: str, *, is_whole: bool) -> Marks:
        assert isinstance(data, Candles)
        closed = [row.timestamp for row in _told_rows(data) if row.is_closed]
        if not closed:
            return NO_MARKS
        is_all = len(closed) == len(data)
        names = tuple((str(time), time) for time in closed)
        return Marks("unknown" if is_all and not is_whole else "note", names)

    @property
    def since_ms(self) -> int | None:
        return self._whole_ms

    def gave_up(self) -> None:
        if self._newest_ms is not None and self._whole_ms is not None:
            self._whole_ms = max(self._whole_ms, self._newest_ms)

    def _is_new(self, row: CandleRow) -> bool:
        """Whether readers do not have it: a closed one once, an open one after all others."""
        time, first, newest = row.timestamp, self._first_ms, self._newest_ms
        if row.is_closed:
            return time not in self._closed and (first is None or time >= first)
        return time >= self._open_ms and (newest is None or time > newest)

    def _is_known(self, row: CandleRow) -> bool:
        known = self._rows.get(row.timestamp)
        return (
            known is not None
            and known.is_closed == row.is_closed
            and known.figures() == row.figures()
        )

    def _put(self, row: CandleRow) -> None:
        time, interval = row.timestamp, self._interval
        self._rows[time] = row
        if row.is_closed:
            self._closed[time] = None
            self._newest_ms = time if self._newest_ms is None else max(self._newest_ms, time)
            whole = self._whole_ms
            assert whole is not None
            while (after := next_open(interval, whole)) in self._closed:
                whole = after
            self._whole_ms = max(whole, self._newest_ms - _WAITED * interval.ms)
        else:
            self._open_ms = max(self._open_ms, time)
        self._trim()

    def _trim(self) -> None:
        if len(self._rows) > 2 * _KEPT:
            self._rows = {time: self._rows[time] for time in sorted(self._rows)[-_KEPT:]}
        if len(self._closed) > 2 * _KEPT:
            self._closed = dict.fromkeys(islice(self._closed, _KEPT, None))
            self._first_ms = min(self._closed)


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
