"""What a fault makes of a row or of its frames. Pure."""

from __future__ import annotations

from dataclasses import fields, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from coinmux.framework.simulator.sockets.channel import Channel
from coinmux.framework.simulator.sockets.speech import BookNow, CandleNow, TickerNow, TradeNow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coinmux.framework.plugins.socket_dialect import Frame
    from coinmux.framework.simulator.sockets.live_market import LiveMarket
    from coinmux.framework.simulator.sockets.speech import Follow, Levels, Row

_PRICES = frozenset({"last", "bid", "ask", "open", "high", "low", "close", "price"})
#: Bytes that are no frame of the protocol: a reserved bit is set, and the length is absurd.
NO_FRAME = b"\xf7\xff\xff\xff\xff\xff\xff\xff\xff\xff what is this"


def twisted(
    kind: str, percent: float, row: Row, follow: Follow, other: LiveMarket | None
) -> tuple[Follow, Row] | None:
    """The row with what is wrong about it, and what it claims to be of.

    Args:
        percent: of `feed_lie`.
        other: another market, for `feed_wrong_symbol`.

    Returns:
        None where the fault does not fit such a row.
    """
    if kind == "feed_lie":
        return follow, _priced(row, Decimal(1) + Decimal(percent) / 100)
    if kind == "feed_wrong_symbol" and other is not None:
        return _foreign(row, follow, other)
    if not isinstance(row, BookNow):
        return None
    if kind == "feed_checksum":
        return follow, replace(row, is_checksum_wrong=True)
    if kind == "feed_crossed" and row.all_asks:
        price, size = row.all_asks[0]
        # Rounded to the tick of the other prices.
        above = ((price * Decimal("1.001")).quantize(price), size)
        return follow, replace(row, bids=[above, *row.bids], all_bids=[above, *row.all_bids])
    return None


def half(frame: Frame) -> Frame:
    """The first half of a message."""
    return frame[: len(frame) // 2]


def fits(kind: str, row: Row) -> bool:
    """Whether a fault can be of such a row."""
    return isinstance(row, BookNow) or kind not in ("feed_checksum", "feed_crossed")


def _foreign(row: Row, follow: Follow, other: LiveMarket) -> tuple[Follow, Row]:
    at_ms = row.at_ms if isinstance(row, TickerNow | CandleNow | BookNow) else row[-1].at_ms
    theirs = replace(follow, pair=other.pair, past=3)
    told = Channel(theirs, other, at_ms).rows(at_ms)[0]
    if isinstance(row, BookNow) and isinstance(told, BookNow):
        told = replace(
            told, first=row.first, last=row.last, previous=row.previous, is_whole=row.is_whole
        )
    return theirs, told


def _priced(row: Row, factor: Decimal) -> Row:
    """The row with every price times a factor, rounded to its tick."""

    def lied(price: Decimal) -> Decimal:
        return (price * factor).quantize(price)

    def levels(side: Levels) -> Levels:
        return [(lied(price), size) for price, size in side]

    if isinstance(row, BookNow):
        return replace(
            row,
            bids=levels(row.bids),
            asks=levels(row.asks),
            all_bids=levels(row.all_bids),
            all_asks=levels(row.all_asks),
        )
    if isinstance(row, TickerNow | CandleNow):
        prices: dict[str, Any] = {
            one.name: lied(getattr(row, one.name)) for one in fields(row) if one.name in _PRICES
        }
        return replace(row, **prices)
    return _trades(row, factor)


def _trades(row: Sequence[TradeNow], factor: Decimal) -> Sequence[TradeNow]:
    return [replace(one, price=(one.price * factor).quantize(one.price)) for one in row]
