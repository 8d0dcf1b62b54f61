"""A table as a data frame of Arrow, pandas or polars, with types that fit its columns.

Times become timestamps in UTC, what is null stays null, and a column whose cells have no type in
common, or are objects, is JSON text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from coinmux.framework.models.tables import is_time

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas
    import polars
    import pyarrow

    from coinmux.framework.models.tables import Cell, Table

_JSON = msgspec.json.Encoder()
#: Where the schema of an Arrow table says what stands once, and where the data is from.
ONCE, META = b"coinmux.once", b"coinmux.meta"


def arrow_of(table: Table) -> pyarrow.Table:
    """The rows of a table; where it has none, what it says once as one row.

    What is said once beside rows stands in the schema's metadata, as JSON. Needs pyarrow.
    """
    import pyarrow

    if not table.columns:
        columns = {name: [cell] for name, cell in table.fields.items()}
        return pyarrow.table({name: _column(name, cells) for name, cells in columns.items()})
    made = {
        name: _column(name, [row[at] for row in table.rows])
        for at, name in enumerate(table.columns)
    }
    return told(pyarrow.table(made), ONCE, table.fields)


def told(frame: pyarrow.Table, name: bytes, value: Mapping[str, object]) -> pyarrow.Table:
    """The same table with a further word in its metadata."""
    metadata = dict(frame.schema.metadata or {})
    return frame.replace_schema_metadata({**metadata, name: _JSON.encode(value)})


def pandas_of(frame: pyarrow.Table) -> pandas.DataFrame:
    """A DataFrame of its own; its `attrs` have `once` and `meta` of the metadata. Needs pandas."""
    made = frame.to_pandas()
    for name, value in (frame.schema.metadata or {}).items():
        made.attrs[name.decode().removeprefix("coinmux.")] = msgspec.json.decode(value)
    return made


def polars_of(frame: pyarrow.Table) -> polars.DataFrame:
    """A DataFrame of polars, which has no place for metadata. Needs polars."""
    import polars

    made = polars.from_arrow(frame)
    assert isinstance(made, polars.DataFrame)
    return made


def _column(name: str, cells: Sequence[Cell]) -> pyarrow.Array:
    import pyarrow

    kinds = {type(cell) for cell in cells if cell is not None}
    if is_time(name) and kinds == {int}:
        return pyarrow.array(cells, pyarrow.timestamp("ms", "UTC"))
    if not kinds & {dict} and not (str in kinds and len(kinds) > 1):
        try:
            return pyarrow.array(cells)
        except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError, OverflowError):
            pass  # of no type in common, or beyond 64 bits
    texts = [
        cell if cell is None or isinstance(cell, str) else _JSON.encode(cell).decode()
        for cell in cells
    ]
    return pyarrow.array(texts, pyarrow.string())
