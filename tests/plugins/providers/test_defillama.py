"""DefiLlama: prices by CoinGecko's ids, value locked by chain and protocol."""

from __future__ import annotations

import pytest

from coinmux import AssetId, BadStatus, NotOffered, TickerQuery, TvlQuery, UnknownSymbol
from coinmux.plugins.providers import defillama
from tests.plugins.sample_replay import ask, mapped, play, recording, samples

BITCOIN = AssetId("bitcoin", "Bitcoin")


@pytest.mark.parametrize("sample", samples("defillama"))
async def test_samples(sample):
    """Each sample's requests are made as written and come to its outcome."""
    await play("defillama", sample)


@pytest.mark.parametrize(
    "case",
    [
        "historical_price_1604437979_coingecko_binancecoin",
        "historical_price_1726451200_coingecko_matic_network",
        "ticker_current_base_0x4e74d4db6c0726ccded4656d0bce448876bb4c",
        "ticker_current_coingecko_arbitrum_coingecko_chainlink",
        "ticker_current_coingecko_bitcoin_coingecko_ethereum",
        "ticker_current_coingecko_ethereum",
        "ticker_current_solana_9becn9apemhspbpqefgjidriekki46fvqdypps",
        "ticker_current_solana_dtr4d9ftvotx2569gal837zgrb6wnjj6tkmnx9",
    ],
)
def test_recorded_prices(case):
    """Each coin of a recorded answer has its price and a time in milliseconds."""
    held = recording("defillama", case)
    body = held["response"]["body"]
    for coin, row in body["coins"].items():
        ticker = defillama.parse_ticker(
            body, TickerQuery(symbol="X/USD"), coin, AssetId(coin, coin)
        )
        assert ticker.last == held.get("expected", {}).get("price", row["price"])
        assert ticker.timestamp == row["timestamp"] * 1000
        assert ticker.notes == ()


def test_a_low_confidence_is_said():
    """A price DefiLlama itself is not sure of comes with a note."""
    row = {"price": 1.5, "timestamp": 1_764_000_000, "confidence": 0.7}
    body = {"coins": {"coingecko:bitcoin": row}}
    query = TickerQuery(symbol="BTC/USD")
    ticker = defillama.parse_ticker(body, query, "coingecko:bitcoin", BITCOIN)
    assert ticker.notes == ("DefiLlama gives this price a confidence of 0.7 of 1",)


async def test_a_coin_outside_the_table_costs_no_request():
    """There is no list to look a ticker up in."""
    with pytest.raises(UnknownSymbol):
        await ask("defillama", "ticker", {"symbol": "NOSUCHCOIN/USD"}, [])


def test_usd_is_the_only_quote():
    """A pair in USDT is never asked, so never answered in USD."""
    assert defillama.provider_info().quotes == {"USD"}


async def test_one_protocol_on_one_chain_is_not_offered():
    """A figure for a protocol on all chains is not passed off as that on one."""
    with pytest.raises(NotOffered):
        await ask("defillama", "tvl", {"protocol": "aave", "chain": "Ethereum"}, [])


def test_days_are_bounded():
    """Of a long history the latest 400 days are kept, oldest first, in milliseconds."""
    body = [{"date": 1_600_000_000 + day * 86_400, "tvl": day} for day in range(1_500)]
    tvl = defillama.parse_chain(body, TvlQuery(chain="Ethereum"))
    assert len(tvl.points) == 400
    assert tvl.points[-1] == ((1_600_000_000 + 1_499 * 86_400) * 1000, 1499.0)
    assert tvl.points[0] < tvl.points[1]
    assert (tvl.tvl_usd, tvl.timestamp) == (1499.0, tvl.points[-1][0])


def test_no_days_are_no_chain():
    """An empty history means that the chain is not measured."""
    with pytest.raises(UnknownSymbol):
        defillama.parse_chain([], TvlQuery(chain="Nochain"))


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, {"message": "Protocol is not in our database"}, UnknownSymbol),
        (404, "Not found", UnknownSymbol),
        (400, "Protocol not found", UnknownSymbol),
        (200, {"statusCode": 400, "body": "There is no chain with that name"}, UnknownSymbol),
        (200, 0, NotOffered),
        (200, 12.5, type(None)),
        (500, "Internal Error", BadStatus),
        (404, "<html>Not found</html>", BadStatus),
    ],
)
def test_errors(status, body, error):
    """Unknown names are recognised in each form; a protocol at 0 is not the source's failure."""
    assert type(mapped("defillama", status, body, TvlQuery(protocol="aave"))) is error


def test_a_price_is_never_taken_for_an_unknown_name():
    """Prices have their own way of not knowing a coin."""
    assert type(mapped("defillama", 404, "Not found", TickerQuery(symbol="BTC/USD"))) is BadStatus
