"""The caller's own candles: untrusted JSON cells are checked and read into a `Frame`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from coinmux.framework.indicators.caller_forms import Cells, cells_of, refused
from coinmux.framework.indicators.caller_times import read_times
from coinmux.framework.indicators.frame import Frame
from coinmux.framework.models.candles import CANDLE_COLUMNS
from coinmux.framework.reference.intervals import INTERVALS
from coinmux.framework.reference.values import clean_text, number

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from coinmux.framework.indicators.plan import Plan

#: Larger numbers are refused: they are no prices, and sums of their squares could overflow.
_LARGEST = 1e20
_SYMBOL_CHARS = 60
#: Texts that say that a cell is unknown, in small letters.
_UNKNOWN = frozenset({"", "nan", "null", "none", "na", "n/a", "-"})

_PRICES = ("open", "high", "low", "close")


@dataclass(frozen=True, slots=True)
class CallerCandles:
    """A caller's candles, and what is known of their market.

    Attributes:
        given: the columns that the caller sent.
        head: `symbol`, `interval` and `last_closed` as the caller sent them; None where not sent.
    """

    frame: Frame
    given: frozenset[str]
    head: Mapping[str, Any]

    def check(self, plan: Plan) -> None:
        """Check that the caller sent what the indicator reads.

        Raises:
            InvalidRequest: a column is missing.
        """
        lacking = [name for name in CANDLE_COLUMNS if name in plan.reads - self.given]
        if lacking:
            named = " and ".join(lacking)
            raise refused("rows", f"takes {named} for {plan.info.name}, which reads them")


def read_caller_candles(members: Mapping[str, Any]) -> CallerCandles:
    """The candles of a body, in any form that `cells_of` reads.

    They are sorted, and equal ones are dropped, with a remark. A price of 0 or below is no price:
    its cell is unknown, and a remark says so. Candles without times stand at the positions
    0, 1, 2….

    Raises:
        InvalidRequest: `errors` names the member or the first row that is refused.
    """
    cells = cells_of(members)
    given = frozenset(cells.columns)
    return CallerCandles(_priced(_frame_of(cells), given), given, _head_of(members))


def frame_of_rows(rows: Any) -> Frame:
    """Columns of `[[timestamp, open, high, low, close, volume]…]`.

    An unknown cell is null; an indicator that reads the cell leaves the candle out. Prices may be
    negative, as the prices of a spread are.

    Raises:
        InvalidRequest: `errors` names the first row that is refused.
    """
    return _frame_of(cells_of({"rows": rows}))


def _frame_of(cells: Cells) -> Frame:
    where = cells.where
    size = len(next(iter(cells.columns.values())))
    columns: dict[str, Any] = {
        name: _numbers(cells.columns[name], name, where)
        if name in cells.columns
        else np.full(size, np.nan)
        for name in CANDLE_COLUMNS[1:]
    }
    _check(columns, where)
    remarks = cells.remarks
    if "timestamp" in cells.columns:
        time, remark = read_times(cells.columns["timestamp"], where)
        columns = {"timestamp": time, **columns}
        columns, said = _in_order(columns, where)
        remarks = (*remarks, *remark, *said)
    else:
        columns = {"timestamp": np.arange(size, dtype=np.int64), **columns}
    return _framed(columns, remarks)


def _numbers(cells: Sequence[Any], name: str, where: str) -> NDArray[np.float64]:
    """The cells of one column; unknown ones are nan."""
    try:
        exact = msgspec.convert(cells, list[float | None])
        column = np.array(exact, dtype=np.float64)
    except (msgspec.ValidationError, OverflowError):
        column = np.array([_number(cell, at, name, where) for at, cell in enumerate(cells)])
    beyond = np.abs(column) > _LARGEST
    if beyond.any():
        raise refused(f"{where}[{int(np.argmax(beyond))}]", f"has its {name} beyond {_LARGEST:g}")
    return column


def _number(cell: Any, at: int, name: str, where: str) -> float:
    if cell is None or (isinstance(cell, str) and cell.strip().lower() in _UNKNOWN):
        return math.nan
    try:
        return number(cell.strip() if isinstance(cell, str) else cell)
    except ValueError:
        message = f"takes a number as its {name}, or null, not {str(cell)[:40]!r}"
        raise refused(f"{where}[{at}]", message) from None


def _in_order(columns: dict[str, Any], where: str) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The candles oldest first, each time once, and remarks on what was done for it.

    Raises:
        InvalidRequest: two candles of one time differ, and which is right is not known.
    """
    time = columns["timestamp"]
    if (np.diff(time) > 0).all():
        return columns, ()
    order = np.argsort(time, kind="stable")
    remarks = []
    if (np.diff(time) < 0).any():
        remarks.append("candles were sent in another order and were sorted by time")
    columns = {name: column[order] for name, column in columns.items()}
    time = columns["timestamp"]
    again = np.concatenate((time[1:] == time[:-1], [False]))
    if again.any():
        # The newest one may still be open, so that it is sent twice: the later row is the newer.
        closed = again[:-1] & (time[1:] != time[-1])
        for name in CANDLE_COLUMNS[1:]:
            before, after = columns[name][:-1], columns[name][1:]
            differ = closed & ~((before == after) | (np.isnan(before) & np.isnan(after)))
            if differ.any():
                row = int(order[1:][differ][0])
                raise refused(f"{where}[{row}]", "differs from another row of the same time")
        columns = {name: column[~again] for name, column in columns.items()}
        remarks.append(f"{int(again.sum())} candles that were sent twice were dropped")
    return columns, tuple(remarks)


def _framed(columns: dict[str, Any], remarks: tuple[str, ...] = ()) -> Frame:
    holes = [name for name in CANDLE_COLUMNS[1:] if np.isnan(columns[name]).any()]
    return Frame({**columns, "price": columns["close"]}, holes, remarks)


def _priced(frame: Frame, given: frozenset[str]) -> Frame:
    """The frame with prices of 0 or below as unknown cells, and a remark on them."""
    columns = dict(frame.columns)
    bad = np.zeros(frame.size, dtype=np.bool_)
    for name in given.intersection(_PRICES):
        none = columns[name] <= 0
        if none.any():
            columns[name] = np.where(none, np.nan, columns[name])
            bad |= none
    if not bad.any():
        return frame
    first = int(np.argmax(bad))
    remark = f"{int(bad.sum())} rows have a price of 0 or below, which is none; first rows[{first}]"
    return _framed(columns, (*frame.remarks, remark))


def _head_of(members: Mapping[str, Any]) -> dict[str, Any]:
    symbol, interval = members.get("symbol"), members.get("interval")
    last_closed = members.get("last_closed")
    if symbol is not None and not (isinstance(symbol, str) and 0 < len(symbol) <= _SYMBOL_CHARS):
        raise refused("symbol", f"takes a text of up to {_SYMBOL_CHARS} characters, or null")
    if interval is not None and not (isinstance(interval, str) and interval in INTERVALS):
        raise refused("interval", "takes an interval such as 1h, or null", known=list(INTERVALS))
    if last_closed is not None and not isinstance(last_closed, bool):
        raise refused("last_closed", "takes true, false or null")
    return {
        "symbol": None if symbol is None else clean_text(symbol),
        "interval": interval,
        "last_closed": last_closed,
    }


def _check(columns: Mapping[str, Any], where: str) -> None:
    def require(holds: Any, message: str) -> None:
        if not holds.all():
            at = int(np.argmin(holds))
            raise refused(f"{where}[{at}]", message)

    require(~(columns["volume"] < 0), "has a negative volume")
    # A comparison with nan is false, so an unknown cell contradicts nothing.
    low, high = columns["low"], columns["high"]
    order = "; if its cells stand in another order, name them in columns"
    require(~(high < low), f"has a high below its low{order}")
    for name in ("open", "close"):
        beyond = (columns[name] > high) | (columns[name] < low)
        require(~beyond, f"has its {name} outside low to high{order}")
