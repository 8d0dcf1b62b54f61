"""Pairs: what is read, what is refused, and what round-trips."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinmux import (
    Implausible,
    InvalidSymbol,
    Symbol,
    SymbolStyle,
    UnknownSymbol,
)

ASSETS = frozenset({"BTC", "ETH", "USDT", "SOL"})
asset = st.from_regex(r"[A-Z0-9]{1,12}", fullmatch=True)


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
        ("FOOUSDT", "FOO/USDT"),
        ("PEPE2", "PEPE2/USDT"),
    ],
)
def test_people_may_write_a_pair_in_any_usual_way(text, pair):
    assert Symbol.parse(text, assets=ASSETS) == pair


@pytest.mark.parametrize(
    "text", ["", "/", "BTC/", "BTC/BTC", "a b", "BTC/USD/T", "Ж/USD", "x" * 99]
)
def test_what_is_no_pair_is_refused(text):
    with pytest.raises(InvalidSymbol):
        Symbol.parse(text, assets=ASSETS)


def test_a_joined_spelling_with_two_readings_is_refused_with_both():
    with pytest.raises(InvalidSymbol) as caught:
        Symbol.parse("FOOBUSD", assets=ASSETS)
    assert caught.value.extra["known"] == ["FOO/BUSD", "FOOB/USD"]


def test_a_bare_quote_needs_another_quote():
    with pytest.raises(InvalidSymbol):
        Symbol.parse("USDT", assets=ASSETS)


@given(asset, asset)
def test_a_pair_survives_printing_and_reading(base, quote):
    if base == quote:
        return
    symbol = Symbol.of(base, quote)
    assert Symbol.parse(str(symbol)) == symbol
    assert Symbol.parse(symbol.join("-").lower()) == symbol
    copy = pickle.loads(pickle.dumps(symbol))
    assert (copy, copy.base, copy.quote) == (symbol, base, quote)


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
