"""CoinGecko: averages over exchanges, ids instead of tickers, candles named by their close."""

from __future__ import annotations

import numpy as np
import pytest

from coinmux import (
    AssetId,
    AuthRefused,
    BadStatus,
    CandlesQuery,
    CoinsQuery,
    Implausible,
    NotOffered,
    Outcome,
    PlanRestricted,
    RateLimited,
    TickerQuery,
    UnknownSymbol,
)
from coinmux.plugins.providers import coingecko
from tests.plugins.sample_replay import ask, exchange, mapped, play, recording, samples

NOW = 1_764_000_000_000
HALF_HOUR = 1_800_000
FOUR_HOURS = 14_400_000
BITCOIN = AssetId("bitcoin", "Bitcoin")
MARKETS = [
    "listing_coins_markets",
    "listing_coins_markets_3",
    "listing_coins_markets_5",
    "listing_coins_markets_7",
    "listing_coins_markets_9",
]


@pytest.mark.parametrize("sample", samples("coingecko"))
async def test_samples(sample):
    """Each sample's requests are made as written and come to its outcome."""
    await play("coingecko", sample)


@pytest.mark.parametrize("case", MARKETS)
def test_recorded_lists(case):
    """Recorded pages of coins parse, with their figures where they belong."""
    body = recording("coingecko", case)["response"]["body"]
    coins = coingecko.parse_coins(body, CoinsQuery(per_page=250)).coins
    assert [coin.id for coin in coins] == [row["id"] for row in body]
    assert [coin.symbol for coin in coins] == [row["symbol"].upper() for row in body]
    assert [coin.price for coin in coins] == [row["current_price"] for row in body]
    assert [coin.volume_24h for coin in coins] == [row["total_volume"] for row in body]


@pytest.mark.parametrize("case", MARKETS)
def test_recorded_tickers(case):
    """A recorded row read as a ticker has last, high, low, a percentage and milliseconds."""
    for row in recording("coingecko", case)["response"]["body"]:
        query = TickerQuery(symbol="X/USD")
        ticker = coingecko.parse_ticker([row], query, AssetId(row["id"], row["name"]))
        assert ticker.last == row["current_price"]
        assert ticker.change_percent == row["price_change_percentage_24h"]
        assert 1_600_000_000_000 < ticker.timestamp < NOW
        assert (ticker.high, ticker.low) == (row["high_24h"], row["low_24h"])
        unsaid = (ticker.bid, ticker.ask, ticker.open, ticker.volume_base, ticker.volume_quote)
        assert unsaid == (None,) * 5


def test_recorded_candles():
    """Recorded candles of four hours, which carry their close, come out named by their opening."""
    body = recording("coingecko", "candles_bitcoin_ohlc")["response"]["body"]
    query = CandlesQuery(symbol="BTC/USD", interval="4h", limit=180)
    candles = coingecko.parse_candles(body, query, BITCOIN)
    assert candles.timestamp.tolist() == [row[0] - FOUR_HOURS for row in body]
    assert candles.close.tolist() == [row[4] for row in body]
    assert np.isnan(candles.volume).all()


def test_an_open_candle_is_named_by_its_opening():
    """The last row may carry the time of its last price; that candle opened on the grid, too."""
    rows = [[NOW, 1, 2, 1, 2], [NOW + 60_000, 2, 3, 2, 3]]
    query = CandlesQuery(symbol="BTC/USD", interval="30m", limit=2)
    candles = coingecko.parse_candles(rows, query, BITCOIN)
    assert candles.timestamp.tolist() == [NOW - HALF_HOUR, NOW]


@pytest.mark.parametrize(
    ("interval", "limit", "days"),
    [
        ("30m", 1, 1),
        ("30m", 48, 1),
        ("30m", 180, 1),
        ("4h", 42, 7),
        ("4h", 43, 14),
        ("4h", 180, 30),
    ],
)
def test_the_fewest_days_that_hold_the_candles(interval, limit, days):
    """Days asked for follow from the length and the number of candles."""
    query = CandlesQuery(symbol="BTC/USD", interval=interval, limit=limit)
    assert coingecko.days_for(query, NOW) == days


def test_days_follow_from_the_start():
    """With a start, the days reach back to it whatever the limit."""
    start = NOW - 60 * FOUR_HOURS
    query = CandlesQuery(symbol="BTC/USD", interval="4h", limit=2, start=start)
    assert coingecko.days_for(query, NOW) == 14


@pytest.mark.parametrize(
    "bounds",
    [{"start": NOW - 49 * HALF_HOUR}, {"end": NOW - 48 * HALF_HOUR}],
    ids=["begins too early", "ends too early"],
)
def test_what_lies_too_far_back_is_not_offered(bounds):
    """A range before what CoinGecko keeps in that length is refused, not answered with another."""
    query = CandlesQuery(symbol="BTC/USD", interval="30m", limit=10, **bounds)
    with pytest.raises(NotOffered, match="1 days only"):
        coingecko.days_for(query, NOW)


async def test_fewer_candles_than_asked_are_said():
    """Where the last day is all there is, the answer says how many that were."""
    rows = [[NOW, 1, 2, 1, 2]]
    query = {"symbol": "BTC/USD", "interval": "30m", "limit": 100}
    reply = exchange("/coins/bitcoin/ohlc", {"vs_currency": "usd", "days": "1"}, rows)
    candles, _ = await ask("coingecko", "candles", query, [reply])
    assert candles.notes == ("CoinGecko has 1 candles of 30m",)


def test_only_exact_lengths_are_offered():
    """Candles of four days are none of ours; no other length is promised."""
    assert set(coingecko.provider_info().intervals) == {"30m", "4h"}


def test_usdt_is_no_quote():
    """A pair in USDT is never asked, so never answered in USD."""
    quotes = coingecko.provider_info().quotes
    assert {"USD", "EUR", "BTC", "ETH"} <= quotes
    assert not {"USDT", "USDC", "DAI", "FDUSD"} & quotes


async def test_the_choice_among_coins_of_one_ticker_is_said():
    """A coin outside the table is the largest of its ticker, and the answer says so."""
    (sample,) = [p.values[0] for p in samples("coingecko") if p.id == "ticker_searched"]
    ticker = await play("coingecko", sample)
    assert ticker.notes == (
        "PEPE2 taken as coingecko id 'pepe-2-0' (rank 1203, best of 3 of that ticker)",
    )


def test_another_coin_in_the_answer_is_refused():
    """An answer about another id than the one asked for is no answer."""
    row = {"id": "bitcoin-cash", "current_price": 500}
    with pytest.raises(Implausible):
        coingecko.parse_ticker([row], TickerQuery(symbol="BTC/USD"), BITCOIN)


@pytest.mark.parametrize("body", [[], [{"id": "bitcoin", "current_price": None}]])
def test_a_coin_without_price_is_not_listed(body):
    """No row and no price mean that CoinGecko does not serve the coin."""
    with pytest.raises(UnknownSymbol):
        coingecko.parse_ticker(body, TickerQuery(symbol="BTC/USD"), BITCOIN)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (429, {"status": {"error_code": 429, "error_message": "slow"}}, RateLimited),
        (401, {"status": {"error_code": 10002, "error_message": "missing"}}, AuthRefused),
        (401, {"error_code": 10005, "status": {"error_message": "plan"}}, PlanRestricted),
        (400, {"error_code": 10010, "error_message": "pro key"}, AuthRefused),
        (400, {"status": {"error_code": 10011, "error_message": "demo"}}, AuthRefused),
        (401, {"error": {"status": {"error_code": 10012, "error_message": ""}}}, PlanRestricted),
        (400, {"error": "invalid vs_currency"}, NotOffered),
        (404, {"error": "coin not found"}, UnknownSymbol),
        (422, {"error": "Missing parameter ids"}, BadStatus),
        (200, [{"id": "bitcoin"}], type(None)),
        (429, "Throttled", RateLimited),
    ],
)
def test_errors_in_each_of_their_shapes(status, body, error):
    """The code is found in the body, in `status` and in `error`; the rest is left to the status."""
    assert type(mapped("coingecko", status, body, TickerQuery(symbol="BTC/USD"))) is error


@pytest.mark.parametrize(
    "case", ["ticker_error_simple_price", "candles_error_bitcoin_market_chart"]
)
def test_recorded_errors(case):
    """A recorded 422 is nothing in particular: its status says enough."""
    response = recording("coingecko", case)["response"]
    assert type(mapped("coingecko", response["status"], response["body"])) is BadStatus


@pytest.mark.parametrize(
    ("variable", "line"),
    [
        ("COINGECKO_DEMO_API_KEY", b"x-cg-demo-api-key: CG-abc"),
        ("COINGECKO_PRO_API_KEY", b"x-cg-pro-api-key: CG-abc"),
    ],
)
async def test_keys_go_as_declared(variable, line):
    """Each kind of key has its own header, and the paid one its own host."""
    (sample,) = [p.values[0] for p in samples("coingecko") if p.id == "ticker"]
    _, client = await ask(
        "coingecko", "ticker", sample["query"], sample["exchanges"], {variable: "CG-abc"}
    )
    assert line in client.heads[0]
    assert (b"pro-api.coingecko.com" in client.heads[0]) == ("PRO" in variable)


def test_what_is_too_old_for_the_plan_holds_nothing():
    """The next question may be for younger data; an endpoint the plan lacks is left alone."""
    error = mapped("coingecko", 401, {"status": {"error_code": 10012, "error_message": "year"}})
    assert error.outcome is Outcome.NEUTRAL
    error = mapped("coingecko", 401, {"status": {"error_code": 10005, "error_message": "plan"}})
    assert error.outcome is Outcome.HOLD


def test_a_key_of_no_said_kind_is_taken_for_a_free_one():
    """Both kinds begin alike; a paid one sent so is refused with a code of its own."""
    demo, pro = coingecko.provider_info().env
    assert demo.aliases == ("COINGECKO_API_KEY",)
    assert not pro.aliases
