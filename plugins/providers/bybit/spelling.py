"""How Bybit spells pairs, intervals, sides and tickers, in REST and on its socket."""

from typing import Any

from coinmux import SymbolStyle
from coinmux import models as m

STYLE = SymbolStyle()
INTERVALS = {
    "1m": "1", "3m": "3", "5m": "5", "15m": "15", "30m": "30", "1h": "60", "2h": "120",
    "4h": "240", "6h": "360", "12h": "720", "1d": "D", "1w": "W", "1M": "M",
}  # fmt: skip
SIDES = {"Buy": "buy", "Sell": "sell"}


def ticker_of(row: Any, query: m.TickerQuery, *, timestamp: Any, bid: Any, ask: Any) -> m.Ticker:
    """A row of an answer, or the data of the socket, which has neither bid nor ask."""
    return m.Ticker.of(
        query,
        timestamp=timestamp,
        last=row["lastPrice"],
        bid=bid,
        ask=ask,
        open=m.optional(row, "prevPrice24h"),
        high=m.optional(row, "highPrice24h"),
        low=m.optional(row, "lowPrice24h"),
        change_fraction=m.optional(row, "price24hPcnt"),
        volume_base=m.optional(row, "volume24h"),
        volume_quote=m.optional(row, "turnover24h"),
    )
