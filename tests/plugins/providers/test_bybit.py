"""Bybit: spot among other categories, two kinds of 403, and fractions for percent."""

from __future__ import annotations

import pytest

from coinmux import (
    AuthRefused,
    BadStatus,
    CandlesQuery,
    GeoBlocked,
    Implausible,
    OrderBookQuery,
    RateLimited,
    TickerQuery,
    TradesQuery,
    UnknownSymbol,
)
from coinmux.plugins.providers import bybit
from tests.plugins.exchange_checks import comparable, recordings
from tests.plugins.sample_replay import ask, exchange, mapped, recording, samples

LEFT_OUT = {
    "candles_market_index_price_kline": "of an index, rows of 5",
    "candles_market_mark_price_kline": "of mark prices, rows of 5",
    "symbols_market_instruments_info_2": "of a perpetual: read in a test of its own",
    "symbols_public_symbols": "version 2 of the API",
    "ticker_market_delivery_price": "of options",
    "ticker_market_tickers_2": "of options",
    "ticker_public_tickers": "version 2 of the API",
}
QUERIES = {
    "orderbook_market_orderbook": {"symbol": "BTC/USDT", "depth": 2},
    "ticker_market_tickers_4": {"symbol": "BTC/USDT"},
    "trades_market_recent_trade": {"symbol": "BTC/USDT"},
}
BTC = TickerQuery(symbol="BTC/USDT")


@pytest.mark.parametrize("sample", samples("bybit"))
async def test_samples(sample, play_sample):
    """Each sample's requests are made as written and come to its outcome."""
    await play_sample("bybit", sample)


@pytest.mark.parametrize("sample", comparable("bybit"))
async def test_ccxt_reads_the_same(sample, agrees_with_ccxt):
    """The same bytes mean the same to ccxt."""
    await agrees_with_ccxt("bybit", sample, exchange="bybit")


@pytest.mark.parametrize("case", recordings("bybit", LEFT_OUT))
async def test_recordings(case, replay_recording):
    """Recorded answers of version 5 come to what was published with them."""
    await replay_recording("bybit", "bybit", case, QUERIES[case])


def test_a_recorded_instrument_reads_as_a_market():
    """Perpetuals name base and quote as spot does; before launch one is not active."""
    body = recording("bybit", "symbols_market_instruments_info_2")["response"]["body"]
    (market,) = bybit.parse_markets(body, None).markets
    assert (market.symbol, market.native, market.active) == (
        "PRE02ZRO/USDT",
        "PRE02ZROUSDT",
        False,
    )


def test_spot_is_always_asked():
    """No request leaves the category to Bybit, which would take the perpetual."""
    for parameter in samples("bybit"):
        for one in parameter.values[0]["exchanges"]:
            assert one["request"]["params"]["category"] == "spot"


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ({"limit": 10}, {"limit": "10"}),
        ({"limit": 10, "end": 1_763_996_400_000}, {"end": "1763996400000", "limit": "10"}),
        (
            {"limit": 10, "start": 1_763_900_000_000},
            {"start": "1763900000000", "end": "1763935999999", "limit": "1000"},
        ),
        (
            {"limit": 10, "start": 1_763_900_000_000, "end": 1_763_907_200_000},
            {"start": "1763900000000", "end": "1763907200000", "limit": "1000"},
        ),
    ],
    ids=["latest", "until", "from", "between"],
)
async def test_ranges_of_candles(query, asked):
    """The first candles from a start are asked for by an end, since a count gives the latest."""
    params = {"category": "spot", "symbol": "BTCUSDT", "interval": "60", **asked}
    rows = {"retCode": 0, "result": {"symbol": "BTCUSDT", "list": _rows(query)}}
    candles, _ = await ask(
        "bybit",
        "candles",
        {"symbol": "BTC/USDT", **query},
        [exchange("/v5/market/kline", params, rows)],
    )
    assert len(candles) == 1


def _rows(query):
    at = query.get("start", 1_763_899_200_000) // 3_600_000 * 3_600_000 + 3_600_000
    return [[str(at), "10", "12", "9", "11", "1", "10"]]


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (403, "403, access too frequent", RateLimited),
        (403, "<p>configured to block access from your country.</p>", GeoBlocked),
        (403, "<p>Forbidden</p>", BadStatus),
        (429, {"retCode": 10006, "retMsg": "Too many visits!"}, RateLimited),
        (200, {"retCode": 10018, "retMsg": "Exceeded the IP Rate Limit."}, RateLimited),
        (200, {"retCode": 10009, "retMsg": "IP has been banned."}, GeoBlocked),
        (200, {"retCode": 10004, "retMsg": "Error sign"}, AuthRefused),
        (200, {"retCode": 10029, "retMsg": "invalid symbol"}, UnknownSymbol),
        (200, {"retCode": 10001, "retMsg": "Not supported symbols"}, UnknownSymbol),
        (200, {"retCode": 10001, "retMsg": "params error"}, BadStatus),
        (404, {"retCode": 10017, "retMsg": "Route not found."}, BadStatus),
        (200, {"retCode": 99999, "retMsg": "something new"}, BadStatus),
        (200, {"retCode": 0, "result": {}}, type(None)),
        (200, {"retCode": "0", "result": {}}, type(None)),
        (502, "<p>Bad gateway</p>", BadStatus),
    ],
)
def test_errors(status, body, error):
    """Codes decide; an unknown one is a failure; a 403 is read by its words."""
    assert type(mapped("bybit", status, body, BTC)) is error


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({"x-bapi-limit-reset-timestamp": "1764000002500"}, 2.5),
        ({"x-bapi-limit-reset-timestamp": "1764000000001"}, 1.0),
        ({"x-bapi-limit-reset-timestamp": "1763999999000"}, None),
        ({"x-bapi-limit-reset-timestamp": "soon"}, None),
        ({}, None),
    ],
)
def test_the_wait_is_read_off_the_header(headers, wait_s):
    """Seconds from the answer's own time to the reset, at least one; else none is told."""
    body = {"retCode": 10006, "retMsg": "Too many visits!", "time": 1_764_000_000_000}
    error = mapped("bybit", 200, body, BTC, headers)
    assert error.retry_after_s == wait_s


def test_an_exceeded_address_waits_ten_minutes():
    """The ban of an address lasts ten minutes."""
    assert mapped("bybit", 403, "access too frequent", BTC).retry_after_s == 600


def test_no_prices_are_none():
    """An empty string or a zero is no price."""
    (sample,) = [p.values[0] for p in samples("bybit") if p.id == "ticker"]
    body = sample["exchanges"][0]["response"]["body"]
    row = body["result"]["list"][0] | {"bid1Price": "", "ask1Price": "0", "price24hPcnt": ""}
    ticker = bybit.parse_ticker(body | {"result": {"list": [row]}}, BTC)
    assert (ticker.bid, ticker.ask, ticker.change_percent) == (None, None, None)


@pytest.mark.parametrize("capability", ["ticker", "candles", "order_book", "trades"])
def test_another_pair_in_the_answer_is_refused(capability):
    """Every answer about one pair names it (E2)."""
    (sample,) = [p.values[0] for p in samples("bybit") if p.id == capability]
    body = sample["exchanges"][0]["response"]["body"]
    query = {"ticker": TickerQuery, "candles": CandlesQuery, "trades": TradesQuery}.get(
        capability, OrderBookQuery
    )(symbol="ETH/USDT")
    with pytest.raises(Implausible):
        getattr(bybit, f"parse_{capability}")(body, query)
