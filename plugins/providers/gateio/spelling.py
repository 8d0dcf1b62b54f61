"""How Gate spells pairs and the lengths of candles, in its answers and on its socket."""

from coinmux import SymbolStyle

#: It keeps the name of the coin it listed first; ours of that coin -> that name.
ALIASES = {
    "ASSF": "ASS", "AXISDEFI": "AXIS", "BEYONDFI": "BYN", "BITCOINFILE": "BIFI",
    "DEFIBOX": "BOX", "GAMECOM": "GTC", "GATEPOINT": "POINT", "GOOSEFINANCE": "EGG",
    "HITCHAIN": "HIT", "MILLION": "MM", "MORPHER": "MPH", "MPH": "88MPH",
    "RAIREFLEXINDEX": "RAI", "SUPERBITCOIN": "SBTC", "TRACO": "TRAC",
    "TRINITYNETWORKCREDIT": "TNC", "VAIOT": "VAI", "XREATORS": "ORT",
}  # fmt: skip
STYLE = SymbolStyle(
    separator="_", aliases=ALIASES, strangers=frozenset(ALIASES.values()) - ALIASES.keys()
)
INTERVALS = {
    "1m": "1m", "5m": "5m", "15m": "15m", "30m": "30m", "1h": "1h", "4h": "4h", "8h": "8h",
    "1d": "1d", "1w": "7d", "1M": "30d",
}  # fmt: skip
