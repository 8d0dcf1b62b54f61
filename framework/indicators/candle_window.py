"""The latest candles of a market, as a feed changes them, ready to compute from. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from coinmux.framework.indicators.frame import Frame
from coinmux.framework.models.candles import CANDLE_COLUMNS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from coinmux.framework.models.candles import Candles


@dataclass(frozen=True, slots=True)
class Taken:
    """What candles of a feed changed.

    Attributes:
        closed: opening times of those that are closed since.
        has_moved: whether the open candle changed, or another is open.
        was_filled: whether one was put between those that are known already.
    """

    closed: tuple[int, ...] = ()
    has_moved: bool = False
    was_filled: bool = False


class CandleWindow:
    """So many candles at most, the newest of them open or not.

    Args:
        candles: the history.
        most: how many are kept, the open one included.
    """

    def __init__(self, candles: Candles, most: int) -> None:
        self._most = most
        count = len(candles) - (candles.last_closed is False)
        self._closed: dict[str, NDArray[Any]] = {
            name: getattr(candles, name)[:count] for name in CANDLE_COLUMNS
        }
        self._open: tuple[float, ...] | None = None
        if count < len(candles):
            self._open = _row(candles, count)

    @property
    def newest_closed(self) -> int | None:
        """The opening time of the newest closed candle; None without one."""
        times = self._closed["timestamp"]
        return int(times[-1]) if times.size else None

    @property
    def opened(self) -> int | None:
        """The opening time of the open candle; None without one."""
        return None if self._open is None else int(self._open[0])

    def follows(self, candles: Candles, step_ms: int) -> bool:
        """Whether no candle can be missing between those known and these."""
        newest = self.newest_closed
        return newest is None or not len(candles) or candles.timestamp[0] <= newest + step_ms

    def take(self, candles: Candles) -> Taken:
        """Take what a feed told; what was closed once is not changed by it."""
        times = candles.timestamp
        count = len(candles) - (candles.last_closed is False)
        known = self._closed["timestamp"]
        newest = int(known[-1]) if known.size else -1
        first = int(np.searchsorted(times[:count], newest, "right"))
        was_filled = self._fill(candles, first)
        new = tuple(times[first:count].tolist())
        if new:
            self._closed = {
                name: np.concatenate([column, getattr(candles, name)[first:count]])
                for name, column in self._closed.items()
            }
            newest = new[-1]
        self._cut()
        has_moved = False
        if self._open is not None and self._open[0] <= newest:
            self._open = None
        if count < len(candles) and times[-1] > newest:
            row = _row(candles, count)
            has_moved = self._open is None or not _same(row, self._open)
            self._open = row
        return Taken(new, has_moved, was_filled)

    def frame(self, *, with_open: bool, last: int | None = None) -> Frame:
        """The candles to compute from.

        Args:
            with_open: whether the open one is among them.
            last: the newest so many closed ones; all where it is None.
        """
        columns = self._closed
        if last is not None and columns["timestamp"].size > last:
            columns = {name: column[-last:] for name, column in columns.items()}
        if with_open and self._open is not None:
            columns = {
                name: np.append(column, np.array([value], dtype=column.dtype))
                for (name, column), value in zip(columns.items(), self._open, strict=True)
            }
        views = {name: column[:] for name, column in columns.items()}
        return Frame({**views, "price": views["close"]}, ("volume",))

    def _fill(self, candles: Candles, before: int) -> bool:
        """Put in closed candles that are missing among those known; whether there were any."""
        known = self._closed["timestamp"]
        times = candles.timestamp[:before]
        if not times.size or not known.size:
            return False
        at = np.flatnonzero(~np.isin(times, known) & (times > known[0]))
        if not at.size:
            return False
        places = np.searchsorted(known, times[at])
        self._closed = {
            name: np.insert(column, places, getattr(candles, name)[at])
            for name, column in self._closed.items()
        }
        return True

    def _cut(self) -> None:
        """Keep room for the open candle, as a request's limit counts it too."""
        surplus = self._closed["timestamp"].size - (self._most - 1)
        if surplus > 0:
            self._closed = {name: column[surplus:] for name, column in self._closed.items()}


def _row(candles: Candles, at: int) -> tuple[float, ...]:
    return tuple(getattr(candles, name)[at].item() for name in CANDLE_COLUMNS)


def _same(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    """Whether nothing differs; an unknown volume is like another."""
    return all(a == b or (a != a and b != b) for a, b in zip(one, other, strict=True))
