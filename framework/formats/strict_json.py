"""Read JSON strictly: no duplicate keys, no infinities, no deep nesting, nothing after the end.

msgspec parses the document; it refuses NaN, 1e999, lone surrogates and invalid UTF-8, and reads
long integers exactly. Duplicate keys and deep nesting, which it accepts, are looked for by a cheap
count over the bytes; the exact checks run only if the counts are suspicious.
"""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
import numpy as np

from coinmux.framework.errors import Empty, Malformed

DEPTH = 64
STRING_CHARS = 1_048_576
_BOM = b"\xef\xbb\xbf"
_DECODER = msgspec.json.Decoder()
#: From this many bytes on, counting with NumPy is faster than with `bytes.count`.
_LARGE = 2_048
_CONTAINERS = frozenset({dict, list})
#: Escapes, one by one: a pair of halves, half a character (the group), or any other.
_HALF = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\."
)
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_ESCAPE = re.compile(rb'(\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))|\\')
_CONTROL = re.compile(rb"[\x00-\x1f]")
_BRACKETS = bytes.maketrans(b"{}", b"[]")
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def loads(body: bytes, *, empty_ok: bool = False) -> Any:
    """The document in `body`.

    Raises:
        Empty: the body is empty, white space or a byte order mark; or the value is `null`, `true`,
            `false`, 0 or `""`; or it is `{}` or `[]`, unless `empty_ok`.
        Malformed: the body is no JSON, has duplicate keys, or is outside the limits.
    """
    value = parse(body)
    require_content(value, empty_ok=empty_ok)
    return value


def parse(body: bytes) -> Any:
    """The document in `body`, whether its value is empty or not.

    Raises:
        Empty: the body is empty, white space or a byte order mark.
        Malformed: the body is no JSON, has duplicate keys, or is outside the limits.
    """
    if body.startswith(_BOM):
        body = body[3:]
    try:
        value = _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as exc:
        if not body.strip():
            raise Empty("an empty body") from exc
        raise Malformed(f"not JSON: {str(exc)[:120]}") from exc
    if len(body) < _LARGE:
        objects = body.count(b"{")
        depth = objects + body.count(b"[")  # at most; brackets inside strings are counted too
        key_ends = None
    else:
        depth, objects, key_ends = _shape_of_large(body)
    if depth > DEPTH:
        _check_depth(body)
    if objects:
        keys = _count_keys(value, objects)
        # A document has a colon for each member, and where it has no others no key is there twice.
        if key_ends is None and body.count(b":") != keys:
            key_ends = _key_ends(body)
        if key_ends is not None and key_ends != keys:
            _refuse_duplicates(body)
    if len(body) > STRING_CHARS:
        _check_strings(value)
    return value


def parse_mended(body: bytes) -> Any:
    """As `parse`, of a source that is known to write its JSON by hand.

    Where the body is no JSON, a backslash that begins no escape is taken out, half a character (of
    an emoji that was cut) becomes U+FFFD, and control characters in strings become spaces; all else
    is as strict as ever.

    Raises:
        Empty: as `parse`.
        Malformed: as `parse`, if the body is no JSON even so.
    """
    try:
        return parse(body)
    except Malformed:
        whole = _HALF.sub(lambda match: rb"\ufffd" if match[1] else match[0], body)
        whole = _ESCAPE.sub(lambda match: match[1] or b"", whole)
        return parse(_STRING.sub(lambda match: _CONTROL.sub(b" ", match[0]), whole))


def require_content(value: Any, *, empty_ok: bool = False) -> None:
    """Refuse an empty value.

    Raises:
        Empty: the value is empty, as `loads` defines it.
    """
    if type(value) is dict or type(value) is list:
        if not value and not empty_ok:
            raise Empty("an empty JSON " + ("object" if type(value) is dict else "list"))
    elif value is None or value is True or value is False or value == 0 or value == "":
        raise Empty(f"the JSON answer is {json.dumps(value)}")


def _key_ends(body: bytes) -> int:
    """How often `":` occurs, or -1 if white space before a colon makes that count useless."""
    if b" :" in body or b"\n:" in body or b"\t:" in body or b"\r:" in body:
        return -1
    return body.count(b'":')


def _shape_of_large(body: bytes) -> tuple[int, int, int]:
    """Counts over the bytes of a valid document.

    Returns:
        An upper bound of the depth; an upper bound of the number of objects; and `_key_ends`.
    """
    codes = np.frombuffer(body, np.uint8)
    # `[` and `{`, and `]` and `}`, differ only in the bit 0x20.
    opens = ((codes | 0x20) == 0x7B).nonzero()[0]
    # An opening bracket after `],` or `},` follows a closed one, so it adds no depth. This is true
    # inside strings too, where neither bracket adds depth.
    inner = opens[opens >= 3]
    comma = inner - 1 - (codes[inner - 1] == 0x20)
    follows = (codes[comma] == 0x2C) & ((codes[comma - 1] | 0x20) == 0x7D)
    depth = len(opens) - int(np.count_nonzero(follows))
    if b"{" not in body:
        return depth, 0, 0
    objects = int(np.count_nonzero(codes[opens] == 0x7B))
    before = codes[(codes == 0x3A).nonzero()[0] - 1]
    if (before <= 0x20).any():
        return depth, objects, -1
    return depth, objects, int(np.count_nonzero(before == 0x22))


def _check_depth(body: bytes) -> None:
    # The document is valid, so its brackets outside strings match; each pass removes one level.
    brackets = _STRING.sub(b"", body).translate(_BRACKETS, _NOT_BRACKETS)
    for _ in range(DEPTH):
        brackets = brackets.replace(b"[]", b"")
        if not brackets:
            return
    raise Malformed(f"JSON nested deeper than {DEPTH}")


def _count_keys(value: Any, objects: int) -> int:
    """The number of members of all objects in `value`; there are at most `objects` objects."""
    if objects == 1 and type(value) is dict:
        return len(value)
    keys = 0
    level = [value] if type(value) in _CONTAINERS else []
    while level:
        found = [item for item in level if type(item) is dict]
        keys += sum(map(len, found))
        objects -= len(found)
        if not objects:
            break
        below: list[Any] = []
        for item in level:
            inside = item.values() if type(item) is dict else item
            if not _CONTAINERS.isdisjoint(map(type, inside)):
                below += [child for child in inside if type(child) in _CONTAINERS]
        level = below
    return keys


def _refuse_duplicates(body: bytes) -> None:
    try:
        json.loads(body, object_pairs_hook=_once)
    except RecursionError as exc:
        raise Malformed("JSON nested too deeply") from exc
    except ValueError as exc:
        # For example an integer with more digits than the standard library accepts.
        raise Malformed(f"not JSON: {str(exc)[:120]}") from exc


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for key, value in pairs:
        # Compared as text, since 1, 1.0 and true are equal in Python but different in JSON.
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
