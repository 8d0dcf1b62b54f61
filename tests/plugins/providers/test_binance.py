"""Binance: samples, ccxt's reading of them, real answers, and what its codes mean."""

from __future__ import annotations

import pytest

from coinmux import (
    BadStatus,
    Banned,
    CandlesQuery,
    GeoBlocked,
    Implausible,
    OrderBookQuery,
    RateLimited,
    TickerQuery,
    UnknownSymbol,
)
from coinmux.plugins.providers import binance
from tests.plugins.exchange_checks import (
    agrees_with_ccxt,
    comparable,
    recordings,
    replay_recording,
)
from tests.plugins.sample_replay import mapped, play, samples

OLD_API = "the old version 1, which is switched off"
FUTURES = "futures, which is another API"
OTHER_ENDPOINT = "an endpoint the provider does not ask"
#: Of the pair without trades: ccxt works the price of 24 hours ago out of a change of zero.
EXCEPTIONS = {"XRP/EUR": {"ticker.open": "ccxt takes the last price, of days ago, for it"}}
LEFT_OUT = {
    "derivatives_v1_openinterest": FUTURES,
    "derivatives_v1_openinterest_2": FUTURES,
    "orderbook_v1_depth_2": OLD_API,
    "symbols_v1_exchangeinfo": FUTURES,
    "symbols_v1_exchangeinfo_3": OLD_API,
    "ticker_ticker_24hr_3": FUTURES,
    "ticker_ticker_24hr_5": OLD_API,
    "ticker_ticker_tradingday": OTHER_ENDPOINT,
    "ticker_v3_avgprice": OTHER_ENDPOINT,
    "ticker_v3_referenceprice": OTHER_ENDPOINT,
    "trades_v1_trades_2": OLD_API,
    "trades_v3_aggtrades": OTHER_ENDPOINT,
}
RECORDED = {
    "candles_v3_klines_2": {"symbol": "BTC/USDT", "interval": "1w"},
    "symbols_v3_exchangeinfo": {},
    "ticker_ticker_24hr": {"symbol": "BTC/USDT"},
    "trades_v3_trades": {"symbol": "BNB/BTC"},
}


@pytest.mark.parametrize("sample", samples("binance"))
async def test_samples(sample):
    """Each sample's requests are made as written and come to its outcome."""
    await play("binance", sample)


@pytest.mark.parametrize("sample", comparable("binance"))
async def test_ccxt_reads_the_same(sample):
    """ccxt makes the same figures of the same bytes."""
    params = {"fetchTradesMethod": "publicGetTrades"} if sample["capability"] == "trades" else {}
    exceptions = EXCEPTIONS.get(sample["query"]["symbol"])
    await agrees_with_ccxt(
        "binance", sample, exchange="binance", params=params, exceptions=exceptions
    )


@pytest.mark.parametrize("case", recordings("binance", LEFT_OUT))
async def test_recordings(case):
    """Real answers are read, and to the result published with them."""
    await replay_recording("binance", "binance", case, RECORDED[case])


async def test_the_side_of_a_trade_is_the_takers():
    """Where the buyer was the maker, somebody sold."""
    (sample,) = [p.values[0] for p in samples("binance") if p.id == "trades"]
    rows = sample["exchanges"][0]["response"]["body"]
    trades = (await play("binance", sample)).trades
    assert {row["isBuyerMaker"]: trade.side for row, trade in zip(rows, trades, strict=True)} == {
        True: "sell",
        False: "buy",
    }


def test_another_symbol_in_the_answer_is_refused():
    """An answer about another pair is no answer."""
    with pytest.raises(Implausible, match="ETHUSDT"):
        binance.parse_ticker({"symbol": "ETHUSDT"}, TickerQuery(symbol="BTC/USDT"))


class Asked:
    """Keeps what a hook asks for."""

    def __init__(self, body):
        self.body = body
        self.calls = []

    async def get_json(self, path, params=None, *, weight=1, empty_ok=False, rows=None):
        self.calls.append((path, params, weight))
        return self.body


@pytest.mark.parametrize(("depth", "weight"), [(1, 5), (100, 5), (101, 25), (500, 25)])
async def test_weight_of_an_order_book(depth, weight):
    """A book of more than 100 levels costs five times as much."""
    http = Asked({"bids": [["1", "1"]], "asks": [["2", "1"]]})
    await binance.fetch_order_book(OrderBookQuery(symbol="BTC/USDT", depth=depth), http)
    ((path, params, paid),) = http.calls
    assert (path, params["limit"], paid) == ("/api/v3/depth", depth, weight)


async def test_a_range_of_candles_is_asked_as_it_is():
    """Its bounds are opening times, both included, as ours are."""
    http = Asked([])
    query = CandlesQuery(
        symbol="BTC/USDT", interval="1M", limit=7, start=1_700_000_000_000, end=1_710_000_000_000
    )
    await binance.fetch_candles(query, http)
    assert http.calls[0][1] == {
        "symbol": "BTCUSDT",
        "interval": "1M",
        "startTime": 1_700_000_000_000,
        "endTime": 1_710_000_000_000,
        "limit": 7,
    }


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, {"code": -1121, "msg": "Invalid symbol."}, UnknownSymbol),
        (400, {"code": -1100, "msg": "Illegal characters in parameter 'limit'"}, BadStatus),
        (400, {"code": -1003, "msg": "Too many requests"}, RateLimited),
        (429, {"code": -1003, "msg": "Too much request weight used"}, RateLimited),
        (418, {"code": -1003, "msg": "Way too much request weight used"}, Banned),
        (451, {"code": 0, "msg": "restricted location"}, GeoBlocked),
        (500, {"code": -1000, "msg": "unknown"}, BadStatus),
        (503, {"code": -1008, "msg": "overloaded"}, BadStatus),
        (200, {"code": -1007, "msg": "timeout"}, BadStatus),
        (200, {"symbol": "BTCUSDT"}, type(None)),
        (200, [], type(None)),
    ],
)
def test_errors(status, body, error):
    """Codes say what is wrong, where the status does not already."""
    assert type(mapped("binance", status, body, TickerQuery(symbol="BTC/USDT"))) is error
