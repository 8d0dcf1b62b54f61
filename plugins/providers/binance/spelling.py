"""How Binance spells pairs and intervals, in REST and on its sockets."""

from coinmux import SymbolStyle

STYLE = SymbolStyle()
#: It spells all of them as we do: `1m` is a minute and `1M` a month.
INTERVALS = (
    "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w", "1M",
)  # fmt: skip
