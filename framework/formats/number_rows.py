"""Rows of numbers in a JSON document, read as columns by a decoder made for the shape of a row.

A document of candles is mostly such rows. Reading them as Python objects first, and converting
those, takes twice as long. What the decoder refuses is read as any other document is, so a damaged
row or body means what it always does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache, partial
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from coinmux.framework.errors import Empty, Malformed
from coinmux.framework.formats import strict_json
from coinmux.framework.reference.number_rows import NumberRows

#: Stands for the rows while the rest of the document is read; a document may hold it itself.
_MARK = 7_426_381_920_417_263_801
_WHITE = b" \t\r\n"
#: A number with more digits is refused; a part of one of them is looked for at these places.
_MOST_DIGITS = 4_300
_PART = 40
_STEP = _MOST_DIGITS - _PART
_WHOLE = "timestamp"
_ENCODER = msgspec.msgpack.Encoder()
#: A float in MessagePack.
_CELL = np.dtype([("kind", np.uint8), ("number", ">f8")])


def parse(body: bytes, names: Sequence[str]) -> Any:
    """The document in `body`, with `NumberRows` in place of its one list of lists of numbers.

    That list is the document itself or a member of an object. A number may be written as a string.
    Where there is no such list, or one of its rows is not of these columns, the document is as
    `strict_json.parse` gives it.

    Args:
        body: of the source.
        names: of the leading columns of a row; `timestamp` is a whole number.

    Raises:
        Empty, Malformed: as `strict_json.parse`.
    """
    document = _with_rows(body, tuple(names))
    return strict_json.parse(body) if document is None else document


def _with_rows(body: bytes, names: tuple[str, ...]) -> Any:
    """The document; None where it must be read in the usual way."""
    begins, ends = body.find(b"[["), body.rfind(b"]]") + 2
    if begins < 0 or ends <= begins or len(body) > strict_json.STRING_CHARS:
        return None
    rows = body[begins:ends]
    cells = _cells(rows, names)
    if cells is None:
        return None
    made = NumberRows(names, cells, partial(strict_json.parse, rows))
    head, tail = body[:begins], body[ends:]
    if not head.strip(_WHITE) and not tail.strip(_WHITE):
        return made
    try:
        document = strict_json.parse(b"%b%d%b" % (head, _MARK, tail))
    except (Empty, Malformed):
        return None
    return document if _put(made, document) else None


def _cells(rows: bytes, names: tuple[str, ...]) -> NDArray[np.float64] | None:
    """The named columns; None if they, or columns after them, need a closer look."""
    if not rows.isascii() or b"\\" in rows or b"{" in rows or _is_hard(rows):
        return None
    decoder, packed = _shape(len(names))
    try:
        read = decoder.decode(rows)
    except (msgspec.DecodeError, ValueError, OverflowError, RecursionError):
        return None
    cells = _columns(_ENCODER.encode(read), packed, len(read)).T
    # More brackets are lists inside of rows, which the decoder skips.
    lists = np.count_nonzero(np.frombuffer(rows, np.uint8) == 0x5B)
    if lists != len(read) + 1 or not np.isfinite(cells).all():
        return None
    if _WHOLE in names:
        whole = cells[:, names.index(_WHOLE)]
        if (np.floor(whole) != whole).any():
            return None
    return cells


def _is_hard(rows: bytes) -> bool:
    """Whether a number may be too large or too long: the decoder does not look at what it skips."""
    if b"e" in rows or b"E" in rows:
        codes = np.frombuffer(rows, np.uint8)
        after = codes[1:][(codes[:-1] | 0x20) == 0x65]
        # A large exponent begins with a digit or `+`; `true` and `false` end with the letter.
        if (((after >= 0x30) & (after <= 0x39)) | (after == 0x2B)).any():
            return True
    return any(rows[at : at + _PART].isdigit() for at in range(0, len(rows), _STEP))


@lru_cache(maxsize=64)
def _shape(columns: int) -> tuple[msgspec.json.Decoder[list[Any]], np.dtype[Any]]:
    """What decodes rows, and how one of them lies in MessagePack: each number behind a byte."""
    fields = [(f"c{at}", float) for at in range(columns)]
    row = msgspec.defstruct("Row", fields, array_like=True, gc=False)
    decoder = msgspec.json.Decoder(list[row], strict=False)  # type: ignore[valid-type]
    head = len(_ENCODER.encode([0.0] * columns)) - _CELL.itemsize * columns
    return decoder, np.dtype([("head", np.void, head), ("cells", _CELL, (columns,))])


def _columns(packed: bytes, row: np.dtype[Any], count: int) -> NDArray[np.float64]:
    """The numbers of rows that msgspec has packed, column by column, which nothing can change.

    To pack them takes a quarter of the time that a list of all numbers, and its array, take.
    """
    cells = np.frombuffer(packed, row, count, len(packed) - row.itemsize * count)["cells"]["number"]
    return np.frombuffer(cells.T.astype(np.float64).tobytes()).reshape(cells.shape[::-1])


def _put(rows: NumberRows, document: Any) -> bool:
    """Put the rows in the place of their mark; False if that is not the one member of an object."""
    places: list[tuple[Any, Any]] = []
    containers = [document]
    for holder in containers:
        if type(holder) is dict:
            members: Iterable[tuple[Any, Any]] = holder.items()
        elif type(holder) is list:
            members = enumerate(holder)
        else:
            return False
        for key, value in members:
            if type(value) is dict or type(value) is list:
                containers.append(value)
            elif type(value) is int and value == _MARK:
                places.append((holder, key))
    if len(places) != 1 or type(places[0][0]) is not dict:
        return False
    holder, key = places[0]
    holder[key] = rows
    return True
