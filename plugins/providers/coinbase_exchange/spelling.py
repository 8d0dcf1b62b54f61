"""How Coinbase Exchange spells pairs, intervals and trades, in REST and on its socket."""

from typing import Any

from coinmux import SymbolStyle
from coinmux import models as m

STYLE = SymbolStyle(separator="-", aliases={"CELO": "CGLD"})
#: In seconds; there are no others.
INTERVALS = {"1m": "60", "5m": "300", "15m": "900", "1h": "3600", "6h": "21600", "1d": "86400"}
#: The side of a trade is its maker's; the taker did the opposite.
TAKER = {"buy": "sell", "sell": "buy"}


def trade_of(row: Any) -> m.Trade:
    """A trade of an answer, or a match of the socket."""
    return m.Trade.of(
        id=m.optional(row, "trade_id"),
        timestamp=m.iso_ms(row["time"]),
        side=m.read_word("side", TAKER, m.optional(row, "side")),
        price=row["price"],
        amount=row["size"],
    )
