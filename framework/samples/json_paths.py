"""Dotted paths into a JSON document: `result.list.*.0`. Pure.

A part is a key of an object, an index of a list (`-1` is the last item), or `*` for each of them.
The empty path is the document itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

Parts = tuple[str, ...]


def parse(path: str) -> Parts:
    """The parts of a path."""
    return tuple(path.split(".")) if path else ()


def places(document: Any, parts: Sequence[str]) -> Iterator[tuple[Any, Any]]:
    """Where a path leads: each as a container and its key or index there.

    What is missing on the way is passed over. The empty path has no container and leads nowhere.
    """
    if not parts:
        return
    head, rest = parts[0], parts[1:]
    for key in _keys(document, head):
        if rest:
            yield from places(document[key], rest)
        else:
            yield document, key


def values(document: Any, parts: Sequence[str]) -> Iterator[Any]:
    """What stands where a path leads."""
    if not parts:
        yield document
    for container, key in places(document, parts):
        yield container[key]


def below(parts: Sequence[str], root: Sequence[str]) -> Parts | None:
    """The part of a path inside each item of the list at `root`; None for a path elsewhere."""
    depth = len(root)
    if len(parts) <= depth + 1 or parts[depth] != "*":
        return None
    if all(part == above or "*" in (part, above) for part, above in zip(parts, root, strict=False)):
        return tuple(parts[depth + 1 :])
    return None


def _keys(container: Any, part: str) -> list[Any]:
    if isinstance(container, dict):
        if part == "*":
            return list(container)
        return [part] if part in container else []
    if isinstance(container, list):
        if part == "*":
            return list(range(len(container)))
        digits = part.removeprefix("-")
        if digits.isascii() and digits.isdigit() and -len(container) <= int(part) < len(container):
            return [int(part)]
    return []
