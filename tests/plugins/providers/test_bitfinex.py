"""Bitfinex: lists without names, names of its own for coins, and pairs with a colon or without."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinmux import (
    BadStatus,
    CandlesQuery,
    MarketsQuery,
    OrderBookQuery,
    RateLimited,
    Symbol,
    TickerQuery,
    TradesQuery,
    UnknownSymbol,
)
from coinmux.framework.simulator.candle_spans import Span
from coinmux.framework.simulator.matching import SampleIndex, segments_of
from coinmux.framework.simulator.patterns import Asked
from coinmux.framework.simulator.simulator import simulated_providers
from coinmux.plugins.providers import bitfinex
from coinmux.plugins.providers.bitfinex.spelling import ALIASES
from tests.plugins.exchange_checks import comparable, recordings
from tests.plugins.sample_replay import ask, exchange, mapped, recording, samples

OTHER = "an address that is not asked"
LEFT_OUT = {
    "candles_trade_1d_tethust_last": "the last candle alone",
    "orderbook_tethust_p2": "levels merged",
    "symbols_conf_pub_info_pair_futures": "contracts",
    "symbols_conf_pub_map_currency_label": OTHER,
    "symbols_conf_pub_map_currency_sym": "its map of currencies; read in a test of its own",
    "ticker_pubticker_btcusd": "version 1",
    "ticker_tickers_hist": OTHER,
    "ticker_trade_avg": OTHER,
    "ticker_v2_tickers": "of all pairs; the rows read as tickers in a test of its own",
}
QUERIES = {
    "candles_trade_1h_tbtcust_hist": {"symbol": "BTC/USDT", "interval": "1h", "limit": 1},
    "trades_tethust_hist": {"symbol": "ETH/USDT"},
}
BTC = TickerQuery(symbol="BTC/USDT")
NOW_MS = 1_764_000_000_000
HOUR_MS = 3_600_000
names = st.text(string.ascii_uppercase + string.digits, min_size=1, max_size=8)
prices = st.floats(1e-6, 1e6)


@pytest.mark.parametrize("sample", samples("bitfinex"))
async def test_samples(sample, play_sample):
    """Each sample's requests are made as written and come to its outcome."""
    await play_sample("bitfinex", sample)


@pytest.mark.parametrize("sample", [p for p in comparable("bitfinex") if p.id != "ticker_untraded"])
async def test_ccxt_reads_the_same(sample, agrees_with_ccxt):
    """The same bytes mean the same to ccxt, where it asks for a book by price."""
    is_book = sample["capability"] == "order_book"
    exceptions = {"order_book.timestamp": "ccxt takes the time it asked at"} if is_book else None
    params = {"precision": "P0"} if is_book else None
    await agrees_with_ccxt(
        "bitfinex", sample, exchange="bitfinex", params=params, exceptions=exceptions
    )


@pytest.mark.parametrize("case", recordings("bitfinex", LEFT_OUT))
async def test_recordings(case, replay_recording):
    """Recorded answers come to what was published with them."""
    await replay_recording("bitfinex", "bitfinex", case, QUERIES[case])


def test_recorded_rows_of_all_pairs_are_tickers():
    """A row of the list of all pairs is a pair and its ticker: the change agrees with its rate."""
    rows = recording("bitfinex", "ticker_v2_tickers")["response"]["body"]
    read = 0
    for row in rows:
        if not row[0].startswith("t") or ":" in row[0]:
            continue
        symbol = f"{bitfinex.STYLE.asset(row[0][1:4])}/{bitfinex.STYLE.asset(row[0][4:])}"
        ticker = bitfinex.parse_ticker(row[1:], TickerQuery(symbol=symbol))
        # The change of a small price is told with few digits.
        if ticker.last > 10 and ticker.open is not None:
            expected = (ticker.last / ticker.open - 1) * 100
            assert ticker.change_percent == pytest.approx(expected, abs=0.011)
            read += 1
    assert read >= 5


def test_its_map_of_currencies_is_known():
    """What its own map says of a name is what it is read as."""
    (rows,) = recording("bitfinex", "symbols_conf_pub_map_currency_sym")["response"]["body"]
    theirs = {name: told.upper() for name, told in rows}
    known = theirs.keys() & set(ALIASES.values())
    assert {name: bitfinex.STYLE.asset(name) for name in known} == {n: theirs[n] for n in known}
    assert {"UST", "UDC", "DSH", "IOT", "ATO"} <= known


@pytest.mark.parametrize(
    ("symbol", "native"),
    [
        ("BTC/USD", "tBTCUSD"),
        ("BTC/USDT", "tBTCUST"),
        ("ETH/USDC", "tETHUDC"),
        ("DOGE/USD", "tDOGE:USD"),
        ("XAUT/BTC", "tXAUT:BTC"),
        ("BTC/CNHT", "tBTC:CNHT"),
        ("DASH/USD", "tDSHUSD"),
        ("BCH/USDT", "tBCHN:UST"),
        ("LUNA/USD", "tLUNA2:USD"),
        ("LUNC/USD", "tLUNA:USD"),
        ("USDT/USD", "tUSTUSD"),
    ],
)
def test_spelling(symbol, native):
    """Two names of three letters are joined; coins go by its own names."""
    assert bitfinex.STYLE.native(Symbol(symbol)) == native


@pytest.mark.parametrize("symbol", ["UST/USD", "AMP/USDT", "BTC/TESTUSD", "HTX/USD"])
def test_a_name_that_is_another_coin_there_is_not_asked_for(symbol):
    """UST there is Tether, AMP is Ampleforth; paper money is no money."""
    with pytest.raises(UnknownSymbol):
        bitfinex.STYLE.native(Symbol(symbol))


@given(names, names, names, names)
def test_no_two_pairs_are_spelled_alike(base, quote, other_base, other_quote):
    """What is asked for is one pair alone."""

    def native(one, two):
        try:
            return bitfinex.STYLE.native(Symbol(f"{one}/{two}")) if one != two else None
        except UnknownSymbol:
            return None

    mine, theirs = native(base, quote), native(other_base, other_quote)
    if mine is not None and mine == theirs:
        assert (base, quote) == (other_base, other_quote)


def test_markets_are_listed_as_they_are_asked_for():
    """Contracts, paper pairs and names that cannot be split are left out, and it is said."""
    (sample,) = [p.values[0] for p in samples("bitfinex") if p.id == "markets"]
    body = sample["exchanges"][0]["response"]["body"]
    found = bitfinex.parse_markets(body, MarketsQuery())
    assert {str(m.symbol): m.native for m in found.markets} == {
        "BTC/USD": "tBTCUSD",
        "BTC/USDT": "tBTCUST",
        "ETH/BTC": "tETHBTC",
        "BTC/USDC": "tBTCUDC",
        "DOGE/USD": "tDOGE:USD",
        "DOGE/USDT": "tDOGE:UST",
        "BCH/USD": "tBCHN:USD",
        "ATOM/USD": "tATOUSD",
        "LUNA/USD": "tLUNA2:USD",
        "LUNC/USD": "tLUNA:USD",
        "XAUT/BTC": "tXAUT:BTC",
    }
    assert found.notes == ("3 entries that are no spot pairs left out",)


@given(last=prices, rate=st.floats(-0.9, 9))
def test_the_change_is_a_fraction(last, rate):
    """A hundredth of theirs is ours, to the digit."""
    ticker = bitfinex.parse_ticker([last, 1, last, 1, None, rate, last, 1, last, last], BTC)
    assert ticker.change_percent == pytest.approx(rate * 100, rel=1e-12)


@given(amounts=st.lists(st.floats(1e-8, 1e6), min_size=2, max_size=60), depth=st.integers(1, 100))
def test_the_sign_of_an_amount_is_its_side(amounts, depth):
    """Negative amounts are asked, positive ones bid; none is lost but beyond the depth."""
    bids = [[1000 - at, 1, amount] for at, amount in enumerate(amounts)]
    asks = [[1001 + at, 1, -amount] for at, amount in enumerate(amounts)]
    query = OrderBookQuery(symbol="BTC/USDT", depth=depth)
    book = bitfinex.parse_order_book(bids + asks, query).check(query, 0)
    assert [amount for _, amount in book.bids] == amounts[:depth]
    assert [amount for _, amount in book.asks] == amounts[:depth]
    assert book.bids[0][0] < book.asks[0][0]


@given(amount=st.floats(1e-8, 1e6), is_sale=st.booleans())
def test_the_sign_of_a_trade_is_its_takers_side(amount, is_sale):
    """How much was sold is negative."""
    row = [1, NOW_MS, -amount if is_sale else amount, 10]
    (trade,) = bitfinex.parse_trades([row], TradesQuery(symbol="BTC/USDT")).trades
    assert (trade.side, trade.amount) == ("sell" if is_sale else "buy", amount)


def test_candles_are_in_the_order_of_its_columns():
    """Close stands before high and low."""
    candles = bitfinex.parse_candles([[NOW_MS, 10, 9.5, 12, 9, 1]], CandlesQuery(symbol="BTC/USDT"))
    row = (candles.open[0], candles.high[0], candles.low[0], candles.close[0], candles.volume[0])
    assert row == (10, 12, 9, 9.5, 1)


@pytest.mark.parametrize(
    ("query", "sent"),
    [
        ({"limit": 2}, {"limit": "2", "sort": "-1"}),
        ({"limit": 2, "end": NOW_MS}, {"limit": "2", "end": str(NOW_MS), "sort": "-1"}),
        ({"limit": 2, "start": NOW_MS}, {"limit": "2", "start": str(NOW_MS), "sort": "1"}),
    ],
    ids=["latest", "until", "from"],
)
async def test_a_range_is_asked_from_its_near_end(query, sent):
    """With a start the oldest come first, so that a count takes the first of the range."""
    rows = [[NOW_MS + HOUR_MS * at, 10, 11, 12, 9, 1] for at in (0, -1)]
    candles, _ = await ask(
        "bitfinex",
        "candles",
        {"symbol": "BTC/USDT", "interval": "1h", **query},
        [exchange("/candles/trade:1h:tBTCUST/hist", sent, rows)],
    )
    assert candles.timestamp[-1] == NOW_MS


@pytest.mark.parametrize(("depth", "levels"), [(1, 1), (2, 25), (25, 25), (26, 100), (500, 100)])
async def test_the_smallest_book_that_has_enough_is_asked(depth, levels):
    """It has books of 1, 25 and 100 levels."""
    exchanges = [exchange("/book/tBTCUST/P0", {"len": str(levels)}, [[9, 1, 1], [10, 1, -1]])]
    query = {"symbol": "BTC/USDT", "depth": depth}
    book, _ = await ask("bitfinex", "order_book", query, exchanges)
    assert (book.bids, book.asks) == (((9, 1),), ((10, 1),))


def test_nothing_means_no_such_pair_unless_a_range_was_asked():
    """Its lists go back to the first trade: a pair that has none is not there."""
    latest = CandlesQuery(symbol="BTC/USDT")
    with pytest.raises(UnknownSymbol):
        bitfinex.parse_candles([], latest)
    for bound in ("start", "end"):
        ranged = latest.model_copy(update={bound: NOW_MS})
        assert bitfinex.parse_candles([], ranged).is_empty()
    with pytest.raises(UnknownSymbol):
        bitfinex.parse_trades([], TradesQuery(symbol="BTC/USDT"))


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (500, ["error", 10020, "symbol: invalid"], UnknownSymbol),
        (200, ["error", 10020, "symbol: invalid"], UnknownSymbol),
        (500, ["error", 10020, "limit: invalid"], BadStatus),
        (500, ["error", 10020, "len: invalid"], BadStatus),
        (429, ["error", 11010, "ratelimit: error"], RateLimited),
        (200, ["error", 11010, "ratelimit: error"], RateLimited),
        (429, {"error": "ERR_RATE_LIMIT"}, RateLimited),
        (500, ["error", 20060, "maintenance"], BadStatus),
        (500, ["error", 10000], BadStatus),
        (200, {"error": "something new", "message": None}, BadStatus),
        (200, ["error"], BadStatus),
        (200, [1, 2, 3], type(None)),
        (200, [], type(None)),
        (502, "<p>Bad gateway</p>", BadStatus),
    ],
)
def test_errors(status, body, error):
    """Codes decide, whatever the status; an unknown one is a failure."""
    assert type(mapped("bitfinex", status, body, BTC)) is error


def test_whoever_exceeds_a_limit_waits_a_minute():
    """An address is blocked for sixty seconds."""
    assert mapped("bitfinex", 429, ["error", 11010, "ratelimit: error"], BTC).retry_after_s == 60


def test_an_unknown_symbol_of_no_pair_is_a_failure():
    """The list of markets names no pair that could be unknown."""
    body = ["error", 10020, "symbol: invalid"]
    assert type(mapped("bitfinex", 500, body, MarketsQuery())) is BadStatus


@pytest.mark.parametrize(
    ("path", "params", "pair", "span"),
    [
        ("/ticker/tETHUSD", {}, "ETH/USD", None),
        ("/ticker/tDOGE:UST", {}, "DOGE/USDT", None),
        ("/trades/tSOLUDC/hist", {"limit": "3"}, "SOL/USDC", None),
        ("/candles/trade:1h:tBTCUST/hist", {"limit": "3", "sort": "-1"}, "BTC/USDT", Span(3600, 3)),
        (
            "/candles/trade:1D:tDOGE:USD/hist",
            {"limit": "3", "sort": "-1"},
            "DOGE/USD",
            Span(86400, 3),
        ),
        (
            "/candles/trade:15m:tXRPUST/hist",
            {"limit": "3", "sort": "1", "start": "1764000000000"},
            "XRP/USDT",
            Span(900, 3, 1764000000, None),
        ),
    ],
)
def test_the_simulator_plays_every_spelling(path, params, pair, span):
    """One sample plays all pairs, and candles of every length, told inside a part of the path."""
    (provider,) = simulated_providers([bitfinex])
    found = SampleIndex(provider.info, provider.samples).find(
        Asked("GET", segments_of(path), params)
    )
    assert found is not None
    assert found.sample.outcome == "ok"
    assert (found.play.pair or found.play.script.pair) == pair
    assert found.span == span


@pytest.mark.parametrize(
    "path",
    [
        "/candles/trade:2h:tBTCUST/hist",
        "/candles/trade:1h/hist",
        "/candles/1h/hist",
        "/candles/trade:1h:tBTCUST:p30/hist",
        "/candles/fund:1h:tBTCUST/hist",
    ],
)
def test_the_simulator_knows_no_other_candles(path):
    """A length it does not have, and a key that differs in more than the length, find nothing."""
    (provider,) = simulated_providers([bitfinex])
    found = SampleIndex(provider.info, provider.samples).find(Asked("GET", segments_of(path), {}))
    assert found is None
