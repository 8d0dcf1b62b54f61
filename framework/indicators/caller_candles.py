"""The caller's own candles: untrusted JSON rows are checked and read into a `Frame`."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from coinmux.framework.errors import InvalidRequest
from coinmux.framework.indicators.frame import Frame
from coinmux.framework.models.candles import CANDLE_COLUMNS
from coinmux.framework.reference.values import EARLIEST_MS, LATEST_MS

#: Most rows of one call.
MOST_ROWS = 10_000
#: Larger numbers are refused: they are no prices, and sums of their squares could overflow.
_LARGEST = 1e20

_Cell = float | None
_ROWS = list[tuple[int, _Cell, _Cell, _Cell, _Cell, _Cell]]


def frame_of_rows(rows: Any) -> Frame:
    """Columns of `[[timestamp, open, high, low, close, volume]…]`, oldest first.

    An unknown cell is null; an indicator that reads the cell leaves the candle out. Prices may be
    negative, as the prices of a spread are.

    Raises:
        InvalidRequest: `errors` names the first row that is refused.
    """
    if not isinstance(rows, list) or not rows:
        raise _refused("rows", f"takes a list of {list(CANDLE_COLUMNS)}")
    if len(rows) > MOST_ROWS:
        raise _refused("rows", f"takes at most {MOST_ROWS} rows, got {len(rows)}")
    try:
        exact = msgspec.convert(rows, _ROWS)
        table = np.array(exact, dtype=np.float64).T
        time = np.fromiter((row[0] for row in exact), np.int64, len(exact))
    except msgspec.ValidationError as error:
        message, _, place = str(error).partition(" - at ")
        place = place.strip("`").removeprefix("$")
        raise _refused(f"rows{place}", message.replace("Expected", "takes")) from None
    except OverflowError:
        raise _refused("rows", "takes times in Unix milliseconds") from None
    columns: dict[str, Any] = {
        name: np.ascontiguousarray(table[at]) for at, name in enumerate(CANDLE_COLUMNS)
    }
    columns["timestamp"] = time
    _check(columns)
    holes = [name for name in CANDLE_COLUMNS[1:] if np.isnan(columns[name]).any()]
    return Frame({**columns, "price": columns["close"]}, holes)


def _check(columns: dict[str, Any]) -> None:
    time = columns["timestamp"]
    _require((time >= EARLIEST_MS) & (time <= LATEST_MS), "has no time in Unix milliseconds")
    _require(np.diff(time, prepend=time[0] - 1) > 0, "is not later than the row before it")
    for name in CANDLE_COLUMNS[1:]:
        _require(~(np.abs(columns[name]) > _LARGEST), f"has its {name} beyond {_LARGEST:g}")
    _require(~(columns["volume"] < 0), "has a negative volume")
    # A comparison with nan is false, so an unknown cell contradicts nothing.
    low, high = columns["low"], columns["high"]
    _require(~(high < low), "has a high below its low")
    for name in ("open", "close"):
        beyond = (columns[name] > high) | (columns[name] < low)
        _require(~beyond, f"has its {name} outside low to high")


def _require(holds: Any, message: str) -> None:
    if not holds.all():
        raise _refused(f"rows[{int(np.argmin(holds))}]", message)


def _refused(name: str, message: str) -> InvalidRequest:
    return InvalidRequest(f"{name} {message}", errors=[{"name": name, "message": message}])
