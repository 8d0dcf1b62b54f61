"""CoinCap: figures as text, dollars only, credits by length, and what is left of version 2."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinmux import (
    AssetId,
    AuthRefused,
    BadStatus,
    CoinsQuery,
    Implausible,
    QuotaExhausted,
    RateLimited,
    TickerQuery,
    UnknownSymbol,
)
from coinmux.framework.reference.assets import AssetTable
from coinmux.plugins.providers import coincap
from tests.plugins.sample_replay import ask, mapped, play, samples

QUERY = TickerQuery(symbol="BTC/USD")
BTC = AssetId("bitcoin", "Bitcoin")


def sample(case):
    (found,) = [p.values[0] for p in samples("coincap") if p.id == case]
    return found


@pytest.mark.parametrize("sample", samples("coincap"))
async def test_samples(sample):
    """Each sample's requests are made as written and come to its outcome."""
    await play("coincap", sample)


@given(price=st.decimals("1e-18", "1e9", places=18), change=st.decimals(-99, 10_000, places=16))
def test_figures_are_decimals_of_dollars_and_percent(price, change):
    """Text of many digits comes out as the nearest float, in the unit it came in."""
    row = {"id": "bitcoin", "priceUsd": f"{price:f}", "changePercent24Hr": f"{change:f}"}
    ticker = coincap.parse_ticker({"data": row, "timestamp": 1}, QUERY, BTC)
    assert ticker.last == float(price)
    assert ticker.change_percent == float(change)


async def test_the_time_of_an_answer_is_not_that_of_its_price():
    """The answer tells when it was made, not how old the price is."""
    ticker = await play("coincap", sample("ticker"))
    assert ticker.timestamp is None
    unsaid = (ticker.bid, ticker.ask, ticker.high, ticker.low, ticker.volume_base)
    assert unsaid == (None,) * 5


@pytest.mark.parametrize("rank", ["7", 7])
def test_a_rank_is_a_number_as_text_or_plain(rank):
    """The vendor's page shows a number, its clients read text."""
    row = sample("coins")["exchanges"][0]["response"]["body"]["data"][0]
    (coin,) = coincap.parse_coins({"data": [row | {"rank": rank}]}, CoinsQuery()).coins
    assert coin.rank == 7


def test_a_coin_nobody_values_has_no_figures():
    """What is null there is null here."""
    body = sample("coins")["exchanges"][0]["response"]["body"]
    coin = coincap.parse_coins(body, CoinsQuery()).coins[-1]
    assert (coin.market_cap, coin.volume_24h, coin.circulating_supply) == (None, None, None)
    assert coin.price == 1.12345e-7


def test_dollars_only():
    """A pair in USDT is never asked, so never answered in USD."""
    assert coincap.provider_info().quotes == {"USD"}


async def test_the_choice_among_coins_of_one_ticker_is_said():
    """A coin outside the table is the largest of its ticker, and the answer says so."""
    ticker = await play("coincap", sample("ticker_searched"))
    assert ticker.notes == (
        "PEPE2 taken as coincap id 'pepe-2' (rank 1203, best of 2 of that ticker)",
    )


def test_its_ids_are_not_coingeckos():
    """The table has its own names for the coins whose ids differ."""
    table = AssetTable.shipped()
    assert table.id_for("coincap", "XRP") == "xrp" != table.id_for("coingecko", "XRP")
    assert table.id_for("coincap", "BNB") == "binance-coin"


def test_another_coin_in_the_answer_is_refused():
    """An answer about another id than the one asked for is no answer."""
    with pytest.raises(Implausible):
        coincap.parse_ticker({"data": {"id": "bitcoin-cash"}}, QUERY, BTC)


async def test_a_page_costs_credits_by_its_length():
    """The month's credits are spent by bytes: a long page weighs more than a short one."""
    weights = []

    class Scale:
        async def get_json(self, path, params, *, weight):
            weights.append(weight)
            return {"data": []}

    for per_page in (5, 250):
        await coincap.fetch_coins(query=CoinsQuery(per_page=per_page), http=Scale())
    assert weights == [2, 51]


def test_no_candles():
    """Its history is of single prices, so no candles are promised."""
    assert not hasattr(coincap, "fetch_candles")


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (404, {"error": "nope not found", "timestamp": 1}, UnknownSymbol),
        (429, {"error": "You are out of credits"}, QuotaExhausted),
        (403, {"error": "Not enough credits"}, QuotaExhausted),
        (429, {"error": "Too many requests"}, RateLimited),
        (401, {"error": "invalid key"}, AuthRefused),
        (404, {}, BadStatus),
        (200, {"data": {"message": "We are deprecating this version"}}, BadStatus),
        (200, {"data": {"id": "bitcoin"}}, type(None)),
        (500, {"error": {"message": "odd"}}, BadStatus),
    ],
)
def test_errors(status, body, error):
    """Credits, unknown coins and the notice of version 2 are told; the rest is the status's."""
    assert type(mapped("coincap", status, body, QUERY)) is error


async def test_the_key_goes_as_a_bearer():
    """It stands in a header, so in no address."""
    case = sample("ticker")
    _, client = await ask(
        "coincap", "ticker", case["query"], case["exchanges"], {"COINCAP_API_KEY": "k1"}
    )
    assert b"Authorization: Bearer k1\r\n" in client.heads[0]
