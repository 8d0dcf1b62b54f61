"""NewsAPI.org: coins searched for by name, withdrawn articles dropped, quota under two codes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinmux import (
    AuthRefused,
    BadStatus,
    NewsQuery,
    Outcome,
    PlanRestricted,
    QuotaExhausted,
    RateLimited,
)
from coinmux.plugins.providers import newsapi
from tests.plugins.sample_replay import ask, mapped, play, recording, samples


def sample(name):
    return next(p.values[0] for p in samples("newsapi") if p.id == name)


@pytest.mark.parametrize("case", samples("newsapi"))
async def test_samples(case):
    """Each sample's requests are made as written and come to its outcome."""
    await play("newsapi", case)


async def test_withdrawn_articles_are_dropped():
    """Entries that only say `[Removed]` are no news; a missing summary stays missing."""
    news = await play("newsapi", sample("news"))
    assert [(item.title, item.symbols) for item in news.items] == [
        ("Bitcoin steadies after a slide", ("BTC",)),
        ("Why ethereum fees fell", ("ETH",)),
        ("Central bank weighs a digital coin", ()),
    ]
    assert [item.summary for item in news.items][1] is None
    assert news.items[0].published_at == 1_763_912_460_000


async def test_an_asset_filters_what_the_search_found():
    """An article that names the coin neither in title nor in summary is not of it."""
    news = await play("newsapi", sample("news_btc"))
    assert [item.title for item in news.items] == ["Bitcoin steadies after a slide"]


@pytest.mark.parametrize("case", ["news_v2_everything"])
def test_a_published_answer(case):
    """A real answer on other matters comes out dated and linked, with no coins."""
    body = recording("newsapi", case)["response"]["body"]
    items = newsapi.parse_news(body, NewsQuery()).items
    assert [item.published_at for item in items] == [1_587_987_707_000, 1_585_581_965_000]
    assert {item.source for item in items} == {"ESPN Cric Info"}
    assert not any(item.symbols for item in items)


def test_a_recorded_refusal():
    """The recorded answer to a wrong key is one."""
    reply = recording("newsapi", "news_error_v2_everything")["response"]
    assert type(mapped("newsapi", reply["status"], reply["body"])) is AuthRefused


@pytest.mark.parametrize(
    ("status", "code", "message", "error"),
    [
        (401, "apiKeyInvalid", "", AuthRefused),
        (401, "apiKeyMissing", "", AuthRefused),
        (401, "apiKeyDisabled", "", AuthRefused),
        (401, "apiKeyExhausted", "", QuotaExhausted),
        (429, "rateLimited", "limited to 100 requests over a 24 hour period", QuotaExhausted),
        (429, "rateLimited", "Back off for a while", RateLimited),
        (426, "maximumResultsReached", "", PlanRestricted),
        (426, "parameterInvalid", "requesting results too far in the past.", PlanRestricted),
        (426, "corsNotAllowed", "", PlanRestricted),
        (400, "parameterInvalid", "", BadStatus),
        (400, "parametersMissing", "", BadStatus),
        (200, "unexpectedError", "", BadStatus),
    ],
)
def test_errors(status, code, message, error):
    """The code says what is wrong; an exhausted key comes under two of them."""
    body = {"status": "error", "code": code, "message": message}
    assert type(mapped("newsapi", status, body)) is error


def test_a_page_past_the_plan_holds_nothing_else():
    """Only the question that goes beyond the plan is refused."""
    body = {"status": "error", "code": "maximumResultsReached", "message": ""}
    assert mapped("newsapi", 426, body).outcome is Outcome.NEUTRAL
    assert mapped("newsapi", 426, {**body, "code": "corsNotAllowed"}).outcome is Outcome.HOLD


def test_articles_are_no_error():
    """A good answer is left alone."""
    assert mapped("newsapi", 200, {"status": "ok", "articles": []}) is None


def test_a_ticker_is_searched_for_beside_a_word_of_the_trade():
    """Names in quotes, each once, and never a bare ticker."""
    assert newsapi.search_text("XRP") == (
        '("XRP" OR "ripple") AND (crypto OR cryptocurrency OR blockchain)'
    )


@given(st.from_regex(r"[A-Z0-9]{1,20}", fullmatch=True))
def test_every_search_is_short_and_whole(asset):
    """Whatever the ticker, quotes and parentheses are closed within the 500 characters allowed."""
    text = newsapi.search_text(asset)
    assert len(text) <= 500
    assert text.count('"') % 2 == 0
    assert text.count("(") == text.count(")") == 2


async def test_the_key_goes_in_its_header():
    """The key is in a header and not in the address."""
    case = sample("news")
    _, client = await ask("newsapi", "news", {}, case["exchanges"], {"NEWSAPI_KEY": "k1"})
    assert b"X-Api-Key: k1\r\n" in client.heads[0]
    assert b"k1" not in client.heads[0].split(b"\r\n", 1)[0]
