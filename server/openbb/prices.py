"""Rows of the live grid: one a market, from an answer or from a feed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coinmux.server.asgi.query_params import split_list
from coinmux.server.asgi.rows import iso

if TYPE_CHECKING:
    from coinmux.framework.models.market import Ticker

#: Markets of one grid.
MOST_PAIRS = 50


def split_pairs(text: str) -> list[str]:
    """The pairs of a list with commas between, each once.

    Raises:
        InvalidRequest: there are none, or too many.
    """
    return split_list(text, "symbol", "pairs", MOST_PAIRS)


def price_row(ticker: Ticker, provider: str, at_ms: int, note: str = "") -> dict[str, Any]:
    """A market's row.

    Args:
        at_ms: when the source told it, Unix ms; the quote's own time where it has one.
    """
    return {
        "symbol": str(ticker.symbol),
        "price": ticker.last,
        "change_percent": ticker.change_percent,
        "source": provider,
        "at": iso(ticker.timestamp or at_ms),
        "note": note,
    }


def failed_row(pair: str, why: str) -> dict[str, Any]:
    """The row of a market that has no price, with the reason."""
    return {
        "symbol": pair[:60],
        "price": None,
        "change_percent": None,
        "source": None,
        "at": None,
        "note": why,
    }
