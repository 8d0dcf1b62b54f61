"""How Bitfinex spells pairs and intervals, in REST and on its socket."""

from coinmux import Symbol, SymbolStyle

#: Where its name of a coin is not ours, by its own map of currencies and its renamings.
ALIASES = {
    "ABYSS": "ABS", "AION": "AIO", "ALGO": "ALG", "AMPL": "AMP", "ATOM": "ATO", "BCH": "BCHN",
    "DASH": "DSH", "DATA": "DAT", "EURS": "EUS", "EURT": "EUT", "HT": "HTX", "ID": "IDX",
    "IOTA": "IOT", "IQ": "IQX", "LUNA": "LUNA2", "LUNC": "LUNA", "MANA": "MNA", "MDOGE": "DOG",
    "PASS": "PAS", "PNT": "EDO", "QASH": "QSH", "QTUM": "QTM", "RBTC": "RBT", "SNGLS": "SNG",
    "STORJ": "STJ", "TUSD": "TSD", "USDC": "UDC", "USDT": "UST", "USTC": "TERRAUST",
    "VSYS": "VSY", "WAXP": "WAX", "WBTC": "WBT", "XCHF": "XCH", "XEC": "BCHABC", "YEED": "YGG",
    "YOYOW": "YYW", "ZB": "ZBT",
}  # fmt: skip
#: Money of its paper trading.
PAPER = frozenset({"TESTUSD", "TESTUSDT"})
#: Length of a name in a pair that is written without a colon.
SHORT = 3


class BitfinexStyle(SymbolStyle):
    """`tBTCUSD`, but `tDOGE:USD`."""

    __slots__ = ()

    def native(self, symbol: Symbol) -> str:
        """See `SymbolStyle.native`."""
        pair = super().native(symbol)
        base, _, quote = pair.partition(":")
        return f"t{base}{quote}" if len(base) == len(quote) == SHORT else f"t{pair}"


STYLE = BitfinexStyle(
    separator=":",
    aliases=ALIASES,
    strangers=frozenset(ALIASES.values()) - ALIASES.keys() | PAPER,
)
INTERVALS = {
    "1m": "1m", "5m": "5m", "15m": "15m", "30m": "30m", "1h": "1h", "6h": "6h", "12h": "12h",
    "1d": "1D", "1w": "1W", "1M": "1M",
}  # fmt: skip
