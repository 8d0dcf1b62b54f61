"""What one message of a live feed says of a market: trades, a change of its book, a candle.

A ticker feed says whole `Ticker`s, a feed of trades `Trade`s and `TradeMark`s.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

#: What can be followed.
STREAMED = ("ticker", "trades", "order_book", "candles")
#: A price or an amount as a message has it: text, or the number it was written as.
Written = str | int | float


class BookChange(msgspec.Struct, frozen=True):
    """One message about an order book: the whole of it, or the levels that changed.

    Attributes:
        bids, asks: rows that begin with price and size, in the order they were sent; size 0 removes
            the level. A price may be there twice: the later row counts.
        is_whole: whether it replaces the book; else it changes it.
        first, last: sequence numbers of the first and last change it holds; None without numbers.
        previous: the number of the message it follows, where the source tells that.
        checksum: of the book after it, as the source computes it.
        timestamp: Unix ms.
    """

    bids: Sequence[Sequence[Written]]
    asks: Sequence[Sequence[Written]]
    is_whole: bool = False
    first: int | None = None
    last: int | None = None
    previous: int | None = None
    checksum: int | None = None
    timestamp: int | None = None


class TradeMark(msgspec.Struct, frozen=True):
    """The newest trade a source has sent; where it was not read, trades were lost.

    Attributes:
        id: of that trade, as in `Trade.id`.
        timestamp: Unix ms of the mark.
    """

    id: str
    timestamp: int | None = None


class LiveCandle(msgspec.Struct, frozen=True):
    """A candle as it is now.

    Attributes:
        timestamp: Unix ms at which it opens.
        open, high, low, close: prices in quote.
        volume: in base units; None where the feed has none.
        is_closed: whether it will not change any more; None where the source does not say, so that
            it is closed when the next begins or its time is over.
    """

    timestamp: int
    open: Written
    high: Written
    low: Written
    close: Written
    volume: Written | None = None
    is_closed: bool | None = None
