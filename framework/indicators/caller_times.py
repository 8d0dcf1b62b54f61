"""Times as people send them: numbers of any usual unit, digits, ISO 8601."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from coinmux.framework.indicators.caller_forms import refused
from coinmux.framework.reference.times import time_ms
from coinmux.framework.reference.values import EARLIEST_MS, LATEST_MS, number

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Unit -> milliseconds in one. Their ranges of times do not overlap.
_UNITS = {"milliseconds": 1.0, "seconds": 1e3, "microseconds": 1e-3, "nanoseconds": 1e-6}


def read_times(cells: Sequence[Any], where: str) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Unix milliseconds of a column of times, and a remark if they were of another unit.

    A date without a zone counts as UTC.

    Args:
        where: the member they came in, for messages.

    Raises:
        InvalidRequest: a cell is no time, or of another unit than the first.
    """
    try:
        exact = msgspec.convert(cells, list[int])
        time = np.array(exact, dtype=np.int64)
        if ((time >= EARLIEST_MS) & (time <= LATEST_MS)).all():
            return time, ()
    except (msgspec.ValidationError, OverflowError):
        pass  # dates, digits or floats: each is read below
    if isinstance(cells[0], str) and "-" in cells[0][1:]:
        return _dates(cells, where), ()
    values = np.array([_value(cell, at, where) for at, cell in enumerate(cells)])
    unit = _unit(values[0])
    scaled = values * _UNITS[unit]
    good = (scaled >= EARLIEST_MS) & (scaled <= LATEST_MS)
    if not good.all():
        message = "has no time in Unix milliseconds, or in another unit that all rows have"
        raise refused(f"{where}[{int(np.argmin(good))}]", message)
    remarks = () if unit == "milliseconds" else (f"times were read as Unix {unit}",)
    return np.rint(scaled).astype(np.int64), remarks


def _value(cell: Any, at: int, where: str) -> float:
    try:
        return number(cell)
    except ValueError:
        message = f"takes a time in Unix milliseconds or ISO 8601, not {str(cell)[:40]!r}"
        raise refused(f"{where}[{at}]", message) from None


def _unit(value: float) -> str:
    for unit, ms in _UNITS.items():
        if EARLIEST_MS <= value * ms <= LATEST_MS:
            return unit
    return "milliseconds"


def _dates(cells: Sequence[Any], where: str) -> NDArray[np.int64]:
    times = []
    for at, cell in enumerate(cells):
        try:
            times.append(time_ms(cell.removesuffix(" UTC")))
        except (AttributeError, ValueError):
            message = f"takes a time in ISO 8601, as the first row has it, not {str(cell)[:40]!r}"
            raise refused(f"{where}[{at}]", message) from None
    return np.array(times, dtype=np.int64)
