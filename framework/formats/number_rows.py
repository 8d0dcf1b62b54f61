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
#: Bytes of a float in MessagePack: a mark, and the float.
_CELL = 9


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
    rows = body if ends - begins == len(body) else body[begins:ends]
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
    try:
        read = _decoder(len(names)).decode(rows)
    except (msgspec.DecodeError, ValueError, OverflowError, RecursionError):
        return None
    if not (_is_plain(rows, len(read)) or _is_harmless(rows, len(read))) or _is_long(rows):
        return None
    columns = _columns(_ENCODER.encode(read), len(read), len(names))
    if not np.isfinite(columns).all():
        return None
    if _WHOLE in names:
        whole = columns[names.index(_WHOLE)]
        if (np.floor(whole) != whole).any():
            return None
    return columns.T


def _is_plain(rows: bytes, count: int) -> bool:
    """Whether there is nothing but digits, quotes and the like beside the brackets of the rows."""
    codes = np.frombuffer(rows, np.uint8)
    # Letters, brackets, braces, the backslash and all beyond ASCII have one of the upper two bits.
    return int(np.count_nonzero(codes >= 0x40)) == 2 * (count + 1)


def _is_harmless(rows: bytes, count: int) -> bool:
    """Whether the letters of `count` rows are no escapes, and the decoder has skipped no lists,
    no objects, no text but ASCII and no number that may be too large.
    """
    codes = np.frombuffer(rows, np.uint8)
    lists = np.count_nonzero(codes == 0x5B)
    if lists != count + 1 or not rows.isascii() or b"\\" in rows or b"{" in rows:
        return False
    if b"e" not in rows and b"E" not in rows:
        return True
    after = codes[1:][(codes[:-1] | 0x20) == 0x65]
    # A large exponent begins with a digit or `+`; `true` and `false` end with the letter.
    return not (((after >= 0x30) & (after <= 0x39)) | (after == 0x2B)).any()


def _is_long(rows: bytes) -> bool:
    """Whether a number may have too many digits: the decoder does not look at what it skips."""
    parts = [rows[at : at + _PART] for at in range(0, len(rows), _STEP)]
    return any(map(bytes.isdigit, parts))


@lru_cache(maxsize=64)
def _decoder(columns: int) -> msgspec.json.Decoder[list[Any]]:
    fields = [(f"c{at}", float) for at in range(columns)]
    row = msgspec.defstruct("Row", fields, array_like=True, gc=False)
    return msgspec.json.Decoder(list[row], strict=False)  # type: ignore[valid-type]


def _columns(packed: bytes, count: int, columns: int) -> NDArray[np.float64]:
    """The numbers of rows that msgspec has packed, column by column, which nothing can change.

    To pack them takes a quarter of the time that a list of all numbers, and its array, take.
    """
    head = 1 if columns < 16 else 3
    row = head + _CELL * columns
    first = len(packed) - row * count + head + 1
    cells = np.ndarray((columns, count), ">f8", packed, first, (_CELL, row))
    return np.frombuffer(cells.astype(np.float64).tobytes()).reshape(cells.shape)


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
