"""The caller's own candles: untrusted JSON rows are checked and read into a `Frame`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from coinmux.framework.errors import InvalidRequest
from coinmux.framework.indicators.frame import Frame
from coinmux.framework.models.candles import CANDLE_COLUMNS
from coinmux.framework.reference.intervals import INTERVALS
from coinmux.framework.reference.values import EARLIEST_MS, LATEST_MS, clean_text

if TYPE_CHECKING:
    from coinmux.framework.indicators.plan import Plan

#: Most rows of one call.
MOST_ROWS = 10_000
#: Larger numbers are refused: they are no prices, and sums of their squares could overflow.
_LARGEST = 1e20
_SYMBOL_CHARS = 60

_Cell = float | None
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
            raise _refused("rows", f"takes {named} for {plan.info.name}, which reads them")


def read_caller_candles(members: Mapping[str, Any]) -> CallerCandles:
    """The candles of a body: as an answer of ours has them, as rows, or as closes alone.

    A price of 0 or below is no price: its cell is unknown, and a remark says so. Closes without
    times stand at the positions 0, 1, 2….

    Args:
        members: `rows` with `columns` and what an answer's `data` has beside them, or `closes`.

    Raises:
        InvalidRequest: `errors` names the member or the first row that is refused.
    """
    rows, closes = members.get("rows"), members.get("closes")
    if closes is None and isinstance(rows, list) and rows and _is_number(rows[0]):
        rows, closes = None, rows
    if closes is not None:
        if rows is not None:
            raise _refused("closes", "takes the place of rows; send one of them")
        frame, given = _frame_of_closes(closes), frozenset({"close"})
    else:
        columns = _columns_of(members.get("columns"))
        frame, given = frame_of_rows(rows, columns), frozenset(columns)
    return CallerCandles(_priced(frame, given), given, _head_of(members))


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, (int, float)) and not isinstance(value, bool))


def frame_of_rows(rows: Any, names: Sequence[str] = CANDLE_COLUMNS) -> Frame:
    """Columns of `[[timestamp, open, high, low, close, volume]…]`, oldest first.

    An unknown cell is null; an indicator that reads the cell leaves the candle out. Prices may be
    negative, as the prices of a spread are. A column that is not named is unknown.

    Raises:
        InvalidRequest: `errors` names the first row that is refused.
    """
    if not isinstance(rows, list) or not rows:
        raise _refused("rows", f"takes a list of {list(names)}")
    if len(rows) > MOST_ROWS:
        raise _refused("rows", f"takes at most {MOST_ROWS} rows, got {len(rows)}")
    kind: Any = list[tuple[tuple(int if name == "timestamp" else _Cell for name in names)]]  # type: ignore[misc]
    at_time = names.index("timestamp")
    try:
        exact = msgspec.convert(_whole_times(rows, at_time), kind)
        table = np.array(exact, dtype=np.float64).T
        time = np.fromiter((row[at_time] for row in exact), np.int64, len(exact))
    except msgspec.ValidationError as error:
        message, _, place = str(error).partition(" - at ")
        place = place.strip("`").removeprefix("$")
        raise _refused(f"rows{place}", message.replace("Expected", "takes")) from None
    except OverflowError:
        raise _refused("rows", "takes times in Unix milliseconds") from None
    columns: dict[str, Any] = {name: np.full(time.size, np.nan) for name in CANDLE_COLUMNS}
    columns.update((name, np.ascontiguousarray(table[at])) for at, name in enumerate(names))
    columns["timestamp"] = time
    _check(columns)
    return _framed(columns)


def _whole_times(rows: list[Any], at: int) -> list[Any]:
    """`rows` with times such as 1764000000000.0, which many JSON writers send, as whole numbers."""
    if not any(type(row) is list and len(row) > at and type(row[at]) is float for row in rows):
        return rows
    return [
        [*row[:at], int(row[at]), *row[at + 1 :]]
        if type(row) is list and len(row) > at and type(row[at]) is float and row[at].is_integer()
        else row
        for row in rows
    ]


def _frame_of_closes(closes: Any) -> Frame:
    if not isinstance(closes, list) or not closes or not all(map(_is_number, closes)):
        raise _refused("closes", "takes a list of numbers, oldest first; null where unknown")
    if len(closes) > MOST_ROWS:
        raise _refused("closes", f"takes at most {MOST_ROWS} closes, got {len(closes)}")
    try:
        close = np.array([np.nan if one is None else float(one) for one in closes])
    except OverflowError:
        close = np.array([np.inf])
    if (np.abs(close) > _LARGEST).any():
        raise _refused("closes", f"takes numbers up to {_LARGEST:g}")
    columns: dict[str, Any] = {name: np.full(close.size, np.nan) for name in CANDLE_COLUMNS}
    return _framed({**columns, "timestamp": np.arange(close.size, dtype=np.int64), "close": close})


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
    return _framed(columns, (remark,))


def _columns_of(names: Any) -> tuple[str, ...]:
    if names is None:
        return CANDLE_COLUMNS
    known = list(CANDLE_COLUMNS)
    if (
        not isinstance(names, list)
        or len(set(map(str, names))) != len(names)
        or not {"timestamp", "close"} <= set(map(str, names)) <= set(known)
    ):
        message = "takes names of columns, each once, timestamp and close among them"
        raise _refused("columns", message, known=known)
    return tuple(names)


def _head_of(members: Mapping[str, Any]) -> dict[str, Any]:
    symbol, interval = members.get("symbol"), members.get("interval")
    last_closed = members.get("last_closed")
    if symbol is not None and not (isinstance(symbol, str) and 0 < len(symbol) <= _SYMBOL_CHARS):
        raise _refused("symbol", f"takes a text of up to {_SYMBOL_CHARS} characters, or null")
    if interval is not None and not (isinstance(interval, str) and interval in INTERVALS):
        raise _refused("interval", "takes an interval such as 1h, or null", known=list(INTERVALS))
    if last_closed is not None and not isinstance(last_closed, bool):
        raise _refused("last_closed", "takes true, false or null")
    return {
        "symbol": None if symbol is None else clean_text(symbol),
        "interval": interval,
        "last_closed": last_closed,
    }


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


def _refused(name: str, message: str, **more: Any) -> InvalidRequest:
    return InvalidRequest(f"{name} {message}", errors=[{"name": name, "message": message, **more}])
