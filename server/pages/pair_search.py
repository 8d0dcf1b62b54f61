"""Pairs that are really traded, for the box a viewer writes into."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from coinmux.framework.errors import InvalidSymbol

if TYPE_CHECKING:
    from coinmux.framework.gateway import Gateway

#: Suggestions given, and sources named with each.
MOST_FOUND = 20
_MOST_SOURCES = 3
#: Suggested first, and alone while no source has sent its list.
_KNOWN = ("BTC/USDT", "ETH/USDT", "SOL/USDT", "XRP/USDT", "BNB/USDT", "DOGE/USDT")
_QUOTES = ("USDT", "USD", "USDC", "EUR", "BTC", "ETH")
_LETTERS = str.maketrans("", "", " /-_:")


def find_pairs(gateway: Gateway, search: str) -> dict[str, Any]:
    """Pairs whose name begins with, else has in it, what was written; those of most sources first.

    Args:
        search: what was written; nothing at all finds the best known.
    """
    lists = _lists(gateway)
    counts = Counter(pair for active in lists.values() for pair in active)
    found = _found(gateway, search, counts)
    return {
        "search": search,
        "total": len(found),
        "pairs": [
            {
                "pair": pair,
                "sources": [title for title, active in lists.items() if pair in active][
                    :_MOST_SOURCES
                ],
                "sources_total": counts[pair],
            }
            for pair in found[:MOST_FOUND]
        ],
    }


def pairs_of_source(gateway: Gateway, search: str, name: str | None) -> list[str]:
    """Pairs that the search finds, the best first.

    Args:
        name: of the source that lists them; None for any.
    """
    lists = _lists(gateway, name)
    return _found(gateway, search, Counter(pair for active in lists.values() for pair in active))


def _lists(gateway: Gateway, name: str | None = None) -> dict[str, frozenset[str]]:
    """What is traded now at each source that sent its list, by title."""
    return {
        source.info.title: source.listed.active
        for source in sorted(gateway.sources.values(), key=lambda one: (one.priority, one.name))
        if source.listed is not None
        and source.feature.enabled
        and (name is None or source.name == name)
    }


def _found(gateway: Gateway, search: str, counts: Counter[str]) -> list[str]:
    wanted = search.strip().upper().translate(_LETTERS)
    if not wanted:
        return [pair for pair in _KNOWN if pair in counts or not counts]
    if not counts:
        return _guessed(gateway, search)
    ranked = [
        (rank, -many, pair)
        for pair, many in counts.items()
        if (rank := _rank(pair, wanted)) is not None
    ]
    return [pair for _, _, pair in sorted(ranked)]


def _rank(pair: str, wanted: str) -> tuple[int, int, int] | None:
    """How well a pair fits, the lower the better; None where it does not."""
    base, _, quote = pair.partition("/")
    joined = base + quote
    if joined == wanted:
        fit = 0
    elif base == wanted:
        fit = 1
    elif joined.startswith(wanted):
        fit = 2
    elif wanted in joined:
        fit = 3
    else:
        return None
    place = _QUOTES.index(quote) if quote in _QUOTES else len(_QUOTES)
    return fit, 0 if fit == 0 else place, len(base)


def _guessed(gateway: Gateway, search: str) -> list[str]:
    """What the text itself says, where no source has sent its list yet."""
    try:
        return [str(gateway.parse_symbol(search))]
    except InvalidSymbol:
        return []
