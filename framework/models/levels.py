"""The levels of order books, read row by row where one of them cannot be read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator

from coinmux.framework.errors import Implausible
from coinmux.framework.reference.rows import read_rows
from coinmux.framework.reference.values import number

Level = tuple[float, float]


def read_levels(rows: Any) -> tuple[Level, ...]:
    """`(price, amount)` of each row `[price, amount, ...]` of one side of a book.

    No rows (null, "") are a side without orders. A level of amount 0 is no order, and left out
    without a word; one that cannot be read is reported.

    Raises:
        SchemaMismatch, Implausible: most levels cannot be read.
    """
    if rows is None or rows == "":
        return ()
    levels = _all(rows)
    return tuple(read_rows(rows, _one, kind="levels")) if levels is None else levels


def _all(rows: Any) -> tuple[Level, ...] | None:
    """Every level at once; None if one of them needs a closer look."""
    if not isinstance(rows, (list, tuple)) or not set(map(type, rows)) <= {list, tuple}:
        return None
    try:
        levels = [(number(row[0]), number(row[1])) for row in rows]
    except (IndexError, ValueError):
        return None
    if any(price <= 0 or amount < 0 for price, amount in levels):
        return None
    return tuple(level for level in levels if level[1])


def _one(row: Any) -> Level | None:
    if not isinstance(row, (list, tuple)):
        raise ValueError(f"a level is [price, amount], not {type(row).__name__}")
    price, amount = number(row[0]), number(row[1])
    if amount == 0:
        return None
    if price <= 0 or amount < 0:
        raise Implausible(f"an order of {amount:g} at {price:g}")
    return price, amount


def ranked(levels: Sequence[Level], *, reverse: bool) -> tuple[Level, ...]:
    """The levels by price."""
    return tuple(sorted(levels, key=lambda level: level[0], reverse=reverse))


#: One side of a book: `[price, amount]` in quote and base units.
Levels = Annotated[tuple[Level, ...], BeforeValidator(read_levels)]
