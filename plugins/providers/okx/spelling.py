"""How OKX spells pairs, intervals, tickers and trades, in REST and on its sockets."""

from typing import Any

from coinmux import Symbol, SymbolStyle
from coinmux import models as m

STYLE = SymbolStyle(separator="-")
#: From 6 hours on, without `utc` they would open by Hong Kong time.
INTERVALS = {
    "1m": "1m", "3m": "3m", "5m": "5m", "15m": "15m", "30m": "30m", "1h": "1H", "2h": "2H",
    "4h": "4H", "6h": "6Hutc", "12h": "12Hutc", "1d": "1Dutc", "3d": "3Dutc", "1w": "1Wutc",
    "1M": "1Mutc",
}  # fmt: skip


def ticker_of(row: Any, query: m.TickerQuery) -> m.Ticker:
    """For spot `vol24h` is in base and `volCcy24h` in quote; an empty string stands for none."""
    STYLE.confirm(query.symbol, row["instId"])
    return m.Ticker.of(
        query,
        timestamp=m.optional(row, "ts"),
        last=row["last"],
        bid=m.optional(row, "bidPx"),
        ask=m.optional(row, "askPx"),
        open=m.optional(row, "open24h"),
        high=m.optional(row, "high24h"),
        low=m.optional(row, "low24h"),
        volume_base=m.optional(row, "vol24h"),
        volume_quote=m.optional(row, "volCcy24h"),
    )


def trade_of(row: Any, symbol: Symbol) -> m.Trade:
    """`side` is the taker's."""
    STYLE.confirm(symbol, row["instId"])
    return m.Trade.of(
        id=m.optional(row, "tradeId"),
        timestamp=row["ts"],
        side=m.optional(row, "side"),
        price=row["px"],
        amount=row["sz"],
    )
