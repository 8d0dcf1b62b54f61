"""Who answers in place of the providers that are down."""

import pytest

from coinmux.server.monitoring.capability_traffic import CapabilityRate, helpers_of

RATES = {
    "ticker": CapabilityRate(100, 0, ("coinbase", "bybit")),
    "trades": CapabilityRate(10, 0, ("bybit",)),
    "gas": CapabilityRate(5, 0, ("infura", "nodes")),
    "news": CapabilityRate(9, 0, ("cryptopanic",)),
}


@pytest.mark.parametrize(
    ("down", "named"),
    [
        ({"binance": {"ticker", "trades"}}, ["bybit", "coinbase"]),
        (
            {"binance": {"ticker"}, "nodes": {"gas"}, "feeds": {"news"}},
            ["coinbase", "infura", "cryptopanic", "bybit"],
        ),
        ({"binance": {"candles"}}, []),
    ],
    ids=["one down", "each has its own first", "nobody asks for it"],
)
def test_the_busiest_for_each_are_named_first(down, named):
    assert helpers_of(down, RATES) == named
