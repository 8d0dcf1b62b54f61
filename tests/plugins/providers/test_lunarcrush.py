"""LunarCrush: coins by number, figures with their scale, seconds, candles without a volume."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinmux import (
    HTTP,
    AssetId,
    AuthRefused,
    BadStatus,
    CandlesQuery,
    CoinsQuery,
    Deadline,
    Implausible,
    NewsQuery,
    PlanRestricted,
    QuotaExhausted,
    RateLimited,
    Reply,
    SocialQuery,
    TickerQuery,
    UnknownSymbol,
)
from coinmux.framework.samples.format import read_sample
from coinmux.framework.simulator.matching import SampleIndex
from coinmux.framework.simulator.patterns import Asked
from coinmux.plugins.providers import lunarcrush
from tests.plugins.sample_replay import (
    RECORDINGS,
    ScriptedClient,
    ask,
    bound,
    mapped,
    mapped_reply,
    play,
    samples,
)

EXAMPLES = RECORDINGS.parent / "providers" / "examples" / "lunarcrush"
ETH = AssetId("2", "Ethereum")
BTC = AssetId("1", "Bitcoin")


def sample(name):
    return next(p.values[0] for p in samples("lunarcrush") if p.id == name)


def example(name):
    path = EXAMPLES / f"{name}.json"
    if not path.exists():
        pytest.skip(f"no examples beside this tree: {path.name}")
    return json.loads(path.read_text())["response"]["body"]


@pytest.mark.parametrize("case", samples("lunarcrush"))
async def test_samples(case):
    """Each sample's requests are made as written and come to its outcome."""
    await play("lunarcrush", case)


async def test_social_figures_say_their_unit():
    """Shares and moods in percent, counts of 24 hours, scores, and a rank of which 1 is best."""
    social = await play("lunarcrush", sample("social_eth"))
    told = {name: (one.value, one.unit) for name, one in social.metrics.items()}
    assert told == {
        "galaxy_score": (61.5, "score"),
        "alt_rank": (88, "rank"),
        "sentiment": (82, "percent"),
        "social_dominance": (10.2, "percent"),
        "social_volume_24h": (61_211, "count"),
        "interactions_24h": (31_220_771, "count"),
    }
    assert social.timestamp == 1_763_999_980_000


async def test_the_largest_coin_of_a_ticker_is_taken_and_said():
    """Of two coins of one ticker the better ranked is meant, and a note says so."""
    social = await play("lunarcrush", sample("social_ambiguous"))
    assert social.notes == (
        "PEPE2 taken as lunarcrush id '91' (rank 703, best of 2 of that ticker)",
    )


async def test_the_number_of_a_coin_is_remembered():
    """Of two questions about one coin only the first asks for the list."""
    source, clock = bound("lunarcrush")
    listing, coin = sample("ticker")["exchanges"]
    client = ScriptedClient(source, [listing, coin, coin])
    query = TickerQuery(symbol="BTC/USD")
    for _ in range(2):
        http = HTTP(source, client, Deadline.after(clock, 4), query)
        assert (await lunarcrush.fetch_ticker(query=query, http=http)).last == 88190.44
    assert client.is_done


async def test_a_ticker_has_no_volume():
    """Its volume is of all markets in dollars: of this pair none is known."""
    ticker = await play("lunarcrush", sample("ticker"))
    assert (ticker.volume_base, ticker.volume_quote, ticker.bid, ticker.open) == (None,) * 4
    assert (ticker.change_percent, ticker.timestamp) == (1.49, 1_763_999_980_000)


async def test_candles_have_no_volume():
    """The volume in a bucket is of 24 hours, not of the bucket."""
    candles = await play("lunarcrush", sample("candles"))
    assert len(candles) == 8
    assert np.isnan(candles.volume).all()
    assert candles.timestamp[-1] == 1_764_000_000_000


async def test_candles_of_a_range_ask_for_its_seconds():
    """Start and end are sent in seconds, with one bucket more so that the last is whole."""
    listing, series = sample("candles")["exchanges"]
    start = 1_763_974_800_000
    request = {
        **series["request"],
        "params": {"bucket": "hour", "start": "1763974800", "end": "1763989200"},
    }
    query = {"symbol": "BTC/USD", "interval": "1h", "limit": 3, "start": start}
    candles, _ = await ask(
        "lunarcrush", "candles", query, [listing, {**series, "request": request}]
    )
    assert list(candles.timestamp) == [start, start + 3_600_000, start + 7_200_000]


def test_a_series_of_another_coin_is_refused():
    """The answer names its coin; another's is no answer."""
    body = sample("candles")["exchanges"][1]["response"]["body"]
    query = CandlesQuery(symbol="ETH/USD", interval="1h")
    with pytest.raises(Implausible):
        lunarcrush.parse_candles(body, query, ETH)


async def test_news_of_a_coins_topic_are_about_it():
    """A post of the topic is of the coin even if its title does not name it."""
    news = await play("lunarcrush", sample("news_btc"))
    assert [(item.title, item.symbols) for item in news.items] == [
        ("Oil slips while the largest coin holds", ("BTC",)),
        ("Bitcoin miners add capacity", ("BTC",)),
    ]
    assert news.items[0].published_at == 1_763_998_700_000


def test_a_page_is_no_longer_than_asked():
    """Rows beyond the asked number are cut."""
    body = sample("coins")["exchanges"][0]["response"]["body"]
    assert len(lunarcrush.parse_coins(body, CoinsQuery(per_page=2)).coins) == 2


def test_the_simulated_price_is_the_markets():
    """News and tickers ask for a coin alike; in the simulator the ticker's sample answers both."""
    read = [read_sample(json.dumps(p.values[0]), f"{p.id}.json") for p in samples("lunarcrush")]
    catalogue = SampleIndex(lunarcrush.provider_info(), read)
    found = catalogue.find(Asked("GET", ("coins", "1", "v1"), {}))
    assert found.sample.capability == "ticker"


def test_documented_list():
    """The documented row reads as a coin and as social figures."""
    body = example("coins_list_v2")
    (coin,) = lunarcrush.parse_coins(body, CoinsQuery()).coins
    assert (coin.id, coin.symbol, coin.rank) == ("1", "BTC", 1)
    assert coin.change_percent_24h == -3.903850097286
    social = lunarcrush.parse_social(body, SocialQuery(asset="BTC"), BTC)
    assert social.metrics["sentiment"].value == 73
    assert social.timestamp == 1_750_604_580_000


def test_documented_coin_series_and_news():
    """The documented coin, bucket and post come out with times in milliseconds."""
    ticker = lunarcrush.parse_ticker(example("coin"), TickerQuery(symbol="ETH/USD"), ETH)
    assert (ticker.last, ticker.change_percent) == (2202.244756267511, -9.179698099472)
    query = CandlesQuery(symbol="ETH/USD", interval="1h")
    candles = lunarcrush.parse_candles(example("coin_time_series_v2"), query, ETH)
    assert (candles.timestamp[0], candles.close[0]) == (1_749_945_600_000, 2537.67)
    (item,) = lunarcrush.parse_news(example("topic_news"), NewsQuery(asset="BTC")).items
    assert (item.source, item.published_at) == ("CryptoSlate", 1_750_597_873_000)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (401, {"error": "Invalid API key"}, AuthRefused),
        (401, {"error": "Upgrade your subscription"}, PlanRestricted),
        (402, {}, PlanRestricted),
        (403, {"error": "Not in your plan"}, PlanRestricted),
        (403, {"error": "Forbidden"}, AuthRefused),
        (404, {"error": "Coin not found"}, UnknownSymbol),
        (200, {"error": "Coin not found"}, UnknownSymbol),
        (404, {"error": "Invalid endpoint (2)"}, BadStatus),
        (429, {"error": "Too many requests, upgrade your plan"}, RateLimited),
        (429, {"error": "2000 requests per day"}, QuotaExhausted),
        (200, {"error": "Unexpected"}, BadStatus),
        (503, {"error": "Down for an upgrade"}, BadStatus),
        (200, {"config": {}, "data": []}, type(None)),
    ],
)
def test_errors(status, body, error):
    """A subscription that lacks something is no bad key, and a limit is no lack of one."""
    query = TickerQuery(symbol="BTC/USD")
    assert type(mapped("lunarcrush", status, body, query)) is error


def test_plain_text_and_pages():
    """Text says what JSON would; a page of a firewall says nothing."""
    query = TickerQuery(symbol="BTC/USD")
    told = mapped("lunarcrush", 401, "Unauthorized", query, is_json=False)
    assert type(told) is AuthRefused
    page = Reply(403, "<html>upgrade your browser</html>", False, {})
    assert type(mapped_reply("lunarcrush", page, query)) is BadStatus


@given(
    seconds=st.integers(1_262_304_000, 4_000_000_000),
    percent=st.floats(-100, 1e6),
    share=st.floats(0, 100),
)
def test_seconds_become_milliseconds_and_percent_stays(seconds, percent, share):
    """Every time is a thousandfold, and no percent is taken for a fraction."""
    config = {"generated": seconds, "topic": "bitcoin"}
    coin = {"id": 1, "symbol": "BTC", "name": "Bitcoin", "price": 1, "percent_change_24h": percent}
    body = {"config": config, "data": coin}
    ticker = lunarcrush.parse_ticker(body, TickerQuery(symbol="BTC/USD"), BTC)
    assert (ticker.timestamp, ticker.change_percent) == (seconds * 1000, percent)
    row = {**coin, "sentiment": share, "social_dominance": share}
    rows = {"config": config, "data": [row]}
    social = lunarcrush.parse_social(rows, SocialQuery(asset="BTC"), BTC)
    assert social.timestamp == seconds * 1000
    assert social.metrics["sentiment"].value == social.metrics["social_dominance"].value == share
    assert social.metrics["galaxy_score"].value is None


async def test_the_key_goes_as_bearer():
    """The key is in the header, after the word Bearer."""
    case = sample("coins")
    _, client = await ask(
        "lunarcrush", "coins", case["query"], case["exchanges"], {"LUNARCRUSH_API_KEY": "k1"}
    )
    assert b"Authorization: Bearer k1\r\n" in client.heads[0]
