"""OKX: samples, ccxt's reading of them, real answers, and which of its addresses is asked."""

from __future__ import annotations

import pytest

from coinmux import (
    BadStatus,
    Candles,
    CandlesQuery,
    GeoBlocked,
    Implausible,
    NotOffered,
    OrderBookQuery,
    RateLimited,
    TickerQuery,
    TradesQuery,
    UnknownSymbol,
)
from coinmux.plugins.providers import okx
from tests.plugins.exchange_checks import (
    agrees_with_ccxt,
    comparable,
    recordings,
    replay_recording,
)
from tests.plugins.sample_replay import mapped, play, recording, samples

OLD_API = "the old version 3, which is switched off"
OTHER_ENDPOINT = "an endpoint the provider does not ask"
LEFT_OUT = {
    "candles_market_history_candles_2": "two different candles of one time, made up; see below",
    "ticker_instruments_ticker": OLD_API,
    "ticker_market_platform_24_volume": OTHER_ENDPOINT,
    "ticker_market_ticker_2": "a perpetual contract; see below",
    "ticker_public_estimated_price": OTHER_ENDPOINT,
    "ticker_public_price_limit": OTHER_ENDPOINT,
    "trades_eth_usdt_trades": OLD_API,
}
RECORDED = {
    "candles_market_history_candles": {
        "symbol": "BTC/USDT",
        "interval": "1h",
        "limit": 3,
        "start": 1_706_628_191_000,
    },
    "orderbook_market_books_2": {"symbol": "BTC/USDT", "depth": 2},
    "orderbook_market_books_3": {"symbol": "BTC/USDT"},
    "trades_market_trades_2": {"symbol": "BTC/USDT"},
}
#: What makes ccxt ask an endpoint it would not by itself.
SAME_ENDPOINT = {
    "books-full": {"method": "publicGetMarketBooksFull"},
    "history-candles": {"type": "HistoryCandles"},
}
HOUR_MS = 3_600_000
NOW_MS = 1_764_000_000_000


@pytest.mark.parametrize("sample", samples("okx"))
async def test_samples(sample):
    """Each sample's requests are made as written and come to its outcome."""
    await play("okx", sample)


@pytest.mark.parametrize("sample", comparable("okx"))
async def test_ccxt_reads_the_same(sample):
    """ccxt makes the same figures of the same bytes."""
    path = sample["exchanges"][0]["request"]["path"].rpartition("/")[2]
    await agrees_with_ccxt("okx", sample, exchange="okx", params=SAME_ENDPOINT.get(path))


@pytest.mark.parametrize("case", recordings("okx", LEFT_OUT))
async def test_recordings(case):
    """Real answers are read, and to the result published with them."""
    await replay_recording("okx", "okx", case, RECORDED[case])


def test_a_contract_is_not_its_pair():
    """A recorded ticker of a perpetual contract is no answer about the spot pair."""
    body = recording("okx", "ticker_market_ticker_2")["response"]["body"]
    with pytest.raises(Implausible, match="SWAP"):
        okx.parse_ticker(body, TickerQuery(symbol="BTC/USD"))


def test_two_reports_of_the_newest_candle():
    """E7: the newest may be open still; of an example with two of it one is kept, with a note."""
    body = recording("okx", "candles_market_history_candles_2")["response"]["body"]
    candles = Candles.from_rows(CandlesQuery(symbol="BTC/USDT", interval="1h"), body["data"])
    assert (len(candles), candles.notes) == (1, ("1 duplicate candles dropped",))


class Asked:
    """Keeps what a hook asks for."""

    def __init__(self, data):
        self.data = data
        self.calls = []

    def now_ms(self):
        return NOW_MS

    async def get_json(self, path, params=None, *, weight=1, rows=None):
        self.calls.append((path.rpartition("/")[2], params, weight))
        return {"code": "0", "msg": "", "data": self.data}


@pytest.mark.parametrize(
    ("asked", "path", "bounds"),
    [
        ({}, "candles", (10, None, None)),
        (
            {"start": NOW_MS - 5 * HOUR_MS},
            "candles",
            (300, NOW_MS + 5 * HOUR_MS, NOW_MS - 5 * HOUR_MS - 1),
        ),
        (
            {"start": NOW_MS - 5 * HOUR_MS, "end": NOW_MS - 3 * HOUR_MS},
            "candles",
            (300, NOW_MS - 3 * HOUR_MS + 1, NOW_MS - 5 * HOUR_MS - 1),
        ),
        ({"end": NOW_MS - 3 * HOUR_MS}, "candles", (10, NOW_MS - 3 * HOUR_MS + 1, None)),
        (
            {"start": NOW_MS - 1441 * HOUR_MS},
            "history-candles",
            (300, NOW_MS - 1431 * HOUR_MS, NOW_MS - 1441 * HOUR_MS - 1),
        ),
        (
            {"end": NOW_MS - 1435 * HOUR_MS},
            "history-candles",
            (10, NOW_MS - 1435 * HOUR_MS + 1, None),
        ),
    ],
    ids=["latest", "from", "between", "until", "from-long-ago", "until-long-ago"],
)
async def test_ranges_of_candles(asked, path, bounds):
    """Bounds are exclusive, `before` is the older one; old candles have an address of their own."""
    http = Asked([])
    query = CandlesQuery(symbol="BTC/USDT", interval="1h", limit=10, **asked)
    await okx.fetch_candles(query, http)
    ((called, params, _),) = http.calls
    assert called == path
    assert (params["limit"], params.get("after"), params.get("before")) == bounds


@pytest.mark.parametrize(
    ("interval", "bar"),
    [("1h", "1H"), ("6h", "6Hutc"), ("1d", "1Dutc"), ("1w", "1Wutc"), ("1M", "1Mutc")],
)
async def test_long_candles_open_by_utc(interval, bar):
    """Without the ending they would open at 16:00 UTC."""
    http = Asked([])
    await okx.fetch_candles(CandlesQuery(symbol="BTC/USDT", interval=interval), http)
    assert http.calls[0][1]["bar"] == bar


@pytest.mark.parametrize(
    ("depth", "path", "weight"),
    [(1, "books", 0.5), (400, "books", 0.5), (401, "books-full", 2)],
)
async def test_deep_books_have_an_address_of_their_own(depth, path, weight):
    """The common one has 400 levels a side."""
    http = Asked([{"bids": [["1", "1"]], "asks": [["2", "1"]], "ts": str(NOW_MS)}])
    await okx.fetch_order_book(OrderBookQuery(symbol="BTC/USDT", depth=depth), http)
    ((called, params, paid),) = http.calls
    assert (called, params["sz"], paid) == (path, depth, weight)


async def test_no_more_trades_than_it_gives():
    """It gives 500 at most, and refuses to be asked for more."""
    http = Asked([])
    await okx.fetch_trades(TradesQuery(symbol="BTC/USDT", limit=1000), http)
    assert http.calls[0][1]["limit"] == 500


@pytest.mark.parametrize(
    ("status", "code", "said", "error"),
    [
        (200, "0", "", type(None)),
        (200, "51001", "Instrument ID doesn't exist.", UnknownSymbol),
        (400, "51000", "Parameter instId error", UnknownSymbol),
        (400, "51000", "Parameter bar error", BadStatus),
        (200, "51000", "Parameter bar error", BadStatus),
        (200, "50011", "Rate limit reached.", RateLimited),
        (429, "50011", "Too Many Requests", RateLimited),
        (429, "50013", "Systems are busy.", RateLimited),
        (200, "50013", "Systems are busy.", BadStatus),
        (503, "50001", "Service temporarily unavailable.", BadStatus),
        (200, "50051", "Due to compliance restrictions", GeoBlocked),
        (200, "50052", "Due to local laws and regulations", NotOffered),
        (200, "59999", "nobody has seen this one", BadStatus),
    ],
)
def test_errors(status, code, said, error):
    """Failures come with HTTP 200 too; what is not known is the source's trouble."""
    body = {"code": code, "msg": said, "data": []}
    assert type(mapped("okx", status, body, TickerQuery(symbol="BTC/USDT"))) is error
