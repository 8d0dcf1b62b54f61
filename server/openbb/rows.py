"""An answer as the flat rows that a table of OpenBB Workspace takes, each with where it is from."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from coinmux.framework.models.tables import Cell, Table, table_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coinmux.framework.cache.answer import Answer

#: Columns that say where a row is from; a column of the answer with such a name keeps it.
SOURCE, FETCHED, NOTE = "source", "fetched_at", "note"


def rows_of(answer: Answer) -> list[dict[str, Cell]]:
    """The rows of an answer, newest first where they go by time; one row where it has none.

    What the answer says once, such as the pair, stands in each row. Times are ISO 8601, as the
    tables of a workspace read them.
    """
    data = answer.data
    return _rows(table_of(msgspec.json.decode(data.encode()), type(data).cells), answer)


def indicator_rows(data: Mapping[str, Cell], answer: Answer) -> list[dict[str, Cell]]:
    """The values of an indicator, newest first.

    Args:
        data: as its route answers them, with `timestamps` and `values`.
        answer: the candles they are of.
    """
    once = {name: one for name, one in data.items() if name not in ("timestamps", "values")}
    values: Mapping[str, list[Cell]] = data["values"]
    rows = [list(row) for row in zip(data["timestamps"], *values.values(), strict=True)]
    return _rows(Table(once, ("timestamp", *values), rows, newest_last=True), answer)


def _rows(table: Table, answer: Answer) -> list[dict[str, Cell]]:
    meta = answer.meta
    remarks = list(meta["notes"])
    if meta["stale"]:
        remarks.insert(0, "stale")
    if meta["simulated"]:
        remarks.insert(0, "simulated")
    origin = {SOURCE: meta["provider"], FETCHED: iso(meta["fetched_at"])}
    if remarks:
        origin[NOTE] = "; ".join(remarks)
    once = {name: one for name, one in table.fields.items() if name != NOTE}
    if not table.columns:
        return [{**origin, **{name: _plain(name, one) for name, one in once.items()}}]
    rows = reversed(table.rows) if table.newest_last else table.rows
    return [
        {
            **{
                name: _plain(name, one)
                for name, one in once.items()
                if not isinstance(one, list | dict)
            },
            **{name: _plain(name, cell) for name, cell in zip(table.columns, row, strict=True)},
            **{name: one for name, one in origin.items() if name not in table.columns},
        }
        for row in rows
    ]


def _plain(name: str, cell: Cell) -> Any:
    """A cell as a table shows it: times in words, lists with commas."""
    if isinstance(cell, int) and not isinstance(cell, bool) and _is_time(name) and cell > 0:
        return iso(cell)
    if isinstance(cell, list) and all(not isinstance(one, dict | list) for one in cell):
        return ", ".join(str(one) for one in cell)
    if isinstance(cell, dict | list):
        return msgspec.json.encode(cell).decode()
    return cell


def _is_time(name: str) -> bool:
    return name == "timestamp" or name.endswith("_at")


def iso(at_ms: int) -> str:
    """The moment in ISO 8601, UTC."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")
