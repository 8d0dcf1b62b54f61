"""An answer's data as a table: what has rows becomes columns and rows, whatever capability it is.

A list of objects has a column for each member, those of an object within it by `from.address`; a
list of lists is named by `Result.cells`; an object of objects has its names in a column of their
own. Several lists of one answer stand under each other, and their first column says whose each row
is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

#: A list of so many plain values is part of what is not a table.
_FEW = 20
#: The column that says which list a row is of, where there are several.
LIST = "list"
#: The column that has the names of an object of objects.
NAME = "name"

#: A cell: what JSON has, lists and objects included.
Cell = Any
Row = list[Cell]


@dataclass(frozen=True, slots=True)
class Table:
    """An answer's data.

    Attributes:
        fields: what is said once, by name.
        columns: names of the cells of a row; empty where nothing has rows.
        rows: in the order of the answer.
        newest_last: whether the rows go by time, and the newest stands last.
    """

    fields: dict[str, Cell]
    columns: tuple[str, ...] = ()
    rows: Sequence[Row] = ()
    newest_last: bool = False

    @property
    def time_at(self) -> int | None:
        """Index of the column that has a row's own time in Unix ms; None if there is none."""
        return next((at for at, one in enumerate(self.columns) if is_time(one)), None)


def table_of(data: Mapping[str, Cell], cells: Mapping[str, tuple[str, ...]] | None = None) -> Table:
    """The data of an answer, read from its JSON, as a table.

    Args:
        cells: names of the cells of lists of lists, by member: `Result.cells`.
    """
    columns, rows = data.get("columns"), data.get("rows")
    if isinstance(columns, list) and isinstance(rows, list):
        rest = {name: one for name, one in data.items() if name not in ("columns", "rows")}
        return _ordered(rest, tuple(map(str, columns)), rows)
    fields: dict[str, Cell] = {}
    parts: list[tuple[str, tuple[str, ...], list[Row]]] = []
    for name, value in data.items():
        part = _part(name, value, (cells or {}).get(name))
        if part is None:
            fields[name] = value
        else:
            parts.append((name, *part))
    if len(parts) == 1:
        return _ordered(fields, *parts[0][1:])
    named = tuple(dict.fromkeys(column for _, columns, _ in parts for column in columns))
    if not named:
        return Table(fields)
    together: list[Row] = []
    for name, columns, rows in parts:
        places = [columns.index(one) if one in columns else None for one in named]
        together += [[name, *(None if at is None else row[at] for at in places)] for row in rows]
    # Each list has an order of its own.
    return Table(fields, (LIST, *named), together)


def _ordered(fields: dict[str, Cell], columns: tuple[str, ...], rows: Sequence[Row]) -> Table:
    table = Table(fields, columns, rows)
    at = table.time_at
    if at is None or len(rows) < 2:
        return table
    first, last = rows[0][at], rows[-1][at]
    is_rising = isinstance(first, int) and isinstance(last, int) and first < last
    return Table(fields, columns, rows, newest_last=is_rising)


def _part(
    name: str, value: Cell, cells: tuple[str, ...] | None
) -> tuple[tuple[str, ...], list[Row]] | None:
    """Columns and rows of one member; None where it has none."""
    if isinstance(value, Mapping):
        if not value or not all(isinstance(one, Mapping) for one in value.values()):
            return None
        return _of_objects([{NAME: key, **one} for key, one in value.items()])
    if not _is_list(value):
        return None
    if not value:
        # What its items would be is not known, unless they have names.
        return None if cells is None else (cells, [])
    if all(isinstance(one, Mapping) for one in value):
        return _of_objects(value)
    if all(_is_list(one) for one in value):
        width = max(map(len, value))
        columns = (*(cells or ()), *(f"c{at + 1}" for at in range(len(cells or ()), width)))
        return columns[:width], [[*row, *[None] * (width - len(row))] for row in value]
    return None if len(value) <= _FEW else ((name,), [[one] for one in value])


def _of_objects(objects: Sequence[Mapping[str, Cell]]) -> tuple[tuple[str, ...], list[Row]]:
    flat = [_flat(one) for one in objects]
    columns = tuple(dict.fromkeys(name for one in flat for name in one))
    # A member that is an object in one row and null in another is named by its members alone.
    inner = {name.partition(".")[0] for name in columns if "." in name}
    columns = tuple(name for name in columns if name not in inner)
    return columns, [[one.get(name) for name in columns] for one in flat]


def _flat(one: Mapping[str, Cell]) -> dict[str, Cell]:
    flat: dict[str, Cell] = {}
    for name, value in one.items():
        if isinstance(value, Mapping):
            flat.update({f"{name}.{inner}": cell for inner, cell in value.items()})
        else:
            flat[name] = value
    return flat


def _is_list(value: Cell) -> bool:
    return isinstance(value, (list, tuple))


def is_time(column: str) -> bool:
    """Whether a column has times in Unix ms, by its name."""
    return column == "timestamp" or column.endswith("_at")
