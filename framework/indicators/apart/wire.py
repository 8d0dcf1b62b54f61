"""Messages between the server and a process that computes: a JSON head, then columns as bytes."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any

import msgspec
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LENGTH = struct.Struct("<I")
_HEAD_BYTES = 1_000_000
_KINDS = {"f": np.dtype("<f8"), "i": np.dtype("<i8")}


def send(stream: IO[bytes], head: Mapping[str, Any], columns: Sequence[NDArray[Any]] = ()) -> None:
    """Write one message.

    Args:
        columns: one-dimensional, of float64 or int64.

    Raises:
        OSError: the other side is gone.
    """
    shapes = [[column.dtype.kind, column.size] for column in columns]
    text = msgspec.json.encode({**head, "columns": shapes})
    stream.write(_LENGTH.pack(len(text)) + text)
    stream.writelines(
        np.ascontiguousarray(column, dtype=_KINDS[column.dtype.kind]).tobytes()
        for column in columns
    )
    stream.flush()


def receive(stream: IO[bytes], most_bytes: int) -> tuple[dict[str, Any], list[NDArray[Any]]]:
    """Read one message; its columns are read-only.

    Args:
        most_bytes: of all columns together.

    Raises:
        EOFError: the other side is gone.
        ValueError: it sent no message of ours, or one that is too large.
    """
    (length,) = _LENGTH.unpack(_exactly(stream, _LENGTH.size))
    if length > _HEAD_BYTES:
        raise ValueError("sent a head that is too large")
    head: dict[str, Any] = msgspec.json.decode(_exactly(stream, length), type=dict[str, Any])
    shapes = msgspec.convert(head.pop("columns"), list[tuple[str, int]])
    if any(kind not in _KINDS or size < 0 for kind, size in shapes):
        raise ValueError("sent columns of another type")
    if 8 * sum(size for _, size in shapes) > most_bytes:
        raise ValueError("sent columns that are too large")
    return head, [
        np.frombuffer(_exactly(stream, 8 * size), dtype=_KINDS[kind]) for kind, size in shapes
    ]


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return data
