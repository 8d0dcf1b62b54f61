"""GDELT: titles made readable, refusals in plain text told apart, one request in five seconds."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinmux import BadStatus, NewsQuery, NotOffered, RateLimited
from coinmux.plugins.providers import gdelt
from tests.plugins.sample_replay import RECORDINGS, ask, mapped, play, samples

EXAMPLES = RECORDINGS.parent / "providers" / "examples" / "gdelt"


def sample(name):
    return next(p.values[0] for p in samples("gdelt") if p.id == name)


@pytest.mark.parametrize("case", samples("gdelt"))
async def test_samples(case):
    """Each sample's requests are made as written and come to its outcome."""
    await play("gdelt", case)


async def test_titles_lose_the_spaces_before_their_marks():
    """The index's tokens become a sentence again, brackets included."""
    news = await play("gdelt", sample("news"))
    assert [(item.title, item.symbols) for item in news.items] == [
        ("Bitcoin climbs, miners sell: what comes next?", ("BTC",)),
        ("Regulator drafts cryptocurrency rules (again)", ()),
        ("Ethereum upgrade set for December", ("ETH",)),
    ]
    assert news.items[0].published_at == 1_763_997_300_000
    assert news.items[0].summary is None
    assert news.notes == ("dates are when GDELT saw the article first",)


async def test_an_asset_filters_what_the_search_found():
    """An article whose title does not name the coin is left out."""
    news = await play("gdelt", sample("news_btc"))
    assert [item.symbols for item in news.items] == [("BTC",)]


def test_a_documented_answer():
    """The documented article comes out with its compact time read as UTC."""
    path = EXAMPLES / "doc_artlist.json"
    if not path.exists():
        pytest.skip("no examples beside this tree")
    body = json.loads(path.read_text())["response"]["body"]
    (item,) = gdelt.parse_news(body, NewsQuery()).items
    assert item.title == "Example title, as tokenised by the index"
    assert item.published_at == 1_695_006_900_000


@pytest.mark.parametrize(
    ("status", "text", "error"),
    [
        (429, "Please limit requests to one every 5 seconds.", RateLimited),
        (200, "Please limit requests to one every 5 seconds or contact us.", RateLimited),
        (200, "Your query was too short or too long.", NotOffered),
        (200, "The specified phrase is too short.", NotOffered),
        (200, "Invalid query.", BadStatus),
        (200, '{"articles": [', type(None)),
        (200, "<!DOCTYPE html>", type(None)),
        (200, "", type(None)),
    ],
)
def test_sentences(status, text, error):
    """A sentence in place of JSON says what is wrong; cut JSON and pages are not sentences."""
    told = mapped("gdelt", status, text, NewsQuery(), is_json=False)
    assert type(told) is error
    if error is RateLimited:
        assert told.retry_after_s == 5.0


def test_words_too_short_are_not_asked():
    """A ticker of two letters alone is refused before a request is spent."""
    with pytest.raises(NotOffered):
        gdelt.search_text("QQ")


def test_a_single_name_stands_without_parentheses():
    """GDELT refuses parentheses around one term."""
    assert gdelt.search_text("QQQ").startswith('"QQQ" (')
    assert gdelt.search_text("BTC").startswith('("Bitcoin" OR "BTC") (')


def test_another_shape_is_no_empty_answer():
    """Only `{}` means that nothing was found."""
    assert gdelt.parse_news({}, NewsQuery()).items == ()
    with pytest.raises(KeyError):
        gdelt.parse_news({"timeline": []}, NewsQuery())


@given(st.integers(1_262_304_000, 4_000_000_000))
def test_compact_times_are_utc(seconds):
    """`20251124T151500Z` is that second in milliseconds."""
    when = datetime.fromtimestamp(seconds, UTC).strftime("%Y%m%dT%H%M%SZ")
    article = {"url": "https://a.example/1", "title": "T", "domain": "a.example", "seendate": when}
    (item,) = gdelt.parse_news({"articles": [article]}, NewsQuery()).items
    assert item.published_at == seconds * 1000


def test_one_request_in_five_seconds():
    """The declared limit is the strict one."""
    (limit,) = gdelt.provider_info().rate_limits
    assert (limit.requests, limit.per_s) == (1, 5)


@pytest.mark.parametrize(
    ("written", "title"),
    [
        (r"Miners \& friends sell", "Miners & friends sell"),
        (r"A \d slip of \_the pen", "A d slip of _the pen"),
        ("Bitcoin\tclimbs\x01again", "Bitcoin climbs again"),
        (r"He said \"sell\" \&", 'He said "sell" &'),
        ("Prices \\\\ fall", "Prices \\ fall"),
    ],
)
async def test_titles_with_bad_escapes_cost_no_article(written, title):
    """One backslash would lose 250 articles."""
    request = next(p.values[0] for p in samples("gdelt") if p.id == "news")["exchanges"][0]
    articles = [
        f'{{"url": "https://a.example/{place}", "title": "{text}", "domain": "a.example",'
        f' "seendate": "20251124T101500Z"}}'
        for place, text in enumerate((written, "Ether holds"))
    ]
    text = '{"articles": [' + ", ".join(articles) + "]}"
    reply = {"status": 200, "headers": {}, "text": text}
    exchanges = [{"request": request["request"], "response": reply}]
    news, _ = await ask("gdelt", "news", {}, exchanges)
    assert sorted(item.title for item in news.items) == sorted([title, "Ether holds"])
