"""How KuCoin spells pairs and the lengths of candles, in its answers and on its socket."""

from coinmux import SymbolStyle

#: It keeps a coin's first name for good, so that a later coin of that name gets another.
STYLE = SymbolStyle(
    separator="-",
    aliases={"ALT": "KALT", "APTOSLAUNCHTOKEN": "ALT", "BSV": "BCHSV", "WAXP": "WAX"},
    strangers=frozenset({"BIFI", "FUD", "VAI"}),
)
INTERVALS = {
    "1m": "1min", "3m": "3min", "5m": "5min", "15m": "15min", "30m": "30min", "1h": "1hour",
    "2h": "2hour", "4h": "4hour", "6h": "6hour", "8h": "8hour", "12h": "12hour", "1d": "1day",
    "1M": "1month",
}  # fmt: skip
