"""Alternative.me: the crypto fear and greed index, once a day, since 1 February 2018.

No key; 60 requests a minute over ten minutes; attribution is asked for. A new value comes about
midnight UTC. Every value is a string, times are seconds, newest first; a day may be missing.

Source: https://alternative.me/crypto/fear-and-greed-index/#api, read 2026-11-23.
"""

from typing import Any

from coinmux import HTTP, ErrorTable, ProviderInfo, RateLimit, hookimpl
from coinmux import models as m

INDEX = "Alternative.me Crypto Fear and Greed Index"


@hookimpl
def provider_info() -> ProviderInfo:
    """Alternative.me, keyless."""
    return ProviderInfo(
        name="alternative_me",
        title="Alternative.me",
        category="sentiment",
        base_url="https://api.alternative.me",
        rate_limits=(RateLimit(600, 600),),
        errors=ErrorTable(
            code="metadata.error",
        ),
        homepage="https://alternative.me/crypto/fear-and-greed-index/",
        terms_url="https://alternative.me/crypto/fear-and-greed-index/#api",
        docs_url="https://alternative.me/crypto/fear-and-greed-index/#api",
        docs_read="2026-11-23",
        notes="Attribution asked for next to the index.",
    )


@hookimpl
async def fetch_fear_greed(query: m.FearGreedQuery, http: HTTP) -> m.FearGreed:
    """One request."""
    return parse_fear_greed(await http.get_json("/fng/", {"limit": query.limit}), query)


def parse_fear_greed(body: Any, query: m.FearGreedQuery) -> m.FearGreed:
    """The newest value and the days before it."""
    return m.FearGreed.of(
        INDEX,
        body["data"],
        lambda day: (m.seconds_ms(day["timestamp"]), day["value"], day["value_classification"]),
        limit=query.limit,
    )
