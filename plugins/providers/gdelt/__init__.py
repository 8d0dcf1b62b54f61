"""GDELT DOC 2.0: a search over the world's press of the last three months. No key.

One request in five seconds, strictly. It knows neither coins nor summaries, and not when an
article was published, only when it was seen first: within the quarter of an hour, mostly. Titles
come as its index has them, with spaces around marks, which are taken out. What is wrong with a
request is said in plain text with status 200.

Source: https://blog.gdeltproject.org/gdelt-doc-2-0-api-debuts/, read 2026-11-23.
"""

import re
from typing import Any

from coinmux import HTTP, ProviderInfo, RateLimit, Reply, hookimpl, names_of, stories
from coinmux import errors as e
from coinmux import models as m

#: What tells a coin from a fruit, a god or a river of its name.
CONTEXT = "(crypto OR cryptocurrency OR blockchain)"
ANY_COIN = "(cryptocurrency OR bitcoin OR ethereum)"
#: Articles of one answer.
MOST = 250
#: Shorter words are refused.
SHORTEST = 3
WAIT_S = 5.0
_SPACED = re.compile(
    r"(?<=\d)\s+,\s+(?=\d{3}\b)"  # 90 , 000
    r"|(?<=\d)\s+\.\s+(?=\d)"  # 5 . 5
    r"|(?<=\w)\s+['\u2019]\s+(?=s\b)"  # Bitcoin ' s
    r"|(?<=\$)\s+(?=\d)|\s+(?=[,.:;!?%)\]])|(?<=[(\[])\s+"
)


@hookimpl
def provider_info() -> ProviderInfo:
    """The DOC 2.0 search."""
    return ProviderInfo(
        name="gdelt",
        title="GDELT",
        category="news",
        base_url="https://api.gdeltproject.org/api/v2/doc",
        rate_limits=(RateLimit(1, WAIT_S),),
        timeout_s=8.0,
        priority=90,
        homepage="https://www.gdeltproject.org",
        terms_url="https://www.gdeltproject.org/about.html#termsofuse",
        docs_url="https://blog.gdeltproject.org/gdelt-doc-2-0-api-debuts/",
        docs_read="2026-11-23",
        notes="World press, not of coins in particular. Dates are when GDELT saw the article.",
    )


@hookimpl
def map_error(reply: Reply, query: m.Query) -> Exception | None:
    """Refusals are sentences of plain text, whatever the status."""
    if reply.is_json or not isinstance(reply.body, str):
        return None
    said = reply.body.strip()[:200]
    if not said or said[0] in "<{[":
        return None
    lower = said.lower()
    if "limit requests" in lower or reply.status == 429:
        return e.RateLimited(said, retry_after_s=WAIT_S)
    if "too short" in lower or "too long" in lower or "too common" in lower:
        return e.NotOffered(said)
    return e.BadStatus(f"the answer is a sentence: {said}", status=reply.status)


@hookimpl
async def fetch_news(query: m.NewsQuery, http: HTTP) -> m.News:
    """One request, for what was seen within a day."""
    body = await http.get_json(
        "/doc",
        {
            "query": search_text(query.asset),
            "mode": "ArtList",
            "format": "json",
            "maxrecords": MOST,
            "timespan": "1d",
            "sort": "DateDesc",
        },
        empty_ok=True,
        # Titles come with backslashes that begin no escape.
        mend=True,
    )
    return parse_news(body, query)


def search_text(asset: str | None) -> str:
    """A coin's names beside a word of the trade, in English.

    Raises:
        NotOffered: all its names are shorter than what may be searched.
    """
    if asset is None:
        return f"{ANY_COIN} sourcelang:english"
    names = [f'"{name}"' for name in names_of(asset) if len(name) >= SHORTEST]
    if not names:
        raise e.NotOffered(f"{asset} is too short a word to search for")
    # Parentheses around a single term are refused.
    group = f"({' OR '.join(names)})" if len(names) > 1 else names[0]
    return f"{group} {CONTEXT} sourcelang:english"


def parse_news(body: Any, query: m.NewsQuery) -> m.News:
    """The articles; `{}` is none."""
    rows = body["articles"] if body else ()
    items = m.read_rows(rows, _article, kind="articles")
    notes = ("dates are when GDELT saw the article first",) if items else ()
    return m.News(items=stories(items, query), notes=notes)


def _article(article: Any) -> m.NewsItem:
    title = article["title"]
    return m.NewsItem(
        id=article["url"],
        title=_SPACED.sub(lambda found: found[0].strip(), title)
        if isinstance(title, str)
        else title,
        url=article["url"],
        source=m.optional(article, "domain"),
        published_at=m.read_field("published_at", m.iso_ms, m.optional(article, "seendate")),
    )
