"""CoinDesk Data: indices by pair, volumes of that very quote, pages of 100, two error envelopes."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinmux import (
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
    Reply,
    SocialQuery,
    TickerQuery,
    UnknownSymbol,
)
from coinmux.plugins.providers import cryptocompare
from coinmux.plugins.providers.cryptocompare import answers
from tests.plugins.sample_replay import ask, bound, mapped, mapped_reply, play, recording, samples

NOW = 1_764_000_000_000
HOUR = 3_600_000
RECORDED = [
    *(f"candles_historical_days{n}" for n in ("", "_3", "_5", "_7", "_9", "_11", "_13")),
    "candles_historical_hours_2",
    "candles_historical_hours_4",
]
UNITS = {"DAY": "1d", "HOUR": "1h"}


def sample(case):
    (found,) = [p.values[0] for p in samples("cryptocompare") if p.id == case]
    return found


@pytest.mark.parametrize("sample", samples("cryptocompare"))
async def test_samples(sample):
    """Each sample's requests are made as written and come to its outcome."""
    await play("cryptocompare", sample)


@pytest.mark.parametrize("case", RECORDED)
def test_recorded_candles(case):
    """Recorded rows come out in order, at their times, with the volume of their own quote."""
    rows = recording("cryptocompare", case)["response"]["body"]["Data"]
    pair = rows[0]["INSTRUMENT"].replace("-", "/")
    query = CandlesQuery(symbol=pair, interval=UNITS[rows[0]["UNIT"]], limit=1000)
    candles = answers.parse_candles({"Data": rows}, query)
    kept = rows[-1000:]
    assert candles.timestamp.tolist() == [row["TIMESTAMP"] * 1000 for row in kept]
    assert candles.close.tolist() == [row["CLOSE"] for row in kept]
    assert candles.volume.tolist() == [row["VOLUME_DIRECT"] for row in kept]


@pytest.mark.parametrize("case", RECORDED[:7])
def test_recorded_days_hold_the_moment_that_was_asked_for(case):
    """The last row is the one `to_ts` lies in, and there are as many as `limit`."""
    held = recording("cryptocompare", case)
    params, rows = held["request"]["params"], held["response"]["body"]["Data"]
    assert len(rows) == int(params["limit"])
    assert rows[-1]["TIMESTAMP"] == int(params["to_ts"]) // 86_400 * 86_400


def test_a_recorded_refusal_of_a_time_before_the_index():
    """Candles older than the index are not offered, which says nothing against the source."""
    response = recording("cryptocompare", "candles_error_historical_hours")["response"]
    query = CandlesQuery(symbol="BTC/USD", interval="1h")
    error = mapped("cryptocompare", response["status"], response["body"], query)
    assert type(error) is NotOffered


async def test_volumes_are_of_the_quote_that_was_asked():
    """The index counts trades in other quotes, converted; a ticker has what this quote saw."""
    ticker = await play("cryptocompare", sample("ticker"))
    row = sample("ticker")["exchanges"][0]["response"]["body"]["Data"]["BTC-USD"]
    assert ticker.volume_base == row["MOVING_24_HOUR_VOLUME_DIRECT"] != row["MOVING_24_HOUR_VOLUME"]
    assert ticker.volume_quote == row["MOVING_24_HOUR_QUOTE_VOLUME_DIRECT"]


async def test_a_pair_in_tether_is_answered_in_tether():
    """It is asked for by its own name, and the answer has to bear it."""
    ticker = await play("cryptocompare", sample("ticker_usdt"))
    assert ticker.symbol == "BTC/USDT"
    dollars = sample("ticker")["exchanges"][0]["response"]["body"]
    with pytest.raises(UnknownSymbol):
        answers.parse_ticker(dollars, TickerQuery(symbol="BTC/USDT"))


def test_candles_of_another_pair_are_refused():
    """Each row names its pair."""
    body = sample("candles")["exchanges"][0]["response"]["body"]
    with pytest.raises(Implausible):
        answers.parse_candles(body, CandlesQuery(symbol="BTC/USDT", interval="1h"))


@given(
    start=st.integers(NOW - 10_000 * HOUR, NOW),
    length=st.integers(0, 3_000 * HOUR),
    limit=st.integers(1, 1000),
)
def test_a_range_holds_what_was_asked(start, length, limit):
    """The candles of the range are among the `limit` that end with the one `to_ts` lies in."""
    end = min(start + length, NOW)
    query = CandlesQuery(symbol="BTC/USD", interval="1h", limit=limit, start=start, end=end)
    asked = answers.window(query, NOW)
    wanted = list(range(math.ceil(start / HOUR) * HOUR, end + 1, HOUR))[:limit]
    last = asked["to_ts"] * 1000 // HOUR * HOUR
    first = last - (asked["limit"] - 1) * HOUR
    assert all(first <= opening <= last for opening in wanted)
    assert asked["limit"] <= 1001


def test_the_latest_candles_take_no_moment():
    """Without a range the source's own now is the end."""
    query = CandlesQuery(symbol="BTC/USD", interval="1h", limit=24)
    assert answers.window(query, NOW) == {"limit": 24}
    ended = CandlesQuery(symbol="BTC/USD", interval="1h", limit=24, end=NOW)
    assert answers.window(ended, NOW) == {"limit": 24, "to_ts": NOW // 1000}


class Shelf:
    """Lists so many coins, a hundred a page."""

    def __init__(self, coins):
        self.coins = coins
        self.asked = []

    async def get_json(self, path, params):
        self.asked.append(params["page"])
        first = (params["page"] - 1) * 100
        found = range(first, min(first + 100, self.coins))
        return {"Data": {"LIST": [{"ID": n, "SYMBOL": "X", "NAME": "X"} for n in found]}}


@given(page=st.integers(1, 200), per_page=st.integers(1, 250), coins=st.integers(0, 2000))
async def test_any_page_is_cut_from_theirs(page, per_page, coins):
    """Ours of any length is the right stretch of their list, in four requests at most."""
    shelf = Shelf(coins)
    query = CoinsQuery(page=page, per_page=per_page)
    answer = await cryptocompare.fetch_coins(query=query, http=shelf)
    wanted = range((page - 1) * per_page, min(page * per_page, coins))
    assert [coin.id for coin in answer.coins] == [str(n) for n in wanted]
    assert len(shelf.asked) <= 4


async def test_coins_in_dollars_only():
    """Its figures are in dollars whatever is asked, so nothing else is."""
    shelf = Shelf(1)
    with pytest.raises(NotOffered):
        await cryptocompare.fetch_coins(query=CoinsQuery(quote="EUR"), http=shelf)
    assert shelf.asked == []


def test_a_coin_without_figures_has_none():
    """Coins without a price stand in the list with little more than a name."""
    row = {"ID": 9, "SYMBOL": "nbd", "NAME": "Nobody's", "TOPLIST_BASE_RANK": None}
    (coin,) = answers.parse_coins([row], CoinsQuery()).coins
    assert (coin.symbol, coin.rank, coin.price, coin.market_cap) == ("NBD", None, None, None)


async def test_headlines_name_coins_and_no_other_category():
    """Categories are coins and other words; a body stands in for a missing subtitle."""
    news = await play("cryptocompare", sample("news"))
    assert [item.symbols for item in news.items] == [("BTC",), ("XLM", "XRP"), ()]
    assert news.items[1].summary == "Payments over XRP and XLM compared."
    assert (news.items[2].summary, news.items[2].sentiment) == (None, None)


def test_an_article_without_categories():
    """Where nothing is said of coins, the title may say it."""
    row = sample("news")["exchanges"][0]["response"]["body"]["Data"][0] | {"CATEGORY_DATA": None}
    (item,) = answers.parse_news({"Data": [row]}, NewsQuery()).items
    assert item.symbols == ("BTC",)


async def test_communities_are_counted_together():
    """Several repositories of one coin make one figure; what no place says is left out."""
    social = await play("cryptocompare", sample("social"))
    assert social.metrics["code_stars"].value == 96_610
    assert social.metrics["code_stars"].unit == "stars"
    assert social.metrics["reddit_posts_per_day"].value == 61.5
    assert "telegram_members" not in social.metrics


def test_another_coin_in_the_answer_is_refused():
    """The row under the asked ticker has to be of that ticker."""
    row = {"SYMBOL": "BTC2", "SUBREDDITS": [{"SUBSCRIBERS": 1}]}
    with pytest.raises(Implausible):
        answers.parse_social({"Data": {"BTC": row}}, SocialQuery(asset="BTC"))


def err(message, param=None, **more):
    return {"Data": {}, "Err": {"message": message, "other_info": {"param": param}, **more}}


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (401, err("API key required", type=2, http_status_code=401), AuthRefused),
        (200, err("API key required", type=2, http_status_code=401), AuthRefused),
        (403, err("not allowed", http_status_code=403), PlanRestricted),
        (400, err("Your subscription lacks minutes"), PlanRestricted),
        (429, err("slow down"), RateLimited),
        (200, {"Response": "Error", "Type": 99, "Message": "x", "RateLimit": []}, RateLimited),
        (404, err("Invalid: instrument parameter.", "instrument"), UnknownSymbol),
        (400, err("Invalid: assets parameter.", "assets"), UnknownSymbol),
        (404, err("Invalid: to_ts parameter.", "to_ts"), NotOffered),
        (400, err("Invalid: categories parameter.", "categories"), NotOffered),
        (400, err("Invalid: limit parameter.", ["limit"]), BadStatus),
        (200, err("odd"), BadStatus),
        (500, err("odd"), BadStatus),
        (200, {"Data": {}, "Err": {}}, type(None)),
        (200, {"Response": "Success", "Data": {}}, type(None)),
        (502, "Bad gateway", BadStatus),
    ],
)
def test_errors(status, body, error):
    """`Err` and the older envelope are read; what they leave open is left to the status."""
    assert type(mapped("cryptocompare", status, body, TickerQuery(symbol="X/USD"))) is error


@pytest.mark.parametrize(
    ("day", "month", "error"),
    [(10_000, 1, QuotaExhausted), (1, 75_000, QuotaExhausted), (9_999, 74_999, RateLimited)],
)
def test_a_day_or_month_that_is_spent_is_a_quota(day, month, error):
    """One text stands for every limit; the counts beside it tell which was reached."""
    limits = {
        "calls_made": {"second": 99, "day": day, "month": month},
        "max_calls": {"second": 20, "day": 10_000, "month": 75_000},
    }
    body = {"Response": "Error", "Type": 99, "Message": "over", "RateLimit": limits}
    reply = Reply(200, body, True, {})
    assert type(mapped_reply("cryptocompare", reply, TickerQuery(symbol="X/USD"))) is error


async def test_the_key_goes_in_a_header_by_either_name():
    """Both names of the variable send it as the vendor writes it."""
    case = sample("ticker")
    _, client = await ask(
        "cryptocompare", "ticker", case["query"], case["exchanges"], {"CRYPTOCOMPARE_API_KEY": "k1"}
    )
    assert b"Authorization: Apikey k1\r\n" in client.heads[0]
    source, _ = bound("cryptocompare")
    assert source.info.env[0].aliases == ("COINDESK_API_KEY",)


def test_lengths_it_aggregates_are_not_asked():
    """Where its longer candles begin is not said, so ours are made of hours and days."""
    assert set(cryptocompare.provider_info().intervals) == {"1m", "1h", "1d"}
