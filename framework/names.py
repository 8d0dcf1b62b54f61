"""Near misses: what a person may have meant by a name that is not there."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def near(name: str, known: Iterable[str]) -> dict[str, list[str]]:
    """`{"did_you_mean": [...]}` with at most three of `known`, or `{}` where none is near."""
    found = get_close_matches(name[:100].lower(), list(known), n=3, cutoff=0.6)
    return {"did_you_mean": found} if found else {}
