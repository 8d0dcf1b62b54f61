"""Near misses: what a person may have meant by a name that is not there."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def near(name: str, known: Iterable[str]) -> list[str]:
    """At most three of `known`, the nearest first; none where none is near."""
    return get_close_matches(name[:100].lower(), list(known), n=3, cutoff=0.6)
