"""News feeds: each story once, newest first, the publisher named, one broken feed no matter."""

from __future__ import annotations

import json

import pytest

from coinmux import HTTP, Deadline, FeedEntry, NewsQuery, ProviderBusy
from coinmux.framework.formats.feeds import parse_feed
from coinmux.plugins.providers import rss_news
from tests.plugins.channel_replay import ChannelClient, ask_channels, bound, play_channels
from tests.plugins.sample_replay import ROOT, samples

NOW = 1_764_000_000_000
SAMPLES = ROOT / "plugins" / "providers" / "rss_news" / "samples"
EXAMPLES = ROOT.parent / "shared" / "providers" / "examples" / "rss_news"


def sample(name):
    return json.loads((SAMPLES / f"{name}.json").read_text())


@pytest.mark.parametrize("case", samples("rss_news"))
async def test_samples(case):
    """Each sample's requests are made as written and come to its outcome."""
    await play_channels("rss_news", case)


async def test_four_feeds_become_one_list():
    """Newest first, a story told twice once by its first publisher, links and text clean."""
    case = sample("news")
    news, client = await ask_channels("rss_news", "news", case["query"], case["exchanges"])
    assert [(item.source, item.title) for item in news.items] == [
        ("Cointelegraph", "Solana wallet adds hardware support"),
        ("CoinDesk", "Bitcoin holds above support as ETF flows turn"),
        ("Bitcoin Magazine", "Mining difficulty falls"),
        ("CoinDesk", "Ethereum developers set a date for the next upgrade"),
        ("Decrypt", "What is a memecoin? A guide"),
    ]
    first, _, magazine, _, last = news.items
    assert first.url == "https://cointelegraph.com/news/solana-wallet-hardware"
    assert first.summary == "The app signs with a device & a phone."
    assert first.symbols == ("SOL",)
    assert magazine.symbols == ("BTC",)
    assert (last.url, last.symbols) == (
        "https://decrypt.co/0001/what-is-a-memecoin?ref=7",
        ("DOGE",),
    )
    assert all("coinmux" in head and "application/rss+xml" in head for head in client.heads)


async def test_an_asset_filters_by_title_and_category():
    """Only items that name the asset in title or category are left."""
    case = sample("news_btc")
    news, _ = await ask_channels("rss_news", "news", case["query"], case["exchanges"])
    assert [item.title for item in news.items] == [
        "Bitcoin holds above support as ETF flows turn",
        "Mining difficulty falls",
    ]


async def test_feeds_that_fail_are_left_out():
    """A bot wall here and a moved feed there leave the rest."""
    case = sample("news_two_feeds_down")
    news, _ = await ask_channels("rss_news", "news", case["query"], case["exchanges"])
    assert {item.source for item in news.items} == {"Cointelegraph", "Bitcoin Magazine"}
    assert [note.partition(":")[0] for note in news.notes] == [
        "CoinDesk could not be read",
        "Decrypt could not be read",
    ]


class NoChannels:
    """A desk at which every feed is off."""

    def available(self, provider, names):
        return []


async def test_no_feed_in_reach_is_nobodys_fault():
    """With all feeds off, the source itself is not blamed."""
    source, clock = bound("rss_news")
    query = NewsQuery()
    http = HTTP(source, ChannelClient(source, []), Deadline.after(clock, 4), query, NoChannels())
    with pytest.raises(ProviderBusy):
        await rss_news.fetch_news(query=query, http=http)


def test_at_most_four_calls():
    """One question causes four calls at most (`faults.md` S10)."""
    assert len(rss_news.provider_info().channels) == len(rss_news.FEEDS) <= 4


@pytest.mark.parametrize("name", ["coindesk", "cointelegraph"])
def test_captured_feeds(name):
    """Feeds captured in August 2026 come out dated, linked and plain."""
    path = EXAMPLES / f"{name}.xml"
    if not path.exists():
        pytest.skip(f"no examples beside this tree: {path.name}")
    entries = parse_feed(path.read_bytes())
    items = [rss_news.parse_entry(entry, name, 1_790_000_000_000) for entry in entries]
    assert len(items) == 2
    assert all(item.published_at and "utm_" not in item.url for item in items)
    assert not any("<" in (item.summary or "") for item in items)


def entry(**fields):
    plain = {"id": "1", "title": "T", "link": "https://a.example/1", "published_ms": NOW}
    return FeedEntry(**{**plain, "summary": "", **fields})


def test_a_date_in_the_future_is_dropped():
    """A publisher's slip neither leads the list nor fails the answer."""
    assert rss_news.parse_entry(entry(published_ms=NOW + 120_000), "x", NOW).published_at is None
    assert rss_news.parse_entry(entry(published_ms=NOW + 30_000), "x", NOW).published_at
