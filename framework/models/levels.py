"""The levels of order books, read row by row where one of them cannot be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from coinmux.framework.errors import Implausible, SchemaMismatch
from coinmux.framework.reference.rows import read_rows
from coinmux.framework.reference.values import number

Level = tuple[float, float]


def read_sides(bids: Any, asks: Any) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
    """`(price, amount)` of each row `[price, amount, ...]` of both sides of a book.

    No rows (null, "") are a side without orders. A level of amount 0 is no order, and left out
    without a word; one that cannot be read is reported.

    Raises:
        SchemaMismatch, Implausible: most levels of both sides together cannot be read.
    """
    rows = [_rows(side) for side in (bids, asks)]
    sides = [_all(side) for side in rows]
    if sides[0] is not None and sides[1] is not None:
        return sides[0], sides[1]
    both = read_rows(
        [(at, row) for at, side in enumerate(rows) for row in side],
        lambda row: _one(row[0], row[1]),
        kind="levels",
    )
    first, second = (tuple(level for at, level in both if at == side) for side in (0, 1))
    return first, second


def _rows(side: Any) -> Sequence[Any]:
    if side is None or side == "":
        return ()
    if isinstance(side, Mapping):
        return list(side.values())
    if not isinstance(side, (list, tuple)):
        raise SchemaMismatch(f"levels take a list, not {type(side).__name__}")
    return side


def _all(rows: Sequence[Any]) -> tuple[Level, ...] | None:
    """Every level at once; None if one of them needs a closer look."""
    if not set(map(type, rows)) <= {list, tuple}:
        return None
    try:
        levels = [(number(row[0]), number(row[1])) for row in rows]
    except (IndexError, ValueError):
        return None
    if any(price <= 0 or amount < 0 for price, amount in levels):
        return None
    return tuple(level for level in levels if level[1])


def _one(side: int, row: Any) -> tuple[int, Level] | None:
    if not isinstance(row, (list, tuple)):
        raise ValueError(f"a level is [price, amount], not {type(row).__name__}")
    price, amount = number(row[0]), number(row[1])
    if amount == 0:
        return None
    if price <= 0 or amount < 0:
        raise Implausible(f"an order of {amount:g} at {price:g}")
    return side, (price, amount)


def ranked(levels: Sequence[Level], *, reverse: bool) -> tuple[Level, ...]:
    """The levels by price, each once."""
    return tuple(sorted(dict.fromkeys(levels), key=lambda level: level[0], reverse=reverse))
