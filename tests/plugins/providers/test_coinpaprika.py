"""CoinPaprika: averages over exchanges, ids instead of tickers, and what a 402 means."""

from __future__ import annotations

import pytest

from coinmux import (
    AssetId,
    AuthRefused,
    BadStatus,
    CoinsQuery,
    Implausible,
    NotOffered,
    QuotaExhausted,
    RateLimited,
    TickerQuery,
    UnknownSymbol,
)
from coinmux.framework.reference.assets import AssetDirectory, AssetTable
from coinmux.framework.testing.clock import FakeClock
from coinmux.plugins.providers import coinpaprika
from tests.plugins.sample_replay import ask, mapped, play, recording, samples

BTC = AssetId("btc-bitcoin", "Bitcoin")


@pytest.mark.parametrize("sample", samples("coinpaprika"))
async def test_samples(sample):
    """Each sample's requests are made as written and come to its outcome."""
    await play("coinpaprika", sample)


@pytest.mark.parametrize(
    ("case", "at"),
    [("ticker_btc_bitcoin", 1_643_566_988_000), ("ticker_btc_bitcoin_3", None)],
)
def test_recorded_tickers(case, at):
    """Recorded tickers have a price, a change in percent and a time in milliseconds."""
    body = recording("coinpaprika", case)["response"]["body"]
    ticker = coinpaprika.parse_ticker(body, TickerQuery(symbol="BTC/USD"), BTC)
    assert ticker.last == body["quotes"]["USD"]["price"]
    assert ticker.change_percent == body["quotes"]["USD"]["percent_change_24h"]
    assert at in (None, ticker.timestamp)
    assert (ticker.high, ticker.volume_base, ticker.volume_quote) == (None, None, None)


def test_a_recorded_ticker_reads_as_a_coin():
    """The list has rows of the same shape."""
    body = [recording("coinpaprika", "ticker_btc_bitcoin")["response"]["body"]]
    (coin,) = coinpaprika.parse_coins(body, CoinsQuery()).coins
    assert (coin.id, coin.symbol, coin.rank) == ("btc-bitcoin", "BTC", 1)
    assert coin.market_cap == 720916758464
    assert coin.circulating_supply == 18944294


async def test_a_recorded_search_settles_an_ambiguous_ticker():
    """Of two coins of ticker ENS in a recorded search the one that ranks higher is taken."""
    body = recording("coinpaprika", "symbols_search")["response"]["body"]
    assert [row["id"] for row in body["currencies"] if row["symbol"] == "ENS"] == [
        "ens-ethereum-name-service",
        "ens-ethereum-name-servicw",
    ]
    found = coinpaprika.parse_search(body)
    assert all(candidate.rank != 0 for candidate in found)

    async def search(asset):
        return found

    directory = AssetDirectory("coinpaprika", AssetTable([]), FakeClock())
    assert (await directory.resolve("ENS", search)).id == "ens-ethereum-name-service"


async def test_the_choice_among_coins_of_one_ticker_is_said():
    """Coins that do not trade any more are left out, and a rank of 0 is none."""
    (sample,) = [p.values[0] for p in samples("coinpaprika") if p.id == "ticker_searched"]
    ticker = await play("coinpaprika", sample)
    assert ticker.notes == (
        "PEPE2 taken as coinpaprika id 'pepe2-pepe-20' (rank 1410, best of 2 of that ticker)",
    )


def test_coins_are_paged_by_rank():
    """The list is cut into pages by rank, unranked coins last."""
    (sample,) = [p.values[0] for p in samples("coinpaprika") if p.id == "coins"]
    body = sample["exchanges"][0]["response"]["body"]
    pages = [
        coinpaprika.parse_coins(body, CoinsQuery(page=page, per_page=3)).coins for page in (1, 2, 3)
    ]
    assert [[coin.symbol for coin in page] for page in pages] == [
        ["BTC", "ETH", "XRP"],
        ["ZZZ"],
        [],
    ]
    assert pages[1][0].rank is None


def test_usdt_is_no_quote():
    """A pair in USDT is never asked, so never answered in USD."""
    quotes = coinpaprika.provider_info().quotes
    assert {"USD", "EUR", "BTC", "ETH"} <= quotes
    assert not {"USDT", "USDC", "DAI"} & quotes


def test_another_coin_in_the_answer_is_refused():
    """An answer about another id than the one asked for is no answer."""
    with pytest.raises(Implausible):
        coinpaprika.parse_ticker({"id": "bch-bitcoin-cash"}, TickerQuery(symbol="BTC/USD"), BTC)


def test_no_candles():
    """The free plan has one day of them, so none are promised."""
    assert not hasattr(coinpaprika, "fetch_candles")


@pytest.mark.parametrize(
    ("status", "said", "error"),
    [
        (402, "payment required", QuotaExhausted),
        (402, "historical data is not allowed in this plan", NotOffered),
        (403, "invalid api key", AuthRefused),
        (404, "id not found", UnknownSymbol),
        (400, "invalid quote currency", NotOffered),
        (400, "invalid parameter", BadStatus),
        (429, "too many requests", RateLimited),
        (500, "internal", BadStatus),
    ],
)
def test_errors(status, said, error):
    """The status and the message together say what is wrong; the rest is left to the status."""
    query = TickerQuery(symbol="BTC/USD")
    assert type(mapped("coinpaprika", status, {"error": said}, query)) is error


async def test_the_key_goes_bare_and_to_its_host():
    """A paid key is sent as it is, without Bearer, to the paid host."""
    (sample,) = [p.values[0] for p in samples("coinpaprika") if p.id == "ticker"]
    _, client = await ask(
        "coinpaprika", "ticker", sample["query"], sample["exchanges"], {"COINPAPRIKA_API_KEY": "k1"}
    )
    assert b"Authorization: k1\r\n" in client.heads[0]
    assert b"api-pro.coinpaprika.com" in client.heads[0]
