"""How HTX spells pairs and the lengths of candles, in its answers and on its socket."""

from coinmux import SymbolStyle

#: It keeps the name of the coin it listed first; ours of that coin -> that name.
ALIASES = {
    "BITCOINFILE": "BIFI", "FTXUSERSDEBT": "FUD", "GAMECOM": "GTC", "GFNGL": "NGL",
    "HITCHAIN": "HIT", "PENTA": "PNT", "SOULSAVER": "SOUL", "SUPERBITCOIN": "SBTC",
    "THEMIS": "GET",
}  # fmt: skip
STYLE = SymbolStyle(case="lower", aliases=ALIASES, strangers=frozenset(ALIASES.values()))
INTERVALS = {
    "1m": "1min", "5m": "5min", "15m": "15min", "30m": "30min", "1h": "60min", "4h": "4hour",
}  # fmt: skip
