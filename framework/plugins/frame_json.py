"""JSON in the messages of a socket, read for a plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from coinmux.framework.errors import Malformed, SchemaMismatch

if TYPE_CHECKING:
    from coinmux.framework.plugins.socket_dialect import Frame

_PLAIN = msgspec.json.Decoder()
#: A checksum is computed from digits, and a float has lost those that say nothing.
_AS_WRITTEN = msgspec.json.Decoder(float_hook=str)


def read_json(frame: Frame, *, as_written: bool = False) -> Any:
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
