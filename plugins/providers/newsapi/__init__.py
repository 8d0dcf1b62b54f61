"""NewsAPI.org: a full text search over the world's press. Free key, for development only.

The free key answers 100 times a day, with articles a day old, so that it comes after sources of
coin news. A coin is searched for by name and by ticker, in title and description, beside a word
that tells it from other things of that name. Articles that were withdrawn stay listed as
`[Removed]` and are left out.

Source: https://newsapi.org/docs/endpoints/everything and https://newsapi.org/docs/errors,
read 2026-11-23.
"""

from typing import Any

from coinmux import (
    HTTP,
    EnvVar,
    ErrorTable,
    ProviderInfo,
    RateLimit,
    When,
    hookimpl,
    names_of,
    stories,
    symbols_in,
)
from coinmux import models as m

#: What tells a coin from a fruit, a god or a river of its name.
CONTEXT = "crypto OR cryptocurrency OR blockchain"
ANY_COIN = "cryptocurrency OR bitcoin OR ethereum"
#: Most articles of one answer; fewer cost as much.
PAGE = 100
REMOVED = "[Removed]"


@hookimpl
def provider_info() -> ProviderInfo:
    """NewsAPI.org v2, by the limits of its free key."""
    return ProviderInfo(
        name="newsapi",
        title="NewsAPI.org",
        category="news",
        base_url="https://newsapi.org/v2",
        env=(
            EnvVar(
                "NEWSAPI_KEY",
                send_as="header:X-Api-Key",
                aliases=("NEWS_API_KEY",),
                description="Free key for development: a search over the world's press.",
                signup_url="https://newsapi.org/register",
            ),
        ),
        rate_limits=(RateLimit(50, 43_200), RateLimit(100, 86_400)),
        timeout_s=6.0,
        priority=70,
        errors=ErrorTable(
            marked=("status", "error"),
            code="code",
            message="message",
            # The free key's allowance is of half days; no word tells when the next begins.
            quota=("apiKeyExhausted", When(codes=("rateLimited",), says=("24 hour",))),
            rate_limited=("rateLimited",),
            plan=(When(status=(426,)),),
            plan_variant=("maximumResultsReached", When(says=("too far in the past",))),
            auth=("apiKeyInvalid", "apiKeyMissing", "apiKeyDisabled"),
        ),
        homepage="https://newsapi.org",
        terms_url="https://newsapi.org/terms",
        docs_url="https://newsapi.org/docs",
        docs_read="2026-11-23",
        seen="recorded",
        notes="Articles of a free key are a day old; it may serve development alone.",
    )


@hookimpl
async def fetch_news(query: m.NewsQuery, http: HTTP) -> m.News:
    """One request, whatever is asked for."""
    body = await http.get_json(
        "/everything",
        {
            "q": search_text(query.asset),
            "searchIn": "title,description",
            "language": "en",
            "sortBy": "publishedAt",
            "pageSize": PAGE,
        },
        # Descriptions are cut, in the middle of an emoji too.
        mend=True,
    )
    return parse_news(body, query)


def search_text(asset: str | None) -> str:
    """A coin's names beside a word of the trade, or the trade as a whole."""
    if asset is None:
        return ANY_COIN
    names = " OR ".join(f'"{name}"' for name in names_of(asset))
    return f"({names}) AND ({CONTEXT})"


def parse_news(body: Any, query: m.NewsQuery) -> m.News:
    """Articles that were not withdrawn."""
    return m.News(items=stories(m.read_rows(body["articles"], _article, kind="articles"), query))


def _article(article: Any) -> m.NewsItem | None:
    """One article; None for one that was withdrawn."""
    title, summary = article["title"], m.optional(article, "description")
    if title == REMOVED:
        return None
    return m.NewsItem(
        id=article["url"],
        title=title,
        url=article["url"],
        source=m.optional(article, "source", "name"),
        published_at=m.read_field("published_at", m.iso_ms, m.optional(article, "publishedAt")),
        summary=summary,
        symbols=symbols_in(title, summary),
    )
