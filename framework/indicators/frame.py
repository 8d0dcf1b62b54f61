"""Candles as the columns that indicators read; the frame records which columns have nan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from coinmux.framework.plugins.indicator_info import PRICES, source_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from coinmux.framework.models.candles import Candles
    from coinmux.framework.plugins.indicator_info import IndicatorInfo, Values

#: Factor by number of averaged columns; the average of equal values is then that value exactly.
_SHARES = {1: 1.0, 2: 0.5, 3: 1 / 3, 4: 0.25}


_VOLUME = frozenset(("volume",))


class Frame:
    """Columns of one market's candles; none of them can be written to.

    Args:
        columns: `timestamp` (int64, Unix ms, ascending) and the five others (float64), all of
            one length; an unknown cell is nan.
        holes: names of columns that may contain nan. The other columns are never searched.
        remarks: on how the columns were read, for the notes of results.
        are_frozen: whether no column can be written to already.
    """

    __slots__ = ("columns", "holes", "remarks", "size", "timestamp")

    def __init__(
        self,
        columns: dict[str, NDArray[Any]],
        holes: Iterable[str],
        remarks: tuple[str, ...] = (),
        *,
        are_frozen: bool = False,
    ) -> None:
        self.columns = columns
        self.timestamp: NDArray[np.int64] = columns["timestamp"]
        self.size = int(self.timestamp.size)
        self.holes = frozenset(holes)
        self.remarks = remarks
        if not are_frozen:
            for column in columns.values():
                column.setflags(write=False)

    @classmethod
    def of(cls, candles: Candles) -> Frame:
        """The columns of `candles`; they are checked already, so only volumes may be unknown."""
        columns: dict[str, NDArray[Any]] = {
            "timestamp": candles.timestamp,
            "open": candles.open,
            "high": candles.high,
            "low": candles.low,
            "close": candles.close,
            "volume": candles.volume,
            # Most indicators read the close as their series `price`.
            "price": candles.close,
        }
        return cls(columns, _VOLUME, are_frozen=True)

    def inputs(self, info: IndicatorInfo, values: Values) -> Mapping[str, NDArray[Any]]:
        """The columns and series that `info` reads, by name."""
        columns = self.columns
        for series in info.series:
            price = str(values[source_of(series)])
            if series != "price" or price != "close":
                columns = {**columns, series: self.price(price)}
        return columns

    def price(self, name: str) -> NDArray[np.float64]:
        """One of `PRICES`."""
        parts = [self.columns[column] for column in PRICES[name]]
        if len(parts) == 1:
            return parts[0]
        total: NDArray[np.float64] = sum(parts[1:], parts[0]) * _SHARES[len(parts)]
        total.setflags(write=False)
        return total

    def known(self, read: frozenset[str]) -> NDArray[np.bool_] | None:
        """`(n,)` whether a candle has every cell of the columns `read`; None if all candles do."""
        holes = read & self.holes
        if not holes:
            return None
        mask = np.ones(self.size, dtype=np.bool_)
        for column in holes:
            mask &= np.isfinite(self.columns[column])
        return None if mask.all() else mask

    def kept(self, mask: NDArray[np.bool_]) -> Frame:
        """The candles that `mask` selects; none of them has an unknown cell."""
        return Frame({name: column[mask] for name, column in self.columns.items()}, ())

    def last(self, count: int) -> Frame:
        """The latest `count` candles."""
        if count >= self.size:
            return self
        columns = {name: column[self.size - count :] for name, column in self.columns.items()}
        return Frame(columns, self.holes)

    def without_last(self) -> Frame:
        """All candles but the newest."""
        return Frame({name: column[:-1] for name, column in self.columns.items()}, self.holes)
