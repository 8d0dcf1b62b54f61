"""How much an answer may say: a model reads every byte of it, and pays for each.

An answer never exceeds `MOST_BYTES`. Rows are cut first, and the rest of them are read by a cursor;
then texts, then fields. Whatever is cut is said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from coinmux.framework.models.tables import Cell, Row, Table

#: Rows of one answer.
MOST_ROWS = 200
#: Of a whole answer in UTF-8: by bytes and not by tokens, which each model counts in its own way.
#: Prose has some four bytes a token, rows of figures two and a half.
MOST_BYTES = 24_000
#: Of what is not rows: fields, provenance and the first line.
_MOST_FIELDS = 6_000
#: Characters of one text in a row, and in a field.
_CELL_CHARS = 300
_FIELD_CHARS = 1_500
#: Below this even the least of a row is not cut: a column's name costs more.
_LEAST_CHARS = 20

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Page:
    """What is shown of a table.

    Attributes:
        rows: in the table's order, texts cut.
        begin: index of the first of them in the table.
        end: index after the last of them.
        total: how many the table has.
        following: index at which the next page goes on; None where there is no more.
        cut_texts: whether a text was cut.
    """

    rows: Sequence[Row]
    begin: int
    end: int
    total: int
    following: int | None
    cut_texts: bool

    @property
    def is_whole(self) -> bool:
        """Whether all rows are shown."""
        return self.end - self.begin == self.total


def page_of(table: Table, at: int | None, room: int) -> Page:
    """As many rows as there is room for, the newest ones first where rows go by time.

    Args:
        at: where to go on: the index after the last row not shown yet, going back in time, or that
            of the first; None for the first page.
        room: bytes for the rows; at least one is shown whatever it takes.
    """
    total = len(table.rows)
    if table.newest_last:
        end = total if at is None else at
        places: Sequence[int] = range(end - 1, -1, -1)
    else:
        begin = 0 if at is None else at
        places = range(begin, total)
    chars = _CELL_CHARS
    shown: list[Row] = []
    taken, cut = 0, False
    for place in places[:MOST_ROWS]:
        row, was_cut = _short_row(table.rows[place], chars)
        size = len(_encode(row)) + 1
        while not shown and size > room and chars > _LEAST_CHARS:
            chars //= 2
            row, was_cut = _short_row(table.rows[place], chars)
            size = len(_encode(row)) + 1
        if shown and taken + size > room:
            break
        shown.append(row)
        taken += size
        cut = cut or was_cut
    count = len(shown)
    if table.newest_last:
        shown.reverse()
        begin = end - count
        return Page(shown, begin, end, total, begin or None, cut)
    end = begin + count
    return Page(shown, begin, end, total, end if end < total else None, cut)


def short_fields(fields: Mapping[str, Cell]) -> tuple[dict[str, Cell], list[str]]:
    """The fields that there is room for, and the names of those cut or left out."""
    found: dict[str, Cell] = {}
    cut: list[str] = []
    taken = 0
    for name, value in fields.items():
        shown, was_cut = _short(value, _FIELD_CHARS)
        size = len(_encode({name: shown}))
        if taken + size > _MOST_FIELDS:
            cut.append(name)
            continue
        taken += size
        found[name] = shown
        if was_cut:
            cut.append(name)
    return found, cut


def clipped(text: str, most: int) -> str:
    """`text`, its end replaced by `…` where it is too long."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _short_row(row: Row, chars: int) -> tuple[Row, bool]:
    shown = [_short(cell, chars) for cell in row]
    return [cell for cell, _ in shown], any(was_cut for _, was_cut in shown)


def _short(value: Any, chars: int) -> tuple[Cell, bool]:
    """A cell of at most so many characters: a longer list or object as a text that is cut."""
    if isinstance(value, str):
        return clipped(value, chars), len(value) > chars
    if isinstance(value, (Mapping, list, tuple)):
        text = _encode(value).decode()
        if len(text) > chars:
            return clipped(text, chars), True
    return value, False
