"""The TIE: the sentiment of news about an asset. Key required; experimental.

The vendor documents the fields of an item and little else: nobody outside saw the envelope, the
parameters or the errors. So an answer counts only if each item names the asset that was asked for;
one that does not is a changed shape, never a figure about something else. Scores run from 1, most
negative, to 5.

Source: https://docs.thetie.io/reference/news-sentiment, read 2026-11-23.
"""

import re
from statistics import fmean
from typing import Any

from coinmux import HTTP, EnvVar, ErrorTable, ProviderInfo, RateLimit, When, hookimpl
from coinmux import errors as e
from coinmux import models as m

ROWS = 100
#: Where an item may name its asset.
NAMES = ("ticker", "symbol", "coin")
_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


@hookimpl
def provider_info() -> ProviderInfo:
    """The host public clients name."""
    return ProviderInfo(
        name="thetie",
        title="The TIE",
        category="sentiment",
        base_url="https://terminal-api.thetie.io/v1",
        env=(
            EnvVar(
                "THETIE_API_KEY",
                aliases=("THE_TIE_API_KEY",),
                send_as="header:Authorization=Bearer {}",
                description="The sentiment of news about an asset.",
                signup_url="https://www.thetie.io/contact",
            ),
        ),
        rate_limits=(RateLimit(requests=30, per_s=60),),
        priority=80,
        errors=ErrorTable(
            message=("message", "error"),
            unknown_symbol=(When(status=(404,), is_json=True, about="asset"),),
            # A 403 that speaks of a plan is no bad key.
            plan=(When(status=(403,), says=("plan", "subscri", "tier")),),
        ),
        homepage="https://www.thetie.io",
        terms_url="https://www.thetie.io/terms-of-service",
        docs_url="https://docs.thetie.io/reference/news-sentiment",
        docs_read="2026-11-23",
        notes="Experimental: envelope, parameters and limits are guesses; the limit is our own.",
    )


@hookimpl
async def fetch_social(query: m.SocialQuery, http: HTTP) -> m.Social:
    """One request, of the latest hundred items."""
    body = await http.get_json("/news_sentiment", {"ticker": query.asset, "limit": ROWS})
    return parse_social(body, query)


def parse_social(body: Any, query: m.SocialQuery) -> m.Social:
    """The mean score and variance of the items, with the time of the newest.

    Raises:
        SchemaMismatch: an item does not name its asset.
        Implausible: it names another one, or a score lies outside 1 to 5.
        UnknownSymbol: there is none.
    """
    rows = body["data"]
    if not rows:
        raise e.UnknownSymbol(query.asset, "no news of that asset")

    def one(row: Any) -> tuple[int, float, float | None]:
        named = next((row[name] for name in NAMES if row.get(name)), None)
        if named is None:
            raise e.SchemaMismatch("an item does not say which asset it is about")
        m.confirm(query.asset, named)
        score = m.number(row["sentiment_score"])
        if not 1 <= score <= 5:
            raise e.Implausible("a score outside 1 to 5")
        variance = m.read_field("variance", m.number, m.optional(row, "sentiment_variance"))
        return moment(row["timestamp"]), score, variance

    times, scores, told = zip(*m.read_rows(rows, one, kind="items"), strict=True)
    variances = [variance for variance in told if variance is not None]
    return m.Social(
        symbol=query.asset,
        timestamp=max(times),
        metrics={
            "news_sentiment": m.SocialMetric(value=fmean(scores), unit="score from 1 to 5"),
            "news_sentiment_variance": m.SocialMetric(
                value=fmean(variances) if variances else None, unit="score squared"
            ),
            "news_count": m.SocialMetric(value=len(scores), unit="count"),
        },
    )


def moment(text: Any) -> int:
    """Unix ms of a time that is documented to be UTC and written without a zone."""
    if not (isinstance(text, str) and _TIME.fullmatch(text)):
        raise ValueError(f"takes YYYY-MM-DD HH:MM:SS, not {str(text)[:40]!r}")
    return m.iso_ms(f"{text.replace(' ', 'T')}+00:00")
