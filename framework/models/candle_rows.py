"""A source's rows of candles as columns: all at once where they are sound, else row by row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import numpy as np

from coinmux.framework.errors import Implausible, SchemaMismatch
from coinmux.framework.models.candle_checks import contradiction, sound
from coinmux.framework.reference.number_rows import NumberRows
from coinmux.framework.reference.rows import field_left_out, read_rows, remark, row_left_out
from coinmux.framework.reference.values import EARLIEST_MS, LATEST_MS, number

if TYPE_CHECKING:
    from numpy.typing import NDArray

COLUMNS = ("timestamp", "open", "high", "low", "close", "volume")
_PRICES = COLUMNS[1:5]
_KIND = "candles"
#: How far, as a part of it, a price may be outside of high and low: sources round each by itself.
_ROUNDING = 1e-6


class Table(NamedTuple):
    """Candles as columns, oldest first, each time once.

    Attributes:
        time: `(n,)` int64, Unix ms.
        values: five of `(n,)` float64: open, high, low, close, volume.
        notes: what was changed in their order.
    """

    time: NDArray[np.int64]
    values: list[NDArray[np.float64]]
    notes: tuple[str, ...]


def read_table(rows: Any, order: Sequence[str], scale: int) -> Table:
    """The candles in `rows`.

    A row that cannot be read is left out and reported, and so are rows without any price, which
    say that nothing was traded, and rows of one time that tell different candles. More columns
    than `order` names are no damage; a missing volume is nan.

    Args:
        rows: lists or mappings; null stands for none.
        order: as `Candles.from_rows` takes it.
        scale: what a time is multiplied by to be in milliseconds.

    Raises:
        SchemaMismatch, Implausible: `rows` is no list, or most rows cannot be read.
    """
    if rows is None:
        rows = ()
    if isinstance(rows, (str, bytes, Mapping)) or not isinstance(rows, Sequence):
        raise SchemaMismatch(f"candles take a list of rows, not {type(rows).__name__}")
    table = _at_once(rows, order, scale)
    return _one_by_one(rows, order, scale) if table is None else table


def oldest_time(rows: object) -> int:
    """The smallest first cell of `rows` that is a whole number above 0, as sent; 0 if none is.

    It says how far back a source goes that keeps a number of candles only.
    """
    if isinstance(rows, NumberRows) and rows.names[0] == "timestamp":
        firsts = rows.cells[:, 0]
        return int(firsts[firsts > 0].min(initial=np.inf)) if (firsts > 0).any() else 0
    if not isinstance(rows, Sequence):
        return 0
    times = [row[0] for row in rows if isinstance(row, list) and row and type(row[0]) is int]
    return min((time for time in times if time > 0), default=0)


def _places(row: Any, order: Sequence[str]) -> dict[str, Any]:
    """Column -> its place in the row, or its key."""
    if isinstance(row, Mapping):
        return dict(zip(COLUMNS, order, strict=False))
    return {name: at for at, name in enumerate(order) if name}


def _at_once(rows: Sequence[Any], order: Sequence[str], scale: int) -> Table | None:
    """Every row; None if one of them needs a closer look."""
    try:
        if isinstance(rows, NumberRows) and rows.names == tuple(order):
            time, values = _of_columns(rows, scale)
        else:
            time, values = _of_rows(rows, order, scale)
    except (TypeError, IndexError, KeyError, ValueError, OverflowError):
        return None
    if not sound(*values).all():
        return None
    return _in_order(time, values)


def _of_columns(
    rows: NumberRows, scale: int
) -> tuple[NDArray[np.int64], list[NDArray[np.float64]]]:
    """Times and values of rows that were read as columns."""
    places = _places((), rows.names)
    cells = rows.cells.T
    time = _possible(cells[places["timestamp"]], scale).astype(np.int64)
    return time if scale == 1 else time * scale, [
        cells[places[name]] if name in places else _nan(time) for name in COLUMNS[1:]
    ]


def _of_rows(
    rows: Sequence[Any], order: Sequence[str], scale: int
) -> tuple[NDArray[np.int64], list[NDArray[np.float64]]]:
    kinds = set(map(type, rows))
    if len(kinds) > 1 or not kinds <= {list, tuple, dict}:
        raise TypeError("rows of several kinds")
    places = _places(rows[0] if rows else (), order)
    columns = {name: [row[at] for row in rows] for name, at in places.items()}
    time = _time_column(columns.pop("timestamp"), scale)
    return time, [
        _float_column(columns[name]) if name in columns else _nan(time) for name in COLUMNS[1:]
    ]


def _nan(time: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.full(time.shape, np.nan)


def _time_column(cells: Sequence[Any], scale: int) -> NDArray[np.int64]:
    exact = msgspec.convert(cells, list[int], strict=False)
    # Before it is scaled: a product beyond 64 bits would be another time.
    return _possible(np.fromiter(exact, np.int64, len(exact)), scale) * scale


def _possible(time: NDArray[Any], scale: int) -> NDArray[Any]:
    """`time`, of which every one can be that of a candle: a float then is exact too."""
    if time.size and not EARLIEST_MS // scale <= time.min() <= time.max() <= LATEST_MS // scale:
        raise ValueError("a time of no candle")
    return time


def _float_column(cells: Sequence[Any]) -> NDArray[np.float64]:
    try:
        # msgspec reads strings by the grammar of JSON numbers, in a quarter of float()'s time.
        exact = msgspec.convert(cells, list[float], strict=False)
        array = np.fromiter(exact, np.float64, len(exact))
        if np.isfinite(array).all():
            return array
    except msgspec.ValidationError:
        pass  # perhaps a decimal that is not JSON, such as ".5": `number` reads each cell below
    return np.array([number(cell) for cell in cells], dtype=np.float64)


def _in_order(time: NDArray[np.int64], values: list[NDArray[np.float64]]) -> Table | None:
    """Sorted, exact duplicates dropped; None if two rows of one time differ."""
    if (time[1:] > time[:-1]).all():
        return Table(time, values, ())
    if (time[1:] < time[:-1]).all():
        return Table(time[::-1], [column[::-1] for column in values], ())
    order = np.argsort(time, kind="stable")
    time, values = time[order], [column[order] for column in values]
    same = time[1:] == time[:-1]
    if not same.any():
        return Table(time, values, ("candles came unordered and were sorted",))
    # The newest candle may still be open, so two rows of it may differ.
    closed = same & (time[1:] != time[-1])
    for column in values:
        before, after = column[:-1][closed], column[1:][closed]
        if not ((before == after) | (np.isnan(before) & np.isnan(after))).all():
            return None
    keep = np.concatenate((~same, [True]))
    notes = (f"{int(same.sum())} duplicate candles dropped",)
    return Table(time[keep], [column[keep] for column in values], notes)


def _one_by_one(rows: Sequence[Any], order: Sequence[str], scale: int) -> Table:
    candles = read_rows(rows, row_reader(order, scale), kind=_KIND)
    kept = _without_contradictions(candles)
    time = np.array([candle[0] for candle in kept], dtype=np.int64)
    cells = np.array([candle[1:] for candle in kept], dtype=np.float64).reshape(len(kept), 5)
    table = _in_order(time, [np.ascontiguousarray(column) for column in cells.T])
    assert table is not None, "rows of one time that differ were left out"
    return table


def row_reader(
    order: Sequence[str], scale: int
) -> Callable[[Any], tuple[int, float, float, float, float, float] | None]:
    """Reads one row, with every check of a single candle; None of a row without any price."""

    def one(row: Any) -> tuple[int, float, float, float, float, float] | None:
        if not isinstance(row, (list, tuple, Mapping)):
            raise ValueError(f"a candle is a row of columns, not {type(row).__name__}")
        places = _places(row, order)
        cells = [row[places[name]] for name in _PRICES]
        if all(_is_nothing(cell) for cell in cells):
            row_left_out(_KIND, "it has no prices, so nothing was traded")
            return None
        time = _time(row[places["timestamp"]], scale)
        open_, high, low, close = map(number, cells)
        high, low = _bounds(open_, high, low, close)
        volume = _volume(row, places.get("volume"))
        wrong = contradiction(open_, high, low, close, volume)
        if wrong is not None:
            raise Implausible(wrong)
        return time, open_, high, low, close, volume

    return one


def _bounds(open_: float, high: float, low: float, close: float) -> tuple[float, float]:
    """High and low that hold the other prices, if those are outside by a rounding only."""
    top, bottom = max(open_, high, low, close), min(open_, high, low, close)
    if (top, bottom) == (high, low):
        return high, low
    if top - high > _ROUNDING * top or low - bottom > _ROUNDING * top:
        return high, low
    remark("highs or lows that open or close exceed by a rounding were set to these")
    return top, bottom


def _is_nothing(cell: Any) -> bool:
    """Whether a cell says that there is no price: null, "" or 0."""
    try:
        return cell is None or cell == "" or number(cell) == 0
    except ValueError:
        return False


def _time(cell: Any, scale: int) -> int:
    try:
        time: int = msgspec.convert(cell, int, strict=False) * scale
    except msgspec.ValidationError:
        raise ValueError("its time is no whole number") from None
    if not EARLIEST_MS <= time <= LATEST_MS:
        raise Implausible(f"its time {time} is not in Unix milliseconds")
    return time


def _volume(row: Any, place: Any) -> float:
    """The volume; nan if the row has none."""
    if place is None:
        return np.nan
    try:
        cell = row[place]
    except (IndexError, KeyError):
        field_left_out("volume", "it is missing from the source's answer")
        return np.nan
    if cell is None or cell == "":
        return np.nan
    return number(cell)


def _without_contradictions(candles: list[Any]) -> list[Any]:
    """Rows of one time that differ are left out: which is true is not known.

    Of the newest time the last one stays, as that candle may still be open.

    Raises:
        Implausible: those are most of the rows (`faults.md` E7).
    """
    if not candles:
        return candles
    newest = max(candle[0] for candle in candles)
    different: dict[int, set[Any]] = {}
    for candle in candles:
        # As text: nan is not equal to itself.
        different.setdefault(candle[0], set()).add(repr(candle[1:]))
    told = Counter(candle[0] for candle in candles)
    doubted = {time for time, values in different.items() if len(values) > 1 and time != newest}
    lost = sum(told[time] for time in doubted)
    if lost > len(candles) - lost:
        raise Implausible("two different candles of one time")
    if lost:
        row_left_out(_KIND, "two different candles of one time", lost)
    return [candle for candle in candles if candle[0] not in doubted]
