"""The JSON object in one WebSocket message."""

from __future__ import annotations

from typing import Any

from coinmux.framework.errors import SchemaMismatch
from coinmux.framework.formats.strict_json import parse


def read_object(frame: str | bytes) -> dict[str, Any]:
    """The object that a text or binary message holds, read as strictly as an answer's body.

    Raises:
        Empty, Malformed: it is no JSON, or has duplicate keys.
        SchemaMismatch: it is another value than an object.
    """
    value = parse(frame.encode("utf-8", "replace") if isinstance(frame, str) else frame)
    if type(value) is not dict:
        raise SchemaMismatch(f"a message takes an object, not {type(value).__name__}")
    return value
