"""How MEXC spells pairs and the lengths of candles, in its answers and on its socket."""

from coinmux import SymbolStyle

#: It keeps the name of the coin it listed first; ours of that coin -> that name.
ALIASES = {
    "BEYOND": "BEYONDPROTOCOL", "BEYONDFI": "BYN", "BIFIF": "BIFI", "COFIX": "COFI",
    "DFISTARTER": "DFI", "DFUTURE": "DFT", "EGORASCREDIT": "EGC", "FLUX": "FLUX1",
    "FLUX1": "FLUX", "FREEROSSDAO": "FREE", "GAS": "GASNEO", "GASDAO": "GAS", "GMT": "STEPN",
    "GMTTOKEN": "GMT", "MIMOSA": "MIMO", "PROSFINANCE": "PROS", "SINCITYTOKEN": "SIN",
    "SOULSWAP": "SOUL", "STEPHERO": "HERO",
}  # fmt: skip
STYLE = SymbolStyle(aliases=ALIASES, strangers=frozenset(ALIASES.values()) - ALIASES.keys())
INTERVALS = {
    "1m": "1m", "5m": "5m", "15m": "15m", "30m": "30m", "1h": "60m", "4h": "4h", "8h": "8h",
    "1d": "1d", "1w": "1W", "1M": "1M",
}  # fmt: skip
