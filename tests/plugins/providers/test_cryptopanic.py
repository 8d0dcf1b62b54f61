"""CryptoPanic: coins from its tags, links that hold no token, the plan told apart from the key."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinmux import (
    AuthRefused,
    BadStatus,
    NewsQuery,
    PlanRestricted,
    QuotaExhausted,
    RateLimited,
)
from coinmux.plugins.providers import cryptopanic
from tests.plugins.sample_replay import RECORDINGS, ask, mapped, play, recording, samples

EXAMPLES = RECORDINGS.parent / "providers" / "examples" / "cryptopanic"


def sample(name):
    return next(p.values[0] for p in samples("cryptopanic") if p.id == name)


def example(name):
    path = EXAMPLES / f"{name}.json"
    if not path.exists():
        pytest.skip(f"no examples beside this tree: {path.name}")
    return json.loads(path.read_text())["response"]["body"]


@pytest.mark.parametrize("case", samples("cryptopanic"))
async def test_samples(case):
    """Each sample's requests are made as written and come to its outcome."""
    await play("cryptopanic", case)


async def test_items_carry_their_publisher_link_and_coins():
    """The publisher's own link is given, not CryptoPanic's page, with the coins it is tagged."""
    news = await play("cryptopanic", sample("news"))
    assert [(item.source, item.symbols) for item in news.items] == [
        ("Ledger Daily", ("BTC",)),
        ("Block Notes", ("ETH",)),
        ("Coin Courier", ("ETH", "SOL")),
    ]
    first = news.items[0]
    assert first.id == "27709999"
    assert first.url == "https://ledgerdaily.example/2025/11/24/funds-take-in-bitcoin"
    assert first.published_at == 1_763_999_700_000


async def test_a_small_plan_tells_less():
    """Without a link CryptoPanic's page is one; without coins, what was asked for; else neither."""
    news = await play("cryptopanic", sample("news_eth_small_plan"))
    assert [item.url for item in news.items] == [
        "https://cryptopanic.com/news/27709996/Ether-fees",
        "https://cryptopanic.com/news/27709995/A-quiet-day",
    ]
    assert {item.source for item in news.items} == {"CryptoPanic"}
    assert all("ETH" in item.symbols for item in news.items)


async def test_items_of_other_coins_are_left_out():
    """Asked for one coin, an item tagged with others alone does not come."""
    case = sample("news_btc")
    news, _ = await ask(
        "cryptopanic",
        "news",
        {"asset": "BTC"},
        [{**case["exchanges"][0], "response": sample("news")["exchanges"][0]["response"]}],
    )
    assert [item.symbols for item in news.items] == [("BTC",)]


async def test_no_word_of_the_answer_repeats_the_token():
    """The token that `next` holds comes out nowhere."""
    news = await play("cryptopanic", sample("news"))
    assert b"auth_token" not in news.encode()


async def test_the_plan_is_part_of_the_path():
    """The plan that is set stands in the path, and the token in the query."""
    case = sample("news")
    exchange = case["exchanges"][0]
    request = {**exchange["request"], "path": "/enterprise/v2/posts/"}
    request["params"] = {**request["params"], "auth_token": "t0"}
    values = {"CRYPTOPANIC_API_KEY": "t0", "CRYPTOPANIC_API_PLAN": "enterprise"}
    news, _ = await ask("cryptopanic", "news", {}, [{**exchange, "request": request}], values)
    assert len(news.items) == 3


@pytest.mark.parametrize("name", ["posts_v2", "posts_v2_nulls"])
def test_documented_items(name):
    """Items with every field and with none of the optional ones come out whole."""
    (item,) = cryptopanic.parse_news(example(name), NewsQuery()).items
    if name == "posts_v2":
        assert (item.source, item.symbols) == ("CoinDesk", ("BTC",))
        assert item.published_at == 1_736_937_000_000
    else:
        assert (item.url, item.published_at) == ("https://cryptopanic.com/news/1/test", None)


@pytest.mark.parametrize("case", ["news_posts", "news_posts_3"])
def test_recorded_items_of_the_old_version(case):
    """What version 1 shares with version 2 reads the same: titles, times, publishers, links."""
    body = recording("cryptopanic", case)["response"]["body"]
    items = cryptopanic.parse_news(body, NewsQuery(limit=200)).items
    assert len(items) > 10
    assert all(item.url.startswith("https://cryptopanic.com/news/") for item in items)
    assert all(1_500_000_000_000 < item.published_at < 1_700_000_000_000 for item in items)
    times = [item.published_at for item in items]
    assert times == sorted(times, reverse=True)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (401, {"error": "Invalid auth token"}, AuthRefused),
        (401, {}, AuthRefused),
        (403, {"status": "api_error", "info": "Token not found"}, AuthRefused),
        (403, {"error": "Plan restricted"}, PlanRestricted),
        (403, {"detail": "You do not have permission to perform this action."}, PlanRestricted),
        (429, {"error": "Rate limited"}, RateLimited),
        (429, {"info": "API monthly quota exceeded"}, QuotaExhausted),
        (200, {"status": "api_error", "info": "?"}, BadStatus),
        (500, {"error": "Internal error"}, BadStatus),
        (200, {"results": []}, type(None)),
    ],
)
def test_errors(status, body, error):
    """A 403 is of the plan unless it speaks of the token; the words stand in three places."""
    assert type(mapped("cryptopanic", status, body)) is error


def test_a_page_with_403_says_nothing_of_the_plan():
    """A firewall's page is left to the framework."""
    assert type(mapped("cryptopanic", 403, "<html>", NewsQuery(), is_json=False)) is BadStatus


@given(st.integers(1_262_304_000, 4_000_000_000), st.integers(-14, 14))
def test_times_are_milliseconds_whatever_their_zone(seconds, hours):
    """ISO 8601 with any offset comes out as the same moment in milliseconds."""
    moment = datetime.fromtimestamp(seconds, timezone(timedelta(hours=hours)))
    post = {"id": 1, "title": "T", "url": "https://a.example/1", "published_at": moment.isoformat()}
    (item,) = cryptopanic.parse_news({"results": [post]}, NewsQuery()).items
    assert item.published_at == seconds * 1000
