"""Pairs: what is read, what is refused, and what round-trips."""

import pickle
import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from coinmux import (
    Implausible,
    InvalidSymbol,
    Symbol,
    SymbolStyle,
    UnknownSymbol,
)
from coinmux.framework.reference.tickers import SAME_COIN, read_asset

ASSETS = frozenset({"BTC", "ETH", "USDT", "SOL"})
asset = st.from_regex(r"[A-Z0-9]{1,12}", fullmatch=True) | st.text("币安人生ЯЖΩあア", min_size=1)


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("BTC/USDT", "BTC/USDT"),
        ("btc-usdt", "BTC/USDT"),
        ("Btc_Usdt", "BTC/USDT"),
        ("BTCUSDT", "BTC/USDT"),
        ("btcusd", "BTC/USD"),
        ("BTC", "BTC/USDT"),
        (" eth ", "ETH/USDT"),
        ("BTCTUSD", "BTC/TUSD"),
        ("PEPE2", "PEPE2/USDT"),
        ("币安人生/USDT", "币安人生/USDT"),
        ("币安人生", "币安人生/USDT"),
        ("я-usdt", "Я/USDT"),
        ("हिन्दी/USDT", "हिन्दी/USDT"),
        ("usdc.e_USDT", "USDC.E/USDT"),
        ("$wif/usdt", "$WIF/USDT"),
        ("\uff22\uff34\uff23/USDT", "BTC/USDT"),
        ("BTCU", "BTCU/USDT"),
        ("XBT/USD", "BTC/USD"),
        ("XXBTZUSD", "BTC/USD"),
        ("xethxxbt", "ETH/BTC"),
        ("xbt", "BTC/USDT"),
        ("XBTUSD", "BTC/USD"),
        ("XDG-EUR", "DOGE/EUR"),
        ("XXBT/EUR", "BTC/EUR"),
        ("ETH/XBT", "ETH/BTC"),
        ("BCHSV/USDT", "BSV/USDT"),
    ],
)
def test_people_may_write_a_pair_in_any_usual_way(text, pair):
    assert Symbol.parse(text, assets=ASSETS) == pair


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "BTC/",
        "BTC/BTC",
        "XBT/BTC",
        "a b",
        "BTC/USD/T",
        "x" * 99,
        "🐻/USDT",
        "BTC/\u202eUSD",
        "BTC\x00/USD",
        "BTC/US\u200bD",
        "./USDT",
        "USDC./USDT",
    ],
)
def test_what_is_no_pair_is_refused(text):
    with pytest.raises(InvalidSymbol):
        Symbol.parse(text, assets=ASSETS)


@pytest.mark.parametrize(
    ("text", "ways"),
    [
        ("FOOBUSD", ["FOO/BUSD", "FOOB/USD", "FOOBUSD/USDT"]),
        ("FOOUSDT", ["FOO/USDT", "FOOUSDT/USDT"]),
        ("WBETH", ["WB/ETH", "WBETH/USDT"]),
        ("rseth", ["RS/ETH", "RSETH/USDT"]),
        ("SUSDE", ["S/USDE", "SUSDE/USDT"]),
        ("币安人生USDT", ["币安人生/USDT", "币安人生USDT/USDT"]),
        ("USDTUSD", ["USD/TUSD", "USDT/USD"]),
    ],
)
def test_a_joined_spelling_is_cut_only_where_the_base_is_known_else_every_reading_is_named(
    text, ways
):
    with pytest.raises(InvalidSymbol) as caught:
        Symbol.parse(text, assets=ASSETS)
    assert caught.value.extra["known"] == caught.value.extra["did_you_mean"] == ways


def test_a_pair_that_a_source_lists_decides_where_the_base_is_not_known():
    markets = frozenset({"FOO/USDT", "WBETH/USDT"})
    assert Symbol.parse("FOOUSDT", assets=ASSETS, markets=markets) == "FOO/USDT"
    assert Symbol.parse("WBETH", assets=ASSETS, markets=markets) == "WBETH/USDT"
    with pytest.raises(InvalidSymbol):
        Symbol.parse("FOOUSDT", assets=ASSETS, markets=markets | {"FOOUSDT/USDT"})


def test_the_shipped_table_knows_the_bases_where_no_other_does():
    assert Symbol.parse("LINKUSDT") == "LINK/USDT"
    assert Symbol.parse("stETH") == "STETH/USDT"


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("BTC:USDT", ["BTC/USDT"]),
        ("BTC USDT", ["BTC/USDT"]),
        ("btc|eth", ["BTC/ETH"]),
        ("BTC–USDT", ["BTC/USDT"]),  # noqa: RUF001 - a dash as word processors write it
        ("BTC → USDT", ["BTC/USDT"]),
        ("BINANCE:BTCUSDT", ["BTC/USDT"]),
        ("kraken:XBT/USD", ["BTC/USD"]),
        ("BTC%2FUSDT", ["BTC/USDT"]),
        ("eth%252Fbtc", ["ETH/BTC"]),
        ("BTC\u200b/USDT", ["BTC/USDT"]),
    ],
)
def test_what_is_nearly_a_pair_is_refused_with_the_pair_it_may_mean(text, means):
    with pytest.raises(InvalidSymbol) as caught:
        Symbol.parse(text, assets=ASSETS)
    assert caught.value.extra["did_you_mean"] == means


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("BTC/USDT:USDT", ["BTC/USDT"]),
        ("ETH/BTC:BTC", ["ETH/BTC"]),
        ("BTC-PERP", ["BTC/USDT"]),
        ("BTC-USDT-SWAP", ["BTC/USDT"]),
        ("BTCPERP", ["BTC/USDT"]),
        ("BTCUSDT.P", ["BTC/USDT"]),
        ("BTCUSD_PERP", ["BTC/USD"]),
        ("BTC-27DEC24", ["BTC/USDT"]),
        ("BTC-25DEC", ["BTC/USDT"]),
        ("ETH-240628", ["ETH/USDT"]),
    ],
)
def test_a_contract_is_called_one_and_the_spot_pair_is_named(text, means):
    with pytest.raises(InvalidSymbol, match="derivative") as caught:
        Symbol.parse(text, assets=ASSETS)
    assert caught.value.extra["did_you_mean"] == means


def test_a_coin_named_as_contracts_are_is_a_coin():
    assert Symbol.parse("PERP/USDT", assets=ASSETS) == "PERP/USDT"
    assert Symbol.parse("PERP", assets=ASSETS) == "PERP/USDT"


def test_a_bare_quote_needs_another_quote():
    with pytest.raises(InvalidSymbol):
        Symbol.parse("USDT", assets=ASSETS)


def contract_or_alias(symbol):
    """A name that is read as another, or as that of a contract."""
    return bool({symbol.base, symbol.quote} & SAME_COIN.keys()) or bool(
        re.fullmatch(r"P|PERP.*|SWAP|FUTURES?|CFD|[0-9]{6,8}|[0-9]+[A-Z]{3}[0-9]+", symbol.quote)
    )


@given(asset, asset)
def test_a_pair_survives_printing_and_reading(base, quote):
    symbol = Symbol.of(base[:20], quote[:20])
    assume(symbol.base != symbol.quote and not contract_or_alias(symbol))
    assert Symbol.parse(str(symbol)) == symbol
    assert Symbol.parse(symbol.join("-").lower()) == symbol
    copy = pickle.loads(pickle.dumps(symbol))
    assert (copy, copy.base, copy.quote) == (symbol, symbol.base, symbol.quote)


def test_an_exchange_may_name_assets_differently():
    style = SymbolStyle(aliases={"BTC": "XBT"}, case="lower", separator="_")
    assert style.native(Symbol("BTC/EUR")) == "xbt_eur"
    assert style.asset("xbt") == "BTC"
    style.confirm(Symbol("BTC/EUR"), "XBT_EUR")


def test_a_name_that_means_another_coin_there_is_not_listed():
    style = SymbolStyle(strangers=frozenset({"BIFI"}))
    with pytest.raises(UnknownSymbol):
        style.native(Symbol("BIFI/USDT"))
    assert style.native(Symbol("BTC/USDT")) == "BTCUSDT"


@pytest.mark.parametrize("said", ["CANDYUSDT", "BTCUSD", "", None, 7])
def test_E2_an_answer_about_another_pair_is_refused(said):
    with pytest.raises(Implausible):
        SymbolStyle().confirm(Symbol("BTC/USDT"), said)


def test_a_name_the_source_has_for_another_asset_of_ours_is_no_name_of_ours():
    kraken = SymbolStyle(aliases={"BTC": "XBT", "LUNA": "LUNA2", "LUNC": "LUNA"})
    for pair in ("XBT/USD", "LUNA2/USD", "ETH/XBT"):
        with pytest.raises(UnknownSymbol):
            kraken.native(Symbol(pair))
    assert kraken.native(Symbol("LUNA/USD")) == "LUNA2USD"
    assert kraken.native(Symbol("LUNC/USD")) == "LUNAUSD"


@pytest.mark.parametrize(
    ("pair", "collides"),
    [
        ("BTCU/SDT", True),
        ("BT/CUSDT", True),
        ("ZZZU/SDT", True),
        ("ETHU/SDC", True),
        ("ARB/USD", True),
        ("AR/BUSD", True),
        ("BTCT/USD", True),
        ("XB/TUSD", True),
        ("USD/TUSD", True),
        ("BTC/USDT", False),
        ("BTC/TUSD", False),
        ("USDT/USD", False),
        ("ETH/BUSD", False),
        ("S/USDT", False),
        ("PEPE2/USDT", False),
    ],
)
def test_a_joined_spelling_that_is_another_pairs_too_is_recognised(pair, collides):
    assets = ASSETS | {"AR", "ARB", "S"}
    kraken = pair == "XB/TUSD"
    style = SymbolStyle(aliases={"BTC": "XBT"} if kraken else {})
    assert style.collides(Symbol(pair), assets) == collides
    assert not SymbolStyle(separator="-").collides(Symbol(pair), assets)


@pytest.mark.parametrize(
    ("text", "ticker"),
    [("btc", "BTC"), ("xbt", "BTC"), ("币安人生", "币安人生"), ("usdc.e", "USDC.E")],
)
def test_an_asset_is_read_in_any_case_and_script_and_by_our_name(text, ticker):
    assert read_asset(text) == ticker


@pytest.mark.parametrize("text", ["", " ", "a b", "x" * 21, "A/B", "🐻", "A\x07", ".E", "$", "$$"])
def test_what_is_no_ticker_is_refused(text):
    with pytest.raises(ValueError, match="ticker"):
        read_asset(text)
