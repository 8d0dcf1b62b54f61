"""Candles of a live feed as they are told, and as answers. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan
from typing import TYPE_CHECKING

import numpy as np

from coinmux.framework.models.candle_rows import COLUMNS
from coinmux.framework.reference.frozen import frozen_array
from coinmux.framework.reference.values import iso_time

if TYPE_CHECKING:
    from coinmux.framework.models.candles import Candles
    from coinmux.framework.streams.candle_times import MissingCandles


@dataclass(frozen=True, slots=True)
class CandleRow:
    """A candle as it is told.

    Attributes:
        timestamp: Unix ms at which it opens.
        volume: nan where the source has none.
        is_closed: whether it never changes again.
        is_partial: whether its beginning, or a part of it, was not seen.
    """

    timestamp: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    is_closed: bool = False
    is_partial: bool = False

    def figures(self) -> tuple[float, ...]:
        """What it tells; a volume that there is not is below 0."""
        volume = -1.0 if isnan(self.volume) else self.volume
        return self.open, self.high, self.low, self.close, volume


@dataclass(frozen=True, slots=True)
class FilledCandles:
    """What a request gave of the candles that were missing.

    Attributes:
        rows: the new ones, closed, in order.
        by: the source that was asked.
        missing: what is still missing.
        empty: opening times of which the source has no candle, as nothing was traded.
    """

    rows: tuple[CandleRow, ...]
    by: str
    missing: tuple[MissingCandles, ...]
    empty: tuple[int, ...] = ()


def answer_of(rows: Sequence[CandleRow], none: Candles) -> Candles:
    """Candles as an answer; `none` is one without any."""
    notes = tuple(
        f"the candle of {iso_time(row.timestamp)} was not seen whole"
        for row in rows
        if row.is_partial
    )
    kinds = {name: np.int64 if name == "timestamp" else np.float64 for name in COLUMNS}
    columns = {
        name: frozen_array(np.array([getattr(row, name) for row in rows], dtype=kind))
        for name, kind in kinds.items()
    }
    return none.model_copy(update={**columns, "last_closed": rows[-1].is_closed, "notes": notes})


def rows_of(candles: Candles) -> list[CandleRow]:
    """The candles of an answer one by one."""
    columns = [candles.__dict__[name].tolist() for name in COLUMNS]
    return [CandleRow(*cells) for cells in zip(*columns, strict=True)]


def is_older(row: CandleRow, known: CandleRow) -> bool:
    """Whether a message tells of less than is known of the candle, so was sent before."""
    return row.volume < known.volume or row.high < known.high or row.low > known.low
