"""HTX: errors with HTTP 200, the latest candles only, and the pair named in a channel."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinmux import (
    BadStatus,
    CandlesQuery,
    Implausible,
    MarketsQuery,
    NotOffered,
    OrderBookQuery,
    RateLimited,
    Symbol,
    TickerQuery,
    TradesQuery,
    UnknownSymbol,
)
from coinmux.framework.simulator.pair_renaming import Renaming
from coinmux.plugins.providers import htx
from tests.plugins.exchange_checks import comparable, recordings
from tests.plugins.sample_replay import ask, exchange, mapped, recording, samples

VERSION_1 = "version 1 of the list"
LEFT_OUT = {
    "symbols_common_symbols": VERSION_1,
    "symbols_common_symbols_3": VERSION_1,
    "ticker_market_tickers": "an address that is not asked",
    "ticker_market_trade": "an address that is not asked",
    "trades_history_trade_4": "a client wrote its ids with an exponent; they are not read",
}
QUERIES = {
    "orderbook_market_depth": {"symbol": "BTC/JPY", "depth": 50},
    "orderbook_market_depth_3": {"symbol": "ETH/BTC", "depth": 50},
    "symbols_common_symbols_4": {},
    "ticker_detail_merged": {"symbol": "BTC/JPY"},
    "ticker_detail_merged_3": {"symbol": "ETH/BTC"},
    "trades_history_trade_2": {"symbol": "BTC/KRW", "limit": 1000},
}
BTC = TickerQuery(symbol="BTC/USDT")
NOW_MS = 1_764_000_000_000
HOUR_MS = 3_600_000


@pytest.mark.parametrize("sample", samples("htx"))
async def test_samples(sample, play_sample):
    """Each sample's requests are made as written and come to its outcome."""
    await play_sample("htx", sample)


@pytest.mark.parametrize("sample", comparable("htx"))
async def test_ccxt_reads_the_same(sample, agrees_with_ccxt):
    """The same bytes mean the same to ccxt, where it asks for the latest candles."""
    is_candles = sample["capability"] == "candles"
    params = {"useHistoricalEndpointForSpot": False} if is_candles else None
    await agrees_with_ccxt("htx", sample, exchange="htx", params=params)


@pytest.mark.parametrize("case", recordings("htx", LEFT_OUT))
async def test_recordings(case, replay_recording):
    """Recorded answers are read."""
    await replay_recording("htx", "htx", case, QUERIES[case])


async def test_the_recorded_volumes_are_in_base_and_quote():
    """What was traded in the quote over what was in the base is a price of that day."""
    body = recording("htx", "ticker_detail_merged_3")["response"]["body"]
    ticker = htx.parse_ticker(body, TickerQuery(symbol="ETH/BTC"))
    assert ticker.low < ticker.volume_quote / ticker.volume_base < ticker.high
    assert ticker.change_percent == pytest.approx(-23.81, abs=0.01)


async def test_recorded_ids_are_exact():
    """An id of 23 digits keeps each of them."""
    body = recording("htx", "trades_history_trade_2")["response"]["body"]
    trades = htx.parse_trades(body, TradesQuery(symbol="BTC/KRW", limit=1000)).trades
    assert trades[-1].id == "10019834775837753570661"
    assert len({trade.id for trade in trades}) == len(trades)


def _ticker(**told):
    row = {"open": 8, "close": 10, "high": 11, "low": 7, "amount": 2, "vol": 18}
    row |= {"bid": [9.9, 1], "ask": [10.1, 1]}
    body = {"ch": "market.btcusdt.detail.merged", "status": "ok", "ts": NOW_MS}
    return htx.parse_ticker(body | {"tick": row | told}, BTC)


@given(st.floats(1e-6, 1e6), st.floats(1e-6, 1e6))
def test_the_change_is_worked_out_in_percent(opened, last):
    """From the price 24 hours ago to the last."""
    change = _ticker(open=opened, close=last).change_percent
    assert opened * (1 + change / 100) == pytest.approx(last, abs=opened * 1e-12 + last * 1e-12)


@pytest.mark.parametrize("nothing", [None, 0])
def test_what_a_ticker_lacks_is_not_told(nothing):
    """Null and a price of zero stand for none, and an empty side has no best price."""
    ticker = _ticker(open=nothing, bid=[], ask=[nothing, nothing])
    told = (ticker.open, ticker.change_percent, ticker.bid, ticker.ask)
    assert told == (None, None, None, None)
    with pytest.raises(UnknownSymbol):
        _ticker(close=nothing)


@pytest.mark.parametrize(
    ("query", "size"),
    [
        ({"limit": 8}, 8),
        ({"limit": 1000}, 1000),
        ({"limit": 8, "start": NOW_MS - 10 * HOUR_MS}, 11),
        ({"limit": 8, "start": NOW_MS - 10 * HOUR_MS + 1}, 10),
        ({"limit": 8, "start": NOW_MS - 10 * HOUR_MS, "end": NOW_MS - 9 * HOUR_MS}, 11),
        ({"limit": 8, "end": NOW_MS - 10 * HOUR_MS}, 19),
        ({"limit": 8, "end": NOW_MS + HOUR_MS * 30}, 8),
        ({"limit": 8, "start": NOW_MS + HOUR_MS * 30}, 1),
        ({"limit": 8, "start": NOW_MS - 1999 * HOUR_MS}, 2000),
    ],
)
async def test_as_many_are_asked_as_reach_back(query, size):
    """There is no range: what is wanted is cut from the latest."""
    http = Asked()
    query = CandlesQuery(symbol="BTC/USDT", interval="1h", **query)
    with pytest.raises(UnknownSymbol):
        await htx.fetch_candles(query, http)
    assert http.params == {"symbol": "btcusdt", "period": "60min", "size": size}


@pytest.mark.parametrize(
    "query", [{"start": NOW_MS - 2000 * HOUR_MS}, {"end": NOW_MS - 1900 * HOUR_MS}]
)
async def test_before_the_window_nothing_is_offered(query):
    """What more than 2,000 candles would reach is another source's to answer, and not asked."""
    http = Asked()
    with pytest.raises(NotOffered):
        await htx.fetch_candles(CandlesQuery(symbol="BTC/USDT", interval="1h", **query), http)
    assert http.params is None


class Asked:
    """Keeps what a hook asks for, and has no candles."""

    def __init__(self):
        self.params = None

    def now_ms(self):
        return NOW_MS

    async def get_json(self, path, params):
        self.params = params
        return {"ch": "market.btcusdt.kline.60min", "data": []}


@given(
    limit=st.integers(1, 40),
    start=st.none() | st.integers(NOW_MS - 40 * HOUR_MS, NOW_MS),
    length=st.none() | st.integers(0, 40 * HOUR_MS),
)
async def test_a_range_is_cut_from_the_latest(limit, start, length):
    """Whatever range: the rows are those that a source with all candles would give."""
    end = None if length is None else (start if start is not None else NOW_MS) + length
    query = CandlesQuery(symbol="BTC/USDT", interval="1h", limit=limit, start=start, end=end)
    every = [NOW_MS // HOUR_MS * HOUR_MS - at * HOUR_MS for at in range(100)]
    inside = sorted(
        time for time in every if (start is None or time >= start) and (end is None or time <= end)
    )
    wanted = inside[:limit] if start is not None else inside[-limit:]

    class Server(Asked):
        async def get_json(self, path, params):
            rows = [
                {"id": time // 1000, "open": 2, "close": 2, "high": 3, "low": 1, "amount": 1}
                for time in every[: params["size"]]
            ]
            return {"ch": "market.btcusdt.kline.60min", "data": rows}

    candles = await htx.fetch_candles(query, Server())
    assert candles.timestamp.tolist() == wanted


@pytest.mark.parametrize(
    ("depth", "sent"),
    [(1, "5"), (5, "5"), (6, "10"), (20, "20"), (21, None), (500, None)],
)
async def test_the_smallest_book_that_has_enough_is_asked(depth, sent):
    """It takes 5, 10 and 20, and gives 150 where it is told nothing."""
    params = {"symbol": "btcusdt", "type": "step0"} | ({"depth": sent} if sent else {})
    book = {"bids": [[9, 1]], "asks": [[10, 1]], "ts": NOW_MS}
    body = {"ch": "market.btcusdt.depth.step0", "status": "ok", "ts": NOW_MS + 9, "tick": book}
    query = {"symbol": "BTC/USDT", "depth": depth}
    found, _ = await ask("htx", "order_book", query, [exchange("/market/depth", params, body)])
    assert (found.bids, found.timestamp) == (((9, 1),), NOW_MS)


def test_days_are_not_offered():
    """A day begins at 16:00 UTC there, which is none of ours."""
    assert not htx.INTERVALS.keys() & {"1d", "1w", "1M"}


@pytest.mark.parametrize("channel", ["market.ethusdt.depth.step0", "market", "", None])
def test_another_pair_in_the_answer_is_refused(channel):
    """Each answer names its pair in a channel (E2)."""
    tick = {"bids": [[9, 1]], "asks": [[10, 1]], "close": 1}
    body = {"ch": channel, "ts": NOW_MS, "tick": tick, "data": []}
    symbol = "BTC/USDT"
    with pytest.raises(Implausible):
        htx.parse_ticker(body, BTC)
    with pytest.raises(Implausible):
        htx.parse_candles(body, CandlesQuery(symbol=symbol))
    with pytest.raises(Implausible):
        htx.parse_order_book(body, OrderBookQuery(symbol=symbol))
    with pytest.raises(Implausible):
        htx.parse_trades(body, TradesQuery(symbol=symbol))


def test_a_pair_without_a_book_is_not_listed():
    """A pair that is listed and not traded has no tick."""
    body = {"ch": "market.btcusdt.depth.step0", "ts": NOW_MS, "tick": None}
    with pytest.raises(UnknownSymbol):
        htx.parse_order_book(body, OrderBookQuery(symbol="BTC/USDT"))


@pytest.mark.parametrize(
    ("code", "message", "error"),
    [
        ("invalid-parameter", "invalid symbol", UnknownSymbol),
        ("bad-request", "Invalid symbol!", UnknownSymbol),
        ("base-symbol-error", "The symbol is invalid", UnknownSymbol),
        ("base-symbol-trade-disabled", "", UnknownSymbol),
        ("invalid-parameter", "invalid period", BadStatus),
        ("bad-request", "invalid size, valid range: [1,2000]", BadStatus),
        ("too-many-request", "", RateLimited),
        ("too-many-requests", "", RateLimited),
        ("rate-too-many-requests", "", RateLimited),
        ("base-request-exceed-frequency-limit", "", RateLimited),
        ("invalid-parameter", "request limit", RateLimited),
        ("gateway-internal-error", "", BadStatus),
        ("something-new", None, BadStatus),
        (None, None, BadStatus),
    ],
)
@pytest.mark.parametrize("dash", ["-", "_"])
def test_errors(code, message, error, dash):
    """Codes and texts decide, spelled either way; an unknown one is a failure."""
    body = {"status": "error", f"err{dash}code": code, f"err{dash}msg": message}
    assert type(mapped("htx", 200, body, BTC)) is error


@pytest.mark.parametrize("body", [{"status": "ok"}, {"err-code": "bad-request"}, [], "text"])
def test_what_is_no_error_is_none(body):
    """`status` alone tells."""
    assert mapped("htx", 200, body, BTC) is None


def test_a_pair_of_no_question_is_a_failure():
    """The list of markets names no pair that could be unknown."""
    body = {"status": "error", "err-code": "invalid-parameter", "err-msg": "invalid symbol"}
    assert type(mapped("htx", 200, body, MarketsQuery())) is BadStatus


def test_spelling():
    """Lower case and joined; a coin keeps its first name there."""
    assert htx.STYLE.native(Symbol("BTC/USDT")) == "btcusdt"
    assert htx.STYLE.native(Symbol("BITCOINFILE/USDT")) == "bifiusdt"
    with pytest.raises(UnknownSymbol):
        htx.STYLE.native(Symbol("GTC/USDT"))


def test_markets_are_listed_as_they_are_asked_for():
    """Base and quote from its own list, coins by our names, traded or not."""
    (sample,) = [p.values[0] for p in samples("htx") if p.id == "markets"]
    found = htx.parse_markets(sample["exchanges"][0]["response"]["body"], MarketsQuery())
    assert [(str(m.symbol), m.native, m.active) for m in found.markets] == [
        ("BTC/USDT", "btcusdt", True),
        ("ETH/BTC", "ethbtc", True),
        ("SOL/USDC", "solusdc", True),
        ("OGN/USDT", "ognusdt", False),
        ("BITCOINFILE/USDT", "bifiusdt", True),
    ]


def test_the_simulator_renames_a_pair_inside_a_channel():
    """One sample plays every pair, the channel that names it included; numbers stay as they are."""
    renaming = Renaming.of(htx.provider_info(), Symbol("BTC/USDT"), Symbol("SOL/USDC"))
    assert renaming.text("market.btcusdt.depth.step0") == "market.solusdc.depth.step0"
    assert renaming.text("market.ethusdt.depth.step0") == "market.ethusdt.depth.step0"
    assert renaming.text("87181.7") == "87181.7"
