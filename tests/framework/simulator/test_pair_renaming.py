"""One pair's sample playing others."""

import pytest

from coinmux.framework.plugins.provider_info import ProviderInfo
from coinmux.framework.reference.symbols import Symbol, SymbolStyle
from coinmux.framework.simulator.pair_renaming import Renaming, playable
from coinmux.framework.simulator.price_model import PAIRS


def info(name="acme", symbols=None, quotes=None):
    return ProviderInfo(
        name=name, title="Acme", category="market", base_url="https://a.example",
        symbols=symbols, quotes=quotes,
    )  # fmt: skip


DASH = SymbolStyle(separator="-")
KRAKEN = SymbolStyle(aliases={"BTC": "XBT", "DOGE": "XDG"})
LOWER = SymbolStyle(case="lower")


@pytest.mark.parametrize(
    ("style", "other", "old", "new"),
    [
        (DASH, "ETH/EUR", "BTC-USD", "ETH-EUR"),
        (DASH, "ETH/EUR", "btc-usd", "eth-eur"),
        (DASH, "ETH/EUR", "BTC/USD", "ETH/EUR"),
        (DASH, "ETH/EUR", "BTCUSD", "ETHEUR"),
        (DASH, "ETH/EUR", "btc", "eth"),
        (DASH, "ETH/EUR", "USD", "EUR"),
        (DASH, "ETH/BTC", "BTC-USD", "ETH-BTC"),
        (DASH, "ETH/BTC", "BTC", "ETH"),
        (DASH, "ETH/EUR", "SPOT:BTC-USD", "SPOT:ETH-EUR"),
        (DASH, "ETH/EUR", "a BTC-USD b", "a BTC-USD b"),
        (DASH, "ETH/EUR", "SOL-USD", "SOL-USD"),
        (DASH, "ETH/EUR", "https://a.example/BTC-USD", "https://a.example/BTC-USD"),
        (KRAKEN, "ETH/EUR", "XBTUSD", "ETHEUR"),
        (KRAKEN, "DOGE/USD", "XBTUSD", "XDGUSD"),
        (KRAKEN, "ETH/EUR", "XXBTZUSD", "ETHEUR"),
        (KRAKEN, "ETH/EUR", "XBT/USD", "ETH/EUR"),
        (LOWER, "ETH/EUR", "btcusd", "etheur"),
        (LOWER, "ETH/EUR", "BTCUSD", "ETHEUR"),
    ],
)
def test_whole_strings_are_renamed(style, other, old, new):
    """In the source's spelling and the usual ones, in either case; nothing inside other text."""
    assert Renaming.of(info(symbols=style), Symbol("BTC/USD"), Symbol(other)).text(old) == new


def test_keys_values_and_lists_are_renamed():
    """All through a document, with numbers and other strings left alone."""
    renaming = Renaming.of(info(symbols=LOWER), Symbol("BTC/USD"), Symbol("ETH/USDT"))
    body = {"pair": "btcusd", "volume": {"BTC": "3.5", "USD": 7, "at": 1}, "list": [["BTC", None]]}
    assert renaming.value(body) == {
        "pair": "ethusdt",
        "volume": {"ETH": "3.5", "USDT": 7, "at": 1},
        "list": [["ETH", None]],
    }


def test_sources_with_ids_are_renamed_by_ids():
    """CoinGecko's bitcoin becomes its solana, also behind a colon."""
    renaming = Renaming.of(info("coingecko"), Symbol("BTC/USD"), Symbol("SOL/EUR"))
    assert renaming.value(["bitcoin", "Bitcoin", "usd", "coingecko:bitcoin"]) == [
        "solana", "Solana", "eur", "coingecko:solana",
    ]  # fmt: skip


def test_what_can_be_played():
    """Every other pair of the market, of the quotes served, and of coins the source has ids of."""
    pair = Symbol("BTC/USDT")
    assert set(playable(info(symbols=DASH), pair)) == set(PAIRS) - {pair}
    assert set(playable(info(symbols=DASH, quotes=frozenset({"USD"})), pair)) == {
        one for one in PAIRS if one.quote == "USD"
    }
    assert playable(info("unheard_of"), pair) == []
    assert playable(info(symbols=DASH), Symbol("PEPE/USDT")) == []
