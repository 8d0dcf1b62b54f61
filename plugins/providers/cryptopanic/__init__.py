"""CryptoPanic: headlines of many publishers, tagged with the coins they are about. Paid key.

Only version 2 lives, under a path that names the account's plan; the free plan is gone. A smaller
plan leaves out the publisher, the coins and the link of an item: what it does not tell is not
filled in, but for the link, which by CryptoPanic's own form leads to its page. Votes are counts of
readers; no mood is made of them. `next` repeats the token in clear and is never looked at.

Source: https://cryptopanic.com/developers/api/, read 2026-11-23.
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
    segment,
    stories,
    symbols_in,
)
from coinmux import models as m

PLAN = "CRYPTOPANIC_API_PLAN"
#: Of the plans that are sold, the smaller.
USUAL_PLAN = "growth"
PAGES = "https://cryptopanic.com/news"


@hookimpl
def provider_info() -> ProviderInfo:
    """CryptoPanic v2."""
    return ProviderInfo(
        name="cryptopanic",
        title="CryptoPanic",
        category="news",
        base_url="https://cryptopanic.com/api",
        env=(
            EnvVar(
                "CRYPTOPANIC_API_KEY",
                send_as="query:auth_token",
                aliases=("CRYPTOPANIC_AUTH_TOKEN",),
                description="Token of a paid account: headlines tagged with coins.",
                signup_url="https://cryptopanic.com/developers/api/",
            ),
            EnvVar(
                PLAN,
                required=False,
                description="The account's plan: growth (default), enterprise or developer.",
                signup_url="https://cryptopanic.com/developers/api/",
                secret=False,
            ),
        ),
        rate_limits=(RateLimit(30, 60),),
        priority=50,
        errors=ErrorTable(
            marked=("status", "api_error"),
            message=("error", "info", "detail"),
            quota=(When(status=(429,), says=("month", "quota")),),
            # Of the plan, unless it speaks of the token.
            plan=(When(status=(403,), is_json=True),),
            auth=(When(status=(400, 401, 403), says=("token",)),),
        ),
        homepage="https://cryptopanic.com",
        terms_url="https://cryptopanic.com/terms-of-service/",
        docs_url="https://cryptopanic.com/developers/api/",
        docs_read="2026-11-23",
        notes="No free plan any more. Limits are not published: 30 a minute is our own restraint.",
    )


@hookimpl
async def fetch_news(query: m.NewsQuery, http: HTTP) -> m.News:
    """One request, for the newest page of some twenty items."""
    plan = segment(http.setting(PLAN) or USUAL_PLAN)
    params = {"public": "true", "kind": "news", "regions": "en", "currencies": query.asset}
    # Descriptions are cut, in the middle of an emoji too.
    return parse_news(await http.get_json(f"/{plan}/v2/posts/", params, mend=True), query)


def parse_news(body: Any, query: m.NewsQuery) -> m.News:
    """The items of one page, without those that lead nowhere."""

    def one(item: Any) -> m.NewsItem:
        return _item(item, query.asset)

    return m.News(items=stories(m.read_rows(body["results"], one, kind="news items"), query))


def _item(item: Any, asset: str | None) -> m.NewsItem:
    links = (item.get("original_url"), item.get("url"))
    url = next((one for one in links if isinstance(one, str) and one.startswith("http")), None)
    if not url and item.get("id") is not None and item.get("slug"):
        url = f"{PAGES}/{item['id']}/{segment(item['slug'])}"
    source = item.get("source")
    named = source if isinstance(source, dict) else {"title": source}
    return m.NewsItem(
        id=item.get("id"),
        title=item.get("title"),
        url=url,
        source=named.get("title") or named.get("domain") or "CryptoPanic",
        published_at=m.read_field("published_at", m.iso_ms, item.get("published_at")),
        summary=item.get("description"),
        symbols=_symbols(item, asset),
    )


def _symbols(item: Any, asset: str | None) -> tuple[str, ...]:
    """Its coins; where they are not told, those its title names and the one that was asked for."""
    coins = item.get("instruments")
    codes = [coin.get("code") for coin in coins or () if isinstance(coin, dict)]
    told = {code.upper() for code in codes if isinstance(code, str) and code}
    if not told:
        told = {*symbols_in(item.get("title")), *((asset,) if asset else ())}
    return tuple(sorted(told))
