"""Read and write the few protobuf messages of MEXC's socket: fields by number, nothing more."""

from __future__ import annotations

from collections.abc import Sequence

from coinmux import errors as e

#: Kinds of fields on the wire.
_VARINT, _EIGHT_BYTES, _BYTES, _FOUR_BYTES = 0, 1, 2, 5
_MOST_BITS = 63
#: Lengths below it take one byte.
_SHORT = 0x80
#: How the fields 1 and 2 begin, where they are texts.
_FIRST, _SECOND = 1 << 3 | _BYTES, 2 << 3 | _BYTES

#: A field's values, in order: whole numbers, or bytes that are a text or a message.
Fields = dict[int, list[int | bytes]]


def fields(data: bytes) -> Fields:
    """The fields of a message by number; those of fixed length are passed over.

    Raises:
        Malformed: it is cut off, or no protobuf.
    """
    found: Fields = {}
    at, end = 0, len(data)
    while at < end:
        # Most of what a varint holds fits into one byte or two.
        if (key := data[at]) < _SHORT:
            at += 1
        elif at + 1 < end and (byte := data[at + 1]) < _SHORT:
            key, at = key & 0x7F | byte << 7, at + 2
        else:
            key, at = _varint(data, at)
        number, kind = key >> 3, key & 7
        value: int | bytes
        if kind == _BYTES:
            # Nearly all lengths take one byte.
            if at < end and (length := data[at]) < _SHORT:
                at += 1
            else:
                length, at = _varint(data, at)
            value, at = data[at : at + length], at + length
        elif kind == _VARINT:
            if at < end and (value := data[at]) < _SHORT:
                at += 1
            else:
                value, at = _varint(data, at)
        elif kind in (_EIGHT_BYTES, _FOUR_BYTES):
            at += 8 if kind == _EIGHT_BYTES else 4
            continue
        else:
            raise e.Malformed(f"protobuf: a field of the kind {kind}")
        if number in found:
            found[number].append(value)
        else:
            found[number] = [value]
    if at > end:
        raise e.Malformed("protobuf: a field is cut off")
    return found


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data):
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < _SHORT:
            return value, at
        shift += 7
        if shift > _MOST_BITS:
            raise e.Malformed("protobuf: a number of more than 64 bits")
    raise e.Malformed("protobuf: a number is cut off")


def text(message: Fields, number: int) -> str:
    """The text of a field.

    Raises:
        SchemaMismatch: it is missing or of another kind.
        Malformed: it is no UTF-8.
    """
    value = message.get(number, [b""])[-1]
    if not isinstance(value, bytes) or not value:
        raise e.SchemaMismatch(f"protobuf: field {number} takes a text")
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise e.Malformed(f"protobuf: field {number} is no UTF-8") from None


def messages(message: Fields, number: int) -> Sequence[Fields]:
    """The messages in a field that may be there several times.

    Raises:
        SchemaMismatch: it is of another kind.
        Malformed: one of them is no protobuf.
    """
    values = message.get(number, [])
    if not all(isinstance(value, bytes) for value in values):
        raise e.SchemaMismatch(f"protobuf: field {number} takes messages")
    return [fields(value) for value in values if isinstance(value, bytes)]


def pairs(message: Fields, number: int) -> list[tuple[str, str]]:
    """The texts of the fields 1 and 2 of each message in a field: the levels of a book.

    Raises:
        SchemaMismatch: it is of another kind.
        Malformed: one of them is no protobuf.
    """
    found: list[tuple[str, str]] = []
    for value in message.get(number, ()):
        if not isinstance(value, bytes):
            raise e.SchemaMismatch(f"protobuf: field {number} takes messages")
        # Nearly all are two short texts one after the other, and a book has hundreds of them.
        end = len(value)
        middle = 2 + value[1] if end > 2 and value[0] == _FIRST and 0 < value[1] < _SHORT else end
        rest = end - middle - 2
        if 0 < rest < _SHORT and value[middle] == _SECOND and value[middle + 1] == rest:
            try:
                found.append((value[2:middle].decode(), value[middle + 2 :].decode()))
            except UnicodeDecodeError:
                raise e.Malformed(f"protobuf: field {number} is no UTF-8") from None
            continue
        row = fields(value)
        found.append((text(row, 1), text(row, 2)))
    return found


def whole(message: Fields, number: int) -> int | None:
    """The whole number of a field; None where it is missing.

    Raises:
        SchemaMismatch: it is of another kind.
    """
    value = message.get(number, [None])[-1]
    if isinstance(value, bytes):
        raise e.SchemaMismatch(f"protobuf: field {number} takes a number")
    return value
