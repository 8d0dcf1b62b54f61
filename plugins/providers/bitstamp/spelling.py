"""How Bitstamp spells pairs, in REST and on its socket."""

from coinmux import SymbolStyle

#: Its UST is the old coin of that name, Terra Classic's.
ALIASES = {"USTC": "UST"}
STYLE = SymbolStyle(case="lower", aliases=ALIASES)
