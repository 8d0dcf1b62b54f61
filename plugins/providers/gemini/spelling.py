"""How Gemini spells pairs and intervals, in REST and on its socket."""

from coinmux import SymbolStyle

STYLE = SymbolStyle(case="lower")
INTERVALS = {
    "1m": "1m", "5m": "5m", "15m": "15m", "30m": "30m", "1h": "1hr",
}  # fmt: skip
