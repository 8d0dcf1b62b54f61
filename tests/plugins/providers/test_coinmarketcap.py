"""CoinMarketCap: ids for tickers, two shapes of one answer, ranges, error codes."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinmux import (
    AssetId,
    AuthRefused,
    BadStatus,
    CandlesQuery,
    CoinsQuery,
    Implausible,
    NewsQuery,
    NotOffered,
    PlanRestricted,
    QuotaExhausted,
    RateLimited,
    TickerQuery,
    UnknownSymbol,
)
from coinmux import models as m
from coinmux.plugins.providers import coinmarketcap
from coinmux.plugins.providers.coinmarketcap import answers
from tests.plugins.sample_replay import ROOT, ask, bound, mapped, play, recording, samples

NOW = 1_764_000_000_000
HOUR = 3_600_000
BTC = AssetId("1", "Bitcoin")


def sample(case):
    (found,) = [p.values[0] for p in samples("coinmarketcap") if p.id == case]
    return found


@pytest.mark.parametrize("sample", samples("coinmarketcap"))
async def test_samples(sample):
    """Each sample's requests are made as written and come to its outcome."""
    await play("coinmarketcap", sample)


def test_a_recorded_page_of_coins():
    """A recorded page of version 1, with its figures by name of the currency, reads the same."""
    body = recording("coinmarketcap", "listing_listings_latest")["response"]["body"]
    coins = answers.parse_coins(body, CoinsQuery()).coins
    assert [coin.id for coin in coins] == [str(row["id"]) for row in body["data"]]
    assert (coins[0].symbol, coins[0].rank) == ("BTC", 1)
    quote = body["data"][0]["quote"]["USD"]
    assert coins[0].price == quote["price"]
    assert coins[0].change_percent_24h == quote["percent_change_24h"]
    assert (coins[0].market_cap, coins[0].circulating_supply) == (quote["market_cap"], 18943462)


def test_a_recorded_map():
    """A recorded look-up has ids and ranks."""
    body = recording("coinmarketcap", "symbols_cryptocurrency_map")["response"]["body"]
    found = answers.parse_map(body)
    assert [(one.id, one.symbol, one.rank) for one in found] == [
        ("1", "BTC", 1),
        ("1027", "ETH", 2),
    ]


def test_a_recorded_refusal():
    """A recorded answer to a missing key refuses the key."""
    response = recording("coinmarketcap", "listing_error_cryptocurrency_map_2")["response"]
    assert type(mapped("coinmarketcap", response["status"], response["body"])) is AuthRefused


async def test_of_coins_of_one_ticker_the_largest_is_taken():
    """The choice is the best rank whatever the order, and is said."""
    ticker = await play("coinmarketcap", sample("ticker"))
    assert ticker.notes == ("BTC taken as coinmarketcap id '1' (rank 1, best of 2 of that ticker)",)


def test_coins_that_trade_no_more_are_no_candidates():
    """A dead coin's ticker may be a living one's by now."""
    row = {"id": 7, "symbol": "X", "name": "X", "rank": 1, "is_active": 0}
    assert answers.parse_map({"data": [row]}) == []


async def test_a_pair_in_tether_is_answered_in_tether():
    """It is asked for in USDT, and figures in dollars are no answer to that."""
    ticker = await play("coinmarketcap", sample("ticker_usdt"))
    assert (ticker.symbol, ticker.last) == ("BTC/USDT", 88243.2)
    dollars = sample("ticker")["exchanges"][1]["response"]["body"]
    with pytest.raises(Implausible, match="USDT"):
        answers.parse_ticker(dollars, TickerQuery(symbol="BTC/USDT"), BTC)


@pytest.mark.parametrize(("coin", "is_it"), [(825, True), (37_482, False), (None, True)])
def test_figures_in_another_coin_of_the_ticker_are_refused(coin, is_it):
    """Several coins are called USDT; where the answer says which it is, it has to be Tether."""
    quote = {"symbol": "USDT", "price": 1.5} | ({} if coin is None else {"id": coin})
    if is_it:
        assert answers.quote_of({"quote": [quote]}, "USDT")["price"] == 1.5
    else:
        with pytest.raises(Implausible):
            answers.quote_of({"quote": [quote]}, "USDT")


@given(
    rows=st.lists(
        st.tuples(st.integers(1, 10**6), st.floats(1e-12, 1e9), st.sampled_from(["USD", "EUR"])),
        min_size=1,
        unique_by=lambda row: row[0],
    )
)
def test_both_shapes_say_the_same(rows):
    """A list of coins with lists of figures, and both as objects, come to the same rows."""
    coins = [{"id": i, "quote": [{"symbol": c, "price": p}]} for i, p, c in rows]
    by_name = {str(i): {"id": i, "quote": {c: {"symbol": c, "price": p}}} for i, p, c in rows}
    for old, new, (_, price, currency) in zip(
        answers.rows_of(by_name), answers.rows_of(coins), rows, strict=True
    ):
        assert answers.quote_of(old, currency) == answers.quote_of(new, currency)
        assert answers.quote_of(new, currency)["price"] == price


@given(
    start=st.integers(NOW - 10_000 * HOUR, NOW),
    length=st.integers(0, 3_000 * HOUR),
    limit=st.integers(1, 1000),
)
def test_a_range_holds_what_was_asked(start, length, limit):
    """From the candle before the first (it is left out) to the last wanted, and all counted."""
    end = min(start + length, NOW)
    query = CandlesQuery(symbol="BTC/USD", interval="1h", limit=limit, start=start, end=end)
    asked = answers.window(query, NOW)
    wanted = list(range(math.ceil(start / HOUR) * HOUR, end + 1, HOUR))[:limit]
    begin, stop = asked["time_start"] * 1000, asked["time_end"] * 1000
    assert all(begin < opening <= stop + 999 for opening in wanted)
    assert begin >= start - 2 * HOUR
    assert asked["count"] >= len(wanted)
    assert asked["count"] <= limit + 2


def test_without_a_start_the_open_candle_is_counted():
    """The source counts the open candle and does not send it."""
    query = CandlesQuery(symbol="BTC/USD", interval="1h", limit=24)
    assert answers.window(query, NOW) == {"count": 25}
    ended = CandlesQuery(symbol="BTC/USD", interval="1h", limit=24, end=NOW - HOUR)
    assert answers.window(ended, NOW) == {"count": 25, "time_end": (NOW - HOUR) // 1000}


async def test_candles_have_no_volume():
    """Theirs is of all markets, in the quote: no amount of the coin."""
    candles = await play("coinmarketcap", sample("candles"))
    assert all(math.isnan(volume) for volume in candles.volume)
    assert candles.timestamp[-1] + HOUR <= NOW


def test_only_exact_lengths_are_offered():
    """A weekly interval there is a daily candle a week, so none is promised."""
    assert set(coinmarketcap.provider_info().intervals) == {"1h", "1d"}


def test_an_article_without_coins_or_words():
    """What a headline lacks is none; the coins it is about are named once each."""
    row = {
        "title": "On coins",
        "subtitle": "",
        "source_name": "Wire",
        "source_url": "https://news.example/1",
        "released_at": "2025-11-24T15:00:00Z",
        "assets": [{"symbol": "eth"}, {"symbol": "BTC"}, {"symbol": "BTC"}],
    }
    (item,) = answers.parse_news({"data": [row]}, NewsQuery()).items
    assert (item.symbols, item.summary) == (("BTC", "ETH"), None)
    (item,) = answers.parse_news({"data": [row | {"assets": None}]}, NewsQuery()).items
    assert item.symbols == ()


@pytest.mark.parametrize(
    ("status", "code", "said", "error"),
    [
        (401, 1001, "This API Key is invalid.", AuthRefused),
        (402, 1003, "not activated", AuthRefused),
        (403, 1007, "disabled", AuthRefused),
        (403, 1005, "An API Key is required for this call.", PlanRestricted),
        (403, 1006, "plan", PlanRestricted),
        (200, "1006", "plan", PlanRestricted),
        (429, 1008, "minute", RateLimited),
        (429, 1011, "address", RateLimited),
        (429, 1009, "day", QuotaExhausted),
        (429, 1010, "month", QuotaExhausted),
        (400, 400, 'Invalid value for "id": "99999999"', UnknownSymbol),
        (400, 400, "Invalid symbol parameter", UnknownSymbol),
        (400, 400, 'Invalid value for "convert": "XYZ"', NotOffered),
        (400, 400, '"count" must be larger than or equal to 1', BadStatus),
        (404, 404, "Cryptocurrency not found", UnknownSymbol),
        (404, 404, "The requested URL was not found", BadStatus),
        (200, 500, "oops", BadStatus),
        (500, 500, "oops", BadStatus),
        (200, 0, None, type(None)),
        (200, "0", "", type(None)),
        (200, None, None, type(None)),
        (200, "²", None, BadStatus),
    ],
)
def test_error_codes(status, code, said, error):
    """The code counts, as a number or as text; what it leaves open is left to the status."""
    body = {"status": {"error_code": code, "error_message": said}}
    assert type(mapped("coinmarketcap", status, body, TickerQuery(symbol="X/USD"))) is error


def test_a_refusal_by_the_minute_waits_for_the_next():
    """Where the source does not say how long, its window is a minute."""
    body = {"status": {"error_code": 1008, "error_message": "slow down"}}
    query = TickerQuery(symbol="X/USD")
    waits = [
        mapped("coinmarketcap", 429, body, query, headers).retry_after_s
        for headers in ({}, {"retry-after": "7"})
    ]
    assert waits == [60.0, None]


async def test_a_key_moves_requests_to_the_keyed_paths():
    """Without a key the public paths are asked, with one the others, and the key goes along."""
    case = sample("ticker")
    keyless, _ = bound("coinmarketcap")
    assert keyless.endpoint.prefix == "/public-api"
    _, client = await ask(
        "coinmarketcap",
        "ticker",
        case["query"],
        case["exchanges"],
        {"COINMARKETCAP_API_KEY": "k1"},
    )
    assert all(b"X-CMC_PRO_API_KEY: k1\r\n" in head for head in client.heads)


def test_the_key_goes_by_three_names():
    """The names the vendor's own tools use are taken, too."""
    (key,) = coinmarketcap.provider_info().env
    assert key.aliases == ("CMC_PRO_API_KEY", "CMC_API_KEY")
    assert not key.required


async def test_the_index_says_whose_it_is():
    """CoinMarketCap's and Alternative.me's differ on the same day."""
    ours = await play("coinmarketcap", sample("fear_greed"))
    text = (ROOT / "plugins/providers/alternative_me/samples/fear_greed.json").read_text()
    theirs = await play("alternative_me", json.loads(text))
    assert ours.index == "CoinMarketCap Crypto Fear and Greed Index"
    assert theirs.index == "Alternative.me Crypto Fear and Greed Index"
    assert "do not compare" in ours.notes[0]
    assert theirs.notes == ()


class Weighed:
    """Answers with a sample's body and keeps the weight of each request."""

    def __init__(self, body):
        self.body, self.weights = body, []
        self.assets = self

    async def resolve(self, asset, search):
        return m.AssetId("1", "Bitcoin")

    def now_ms(self):
        return 1_764_000_000_000

    async def get_json(self, path, params, weight=1):
        self.weights.append(weight)
        return self.body


@pytest.mark.parametrize(("per_page", "weight"), [(1, 1), (200, 1), (201, 2), (250, 2)])
async def test_a_page_of_coins_costs_a_credit_for_200(per_page, weight):
    """The month's credits are counted as CoinMarketCap counts them."""
    http = Weighed({"data": []})
    await coinmarketcap.fetch_coins(query=CoinsQuery(per_page=per_page), http=http)
    assert http.weights == [weight]


@pytest.mark.parametrize(("limit", "weight"), [(50, 1), (99, 1), (100, 2), (500, 6)])
async def test_candles_cost_a_credit_for_100(limit, weight):
    """The open one is counted too."""
    body = sample("candles")["exchanges"][-1]["response"]["body"]
    http = Weighed(body)
    query = m.CandlesQuery(symbol="BTC/USD", interval="1d", limit=limit)
    await coinmarketcap.fetch_candles(query=query, http=http)
    assert http.weights == [weight]
