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
    lists = {
        source.info.title: source.listed.active
        for source in sorted(gateway.sources.values(), key=lambda one: (one.priority, one.name))
        if source.listed is not None and source.feature.enabled
    }
    counts = Counter(pair for active in lists.values() for pair in active)
    wanted = search.strip().upper().translate(_LETTERS)
    if not wanted:
        found = [pair for pair in _KNOWN if pair in counts or not counts]
    elif counts:
        ranked = [
            (rank, -many, pair)
            for pair, many in counts.items()
            if (rank := _rank(pair, wanted)) is not None
        ]
        found = [pair for _, _, pair in sorted(ranked)]
    else:
        found = _guessed(gateway, search)
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
