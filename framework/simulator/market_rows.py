"""The lists of markets of the simulated exchanges, with every pair that they play. Pure.

A sample lists a few pairs; a list so short would not count as whole. The row of a pair of the
sample is repeated for each pair it lacks.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from coinmux.framework.reference.symbols import SymbolStyle
from coinmux.framework.simulator.pair_renaming import Renaming, playable
from coinmux.framework.simulator.price_model import PAIRS

if TYPE_CHECKING:
    from coinmux.framework.plugins.provider_info import ProviderInfo
    from coinmux.framework.reference.symbols import Symbol


def complete(body: Any, info: ProviderInfo) -> None:
    """Add a row for each pair that the source plays and the body does not list, in place."""
    style = info.symbols if info.symbols is not None else SymbolStyle()
    # The sample may spell a pair with or without the mark that its paths begin with.
    spellings = {style.native(pair).lower(): pair for pair in PAIRS}
    spellings |= {(pair.base + pair.quote).lower(): pair for pair in PAIRS}
    for rows in _lists(body):
        items = list(rows.items()) if isinstance(rows, dict) else [(None, row) for row in rows]
        listed = [(_pair_of(row, spellings), key, row) for key, row in items]
        first = next(((pair, key, row) for pair, key, row in listed if pair is not None), None)
        if first is None:
            continue
        pair, key, row = first
        known = {one for one, _, _ in listed}
        for other in playable(info, pair):
            if other in known:
                continue
            renaming = Renaming.of(info, pair, other)
            if isinstance(row, str):
                mark = style.native(pair).removesuffix(row)
                rows.append(style.native(other).removeprefix(mark))
            elif isinstance(rows, dict):
                rows[renaming.text(str(key))] = renaming.value(row)
            else:
                rows.append(renaming.value(row))
        return


def _lists(value: Any) -> Iterator[Any]:
    """Every list, and every object of objects, in a body; the outer ones first."""
    if isinstance(value, list) or (
        isinstance(value, dict) and value and all(isinstance(one, dict) for one in value.values())
    ):
        yield value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for one in inner:
        yield from _lists(one)


def _pair_of(row: Any, spellings: dict[str, Symbol]) -> Symbol | None:
    """The pair a row is about: the row is its name, or one of its members is."""
    members = row.values() if isinstance(row, dict) else (row,)
    names = (spellings.get(one.lower()) for one in members if isinstance(one, str))
    return next((pair for pair in names if pair is not None), None)
