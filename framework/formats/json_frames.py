"""The JSON object in one WebSocket message."""

from __future__ import annotations

from typing import Any

import msgspec

from coinmux.framework.errors import Malformed, SchemaMismatch

_decode = msgspec.json.Decoder().decode


def read_object(frame: str | bytes) -> dict[str, Any]:
    """The object that a text or binary message holds.

    Less strict than the body of an answer is read, which takes six times as long: of a key that is
    there twice, the later value counts.

    Raises:
        Malformed: it is no JSON.
        SchemaMismatch: it is another value than an object.
    """
    try:
        value = _decode(frame)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Malformed(f"the message is no JSON: {str(error)[:80]}") from None
    if type(value) is not dict:
        raise SchemaMismatch(f"a message takes an object, not {type(value).__name__}")
    return value
