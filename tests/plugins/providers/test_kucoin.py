"""KuCoin: success with nothing in it, nanoseconds, and names that stay when coins are renamed."""

from __future__ import annotations

import pytest

from coinmux import (
    AuthRefused,
    BadStatus,
    CandlesQuery,
    GeoBlocked,
    Implausible,
    MarketsQuery,
    RateLimited,
    Symbol,
    TickerQuery,
    UnknownSymbol,
)
from coinmux.plugins.providers import kucoin
from tests.plugins.exchange_checks import comparable, recordings
from tests.plugins.sample_replay import ask, exchange, mapped, play, samples

LEFT_OUT = {
    "listing_v1_markets": "groups of markets",
    "symbols_v3_currencies": "currencies, not pairs",
    "ticker_market_alltickers": "of all pairs; the rows read as tickers in a test of its own",
    "ticker_market_alltickers_2": "version 1 of 2018",
    "ticker_market_stats_2": "version 1 of 2018",
    "ticker_orderbook_level1_2": "an address that is not asked",
}
QUERIES = {
    "candles_market_candles": {"symbol": "BTC/USDT", "interval": "1h", "start": 1706628191000},
    "orderbook_orderbook_level2_2": {"symbol": "BTC/USDT", "depth": 20},
    "trades_market_histories_2": {"symbol": "BTC/USDT"},
}
BTC = TickerQuery(symbol="BTC/USDT")
NOW_MS = 1_764_000_000_000
HOUR_S = 3600


@pytest.mark.parametrize("sample", samples("kucoin"))
async def test_samples(sample, play_sample):
    """Each sample's requests are made as written and come to its outcome."""
    await play_sample("kucoin", sample)


@pytest.mark.parametrize("sample", comparable("kucoin"))
async def test_ccxt_reads_the_same(sample, agrees_with_ccxt):
    """The same bytes mean the same to ccxt."""
    path = sample["exchanges"][0]["request"]["path"]
    params = {"limit": 20} if path.endswith("level2_20") else None
    await agrees_with_ccxt("kucoin", sample, exchange="kucoin", params=params)


@pytest.mark.parametrize("case", recordings("kucoin", LEFT_OUT))
async def test_recordings(case, replay_recording):
    """Recorded answers come to what was published with them."""
    await replay_recording("kucoin", "kucoin", case, QUERIES[case])


async def test_the_price_of_a_day_ago_is_the_last_less_the_change():
    """Open is computed in decimals, from what moved since; without that it is not told."""
    (sample,) = [p.values[0] for p in samples("kucoin") if p.id == "ticker"]
    row = sample["exchanges"][0]["response"]["body"]["data"]
    assert (await play("kucoin", sample)).open == 87688.1
    for moved in (None, row["last"]):
        body = {"data": row | {"changePrice": moved, "changeRate": None, "buy": "0", "sell": None}}
        ticker = kucoin.parse_ticker(body, BTC)
        assert (ticker.open, ticker.change_percent) == (None, None)
        assert (ticker.bid, ticker.ask) == (None, None)


@pytest.mark.parametrize(
    ("query", "start_s", "end_s"),
    [
        ({"limit": 8}, NOW_MS // 1000 - 8 * HOUR_S, NOW_MS // 1000),
        ({"limit": 8, "end": NOW_MS - 1}, NOW_MS // 1000 - 8 * HOUR_S, NOW_MS // 1000 - 1),
        ({"limit": 2, "start": NOW_MS - 36_000_000}, 1_763_964_000, 1_763_964_000 + 2 * HOUR_S - 1),
        ({"limit": 900, "start": NOW_MS - 36_000_000}, 1_763_964_000, NOW_MS // 1000),
        ({"limit": 1000, "interval": "1M"}, 0, NOW_MS // 1000),
    ],
    ids=["latest", "until", "from", "from-to-now", "before-1970"],
)
async def test_bounds_are_made_from_the_count(query, start_s, end_s):
    """Bounds are in seconds, the end excluded, and never before 1970."""
    kind = {"1M": "1month"}.get(query.get("interval", ""), "1hour")
    params = {"symbol": "BTC-USDT", "type": kind}
    params |= {"startAt": str(start_s), "endAt": str(end_s + 1)}
    at = (end_s - 1) // HOUR_S * HOUR_S
    body = {"code": "200000", "data": [[str(at), "10", "11", "12", "9", "1", "10"]]}
    candles, _ = await ask(
        "kucoin",
        "candles",
        {"symbol": "BTC/USDT", **query},
        [exchange("/api/v1/market/candles", params, body)],
    )
    assert candles.timestamp.tolist() == [at * 1000]
    assert (candles.close[0], candles.high[0], candles.low[0]) == (11, 12, 9)


@pytest.mark.parametrize(("depth", "levels"), [(1, 20), (20, 20), (21, 100), (500, 100)])
async def test_the_smaller_book_that_has_enough_is_asked(depth, levels):
    """There are two books without a key, of 20 and of 100 levels."""
    book = {"time": NOW_MS, "sequence": "1", "bids": [["9", "1"]], "asks": [["10", "1"]]}
    path = f"/api/v1/market/orderbook/level2_{levels}"
    exchanges = [exchange(path, {"symbol": "BTC-USDT"}, {"code": "200000", "data": book})]
    found, _ = await ask("kucoin", "order_book", {"symbol": "BTC/USDT", "depth": depth}, exchanges)
    assert found.bids == ((9, 1),)


def test_a_coin_keeps_its_first_name_there():
    """ALT is asked for as KALT, and what it calls ALT is another coin."""
    assert kucoin.STYLE.native(Symbol("ALT/USDT")) == "KALT-USDT"
    rows = [
        {"symbol": f"{base}-USDT", "baseCurrency": base, "quoteCurrency": "USDT"}
        | {"enableTrading": True}
        for base in ("KALT", "ALT", "BCHSV")
    ]
    markets = kucoin.parse_markets({"data": rows}, MarketsQuery()).markets
    assert [market.symbol.base for market in markets] == ["ALT", "APTOSLAUNCHTOKEN", "BSV"]
    assert [kucoin.STYLE.native(market.symbol) for market in markets] == [
        market.native for market in markets
    ]


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (200, {"code": "200000", "data": None}, UnknownSymbol),
        (200, {"code": "200000"}, UnknownSymbol),
        (200, {"code": "900001", "msg": "Trading pair X-Y does not exist."}, UnknownSymbol),
        (400, {"code": "400100", "msg": "Unsupported trading pair."}, UnknownSymbol),
        (400, {"code": "400100", "msg": "Parameter Error"}, BadStatus),
        (429, {"code": "429000", "msg": "Too Many Requests"}, RateLimited),
        (200, {"code": "429000", "msg": "Too Many Requests"}, RateLimited),
        (403, {"code": "400500", "msg": "region"}, GeoBlocked),
        (401, {"code": "400003", "msg": "KC-API-KEY not exists"}, AuthRefused),
        (400, {"code": "400007", "msg": "Access denied"}, AuthRefused),
        (404, {"code": "404000", "msg": "Url Not Found"}, BadStatus),
        (200, {"code": "500000", "msg": "Internal Server Error"}, BadStatus),
        (200, {"code": "123456", "msg": "something new"}, BadStatus),
        (200, {"code": "200000", "data": []}, type(None)),
        (503, {"message": "no envelope"}, BadStatus),
        (502, "<p>Bad gateway</p>", BadStatus),
    ],
)
def test_errors(status, body, error):
    """Codes decide, whatever the status; an unknown one is a failure."""
    assert type(mapped("kucoin", status, body, BTC)) is error


def test_no_data_of_no_pair_is_no_unknown_symbol():
    """The list of markets names no pair that could be unknown."""
    assert mapped("kucoin", 200, {"code": "200000", "data": None}, MarketsQuery()) is None


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [({"gw-ratelimit-reset": "8400"}, 8.4), ({"gw-ratelimit-reset": "12"}, 1.0), ({}, None)],
)
def test_the_wait_is_read_off_the_header(headers, wait_s):
    """Milliseconds until the window ends, at least a second; else none is told."""
    error = mapped("kucoin", 429, {"code": "429000", "msg": ""}, BTC, headers)
    assert error.retry_after_s == wait_s


def test_the_edge_blocks_for_half_a_minute():
    """A 429 of HTML is the edge's."""
    assert mapped("kucoin", 429, "<html>1015", BTC, is_json=False).retry_after_s == 30


def test_another_pair_in_the_answer_is_refused():
    """The ticker names its pair (E2)."""
    (sample,) = [p.values[0] for p in samples("kucoin") if p.id == "ticker"]
    with pytest.raises(Implausible):
        kucoin.parse_ticker(
            sample["exchanges"][0]["response"]["body"], TickerQuery(symbol="ETH/USDT")
        )


def test_candles_are_in_the_order_of_its_columns():
    """A row whose close were read as its high would be refused."""
    query = CandlesQuery(symbol="BTC/USDT")
    rows = [["1763996400", "10", "9.5", "12", "9", "1", "10"]]
    assert kucoin.parse_candles({"data": rows}, query).close[0] == 9.5
