"""JSON in the messages of a socket, read for a plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

from coinmux.framework.errors import Malformed, SchemaMismatch

if TYPE_CHECKING:
    from coinmux.framework.plugins.socket_dialect import Frame

T = TypeVar("T")

_PLAIN = msgspec.json.Decoder()
#: A checksum is computed from digits, and a float has lost those that say nothing.
_AS_WRITTEN = msgspec.json.Decoder(float_hook=str)


def read_json(frame: Frame | msgspec.Raw, *, as_written: bool = False) -> Any:
    """What a message says in JSON.

    Args:
        as_written: numbers that are no integers stay the text they were written as.

    Raises:
        Malformed: it is no JSON.
    """
    decoder = _AS_WRITTEN if as_written else _PLAIN
    try:
        return decoder.decode(frame)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Malformed(f"the message is no JSON: {str(error)[:80]}") from None


def read_object(frame: Frame) -> dict[str, Any]:
    """The object that a message is, as most sources send no other.

    Raises:
        Malformed: it is no JSON.
        SchemaMismatch: it is another value than an object.
    """
    value = read_json(frame)
    if type(value) is not dict:
        raise SchemaMismatch(f"a message takes an object, not {type(value).__name__}")
    return value


class Shape(Generic[T]):
    """What one kind of message looks like, read from its bytes into a struct of msgspec.

    Numbers that are written as text become numbers on the way, in less than half of what it takes
    to read the text and convert it. For the messages that come most; `read_json` is simpler.

    ```python
    class Book(msgspec.Struct, Generic[R]):
        bids: list[R]
        asks: list[R]


    BOOKS = Shape(Book[list[float]], Book[Any])
    ```

    Args:
        kind: the struct.
        loose: the same with less asked of it, for messages that do not fit the first, such as
            rows with a further column that is no number.
    """

    __slots__ = ("_decode", "_kind", "_loose")

    def __init__(self, kind: type[T], loose: type[T] | None = None) -> None:
        self._kind = kind
        self._decode = msgspec.json.Decoder(kind, strict=False).decode
        self._loose = None if loose is None else Shape(loose)

    def read(self, frame: Frame | msgspec.Raw) -> T:
        """The message.

        Raises:
            Malformed: it is no JSON.
            SchemaMismatch: it has another shape.
        """
        try:
            return self._decode(frame)
        except msgspec.ValidationError as error:
            if self._loose is None:
                raise SchemaMismatch(str(error)[:120]) from None
            return self._loose.read(frame)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            raise Malformed(f"the message is no JSON: {str(error)[:80]}") from None

    def of(self, value: object) -> T:
        """The same of a message that `read_json` has read.

        Raises:
            SchemaMismatch: it has another shape.
        """
        try:
            return msgspec.convert(value, self._kind, strict=False)
        except msgspec.ValidationError as error:
            if self._loose is None:
                raise SchemaMismatch(str(error)[:120]) from None
            return self._loose.of(value)
