"""The candles of a live feed: each closed once, none going back, and missing ones known.

Pure: messages, the time and the answers of requests go in, open and closed candles come out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from coinmux.framework.errors import Implausible, SchemaMismatch
from coinmux.framework.models.base import FUTURE_MS
from coinmux.framework.models.candle_rows import COLUMNS, row_reader
from coinmux.framework.models.candles import Candles, CandlesQuery
from coinmux.framework.streams.candle_times import (
    MissingCandles,
    in_rows,
    next_open,
    opens_between,
)
from coinmux.framework.streams.candle_told import (
    CandleRow,
    FilledCandles,
    answer_of,
    is_older,
    rows_of,
)

if TYPE_CHECKING:
    from coinmux.framework.models.live import LiveCandle
    from coinmux.framework.reference.intervals import Interval
    from coinmux.framework.reference.symbols import Symbol

#: Closed candles that are kept.
_KEPT = 1_000
#: How long after its end a candle is waited for that its source has not closed.
_GRACE_S = 5.0
_DAY_MS = 86_400_000
_read_row = row_reader(COLUMNS, 1)


class CandleLine:
    """The candles of one market and interval at one source.

    Args:
        after_ms: the opening time of the last closed candle that readers have; what follows it is
            missing until it is known.
        settles_s: as `Subscription.settles_s`.
        grace_s: how long after its end a candle may still change or be closed by its source.

    Attributes:
        repeated: messages that were dropped, as newer ones or the closed candle were told before.
        revised: closed candles that the source changed, which is not told.
        revision: the newest of those, as the source has it now.
    """

    def __init__(
        self,
        symbol: Symbol,
        interval: Interval,
        *,
        after_ms: int | None = None,
        settles_s: float = 0.0,
        grace_s: float = _GRACE_S,
    ) -> None:
        self._interval = interval
        self._none = Candles.from_rows(CandlesQuery(symbol=symbol, interval=interval), [])
        self._settles_ms, self._grace_ms = round(settles_s * 1000), round(grace_s * 1000)
        self.repeated = 0
        self.revised = 0
        self.revision: CandleRow | None = None
        #: The newest candle that is over; older messages change nothing.
        self._done = after_ms
        #: The candle that is open, and the one before while it may change.
        self._open: CandleRow | None = None
        self._ended: CandleRow | None = None
        #: Whether the open candle was not heard of since the connection began.
        self._is_unsure = False
        #: Whether the source says itself when a candle is closed.
        self._has_flags = False
        self._missing: set[int] = set()
        self._closed: dict[int, CandleRow] = {}

    def begin(self) -> None:
        """The channel was subscribed to anew: what is open may have closed meanwhile."""
        self._is_unsure = self._open is not None
        if self._ended is not None:
            self._miss(self._ended.timestamp)
            self._ended = None

    def unsure(self) -> None:
        """A message could not be read: it may have been the last of the open candle."""
        self._is_unsure = self._open is not None

    def hear(self, candle: LiveCandle, now_ms: int) -> list[CandleRow]:
        """What a message changes: candles that closed by it, then the open one, in order of time.

        Raises:
            SchemaMismatch, Implausible: it can be no candle.
        """
        row = self._read(candle, now_ms)
        if row is None:
            return []
        if candle.is_closed is not None:
            self._has_flags = True
        opened, time = self._open, row.timestamp
        if self._ended is not None and time == self._ended.timestamp:
            return self._again(row, candle)
        if self._done is not None and time <= self._done:
            return self._old(row, candle)
        told: list[CandleRow] = []
        if opened is not None and time < opened.timestamp:
            self.repeated += 1
            return told
        if opened is None or time > opened.timestamp:
            told = self._next(time, now_ms)
        elif not candle.is_closed and is_older(row, opened):
            self.repeated += 1
            return told
        self._open, self._is_unsure = row, False
        if candle.is_closed:
            told += self._settle()
            self._open = None
            told += self._close(row)
        elif self._ended is None:
            told.append(row)
        return told

    def tick(self, now_ms: int) -> list[CandleRow]:
        """The candles that the clock closes."""
        told: list[CandleRow] = []
        ended, opened = self._ended, self._open
        is_over = opened is not None and now_ms >= self._end(opened) + self._grace_ms
        if ended is not None and (is_over or now_ms >= self._end(ended) + self._settles_ms):
            told += self._settle()
            if opened is not None and not is_over:
                # It was held back, so that no candle is told before the one before it.
                told.append(opened)
        if opened is not None and is_over:
            told += self._over(opened, is_heard=not (self._is_unsure or self._has_flags))
            self._open, self._is_unsure = None, False
        return told

    def missing(self) -> tuple[MissingCandles, ...]:
        """Closed candles that are not known, oldest first."""
        return in_rows(self._interval, self._missing)

    def give_up(self) -> tuple[MissingCandles, ...]:
        """Forget what is missing, as it will not come; what it was."""
        missing = self.missing()
        self._missing.clear()
        return missing

    def fill(self, candles: Candles, by: str) -> FilledCandles:
        """Merge what the source answered to a request of the missing candles."""
        rows = self._closed_of(candles)
        found: list[CandleRow] = []
        for row in rows:
            if row.timestamp in self._missing:
                found += self._close(row)
        times = candles.timestamp
        empty = [
            time
            for time in sorted(self._missing)
            if len(times) and int(times[0]) < time < int(times[-1]) and time not in times
        ]
        self._missing.difference_update(empty)
        return FilledCandles(tuple(found), by, self.missing(), tuple(empty))

    def seed(self, candles: Candles, *, with_open: bool = True) -> None:
        """Know the candles that a request gave before or after the line began.

        Args:
            with_open: whether the one that is open counts too. A source's REST may be ahead of its
                feed, whose messages would then be taken for old ones.
        """
        opened = self._open
        closed = self._closed_of(candles)
        for row in closed:
            if opened is None or row.timestamp < opened.timestamp:
                self._missing.discard(row.timestamp)
                self._closed.setdefault(row.timestamp, replace(row, is_closed=True))
                self._done = max(self._done or 0, row.timestamp)
        self._trim()
        if with_open and opened is None and len(closed) < len(candles):
            last = rows_of(candles)[-1]
            if self._done is None or last.timestamp > self._done:
                self._open, self._is_unsure = last, True

    def latest(self, limit: int) -> Candles:
        """The newest `limit` candles that are known, the open one included."""
        rows = [self._closed[time] for time in sorted(self._closed)]
        # One that ended and may still change looks closed to who sees the next.
        last = self._open if self._ended is None else self._ended
        if last is not None:
            rows.append(last)
        return self.told(rows[-limit:])

    def told(self, rows: Sequence[CandleRow]) -> Candles:
        """Candles of this line as an answer."""
        if not rows:
            return self._none
        return answer_of(rows, self._none)

    def _read(self, candle: LiveCandle, now_ms: int) -> CandleRow | None:
        cells = (candle.timestamp, candle.open, candle.high, candle.low, candle.close)
        try:
            row = _read_row((*cells, candle.volume))
        except ValueError as error:
            raise SchemaMismatch(f"a candle: {error}") from None
        if row is None:
            return None
        time = row[0]
        if time > now_ms + FUTURE_MS:
            raise Implausible("a candle opens in the future")
        if self._interval.ms < _DAY_MS and time % self._interval.ms:
            raise Implausible(f"a candle of {self._interval} opens at {time}")
        if candle.is_closed and next_open(self._interval, time) > now_ms + FUTURE_MS:
            raise Implausible("a candle is closed before its end")
        return CandleRow(*row, is_partial=self._is_partial(time))

    def _is_partial(self, open_ms: int) -> bool:
        """Whether a part of the candle was not seen; a source tells its own ones whole."""
        return False

    def _is_empty(self, open_ms: int) -> bool:
        """Whether it is known that there is no candle where none came."""
        return False

    def _again(self, row: CandleRow, candle: LiveCandle) -> list[CandleRow]:
        """A message about the candle that ended, and may still change."""
        assert self._ended is not None
        if candle.is_closed:
            self._ended = None
            told = self._close(row)
            return told if self._open is None else [*told, self._open]
        if is_older(row, self._ended):
            self.repeated += 1
            return []
        self._ended = row
        return []

    def _old(self, row: CandleRow, candle: LiveCandle) -> list[CandleRow]:
        """A message about a candle that is over."""
        if candle.is_closed and row.timestamp in self._missing:
            return self._close(row)
        known = self._closed.get(row.timestamp)
        is_newer = known is not None and candle.is_closed is not False
        if is_newer and known and known.figures() != row.figures() and not is_older(row, known):
            self.revised += 1
            self.revision = replace(row, is_closed=True)
        else:
            self.repeated += 1
        return []

    def _next(self, time: int, now_ms: int) -> list[CandleRow]:
        """A later candle began: the open one is over, and those between are missing."""
        told: list[CandleRow] = []
        opened = self._open
        before = self._done if opened is None else opened.timestamp
        if opened is not None:
            told += self._settle()
            is_heard = not (self._is_unsure or self._has_flags)
            if is_heard and self._settles_ms and now_ms < self._end(opened) + self._settles_ms:
                self._ended = opened
            else:
                told += self._over(opened, is_heard=is_heard)
        if before is not None:
            for skipped in opens_between(self._interval, before, time):
                if not self._is_empty(skipped):
                    self._miss(skipped)
        return told

    def _settle(self) -> list[CandleRow]:
        """Close the candle that ended, if there is one that still might have changed."""
        ended, self._ended = self._ended, None
        return [] if ended is None else self._over(ended, is_heard=True)

    def _over(self, row: CandleRow, *, is_heard: bool) -> list[CandleRow]:
        """Close a candle that is over, or miss it where it was not heard to its end."""
        if is_heard and not self._is_partial(row.timestamp):
            return self._close(row)
        self._miss(row.timestamp)
        return []

    def _close(self, row: CandleRow) -> list[CandleRow]:
        closed = replace(row, is_closed=True, is_partial=False)
        time = row.timestamp
        self._missing.discard(time)
        self._done = time if self._done is None else max(self._done, time)
        self._closed[time] = closed
        self._trim()
        return [closed]

    def _miss(self, time: int) -> None:
        self._missing.add(time)
        self._done = time if self._done is None else max(self._done, time)

    def _end(self, row: CandleRow) -> int:
        return next_open(self._interval, row.timestamp)

    def _closed_of(self, candles: Candles) -> list[CandleRow]:
        """The candles of an answer that do not change any more."""
        if candles.interval != self._interval:
            raise Implausible(f"candles of {candles.interval}, not of {self._interval}")
        rows = rows_of(candles)
        return rows if candles.last_closed else rows[:-1]

    def _trim(self) -> None:
        if len(self._closed) > 2 * _KEPT:
            self._closed = {time: self._closed[time] for time in sorted(self._closed)[-_KEPT:]}
