"""MEXC: a fraction called percent, ends that are not part of a range, and trades without ids."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinmux import (
    BadStatus,
    Banned,
    CandlesQuery,
    Implausible,
    MarketsQuery,
    RateLimited,
    Symbol,
    TickerQuery,
    TradesQuery,
    UnknownSymbol,
)
from coinmux.plugins.providers import mexc
from tests.plugins.exchange_checks import ccxt_reading, comparable, differences, recordings
from tests.plugins.sample_replay import ask, exchange, mapped, play, samples

OTHER = "an address that is not asked"
LEFT_OUT = {
    "orderbook_ticker_bookticker": OTHER,
    "symbols_v3_defaultsymbols": OTHER,
    "ticker_v3_avgprice": OTHER,
    "trades_v3_aggtrades_2": OTHER,
}
QUERIES = {
    "candles_v3_klines_2": {"symbol": "BTC/USDT", "interval": "1m"},
    "orderbook_v3_depth": {"symbol": "BTC/USDT", "depth": 1},
    "ticker_ticker_24hr": {"symbol": "BTC/USDT"},
    "ticker_ticker_24hr_2": {"symbol": "BTC/USDT"},
}
BTC = TickerQuery(symbol="BTC/USDT")
NOW_MS = 1_764_000_000_000
HOUR_MS = 3_600_000
TRADES = "spotPublicGetTrades"


@pytest.mark.parametrize("sample", samples("mexc"))
async def test_samples(sample, play_sample):
    """Each sample's requests are made as written and come to its outcome."""
    await play_sample("mexc", sample)


@pytest.mark.parametrize(
    "sample", [p for p in comparable("mexc") if p.values[0]["capability"] != "trades"]
)
async def test_ccxt_reads_the_same(sample, agrees_with_ccxt):
    """The same bytes mean the same to ccxt."""
    await agrees_with_ccxt("mexc", sample, exchange="mexc")


@pytest.mark.parametrize("name", ["trades", "trades_none"])
async def test_ccxt_reads_the_same_trades(name):
    """They mean the same to ccxt, which makes up the ids they do not have."""
    (sample,) = [p.values[0] for p in samples("mexc") if p.id == name]
    ours = await play("mexc", sample)
    theirs = ccxt_reading("mexc", sample, "mexc", {"method": TRADES})
    assert differences("trades", ours, [trade | {"id": None} for trade in theirs]) == {}


@pytest.mark.parametrize("case", recordings("mexc", LEFT_OUT))
async def test_recordings(case, replay_recording):
    """Recorded answers come to what was published with them."""
    await replay_recording("mexc", "mexc", case, QUERIES[case])


def _ticker(**told):
    row = dict.fromkeys(
        ("priceChangePercent", "bidPrice", "askPrice", "openPrice", "highPrice", "lowPrice")
    )
    row |= dict.fromkeys(("volume", "quoteVolume"))
    row |= {"symbol": "BTCUSDT", "lastPrice": "5", "closeTime": NOW_MS}
    return mexc.parse_ticker(row | told, BTC)


@given(st.decimals(-1, 50, places=8))
def test_the_change_is_a_fraction(rate):
    """0.0173 is 1.73 percent, to the last digit."""
    assert _ticker(priceChangePercent=str(rate)).change_percent == float(rate * Decimal(100))


@pytest.mark.parametrize("nothing", [None, "", "0"])
def test_what_a_ticker_lacks_is_not_told(nothing):
    """Null, an empty string and a price of zero stand for none."""
    prices = ("bidPrice", "askPrice", "openPrice", "highPrice", "lowPrice")
    ticker = _ticker(**dict.fromkeys(prices, nothing))
    assert (ticker.bid, ticker.ask, ticker.open, ticker.high, ticker.low) == (None,) * 5
    with pytest.raises(UnknownSymbol):
        _ticker(lastPrice=nothing)


@pytest.mark.parametrize(
    ("query", "start_ms", "end_ms", "limit"),
    [
        ({"limit": 8, "end": NOW_MS}, NOW_MS - 8 * HOUR_MS + 1, NOW_MS + 1, 8),
        ({"limit": 2, "start": NOW_MS - 36_000_000}, NOW_MS - 36_000_000, NOW_MS - 28_800_001, 2),
        (
            {"limit": 900, "start": NOW_MS - 36_000_000},
            NOW_MS - 36_000_000,
            NOW_MS - 36_000_000 + 500 * HOUR_MS - 1,
            500,
        ),
        (
            {"limit": 9, "start": NOW_MS - 36_000_000, "end": NOW_MS - 32_400_000},
            NOW_MS - 36_000_000,
            NOW_MS - 32_400_000 + 1,
            9,
        ),
    ],
    ids=["until", "from", "most", "range"],
)
async def test_a_range_has_both_ends(query, start_ms, end_ms, limit):
    """Its end is not part of a range there, so that ours is sent a millisecond later."""
    params = {"symbol": "BTCUSDT", "interval": "60m", "limit": str(limit)}
    params |= {"startTime": str(start_ms), "endTime": str(end_ms)}
    at = -(-start_ms // HOUR_MS) * HOUR_MS
    row = [at, "10", "12", "9", "11", "1", at + HOUR_MS, "10"]
    candles, _ = await ask(
        "mexc",
        "candles",
        {"symbol": "BTC/USDT", "interval": "1h", **query},
        [exchange("/api/v3/klines", params, [row])],
    )
    assert candles.timestamp.tolist() == [at]
    # Whether the end is excluded or not, as many opening times lie in the range as were asked for.
    for last in (end_ms, end_ms - 1):
        assert last // HOUR_MS - (start_ms - 1) // HOUR_MS <= limit


async def test_the_latest_are_asked_without_bounds():
    """A count alone; an hour is sixty minutes there."""
    params = {"symbol": "BTCUSDT", "interval": "60m", "limit": "500"}
    row = [NOW_MS, "10", "12", "9", "11", "1", NOW_MS + HOUR_MS, "10"]
    query = {"symbol": "BTC/USDT", "interval": "1h", "limit": 1000}
    candles, _ = await ask("mexc", "candles", query, [exchange("/api/v3/klines", params, [row])])
    assert candles.close[0] == 11


def test_no_candles_mean_no_such_pair_unless_a_range_was_asked():
    """An empty list is all that some unknown pairs get."""
    latest = CandlesQuery(symbol="BTC/USDT")
    with pytest.raises(UnknownSymbol):
        mexc.parse_candles([], latest)
    for bound in ("start", "end"):
        ranged = latest.model_copy(update={bound: NOW_MS})
        assert mexc.parse_candles([], ranged).is_empty()


@given(st.lists(st.tuples(st.integers(NOW_MS - 5, NOW_MS), st.booleans()), max_size=30))
def test_trades_of_one_moment_keep_their_order(rows):
    """Newest first there, newest last here; where the buyer was the maker, somebody sold."""
    rows.sort(key=lambda row: -row[0])
    body = [
        {"id": None, "price": "2", "qty": str(at + 1), "time": time, "isBuyerMaker": is_maker}
        for at, (time, is_maker) in enumerate(rows)
    ]
    trades = mexc.parse_trades(body, TradesQuery(symbol="BTC/USDT")).trades
    assert [trade.amount for trade in trades] == [float(at) for at in range(len(rows), 0, -1)]
    sides = ["sell" if is_maker else "buy" for _, is_maker in reversed(rows)]
    assert [trade.side for trade in trades] == sides
    assert {trade.id for trade in trades} <= {None}


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, {"code": -1121, "msg": "Invalid symbol."}, UnknownSymbol),
        (200, {"code": "-1121", "msg": "Invalid symbol."}, UnknownSymbol),
        (200, {"code": 10007, "msg": "bad symbol"}, UnknownSymbol),
        (400, {"code": -1128, "msg": "Combination of optional parameters invalid."}, BadStatus),
        (429, {"code": 429, "msg": "Too Many Requests"}, RateLimited),
        (418, {"code": 429, "msg": "Too Many Requests"}, Banned),
        (200, {"code": 429, "msg": "Too Many Requests"}, RateLimited),
        (200, {"code": 510, "msg": "too fast"}, RateLimited),
        (403, {"code": 403, "msg": "Access Denied"}, BadStatus),
        (200, {"code": 700003, "msg": "Timestamp outside of the recvWindow"}, BadStatus),
        (200, {"success": False, "code": 123456, "message": "something new"}, BadStatus),
        (200, {"code": 0, "msg": "success"}, type(None)),
        (200, {"code": 200, "msg": None}, type(None)),
        (200, {"code": None}, type(None)),
        (200, {"symbol": "BTCUSDT"}, type(None)),
        (200, [], type(None)),
    ],
)
def test_errors(status, body, error):
    """Codes decide, where the status does not already; an unknown one is a failure."""
    assert type(mapped("mexc", status, body, BTC)) is error


def test_the_firewall_refuses_for_ten_minutes():
    """A 403 that is no JSON is the firewall's; any other status is not."""
    assert mapped("mexc", 403, "<html>", BTC, is_json=False).retry_after_s == 600
    assert type(mapped("mexc", 502, "<html>", BTC, is_json=False)) is BadStatus


def test_a_pair_of_no_question_is_a_failure():
    """The list of markets names no pair that could be unknown."""
    assert type(mapped("mexc", 400, {"code": -1121, "msg": ""}, MarketsQuery())) is BadStatus


def test_another_pair_in_the_answer_is_refused():
    """The ticker names its pair (E2)."""
    with pytest.raises(Implausible):
        mexc.parse_ticker({"symbol": "BTCUSDT"}, TickerQuery(symbol="ETH/USDT"))


def test_a_coin_keeps_its_first_name_there():
    """GMT there is another token: STEPN's is asked for by the name of its project."""
    assert mexc.STYLE.native(Symbol("GMT/USDT")) == "STEPNUSDT"
    assert mexc.STYLE.native(Symbol("GMTTOKEN/USDT")) == "GMTUSDT"
    assert mexc.STYLE.native(Symbol("FLUX/USDT")) == "FLUX1USDT"
    with pytest.raises(UnknownSymbol):
        mexc.STYLE.native(Symbol("BIFI/USDT"))


def test_markets_are_listed_as_they_are_asked_for():
    """Two spellings of a status that is traded; coins by our names."""
    (sample,) = [p.values[0] for p in samples("mexc") if p.id == "markets"]
    found = mexc.parse_markets(sample["exchanges"][0]["response"]["body"], MarketsQuery())
    assert [(str(m.symbol), m.native, m.active) for m in found.markets] == [
        ("BTC/USDT", "BTCUSDT", True),
        ("ETH/BTC", "ETHBTC", True),
        ("SOL/USDC", "SOLUSDC", True),
        ("OGN/USDT", "OGNUSDT", False),
        ("GMTTOKEN/USDT", "GMTUSDT", True),
        ("GMT/USDT", "STEPNUSDT", True),
    ]
