"""Candles as columns: the query, the answer, and its tables for numpy, pandas and polars."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import msgspec
import numpy as np
from pydantic import Field, model_validator

from coinmux.framework.errors import Implausible, NotOffered, SchemaMismatch
from coinmux.framework.models.base import Query, Result
from coinmux.framework.models.candle_checks import (
    check_spacing,
    contradiction,
    in_place,
    late_s,
    sound,
    stands_right,
)
from coinmux.framework.models.candle_range import (
    check_start,
    coverage_of,
    joined,
    misplaced,
    opens_nothing,
    page_after,
)
from coinmux.framework.models.candle_rows import COLUMNS, read_table
from coinmux.framework.models.resample import aggregate, ends_whole, finer_query
from coinmux.framework.models.window import CandleWindow, window_of
from coinmux.framework.reference.frozen import frozen_array
from coinmux.framework.reference.intervals import Interval, finer
from coinmux.framework.reference.symbols import Symbol
from coinmux.framework.reference.values import EARLIEST_MS, LATEST_MS

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow
    from numpy.typing import NDArray

    IntColumn = NDArray[np.int64]
    FloatColumn = NDArray[np.float64]
else:
    # `Candles` checks its columns itself, so pydantic must not check them again.
    IntColumn = FloatColumn = Any

#: Rows of one answer.
MOST_CANDLES = 1000
_HOUR_MS = 3_600_000
#: The fields that rows of a source give.
_READ_FIELDS = {"notes", "symbol", "interval", *COLUMNS, "sent"}


class CandlesQuery(Query["Candles"]):
    """Candles of one market: the latest `limit`, or those opening in [start, end]."""

    is_paged: ClassVar[bool] = True

    symbol: Symbol = Field(description="The pair, BASE/QUOTE")
    interval: Interval = Field(default=Interval("1h"), description="Length of a candle")
    limit: int = Field(
        default=200, ge=1, le=MOST_CANDLES, description="At most so many, the latest"
    )
    start: int | None = Field(
        default=None, ge=EARLIEST_MS, le=LATEST_MS, description="First opening time, Unix ms"
    )
    end: int | None = Field(
        default=None, ge=EARLIEST_MS, le=LATEST_MS, description="Last opening time, Unix ms"
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.start is not None and self.end is not None and self.start > self.end:
            raise ValueError("start is after end")
        return self

    def window(self, most: int, now_ms: int | None = None) -> CandleWindow:
        """The opening times to ask a source for that gives at most `most` candles at once."""
        return window_of(self, most, now_ms)

    def missing_interval(self, offered: Collection[str]) -> str | None:
        if self.interval in offered or finer(self.interval, offered) is not None:
            return None
        return self.interval

    def known_empty(self, now_ms: int) -> Candles | None:
        why = opens_nothing(self, now_ms)
        return None if why is None else self.nothing((why,))

    def nothing(self, notes: tuple[str, ...]) -> Candles | None:
        return Candles.from_rows(self, [], notes=notes) if self.has_range() else None

    def calls_needed(self, offered: Collection[str] | None, most: int) -> int:
        most, rows = min(most, MOST_CANDLES), self.limit
        if offered is not None and self.interval not in offered:
            interval = finer(self.interval, offered)
            if interval is not None:
                rows *= self.interval.seconds // interval.seconds
        return -(-rows // most)

    def fitted(self, offered: Collection[str] | None, most: int) -> Self:
        most = min(most, MOST_CANDLES)
        interval = None
        if offered is not None and self.interval not in offered:
            interval = finer(self.interval, offered)
        if interval is None:
            return self if self.limit <= most else self.model_copy(update={"limit": most})
        if self.interval.seconds // interval.seconds > most:
            raise NotOffered(f"one {self.interval} candle takes more {interval} ones than it gives")
        return finer_query(self, interval, most)


CANDLE_COLUMNS = COLUMNS


class Candles(Result):
    """Candles as columns, oldest first, each time once; gaps are not filled.

    Attributes:
        timestamp: `(n,)` int64, opening times in Unix ms.
        open, high, low, close: `(n,)` float64, in quote.
        volume: `(n,)` float64, in base units; nan if the source has none (null in JSON).
        last_closed: whether the last candle is known to be finished, with all of its parts; None
            until `fitted` compares it with a clock, and where there is no candle.
        complete: whether every candle that was asked for is here, as far as the source has it;
            sent as `meta.complete`.
        next_start: the `start` of the candles that are missing; sent as `meta.next_start`.
        is_cut: whether the source has more than these, as its pages are shorter than the question.
        sent: how many rows the source sent, and the last opening time among them, before they were
            cut to the question; None where that is not known.
    """

    symbol: Symbol
    interval: Interval
    timestamp: IntColumn
    open: FloatColumn
    high: FloatColumn
    low: FloatColumn
    close: FloatColumn
    volume: FloatColumn
    last_closed: bool | None = None
    complete: bool | None = Field(default=None, exclude=True)
    next_start: int | None = Field(default=None, exclude=True)
    is_cut: bool = Field(default=False, exclude=True)
    sent: tuple[int, int] | None = Field(default=None, exclude=True)

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        time = self.timestamp
        if not isinstance(time, np.ndarray) or time.dtype != np.int64 or time.ndim != 1:
            raise SchemaMismatch("candle times take an int64 column; use Candles.from_rows")
        prices = (self.open, self.high, self.low, self.close)
        for column in (*prices, self.volume):
            if (
                not isinstance(column, np.ndarray)
                or column.dtype != np.float64
                or column.shape != time.shape
            ):
                raise SchemaMismatch("candle values take float64 columns of one length")
        if time.size == 0:
            return self
        if time[0] < EARLIEST_MS or time[-1] > LATEST_MS:
            raise Implausible(f"candle times {time[0]} to {time[-1]} are not Unix milliseconds")
        if time.size > 1 and not (time[1:] > time[:-1]).all():
            raise Implausible("candles are not in ascending order of distinct times")
        values = (*prices, self.volume)
        good = sound(*values)
        if not good.all():
            at = int(np.argmin(good))
            wrong = contradiction(*(float(column[at]) for column in values))
            raise Implausible(f"candle {time[at]}: {wrong}")
        return self

    @classmethod
    def from_rows(
        cls,
        query: CandlesQuery,
        rows: Sequence[Sequence[Any]] | Sequence[Mapping[str, Any]],
        *,
        order: Sequence[str] = CANDLE_COLUMNS,
        time_unit: Literal["ms", "s"] = "ms",
        notes: Iterable[str] = (),
    ) -> Candles:
        """Candles from a source's rows, in any column order and direction.

        Rows are sorted, and exact duplicates are dropped. Rows outside the range of `query` or
        beyond its limit are cut: the latest remain, or the oldest if `start` is given. A row that
        cannot be read is left out and reported; so is one without any price.

        Args:
            rows: lists, or mappings.
            order: the name of each leading column of a row; `""` for a column to skip. Without
                `volume` the volumes are nan. For mappings: their keys, in the order of time, open,
                high, low, close and, if there is one, volume.
            time_unit: the unit of the times, which are numbers or strings of digits.

        Raises:
            SchemaMismatch: `rows` is no list, or more than half of the rows cannot be read.
            Implausible: most rows contradict themselves or each other (`faults.md` E7).
        """
        time, table, said = read_table(rows, order, 1000 if time_unit == "s" else 1)
        sent = None
        if time.size:
            sent = (int(time.size), int(time[-1]))
            if query.has_range():
                lower = query.start if query.start is not None else time[0]
                upper = query.end if query.end is not None else time[-1]
                wanted = (time >= lower) & (time <= upper)
                if not wanted.all():
                    time, table = time[wanted], [column[wanted] for column in table]
            if time.size > query.limit:
                kept = (
                    slice(None, query.limit)
                    if query.start is not None
                    else slice(-query.limit, None)
                )
                time, table = time[kept], [column[kept] for column in table]
        columns = {
            name: frozen_array(np.ascontiguousarray(column))
            for name, column in zip(CANDLE_COLUMNS, (time, *table), strict=True)
        }
        values: dict[str, object] = {
            "notes": (*notes, *said),
            "rows_left_out": 0,
            "symbol": query.symbol,
            "interval": query.interval,
            **columns,
            "last_closed": None,
            "complete": None,
            "next_start": None,
            "is_cut": False,
            "sent": sent,
        }
        # `read_table` has judged them already.
        return cls.sound(values, _READ_FIELDS)

    def is_empty(self) -> bool:
        return len(self) == 0

    def data_length(self) -> int:
        return len(self)

    def size(self) -> int:
        return 100 * len(self)

    def check(self, query: Any, now_ms: int) -> Self:
        super().check(query, now_ms)
        candles = self
        if not stands_right(self, query, now_ms):
            kept = in_place(self, query, now_ms)
            if kept is not None:
                candles = self._only(kept)
            check_spacing(candles, query)
        check_start(candles, query, now_ms)
        return candles

    def _only(self, kept: NDArray[np.bool_]) -> Self:
        return self.model_copy(
            update={name: frozen_array(self.__dict__[name][kept]) for name in CANDLE_COLUMNS}
        )

    def staleness(self, query: Any, now_ms: int, max_age_s: float | None) -> str | None:
        late = late_s(self, query, now_ms)
        return None if late is None else f"its last candle ended {late:.0f} s ago"

    def figure(self, query: Any) -> float | None:
        """The newest close; None if the query has an end, or a long candle has closed."""
        if query.end is not None or not len(self):
            return None
        if self.last_closed and self.interval.ms > _HOUR_MS:
            return None
        return float(self.close[-1])

    def misplaced(self, query: Any, now_ms: int) -> str | None:
        return misplaced(self, query, now_ms)

    def begins_ms(self) -> int | None:
        return int(self.timestamp[0]) if len(self) else None

    def coverage(self) -> tuple[bool, int | None] | None:
        return None if self.complete is None else (self.complete, self.next_start)

    def next_query(self, query: Any, asked: Any, now_ms: int) -> CandlesQuery | None:
        return page_after(self, query, asked, now_ms)

    def joined(self, page: Any) -> Self:
        columns = joined(self, page)
        if columns is None:
            return self
        return type(self)(
            symbol=self.symbol,
            interval=self.interval,
            **columns,
            notes=tuple(dict.fromkeys((*self.notes, *page.notes))),
            rows_left_out=self.rows_left_out + page.rows_left_out,
        )

    def cut_short(self, note: str | None = None) -> Self:
        notes = self.notes if note is None else (*self.notes, note)
        return self.model_copy(update={"is_cut": True, "notes": notes})

    def fitted(self, query: Any, now_ms: int) -> Self:
        """The candles in the requested interval, with `last_closed` and `complete` set."""
        is_native = self.interval == query.interval
        made = self if is_native else aggregate(self, query)
        last_closed = None
        if len(made):
            closes = int(made.timestamp[-1]) + query.interval.ms
            # Longer candles are closed when the last of their parts is there and is closed.
            last = int(self.timestamp[-1])
            is_whole = is_native or last >= closes or ends_whole(self, query)
            last_closed = is_whole and closes <= now_ms
        factor = query.interval.seconds // self.interval.seconds
        is_cut = self.is_cut or (not is_native and len(self) >= query.limit * factor)
        complete, next_start = coverage_of(made, query, now_ms, is_cut=is_cut)
        return made.altered(
            # A plugin can have made them past the model's checks.
            **{name: frozen_array(made.__dict__[name]) for name in CANDLE_COLUMNS},
            last_closed=last_closed,
            complete=complete,
            next_start=next_start,
            is_cut=is_cut,
        )

    def __len__(self) -> int:
        return int(self.timestamp.size)

    def encode(self) -> bytes:
        columns = [self.timestamp.tolist()]
        columns += [
            column.tolist() for column in (self.open, self.high, self.low, self.close, self.volume)
        ]
        return _ENCODER.encode(
            {
                "symbol": str(self.symbol),
                "interval": str(self.interval),
                "columns": CANDLE_COLUMNS,
                "rows": list(zip(*columns, strict=True)),
                "last_closed": self.last_closed,
            }
        )

    @classmethod
    def decode(cls, data: bytes) -> Self:
        told = msgspec.json.decode(data, type=_Told)
        if told.columns != CANDLE_COLUMNS:
            raise SchemaMismatch(f"candles have the columns {', '.join(told.columns)}")
        rows = told.rows
        # null is what nan was sent as.
        table = np.array([row[1:] for row in rows], np.float64).reshape(
            len(rows), len(CANDLE_COLUMNS) - 1
        )
        columns = {name: table[:, at].copy() for at, name in enumerate(CANDLE_COLUMNS[1:])}
        return cls.model_validate(
            {
                "symbol": told.symbol,
                "interval": told.interval,
                "timestamp": np.array([row[0] for row in rows], np.int64),
                **columns,
                "last_closed": told.last_closed,
            }
        )

    def to_numpy(self) -> NDArray[np.float64]:
        """`(n, 6)` float64 in the order of `CANDLE_COLUMNS`; times are exact up to 2**53."""
        return np.column_stack(
            (self.timestamp, self.open, self.high, self.low, self.close, self.volume)
        ).astype(np.float64)

    def to_arrow(self) -> pyarrow.Table:
        """Columns of their own with a UTC `timestamp`. Needs pyarrow."""
        import pyarrow

        from coinmux.framework.models.data_frames import ONCE, told

        times = pyarrow.array(self.timestamp.copy(), pyarrow.timestamp("ms", "UTC"))
        columns = {name: getattr(self, name).copy() for name in CANDLE_COLUMNS[1:]}
        once = {"symbol": str(self.symbol), "interval": str(self.interval)}
        return told(pyarrow.table({"timestamp": times, **columns}), ONCE, once)

    def to_pandas(self) -> pandas.DataFrame:
        """A DataFrame of its own, indexed by UTC opening time. Needs pandas."""
        import pandas

        columns = {name: getattr(self, name).copy() for name in CANDLE_COLUMNS[1:]}
        index = pandas.to_datetime(self.timestamp, unit="ms", utc=True)
        return pandas.DataFrame(columns, index=index.rename("timestamp"))

    def to_polars(self) -> polars.DataFrame:
        """A DataFrame with a UTC `timestamp` column. Needs polars."""
        import polars

        frame = polars.DataFrame({name: getattr(self, name).copy() for name in CANDLE_COLUMNS})
        return frame.with_columns(
            polars.from_epoch("timestamp", time_unit="ms").dt.replace_time_zone("UTC")
        )


class _Told(msgspec.Struct):
    """Candles as they are sent."""

    symbol: str
    interval: str
    columns: tuple[str, ...]
    rows: list[list[float | int | None]]
    last_closed: bool | None


_ENCODER = msgspec.json.Encoder()
