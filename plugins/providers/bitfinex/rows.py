"""Rows that Bitfinex gives by REST and on its socket alike: figures by their place."""

from typing import Any

from coinmux import models as m

#: Figures of a ticker.
WHOLE = 10


def ticker_of(row: Any, query: m.TickerQuery, timestamp: Any = None) -> m.Ticker:
    """The relative change is a fraction; neither pair nor time is named.

    Args:
        timestamp: of the message that has the row, in Unix ms.
    """
    if type(row) is list and len(row) >= WHOLE:
        bid, _, ask, _, moved, fraction, last, volume, high, low = row[:WHOLE]
        return m.Ticker.of(
            query, timestamp=timestamp, last=last, bid=bid, ask=ask, moved=moved, high=high,
            low=low, change_fraction=fraction, volume_base=volume,
        )  # fmt: skip
    # Of a row that is cut off, what is missing is said.
    return m.Ticker.of(
        query,
        timestamp=timestamp,
        last=m.required(row, 6),
        bid=m.optional(row, 0, name="bid"),
        ask=m.optional(row, 2, name="ask"),
        moved=m.optional(row, 4, name="open"),
        high=m.optional(row, 8, name="high"),
        low=m.optional(row, 9, name="low"),
        change_fraction=m.optional(row, 5, name="change_percent"),
        volume_base=m.optional(row, 7, name="volume_base"),
    )


def trade_of(row: Any) -> m.Trade:
    """The taker sold where the amount is negative."""
    amount = m.number(m.required(row, 2))
    if not amount:
        raise ValueError("a trade of nothing")
    return m.Trade.of(
        id=row[0],
        timestamp=row[1],
        side="buy" if amount > 0 else "sell",
        price=row[3],
        amount=abs(amount),
    )
