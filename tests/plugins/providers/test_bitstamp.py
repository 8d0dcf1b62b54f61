"""Bitstamp: slashes, midnight's open, what a 404 means, and whose side a trade has."""

from __future__ import annotations

import pytest

from coinmux import (
    BadStatus,
    CandlesQuery,
    Implausible,
    MarketsQuery,
    RateLimited,
    Reply,
    Symbol,
    TickerQuery,
    TradesQuery,
    UnknownSymbol,
)
from coinmux.plugins.providers import bitstamp
from tests.plugins.exchange_checks import comparable, recordings
from tests.plugins.sample_replay import (
    ask,
    exchange,
    mapped,
    mapped_reply,
    play,
    recording,
    samples,
)

#: Where ccxt takes another field of the same answer, or computes one.
DIFFERENCES = {
    "ticker.open": "ccxt takes the price at midnight UTC",
    "ticker.change_percent": "ccxt computes it from the price at midnight",
    "ticker.volume_quote": "ccxt multiplies the volume by a rounded average price",
}
QUERIES = {
    "candles_btcusdt": {"symbol": "BTC/USDT", "interval": "1h"},
    "ticker_btcusd": {"symbol": "BTC/USD"},
    "ticker_ticker_btcusd": {"symbol": "BTC/USD"},
    "trades_btcusd": {"symbol": "BTC/USD", "limit": 1000},
}
NOPE = TickerQuery(symbol="NOPE/USD")


@pytest.mark.parametrize("sample", samples("bitstamp"))
async def test_samples(sample, play_sample):
    """Each sample's requests are made as written and come to its outcome."""
    await play_sample("bitstamp", sample)


@pytest.mark.parametrize("sample", [p for p in comparable("bitstamp") if p.id != "order_book"])
async def test_ccxt_reads_the_same(sample, agrees_with_ccxt):
    """The same bytes mean the same to ccxt, but for three fields of the ticker."""
    reasons = DIFFERENCES if sample["capability"] == "ticker" else None
    await agrees_with_ccxt("bitstamp", sample, exchange="bitstamp", exceptions=reasons)


async def test_the_best_levels_of_the_whole_book_are_kept():
    """It sends the whole book: as many levels as asked are kept, the best."""
    (sample,) = [p.values[0] for p in samples("bitstamp") if p.id == "order_book"]
    body = sample["exchanges"][0]["response"]["body"]
    book = await play("bitstamp", sample)
    assert len(body["bids"]) == len(body["asks"]) == 25
    assert len(book.bids) == len(book.asks) == 5
    assert book.bids[0][0] == max(float(price) for price, _ in body["bids"])
    assert book.asks[0][0] == min(float(price) for price, _ in body["asks"])


@pytest.mark.parametrize("case", recordings("bitstamp", {}))
async def test_recordings(case, replay_recording):
    """Recorded answers come to what was published with them; the older tickers have less."""
    result = await replay_recording("bitstamp", "bitstamp", case, QUERIES[case])
    if case.startswith("ticker"):
        assert (result.open, result.change_percent) == (None, None)
        assert result.timestamp % 1000 == 0


def test_type_is_the_takers_side():
    """In recorded trades those of type 0 are at the ask and those of type 1 at the bid."""
    body = recording("bitstamp", "trades_btcusd")["response"]["body"]
    trades = bitstamp.parse_trades(body, TradesQuery(symbol="BTC/USD", limit=1000)).trades
    mean = {
        side: sum(prices) / len(prices)
        for side in ("buy", "sell")
        if (prices := [trade.price for trade in trades if trade.side == side])
    }
    assert mean["buy"] > mean["sell"]


def test_trades_of_one_second_keep_their_order():
    """It sends the newest first, in whole seconds."""
    row = {"date": "1763999990", "price": "10", "amount": "1", "type": "0"}
    body = [row | {"tid": tid} for tid in ("3", "2", "1")]
    trades = bitstamp.parse_trades(body, TradesQuery(symbol="BTC/USD")).trades
    assert [trade.id for trade in trades] == ["1", "2", "3"]


def test_every_path_ends_in_a_slash():
    """Without it a redirect would follow, and none is followed."""
    for parameter in samples("bitstamp"):
        for one in parameter.values[0]["exchanges"]:
            assert one["request"]["path"].endswith("/")


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ({}, {}),
        ({"end": 1_763_996_400_000}, {"end": "1763996400"}),
        ({"start": 1_763_960_400_000}, {"start": "1763960400", "end": "1763996399"}),
        (
            {"start": 1_763_960_400_000, "end": 1_763_964_000_000},
            {"start": "1763960400", "end": "1763964000"},
        ),
    ],
    ids=["latest", "until", "from", "between"],
)
async def test_ranges_of_candles(query, asked):
    """The first candles from a start are asked for by an end, in seconds."""
    row = {"timestamp": "1763960400", "open": "10", "high": "12", "low": "9", "close": "11"}
    body = {"data": {"pair": "BTC/USDT", "ohlc": [row | {"volume": "1"}]}}
    params = {"step": "3600", "limit": "10", **asked}
    candles, _ = await ask(
        "bitstamp",
        "candles",
        {"symbol": "BTC/USDT", "limit": 10, **query},
        [exchange("/ohlc/btcusdt/", params, body)],
    )
    assert candles.timestamp.tolist() == [1_763_960_400_000]


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (404, {"code": "404.003", "reason": "no such market"}, UnknownSymbol),
        (400, {"response_code": "400.003", "response_explanation": "unavailable"}, UnknownSymbol),
        (404, "<html>Page not found</html>", UnknownSymbol),
        (404, {"error": "not found"}, UnknownSymbol),
        (400, {"response_code": "400.002", "response_explanation": "limit"}, RateLimited),
        (400, {"code": "400.001", "reason": {"step": ["Invalid"]}}, BadStatus),
        (200, {"status": "error", "reason": "trouble"}, BadStatus),
        (500, {"response_code": "500.001"}, BadStatus),
        (403, "<html>blocked</html>", BadStatus),
        (429, "<html>slow down</html>", RateLimited),
        (200, [], type(None)),
    ],
)
def test_errors(status, body, error):
    """Codes decide where there are any, else the status."""
    reply = Reply(status, body, not isinstance(body, str), {})
    assert type(mapped_reply("bitstamp", reply, NOPE)) is error


@pytest.mark.parametrize("body", ["<html>Page not found</html>", {"error": "not found"}])
def test_a_sure_market_that_is_not_found_is_a_moved_page(body):
    """Of a market that is always there a 404 says that the API has moved (B7)."""
    assert type(mapped("bitstamp", 404, body, TickerQuery(symbol="BTC/USD"))) is BadStatus
    assert type(mapped("bitstamp", 404, body, MarketsQuery())) is BadStatus
    coded = {"code": "404.003", "reason": "no such market"}
    assert type(mapped("bitstamp", 404, coded, TickerQuery(symbol="BTC/USD"))) is UnknownSymbol


def test_another_pair_in_the_answer_is_refused():
    """Candles name their pair with a slash, and so do tickers at times (E2)."""
    body = {"data": {"pair": "ETH/USD", "ohlc": []}}
    with pytest.raises(Implausible):
        bitstamp.parse_candles(body, CandlesQuery(symbol="BTC/USD"))
    with pytest.raises(Implausible):
        bitstamp.parse_ticker({"pair": "ETH/USD"}, TickerQuery(symbol="BTC/USD"))


def test_perpetual_contracts_are_no_pairs():
    """What is not of the spot market is left out, and said."""
    rows = [
        {"name": "BTC/USD-PERP", "market_symbol": "btcusd-perp", "market_type": "PERPETUAL"},
        {"name": "BTC/USD", "market_symbol": "btcusd", "trading": "Enabled"},
    ]
    markets = bitstamp.parse_markets(rows, MarketsQuery())
    assert [market.symbol for market in markets.markets] == [Symbol("BTC/USD")]
    assert markets.notes
