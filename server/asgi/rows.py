"""An answer as flat rows, each with where it is from: what a table of another program takes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from coinmux.framework.models.tables import Cell, Table, is_time

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coinmux.framework.cache.answer import Answer

#: Columns that say where a row is from; a column of the answer with such a name keeps it.
SOURCE, FETCHED, NOTE = "source", "fetched_at", "note"


def rows_of(table: Table, answer: Answer, *, newest_first: bool = False) -> list[dict[str, Cell]]:
    """The rows of an answer's table; one row where it has none.

    What the answer says once, such as the pair, stands in each row, but for lists and objects.
    Times are ISO 8601 in UTC.

    Args:
        answer: where it is from.
        newest_first: whether rows that go by time are turned so.
    """
    meta = answer.meta
    remarks = list(meta["notes"])
    if meta["stale"]:
        remarks.insert(0, "stale")
    if meta["simulated"]:
        remarks.insert(0, "simulated")
    origin: dict[str, Cell] = {SOURCE: meta["provider"], FETCHED: iso(meta["fetched_at"])}
    if remarks:
        origin[NOTE] = "; ".join(remarks)
    once = {name: one for name, one in table.fields.items() if name != NOTE}
    if not table.columns:
        return [{**{name: _plain(name, one) for name, one in once.items()}, **origin}]
    said = {
        name: _plain(name, one) for name, one in once.items() if not isinstance(one, list | dict)
    }
    last = {name: one for name, one in origin.items() if name not in table.columns}
    rows = reversed(table.rows) if newest_first and table.newest_last else table.rows
    return [
        {
            **said,
            **{name: _plain(name, cell) for name, cell in zip(table.columns, row, strict=True)},
            **last,
        }
        for row in rows
    ]


def table_of_indicator(data: Mapping[str, Cell]) -> Table:
    """The values of an indicator, read from the `data` of its answer, as a table."""
    once = {name: one for name, one in data.items() if name not in ("timestamps", "values")}
    values: Mapping[str, list[Cell]] = data["values"]
    rows = [list(row) for row in zip(data["timestamps"], *values.values(), strict=True)]
    return Table(once, ("timestamp", *values), rows, newest_last=True)


def _plain(name: str, cell: Cell) -> Any:
    """A cell as a table shows it: times in words, lists with commas."""
    if isinstance(cell, int) and not isinstance(cell, bool) and is_time(name) and cell > 0:
        return iso(cell)
    if isinstance(cell, list) and all(not isinstance(one, dict | list) for one in cell):
        return ", ".join(str(one) for one in cell)
    if isinstance(cell, dict | list):
        return msgspec.json.encode(cell).decode()
    return cell


def iso(at_ms: int) -> str:
    """The moment in ISO 8601, UTC."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")
