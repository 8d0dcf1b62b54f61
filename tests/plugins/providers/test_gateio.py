"""Gate: rows in an order of their own, ranges without a count, and names that stay."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinmux import (
    INTERVALS,
    BadStatus,
    CandlesQuery,
    Implausible,
    MarketsQuery,
    NotOffered,
    RateLimited,
    Symbol,
    TickerQuery,
    TradesQuery,
    UnknownSymbol,
)
from coinmux.plugins.providers import gateio
from tests.plugins.exchange_checks import comparable, recordings
from tests.plugins.sample_replay import ask, exchange, mapped, recording, samples

OLD = "version 1 or 2"
LEFT_OUT = {
    "orderbook_orderbook_bch_usdt": OLD,
    "symbols_spot_currencies": "currencies, not pairs",
    "ticker_1_tickers_2": OLD,
}
QUERIES = {
    "candles_spot_candlesticks_2": {"symbol": "BTC/USDT", "interval": "1m"},
    "orderbook_spot_order_book_2": {"symbol": "GT/USDT"},
    "symbols_spot_currency_pairs": {},
    "symbols_spot_currency_pairs_2": {},
    "ticker_spot_tickers": {"symbol": "BTC/USDT"},
    "ticker_spot_tickers_2": {"symbol": "BTC/USDT"},
    "trades_spot_trades": {"symbol": "BTC/USDT", "limit": 1},
}
OPEN = {"ticker.open": "ccxt works it out of the change, which is rounded"}
BTC = TickerQuery(symbol="BTC/USDT")
NOW_S = 1_764_000_000
HOUR_S = 3600


@pytest.mark.parametrize("sample", samples("gateio"))
async def test_samples(sample, play_sample):
    """Each sample's requests are made as written and come to its outcome."""
    await play_sample("gateio", sample)


@pytest.mark.parametrize("sample", comparable("gateio"))
async def test_ccxt_reads_the_same(sample, agrees_with_ccxt):
    """The same bytes mean the same to ccxt."""
    exceptions = OPEN if sample["capability"] == "ticker" else None
    await agrees_with_ccxt("gateio", sample, exchange="gate", exceptions=exceptions)


@pytest.mark.parametrize("case", recordings("gateio", LEFT_OUT))
async def test_recordings(case, replay_recording):
    """Recorded answers come to what was published with them."""
    exceptions = {"open": OPEN["ticker.open"]} if case == "ticker_spot_tickers" else None
    await replay_recording("gateio", "gateio", case, QUERIES[case], exceptions=exceptions)


async def test_the_recorded_candle_hangs_together():
    """Its volume in the quote over that in the base is a price between low and high."""
    (row,) = recording("gateio", "candles_spot_candlesticks_2")["response"]["body"]
    candles = gateio.parse_candles([row], CandlesQuery(symbol="BTC/USDT", interval="1m"))
    assert candles.low[0] < float(row[1]) / candles.volume[0] < candles.high[0]


@given(
    st.integers(NOW_S - 10**8, NOW_S),
    st.tuples(*[st.floats(1, 1e6)] * 4).map(sorted),
    st.booleans(),
    st.floats(0, 1e9),
)
def test_each_column_is_the_one_it_says(time_s, sizes, rises, volume):
    """Seconds come to milliseconds; open stands fifth, after close, high and low."""
    low, one, other, high = sizes
    opened, closed = (one, other) if rises else (other, one)
    row = [str(time_s), "7", *(repr(p) for p in (closed, high, low, opened)), repr(volume), "true"]
    candles = gateio.parse_candles([row], CandlesQuery(symbol="BTC/USDT"))
    assert candles.to_numpy()[0].tolist() == [time_s * 1000, opened, high, low, closed, volume]


@given(ms=st.integers(1_300_000_000_000, 2_000_000_000_000), micros=st.integers(0, 999_999))
def test_a_trade_keeps_its_millisecond(ms, micros):
    """What is finer than a millisecond is cut off, not rounded up."""
    row = {"id": 1, "create_time_ms": f"{ms}.{micros:06d}", "currency_pair": "BTC_USDT"}
    row |= {"side": "buy", "amount": "1", "price": "2"}
    (trade,) = gateio.parse_trades([row], TradesQuery(symbol="BTC/USDT")).trades
    assert trade.timestamp == ms


@pytest.mark.parametrize(
    ("query", "start_s", "end_s"),
    [
        ({"limit": 8, "end": NOW_S * 1000}, NOW_S - 7 * HOUR_S, NOW_S),
        ({"limit": 8, "end": NOW_S * 1000 - 1}, NOW_S - 8 * HOUR_S, NOW_S - HOUR_S),
        ({"limit": 1000, "end": NOW_S * 1000 + 1}, NOW_S - 999 * HOUR_S, NOW_S),
        ({"limit": 2, "start": (NOW_S - 36_000) * 1000}, NOW_S - 36_000, NOW_S - 32_400),
        ({"limit": 2, "start": (NOW_S - 36_000) * 1000 - 1}, NOW_S - 36_000, NOW_S - 32_400),
        ({"limit": 2, "start": (NOW_S - 36_000) * 1000 + 1}, NOW_S - 32_400, NOW_S - 28_800),
        ({"limit": 900, "start": (NOW_S - 36_000) * 1000}, NOW_S - 36_000, NOW_S),
        (
            {"limit": 9, "start": (NOW_S - 36_000) * 1000, "end": (NOW_S - 32_400) * 1000 + 5},
            NOW_S - 36_000,
            NOW_S - 32_400,
        ),
    ],
    ids=["until", "until-inside", "most", "from", "before", "inside", "to-now", "range"],
)
async def test_a_range_is_that_of_the_count(query, start_s, end_s):
    """Bounds are in whole candles, both included, never more than were asked for, and no count."""
    params = {"currency_pair": "BTC_USDT", "interval": "1h", "from": str(start_s), "to": str(end_s)}
    row = [str(start_s), "10", "11", "12", "9", "10", "1", "true"]
    candles, _ = await ask(
        "gateio",
        "candles",
        {"symbol": "BTC/USDT", "interval": "1h", **query},
        [exchange("/spot/candlesticks", params, [row])],
    )
    assert candles.timestamp.tolist() == [start_s * 1000]


class Asked:
    """Keeps what a hook asks for."""

    def __init__(self):
        self.params = {}

    def now_ms(self):
        return NOW_S * 1000

    async def get_json(self, path, params, *, rows=None):
        self.params = params
        return [["1763996400", "10", "11", "12", "9", "10", "1", "true"]]


@given(
    interval=st.sampled_from(sorted(gateio.INTERVALS)),
    limit=st.integers(1, 1000),
    start=st.none() | st.integers(NOW_S * 1000 - 10**12 // 2, NOW_S * 1000),
    end=st.none() | st.integers(NOW_S * 1000, NOW_S * 1000 + 10**9),
)
async def test_no_range_holds_more_candles_than_it_gives(interval, limit, start, end):
    """The candles that a range touches are at most as many as were asked for."""
    http = Asked()
    query = CandlesQuery(symbol="BTC/USDT", interval=interval, limit=limit, start=start, end=end)
    await gateio.fetch_candles(query, http)
    if start is None and end is None:
        assert http.params["limit"] == limit
        assert "from" not in http.params
        return
    assert "limit" not in http.params
    first, last = http.params["from"], http.params["to"]
    assert 0 <= first <= last
    length_s = INTERVALS[interval]
    spare = 1 if interval in ("1w", "1M") else 0
    assert last // length_s - first // length_s + 1 <= limit + spare


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({"x-gate-ratelimit-reset-timestamp": str(NOW_S + 4)}, 4),
        ({"x-gate-ratelimit-reset-timestamp": str(NOW_S)}, 1),
        ({"x-gate-ratelimit-reset-timestamp": str(NOW_S * 1000)}, 10),
        ({"x-gate-ratelimit-reset-timestamp": "soon"}, 10),
        ({}, 10),
    ],
)
def test_the_wait_is_read_off_the_headers(headers, wait_s):
    """From the reply's date to the reset, at least a second and at most a window."""
    headers = {"date": "Mon, 24 Nov 2025 16:00:00 GMT", **headers}
    body = {"label": "TOO_MANY_REQUESTS", "message": ""}
    assert mapped("gateio", 429, body, BTC, headers).retry_after_s == wait_s
    assert mapped("gateio", 429, body, BTC).retry_after_s == 10


@pytest.mark.parametrize(
    ("status", "label", "message", "error"),
    [
        (400, "INVALID_CURRENCY_PAIR", "Invalid currency pair", UnknownSymbol),
        (400, "INVALID_CURRENCY", "Invalid currency", UnknownSymbol),
        (200, "INVALID_CURRENCY_PAIR", "Invalid currency pair", UnknownSymbol),
        (429, "TOO_MANY_REQUESTS", "", RateLimited),
        (200, "TOO_FAST", "", RateLimited),
        (400, "INVALID_PARAM_VALUE", "Candlestick too long ago. Maximum 10000 points", NotOffered),
        (400, "INVALID_PARAM_VALUE", "Candlestick range too broad", BadStatus),
        (400, "BAD_REQUEST", "too long ago", BadStatus),
        (500, "INTERNAL", "", BadStatus),
        (200, "SOMETHING_NEW", "", BadStatus),
        (503, 7, "no label", BadStatus),
    ],
)
def test_errors(status, label, message, error):
    """Labels decide, whatever the status; an unknown one is a failure."""
    assert type(mapped("gateio", status, {"label": label, "message": message}, BTC)) is error


def test_a_pair_of_no_question_is_a_failure():
    """The list of markets names no pair that could be unknown."""
    body = {"label": "INVALID_CURRENCY_PAIR", "message": ""}
    assert type(mapped("gateio", 400, body, MarketsQuery())) is BadStatus


def test_another_pair_in_the_answer_is_refused():
    """Tickers and trades name their pair (E2)."""
    other = TickerQuery(symbol="ETH/USDT")
    with pytest.raises(Implausible):
        gateio.parse_ticker([{"currency_pair": "BTC_USDT", "last": "1"}], other)
    with pytest.raises(Implausible):
        gateio.parse_trades([{"currency_pair": "BTC_USDT"}], TradesQuery(symbol="ETH/USDT"))


def test_what_a_ticker_lacks_is_not_told():
    """Empty strings, zero prices and `nan` stand for nothing."""
    row = {"currency_pair": "BTC_USDT", "last": "5", "lowest_ask": "", "highest_bid": "0"}
    row |= {"change_percentage": "", "base_volume": "nan", "quote_volume": ""}
    row |= {"high_24h": "0", "low_24h": "0"}
    ticker = gateio.parse_ticker([row], BTC)
    told = ticker.model_dump(exclude={"symbol", "last", "notes"})
    assert set(told.values()) == {None}


def test_a_coin_keeps_its_first_name_there():
    """What it calls BIFI is Bitcoin File, and MPH is asked for as 88MPH."""
    assert gateio.STYLE.native(Symbol("MPH/USDT")) == "88MPH_USDT"
    assert gateio.STYLE.native(Symbol("MORPHER/USDT")) == "MPH_USDT"
    with pytest.raises(UnknownSymbol):
        gateio.STYLE.native(Symbol("BIFI/USDT"))


def test_markets_are_listed_as_they_are_asked_for():
    """Coins that are not there yet, and what is no pair, are left out, and it is said."""
    (sample,) = [p.values[0] for p in samples("gateio") if p.id == "markets"]
    found = gateio.parse_markets(sample["exchanges"][0]["response"]["body"], MarketsQuery())
    assert [(str(m.symbol), m.native, m.active) for m in found.markets] == [
        ("BTC/USDT", "BTC_USDT", True),
        ("ETH/BTC", "ETH_BTC", True),
        ("SOL/USDC", "SOL_USDC", True),
        ("QTUM/ETH", "QTUM_ETH", False),
        ("BITCOINFILE/USDT", "BIFI_USDT", True),
        ("MPH/USDT", "88MPH_USDT", True),
    ]
    assert found.notes == (
        "1 entries that are no spot pairs left out",
        "1 pairs that our names cannot ask for left out",
    )
