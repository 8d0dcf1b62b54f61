"""JSON read strictly: no duplicate keys, no infinities, no depth bombs, nothing after the end.

msgspec parses (it refuses NaN, 1e999, lone surrogates and invalid UTF-8, and keeps long integers
exact). What it lets pass is looked for in the bytes, cheaply, and only a suspicion costs more.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from framework.errors import Empty, Malformed

DEPTH = 64
STRING_CHARS = 1_048_576
_BOM = b"\xef\xbb\xbf"
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_DECODER = msgspec.json.Decoder()
#: Between a key and its colon; then counting `":` does not count the keys.
_GAPS = (b" :", b"\t:", b"\n:", b"\r:")


def loads(body: bytes, *, empty_ok: bool = False) -> Any:
    """The document in `body`.

    Raises:
        Empty: nothing, white space or a byte order mark only; `null`, `true`, `false`, 0, `""`;
            `{}` and `[]` unless `empty_ok`.
        Malformed: no JSON, ambiguous, or outside the limits.
    """
    value = parse(body)
    require_content(value, empty_ok=empty_ok)
    return value


def parse(body: bytes) -> Any:
    """The document in `body`, empty or not.

    Raises:
        Empty: nothing, white space or a byte order mark only.
        Malformed: no JSON, ambiguous, or outside the limits.
    """
    if body.startswith(_BOM):
        body = body[3:]
    opened = body.count(b"[") + (objects := body.count(b"{"))
    if opened > DEPTH:
        _check_depth(body, opened)
    try:
        value = _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as exc:
        if not body.strip():
            raise Empty("an empty body") from exc
        raise Malformed(f"not JSON: {str(exc)[:120]}") from exc
    if objects and not _keys_are_unique(body, value, objects):
        _refuse_duplicates(body)
    if len(body) > STRING_CHARS:
        _check_strings(value)
    return value


def require_content(value: Any, *, empty_ok: bool = False) -> None:
    """Refuse what is no answer.

    Raises:
        Empty: see `loads`.
    """
    if type(value) is dict or type(value) is list:
        if not value and not empty_ok:
            raise Empty("an empty JSON " + ("object" if type(value) is dict else "list"))
    elif value is None or value is True or value is False or value == 0 or value == "":
        raise Empty(f"the JSON answer is {json.dumps(value)}")


def _check_depth(body: bytes, opened: int) -> None:
    # `],[` and `},{` close as many as they open: what is left bounds the depth.
    if opened - body.count(b"],[") - body.count(b"},{") <= DEPTH:
        return
    brackets = body.translate(None, _NOT_BRACKETS)
    for _ in range(DEPTH):
        shorter = brackets.replace(b"[]", b"").replace(b"{}", b"")
        if not shorter:
            return
        if len(shorter) == len(brackets):
            break
        brackets = shorter
    depth = inside = 0
    escaped = quoted = False
    for byte in body:
        if quoted:
            if escaped:
                escaped = False
            elif byte == 0x5C:
                escaped = True
            elif byte == 0x22:
                quoted = False
        elif byte == 0x22:
            quoted = True
        elif byte in b"[{":
            inside += 1
            depth = max(depth, inside)
            if depth > DEPTH:
                raise Malformed(f"JSON nested deeper than {DEPTH}")
        elif byte in b"]}":
            inside -= 1


def _keys_are_unique(body: bytes, value: Any, objects: int) -> bool:
    """True only if certain: as many keys came out as went in."""
    if any(gap in body for gap in _GAPS):
        return False
    keys = 0
    # `objects` counts braces in strings too; then the walk is longer, never wrong.
    queue = [value]
    for item in queue:
        kind = type(item)
        if kind is dict:
            keys += len(item)
            objects -= 1
            if not objects:
                break
            queue.extend(item.values())
        elif kind is list:
            queue.extend(item)
    return body.count(b'":') == keys


def _refuse_duplicates(body: bytes) -> None:
    try:
        json.loads(body, object_pairs_hook=_once)
    except RecursionError as exc:
        raise Malformed("JSON nested too deeply") from exc
    except ValueError as exc:
        # Integers beyond the standard library's digits, say: msgspec took what it does not.
        raise Malformed(f"not JSON: {str(exc)[:120]}") from exc


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for key, value in pairs:
        # Compared as text: 1, 1.0 and true are equal in Python and different in JSON.
        if key in members and json.dumps(members[key]) != json.dumps(value):
            raise Malformed(f"the key {key[:40]!r} twice, with different values")
        members[key] = value
    return members


def _check_strings(value: Any) -> None:
    queue = [value]
    for item in queue:
        kind = type(item)
        if kind is str:
            if len(item) > STRING_CHARS:
                raise Malformed("a JSON string of more than 1 MiB")
        elif kind is dict:
            queue.extend(item)
            queue.extend(item.values())
        elif kind is list:
            queue.extend(item)
