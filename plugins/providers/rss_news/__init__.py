"""News feeds of four publishers, merged into one list. No key.

Each feed is a channel with a health of its own: a publisher that blocks or moves its feed costs the
others nothing. Publishers ask to be polled every few minutes at most, which the news cache sees to.

Source: the feeds themselves; https://www.rssboard.org/rss-specification, read 2026-11-23.
"""

import asyncio
from typing import NamedTuple

from coinmux import HTTP, Channel, FeedEntry, ProviderInfo, RateLimit, hookimpl, stories, symbols_in
from coinmux import errors as e
from coinmux import models as m


class Feed(NamedTuple):
    """One publisher's feed; `path` holds what a base URL may not end with."""

    source: str
    base_url: str
    path: str = ""


#: Four, since one question may cause four calls (`faults.md` S10).
FEEDS = {
    "coindesk": Feed("CoinDesk", "https://www.coindesk.com/arc/outboundfeeds", "/rss/"),
    "cointelegraph": Feed("Cointelegraph", "https://cointelegraph.com/rss"),
    "decrypt": Feed("Decrypt", "https://decrypt.co/feed"),
    "bitcoin_magazine": Feed("Bitcoin Magazine", "https://bitcoinmagazine.com/feed"),
}
#: A clock may be off by so much; a date beyond it is a slip of the publisher's.
FUTURE_MS = 60_000


@hookimpl
def provider_info() -> ProviderInfo:
    """Four feeds, each a channel."""
    return ProviderInfo(
        name="rss_news",
        title="News feeds",
        category="news",
        base_url=FEEDS["cointelegraph"].base_url,
        channels=tuple(Channel(name, feed.base_url) for name, feed in FEEDS.items()),
        headers={"User-Agent": "coinmux/0.1 (feed reader)", "Accept": "application/rss+xml"},
        rate_limits=(RateLimit(requests=24, per_s=60),),
        priority=10,
        docs_url="https://www.rssboard.org/rss-specification",
        docs_read="2026-11-23",
        notes="CoinDesk, Cointelegraph, Decrypt and Bitcoin Magazine. Headlines belong to them.",
    )


@hookimpl
async def fetch_news(query: m.NewsQuery, http: HTTP) -> m.News:
    """One request to each feed, all at once; those that fail are named in the notes."""
    names = http.channels()
    if not names:
        raise e.ProviderBusy("no feed may be asked now")
    answers = await asyncio.gather(*(_feed(name, http) for name in names), return_exceptions=True)
    items: list[m.NewsItem] = []
    failed: dict[str, e.ProviderError] = {}
    for name, answer in zip(names, answers, strict=True):
        if isinstance(answer, list):
            items += answer
        elif isinstance(answer, e.ProviderError):
            failed[FEEDS[name].source] = answer
        else:
            raise answer
    if len(failed) == len(names):
        raise failed.popitem()[1]
    resting = [feed.source for name, feed in FEEDS.items() if name not in names]
    notes = [
        f"{source} could not be read: {error.detail or error.code}"
        for source, error in failed.items()
    ]
    notes += [f"{source} is not asked now, as it failed a moment ago" for source in resting]
    return m.News(items=stories(items, query), notes=tuple(map(m.clean_text, notes)))


async def _feed(name: str, http: HTTP) -> list[m.NewsItem]:
    """The items of one feed, which is asked alone so that its publisher can be named."""
    feed = FEEDS[name]
    entries = await http.first_of([name], lambda channel: channel.get_feed(feed.path))
    now_ms = http.now_ms()
    return m.read_rows(
        entries, lambda entry: parse_entry(entry, feed.source, now_ms), kind="news items"
    )


def parse_entry(entry: FeedEntry, source: str, now_ms: int) -> m.NewsItem:
    """One item; a date in the future is left out."""
    published = entry.published_ms
    if published is not None and published > now_ms + FUTURE_MS:
        published = None
        m.field_left_out("published_at", "it is in the future")
    return m.NewsItem(
        id=entry.id,
        title=entry.title,
        url=entry.link,
        source=source,
        published_at=published,
        summary=entry.summary or None,
        symbols=symbols_in(entry.title, *entry.categories),
    )
