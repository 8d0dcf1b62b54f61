"""Coinbase Exchange: samples, ccxt's reading of them, real answers, and its own ways."""

from __future__ import annotations

import pytest

from coinmux import BadStatus, CandlesQuery, RateLimited, TickerQuery, UnknownSymbol
from coinmux.plugins.providers import coinbase_exchange
from tests.plugins.exchange_checks import (
    agrees_with_ccxt,
    comparable,
    recordings,
    replay_recording,
)
from tests.plugins.sample_replay import mapped, play, recording, samples

FOLDER = "coinbaseexchange"
LEFT_OUT = {
    "candles_btc_eur_candles_2": "a year and a half with all but its ends cut out",
    "symbols_api_pro_coinbase_com_currencies": "currencies, which the provider does not ask for",
    "ticker_eth_usdt_stats": "half of a ticker; read with the other half below",
}
RECORDED = {
    "candles_btc_eur_candles": {
        "symbol": "BTC/EUR",
        "interval": "1d",
        "start": 1_609_459_200_000,
        "end": 1_609_977_600_000,
    },
    "candles_btc_usd_candles": {"symbol": "BTC/USD", "interval": "1m"},
    "orderbook_eth_usdt_book": {"symbol": "ETH/USDT"},
    "symbols_api_pro_coinbase_com_products": {},
    "symbols_api_pro_coinbase_com_products_3": {},
    "ticker_btc_usd_ticker": {"symbol": "BTC/USD"},
    "trades_btc_usdt_trades": {"symbol": "BTC/USDT"},
    "trades_eth_usdt_trades_2": {"symbol": "ETH/USDT"},
}
STATS = {"open": "250", "high": "640", "low": "240", "volume": "4661.7", "last": "246.28"}


@pytest.mark.parametrize("sample", samples("coinbase_exchange"))
async def test_samples(sample):
    """Each sample's requests are made as written and come to its outcome."""
    await play("coinbase_exchange", sample)


@pytest.mark.parametrize("sample", comparable("coinbase_exchange"))
async def test_ccxt_reads_the_same(sample):
    """ccxt makes the same figures of the same bytes."""
    await agrees_with_ccxt("coinbase_exchange", sample, exchange="coinbaseexchange")


@pytest.mark.parametrize("case", recordings(FOLDER, LEFT_OUT))
async def test_recordings(case):
    """Real answers are read, and to the result published with them."""
    beside = {"/stats": STATS}
    await replay_recording("coinbase_exchange", FOLDER, case, RECORDED[case], beside=beside)


def test_recorded_days_by_their_middle():
    """Low and high of the recorded days give the middle prices published with them."""
    held = recording(FOLDER, "candles_btc_eur_candles")
    query = CandlesQuery(symbol="BTC/EUR", interval="1d")
    candles = coinbase_exchange.parse_candles(held["response"]["body"], query)
    middle = ((candles.high + candles.low) / 2).tolist()
    published = [price for _, price in held["expected"]["prices"]]
    assert [middle[0], middle[-1]] == pytest.approx(published, abs=1e-9)


def test_recorded_stats():
    """The recorded 24 hours complete a quote."""
    stats = recording(FOLDER, "ticker_eth_usdt_stats")["response"]["body"]
    quote = {
        "price": stats["last"],
        "bid": "2609.9",
        "ask": "2610.1",
        "volume": stats["volume"],
        "time": "2022-01-30T17:42:43.5Z",
    }
    query = TickerQuery(symbol="ETH/USDT")
    ticker = coinbase_exchange.parse_ticker(quote, stats, query)
    assert (ticker.open, ticker.high, ticker.low) == (2564.61, 2640.63, 2563.1)
    assert ticker.change_percent == pytest.approx(1.7683, abs=1e-4)
    assert ticker.timestamp == 1_643_564_563_500


async def test_the_side_of_a_trade_is_the_takers():
    """A `buy` is the maker's: the taker sold to it."""
    (sample,) = [p.values[0] for p in samples("coinbase_exchange") if p.id == "trades"]
    makers = {str(r["trade_id"]): r["side"] for r in sample["exchanges"][0]["response"]["body"]}
    trades = (await play("coinbase_exchange", sample)).trades
    assert {(makers[trade.id], trade.side) for trade in trades} == {
        ("buy", "sell"),
        ("sell", "buy"),
    }


class Asked:
    """Keeps what a hook asks for."""

    def __init__(self):
        self.calls = []

    async def get_json(self, path, params=None, *, rows=None):
        self.calls.append((path, params))
        return []


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ({}, None, None),
        ({"start": 1_764_000_000_000}, "2025-11-24T16:00:00Z", "2025-11-25T02:00:00Z"),
        (
            {"start": 1_764_000_000_000, "end": 1_764_003_600_000},
            "2025-11-24T16:00:00Z",
            "2025-11-25T02:00:00Z",
        ),
        ({"end": 1_764_000_000_000}, "2025-11-24T06:00:00Z", "2025-11-24T16:00:00Z"),
    ],
    ids=["latest", "from", "between", "until"],
)
async def test_both_ends_of_a_range_or_neither(asked, start, end):
    """One bound alone would be ignored, so the other is worked out."""
    http = Asked()
    query = CandlesQuery(symbol="BTC/USD", interval="1h", limit=10, **asked)
    await coinbase_exchange.fetch_candles(query, http)
    path, params = http.calls[0]
    assert path == "/products/BTC-USD/candles"
    assert (params["granularity"], params["start"], params["end"]) == ("3600", start, end)


async def test_no_more_rows_are_asked_than_it_gives():
    """Of 300 intervals both ends count, 301 at most; a range of more is refused with a 400."""
    http = Asked()
    query = CandlesQuery(symbol="BTC/USD", interval="1m", limit=1000, start=1_764_000_000_000)
    await coinbase_exchange.fetch_candles(query, http)
    params = http.calls[0][1]
    assert (params["start"], params["end"]) == ("2025-11-24T16:00:00Z", "2025-11-24T21:00:00Z")


@pytest.mark.parametrize(
    ("status", "said", "error"),
    [
        (404, "NotFound", UnknownSymbol),
        (400, "Not allowed for delisted products", UnknownSymbol),
        (400, "Unsupported granularity", BadStatus),
        (429, "Public rate limit exceeded", RateLimited),
        (403, "Forbidden", BadStatus),
        (500, "Internal server error", BadStatus),
    ],
)
def test_errors(status, said, error):
    """What is not about the product is left to the status."""
    query = TickerQuery(symbol="BTC/USD")
    assert type(mapped("coinbase_exchange", status, {"message": said}, query)) is error


def test_a_missing_list_is_no_unknown_symbol():
    """A 404 of a question without a pair says nothing about one."""
    assert type(mapped("coinbase_exchange", 404, {"message": "NotFound"})) is BadStatus
