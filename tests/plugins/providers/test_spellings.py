"""How sources spell pairs whose coins go by other names there."""

import pytest

from coinmux import Symbol, UnknownSymbol
from coinmux import models as m
from coinmux.plugins.providers import bitstamp, coinbase_exchange, kraken


@pytest.mark.parametrize(
    ("style", "pair", "native"),
    [
        (coinbase_exchange.STYLE, "CELO/USD", "CGLD-USD"),
        (bitstamp.STYLE, "USTC/USD", "ustusd"),
        (kraken.STYLE, "BTC/USD", "XBTUSD"),
        (kraken.STYLE, "DOGE/BTC", "XDGXBT"),
    ],
)
def test_a_coin_is_asked_for_by_the_name_it_has_at_the_source(style, pair, native):
    assert style.native(Symbol(pair)) == native


@pytest.mark.parametrize(
    ("style", "pair"),
    [
        (coinbase_exchange.STYLE, "CGLD/USD"),
        (bitstamp.STYLE, "UST/USD"),
        (kraken.STYLE, "XBT/USD"),
        (kraken.STYLE, "XDG/EUR"),
        (kraken.STYLE, "REPV2/USD"),
    ],
)
def test_the_source_s_own_name_of_a_coin_is_no_pair_of_ours(style, pair):
    with pytest.raises(UnknownSymbol):
        style.native(Symbol(pair))


def test_lists_of_markets_name_coins_as_we_do():
    product = {
        "id": "CGLD-USD", "base_currency": "CGLD", "quote_currency": "USD", "status": "online",
        "trading_disabled": False,
    }  # fmt: skip
    (celo,) = coinbase_exchange.parse_markets([product], m.MarketsQuery()).markets
    row = {"name": "UST/USD", "market_symbol": "ustusd", "trading": "Enabled"}
    (ustc,) = bitstamp.parse_markets([row], m.MarketsQuery()).markets
    assert (celo.symbol, ustc.symbol) == ("CELO/USD", "USTC/USD")
