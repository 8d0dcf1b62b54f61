"""Gemini: a ticker of two halves, a fixed window of candles, and sides that may be missing."""

from __future__ import annotations

import ccxt
import pytest

from coinmux import (
    BadStatus,
    CandlesQuery,
    Implausible,
    MarketsQuery,
    NotOffered,
    RateLimited,
    TickerQuery,
    TradesQuery,
    UnknownSymbol,
)
from coinmux.plugins.providers import gemini
from tests.plugins.exchange_checks import comparable, recordings
from tests.plugins.sample_replay import ask, exchange, mapped, play, recording, samples

LEFT_OUT = {"ticker_pubticker_btcusd_2": "the shape of 2014"}
QUERIES = {
    "candles_btcusdt_1hr": {"symbol": "BTC/USDT", "interval": "1h"},
    "ticker_pubticker_btcusd": {"symbol": "BTC/USD"},
    "ticker_pubticker_usdcusd": {"symbol": "USDC/USD"},
    "trades_trades_btcusd": {"symbol": "BTC/USD", "limit": 500},
}
BTC = TickerQuery(symbol="BTC/USDT")
WINDOW = "the time told is that of the window of the volume, not of the price"


@pytest.mark.parametrize("sample", samples("gemini"))
async def test_samples(sample, play_sample):
    """Each sample's requests are made as written and come to its outcome."""
    await play_sample("gemini", sample)


@pytest.mark.parametrize("sample", comparable("gemini"))
async def test_ccxt_reads_the_same(sample, agrees_with_ccxt):
    """The same bytes mean the same to ccxt, which asks the v1 ticker."""
    exceptions = {"ticker.timestamp": WINDOW}
    await agrees_with_ccxt("gemini", sample, exchange="gemini", exceptions=exceptions)


async def test_ccxt_reads_the_same_of_the_v2_ticker():
    """The day's prices and their change mean the same to ccxt."""
    (sample,) = [p.values[0] for p in samples("gemini") if p.id == "ticker"]
    ours = await play("gemini", sample)
    theirs = ccxt.gemini().parse_ticker(sample["exchanges"][0]["response"]["body"])
    for mine, name in (("open", "open"), ("high", "high"), ("low", "low"), ("last", "last")):
        assert getattr(ours, mine) == theirs[name]
    assert ours.change_percent == pytest.approx(theirs["percentage"], rel=1e-9)


@pytest.mark.parametrize("case", recordings("gemini", LEFT_OUT))
async def test_recordings(case, replay_recording):
    """Recorded answers come to what was published with them, the v1 ticker beside a v2 one."""
    beside, exceptions = {}, {}
    if case.startswith("ticker"):
        told = recording("gemini", case)["response"]["body"]
        native = QUERIES[case]["symbol"].replace("/", "")
        prices = dict.fromkeys(("open", "high", "low", "close"), told["last"])
        day = {"symbol": native, "bid": told["bid"], "ask": told["ask"], **prices}
        beside, exceptions = {f"/v2/ticker/{native.lower()}": day}, {"timestamp": WINDOW}
    await replay_recording(
        "gemini", "gemini", case, QUERIES[case], beside=beside, exceptions=exceptions
    )


def test_type_is_the_takers_side():
    """In recorded trades buys are at the ask and sells at the bid; an auction has no side."""
    body = recording("gemini", "trades_trades_btcusd")["response"]["body"]
    query = TradesQuery(symbol="BTC/USD", limit=500)
    trades = gemini.parse_trades(body, query).trades
    mean = {
        side: sum(prices) / len(prices)
        for side in ("buy", "sell")
        if (prices := [trade.price for trade in trades if trade.side == side])
    }
    assert mean["buy"] > mean["sell"]
    (auction,) = gemini.parse_trades([body[0] | {"type": "auction"}], query).trades
    assert auction.side is None


async def test_a_failure_of_either_half_is_the_tickers():
    """One error comes out, not a group of them, whichever half fails."""
    (sample,) = [p.values[0] for p in samples("gemini") if p.id == "ticker"]
    day, now = sample["exchanges"]
    refused = {"result": "error", "reason": "RateLimit", "message": "slow down"}
    with pytest.raises(RateLimited):
        await ask(
            "gemini",
            "ticker",
            sample["query"],
            [day, exchange(now["request"]["path"], {}, refused, status=429)],
        )
    with pytest.raises(RateLimited):
        await ask(
            "gemini",
            "ticker",
            sample["query"],
            [exchange(day["request"]["path"], {}, refused, status=429), now],
        )


@pytest.mark.parametrize(
    ("pair", "volume"),
    [
        ("ETHUSDT", {"BTC": "1", "USDT": "1"}),
        ("BTCUSDT", {"BTC": "1", "USD": "1"}),
        ("BTCUSDT", {"ETH": "1", "USDT": "1"}),
        ("BTCUSDT", {"BTC": "1"}),
    ],
)
def test_another_pair_in_either_half_is_refused(pair, volume):
    """The v2 ticker names the pair, the v1 ticker both currencies (E2)."""
    prices = dict.fromkeys(("open", "high", "low", "close", "bid", "ask"), "10")
    now = {"volume": volume | {"timestamp": 1_764_000_000_000}}
    with pytest.raises(Implausible):
        gemini.parse_ticker({"symbol": pair, **prices}, now, BTC)


def _window():
    (sample,) = [p.values[0] for p in samples("gemini") if p.id == "candles"]
    return sample["exchanges"][0]["response"]["body"]


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ({"limit": 3}, 3),
        ({"limit": 1000}, 8),
        ({"start": 1_763_971_200_000}, 8),
        ({"start": 1_763_967_600_001}, 8),
        ({"start": 1_763_989_200_000, "end": 1_763_992_800_000}, 2),
        ({"end": 1_763_974_800_000}, 2),
    ],
)
def test_the_window_is_cut(query, rows):
    """What is asked for is cut from the window here."""
    query = CandlesQuery(symbol="BTC/USDT", interval="1h", **query)
    assert len(gemini.parse_candles(_window(), query)) == rows


@pytest.mark.parametrize("query", [{"start": 1_763_967_600_000}, {"end": 1_763_960_400_000}])
def test_before_the_window_nothing_is_offered(query):
    """A range that begins before the window is another source's to answer, and no failure."""
    query = CandlesQuery(symbol="BTC/USDT", interval="1h", **query)
    with pytest.raises(NotOffered):
        gemini.parse_candles(_window(), query)


@pytest.mark.parametrize(
    ("status", "reason", "message", "error"),
    [
        (400, "Bad Request", "Supplied value 'nopeusd' is not a valid symbol", UnknownSymbol),
        (400, "InvalidSymbol", "", UnknownSymbol),
        (404, "InvalidSymbol", "", UnknownSymbol),
        (400, "Bad Request", "limit_bids is no number", BadStatus),
        (404, "EndpointNotFound", "", BadStatus),
        (429, "RateLimit", "", RateLimited),
        (500, "System", "", BadStatus),
        (503, "Maintenance", "", BadStatus),
        (200, "System", "", BadStatus),
    ],
)
def test_errors(status, reason, message, error):
    """Reasons decide; what is not known is left to the status."""
    body = {"result": "error", "reason": reason, "message": message}
    assert type(mapped("gemini", status, body, BTC)) is error


def test_joined_names_are_not_split():
    """Base and quote are told apart by the list of details: SOLRLUSD is no SOLRL/USD."""
    (sample,) = [p.values[0] for p in samples("gemini") if p.id == "markets"]
    markets = gemini.parse_markets(sample["exchanges"][0]["response"]["body"], MarketsQuery())
    assert "SOL/RLUSD" in [market.symbol for market in markets.markets]
    assert not any("PERP" in market.native.upper() for market in markets.markets)
    assert markets.notes
