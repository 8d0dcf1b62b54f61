"""How Kraken spells pairs and intervals, in REST and on its sockets."""

from coinmux import SymbolStyle

#: Its LUNA, UST and REP are the old coins of those names: Terra Classic's, and Augur's first.
STYLE = SymbolStyle(
    aliases={
        "BTC": "XBT", "DOGE": "XDG", "LUNA": "LUNA2", "LUNC": "LUNA", "REP": "REPV2",
        "REPV1": "REP", "USTC": "UST",
    },
    strangers=frozenset({"UST"}),
)  # fmt: skip
#: On its sockets, where Bitcoin and Dogecoin have the names everybody gives them.
LIVE = SymbolStyle(
    separator="/",
    aliases={ours: theirs for ours, theirs in STYLE.aliases.items() if ours not in ("BTC", "DOGE")},
    strangers=STYLE.strangers,
)
#: In minutes. Its week is left out: the day on which it begins is documented nowhere.
INTERVALS = {
    "1m": "1", "5m": "5", "15m": "15", "30m": "30", "1h": "60", "4h": "240", "1d": "1440",
}  # fmt: skip
