"""Santiment: figures derived from chains and from social networks, by GraphQL. Key optional.

Without a key, and with a free one, some metrics are whole and the others end 30 days ago. A range
wholly outside of that is an error, one partly outside comes cut without a word: an answer that ends
early carries a note. Errors come in a 200 as a list beside `data`, in other statuses as one object.
A refused key is a 400. Points carry the moment their interval begins.

Its names are not ours: `exchange_balance` of Santiment is inflow less outflow, our
`exchange_netflow`; what exchanges hold, our `exchange_balance`, it calls `supply_on_exchanges`.
Figures whose name ends in `_usd` are not all dollars (`mvrv_usd` is a ratio), so that a metric
asked for by its own name, as `santiment/<name>`, has no unit.

Source: https://academy.santiment.net/sanapi/accessing-the-api/,
https://academy.santiment.net/sanapi/rate-limits/ and https://academy.santiment.net/metrics/,
read 2026-11-23.
"""

import re
from typing import Any

from coinmux import (
    HTTP,
    EnvVar,
    MetricForm,
    MetricInfo,
    ProviderInfo,
    RateLimit,
    Reply,
    UsageHeader,
    common_metrics,
    hookimpl,
)
from coinmux import errors as e
from coinmux import models as m

DAY_MS = 86_400_000
MINUTE, HOUR, MONTH = 60, 3_600, 30 * 86_400
#: Common names -> theirs.
COMMON = {
    "active_addresses": "daily_active_addresses",
    "new_addresses": "network_growth",
    "transaction_count": "transactions_count",
    "transfer_volume_usd": "transaction_volume_usd",
    "fees_usd": "fees_usd",
    "market_cap_usd": "marketcap_usd",
    "realized_cap_usd": "realized_value_usd",
    "mvrv": "mvrv_usd",
    "exchange_inflow": "exchange_inflow",
    "exchange_outflow": "exchange_outflow",
    "exchange_netflow": "exchange_balance",
    "exchange_balance": "supply_on_exchanges",
    "supply": "total_supply",
}
#: Where a figure is not quite what other sources give by that name.
NOTES = {"supply": ("Santiment's supply is the total one, coins that are locked included",)}
#: Some of those that it alone has, by its own names.
OWN = {
    "active_addresses_24h": MetricInfo("addresses active in the last 24 hours", "count"),
    "dev_activity": MetricInfo("work on the project's public code", "count"),
    "exchange_inflow_usd": MetricInfo("value sent to exchanges", "usd"),
    "exchange_outflow_usd": MetricInfo("value withdrawn from exchanges", "usd"),
    "percent_of_total_supply_on_exchanges": MetricInfo(
        "share of the supply that exchanges hold", "percent"
    ),
    "price_usd": MetricInfo("price", "usd"),
    "social_dominance_total": MetricInfo("share of the talk about all coins", "percent"),
    "social_volume_total": MetricInfo("messages that name the coin", "count"),
    "transaction_volume": MetricInfo("coins transferred", "coin"),
    "volume_usd": MetricInfo("value traded", "usd"),
}
BY_NAME = MetricForm(
    r"santiment/([a-z0-9_]+)", "santiment/<metric>", "a metric by Santiment's own name"
)
METRICS = common_metrics(COMMON) | OWN
#: Ours -> (theirs, unit). Sums of scores from 0 to 1 over messages; shares in percent.
SOCIAL = {
    "social_volume": ("social_volume_total", "count"),
    "social_dominance": ("social_dominance_total", "percent"),
    "sentiment_positive": ("sentiment_positive_total", "score"),
    "sentiment_negative": ("sentiment_negative_total", "score"),
    "sentiment_balance": ("sentiment_balance_total", "score"),
}
#: A month is no number of days there.
INTERVALS = frozenset({"5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w"})
#: Points asked for where the question has no start.
POINTS = 365
#: So long a gap before the end is what a plan hides, not a figure still being made.
HIDDEN_MS = 7 * DAY_MS
PATH = "/graphql"
SERIES = (
    "query($metric: String!, $slug: String!, $from: DateTime!, $to: DateTime!, "
    "$interval: interval!) { getMetric(metric: $metric) { timeseriesData(slug: $slug, "
    "from: $from, to: $to, interval: $interval) { datetime value } } }"
)
PROJECTS = (
    "query($ticker: String!) { allProjectsByTicker(ticker: $ticker) { slug ticker name rank } }"
)
_LATEST = '(slug: $slug, from: "utc_now-4d", to: "utc_now", interval: "1d") { datetime value }'
_FIGURES = (
    f'{ours}: getMetric(metric: "{theirs}") {{ timeseriesData{_LATEST} }}'
    for ours, (theirs, _) in SOCIAL.items()
)
LATEST = f"query($slug: String!) {{ {' '.join(_FIGURES)} }}"
PLAN_WORDS = ("outside the allowed interval", "subscription", "not included in", "unauthorized")
_AGAIN = re.compile(r"try again in (\d{1,7}) seconds", re.ASCII)


@hookimpl
def provider_info() -> ProviderInfo:
    """Santiment, by the limits of a free account."""
    return ProviderInfo(
        name="santiment",
        title="Santiment",
        category="onchain",
        base_url="https://api.santiment.net",
        env=(
            EnvVar(
                "SANTIMENT_API_KEY",
                required=False,
                send_as="header:Authorization=Apikey {}",
                aliases=("SANPY_APIKEY",),
                description="Key of an account: its own limits, and the metrics of its plan.",
                signup_url="https://app.santiment.net/account#api-keys",
            ),
        ),
        rate_limits=(RateLimit(100, MINUTE), RateLimit(500, HOUR), RateLimit(1_000, MONTH)),
        usage=(
            UsageHeader("x-ratelimit-remaining-minute", MINUTE, "remaining"),
            UsageHeader("x-ratelimit-remaining-hour", HOUR, "remaining"),
            UsageHeader("x-ratelimit-remaining-month", MONTH, "remaining"),
        ),
        timeout_s=8.0,
        priority=60,
        metrics=METRICS,
        metric_forms=(BY_NAME,),
        homepage="https://santiment.net",
        terms_url="https://santiment.net/terms/",
        docs_url="https://academy.santiment.net/sanapi/",
        docs_read="2026-11-23",
        seen="recorded",
        notes="Most metrics of a free account end 30 days ago. A social answer costs five calls.",
    )


@hookimpl
def map_error(reply: Reply, query: m.Query) -> Exception | None:
    """`errors` is an object in a refusal and a list in a 200; with some data it is an answer."""
    body = reply.body if isinstance(reply.body, dict) else {}
    errors = body.get("errors")
    if isinstance(errors, dict):
        return _refusal(reply, str(errors.get("details"))[:300])
    if not isinstance(errors, list) or not errors or _has_data(body.get("data")):
        return None
    return _failure(_messages(errors)[0], query)


def _refusal(reply: Reply, said: str) -> Exception | None:
    if reply.status == 429:
        told = _AGAIN.search(said.lower())
        wait = told[1] if told else reply.headers.get("x-ratelimit-reset", "")
        wait_s = float(wait) if re.fullmatch(r"\d{1,7}", wait, re.ASCII) else None
        is_month = reply.headers.get("x-ratelimit-remaining-month") == "0"
        return (e.QuotaExhausted if is_month else e.RateLimited)(said, retry_after_s=wait_s)
    if reply.status == 401 or (reply.status == 400 and "apikey" in said.lower()):
        return e.AuthRefused(said)
    return None


def _messages(errors: list[Any]) -> list[str]:
    told = (error.get("message") if isinstance(error, dict) else error for error in errors)
    return [m.clean_text(str(message)) for message in told]


def _has_data(data: Any) -> bool:
    """Whether something besides nulls came."""
    return any(map(_has_data, data.values())) if isinstance(data, dict) else data is not None


def _failure(said: str, query: m.Query) -> Exception:
    """What the message of an error means; one that is not known is a failure."""
    lower = said.lower()
    if "not an existing slug" in lower or "not a valid slug" in lower:
        return e.UnknownSymbol(getattr(query, "asset", "the asset"), f"Santiment: {said}")
    if "mistyped" in lower:
        return e.NotOffered(said)
    if any(word in lower for word in PLAN_WORDS):
        # Of one metric and range: another may be answered. Social figures are always the same.
        return e.PlanRestricted(said, variant=not isinstance(query, m.SocialQuery))
    if "too complex" in lower or ("interval" in lower and "minim" in lower):
        return e.NotOffered(said)
    return e.BadStatus(f"the answer is an error: {said}", status=200)


async def _slug(ticker: str, http: HTTP) -> m.AssetId:
    async def search(asset: str) -> list[m.AssetCandidate]:
        body = await http.post_json(PATH, {"query": PROJECTS, "variables": {"ticker": asset}})
        return parse_projects(body)

    return await http.assets.resolve(ticker, search)


@hookimpl
async def fetch_onchain_metric(query: m.OnchainMetricQuery, http: HTTP) -> m.OnchainMetric:
    """One request, and one for a coin that was not asked for within a day."""
    metric, unit = metric_of(query.metric)
    if query.interval not in INTERVALS:
        raise e.NotOffered(f"Santiment has no intervals of {query.interval}")
    asset = await _slug(query.asset, http)
    end = http.now_ms() if query.end is None else query.end
    start = end - POINTS * query.interval.ms if query.start is None else query.start
    variables = {
        "metric": metric,
        "slug": asset.id,
        "from": m.iso_time(start),
        "to": m.iso_time(end),
        "interval": str(query.interval),
    }
    body = await http.post_json(PATH, {"query": SERIES, "variables": variables})
    return parse_metric(body, query, asset, unit, min(end, http.now_ms()))


@hookimpl
async def fetch_social(query: m.SocialQuery, http: HTTP) -> m.Social:
    """One request of five calls, and one for a coin that was not asked for within a day."""
    asset = await _slug(query.asset, http)
    question = {"query": LATEST, "variables": {"slug": asset.id}}
    body = await http.post_json(PATH, question, weight=len(SOCIAL))
    return parse_social(body, query, asset, http.now_ms())


def metric_of(name: str) -> tuple[str, str | None]:
    """Santiment's name of a metric, and its unit where that is known.

    Raises:
        NotOffered: it has no such metric.
    """
    own = re.fullmatch(BY_NAME.pattern, name)
    if own is not None:
        return own[1], None
    if name not in METRICS:
        raise e.NotOffered(f"no metric {name}; its own names are asked as {BY_NAME.written}")
    return COMMON.get(name, name), METRICS[name].unit


def parse_projects(body: Any) -> list[m.AssetCandidate]:
    """The projects of a ticker."""
    return m.read_rows(body["data"]["allProjectsByTicker"] or (), _project, kind="projects")


def _project(row: Any) -> m.AssetCandidate:
    slug, ticker, name = (m.clean_text(row[key]) for key in ("slug", "ticker", "name"))
    rank = m.read_field("rank", m.whole_number, row.get("rank"))
    return m.AssetCandidate(slug, ticker, name, rank)


def parse_points(rows: Any) -> list[tuple[int, float]]:
    """Moments and figures, oldest first; a moment without a figure is left out."""
    return m.read_points(rows, lambda row: (m.iso_ms(row["datetime"]), row.get("value")))


def parse_metric(
    body: Any, query: m.OnchainMetricQuery, asset: m.AssetId, unit: str | None, end: int
) -> m.OnchainMetric:
    """A series, with a note where it ends long before it was to."""
    points = parse_points(body["data"]["getMetric"]["timeseriesData"])
    notes = asset.notes + NOTES.get(query.metric, ())
    last = points[-1][0] + query.interval.ms if points else 0
    if end - last > max(HIDDEN_MS, 2 * query.interval.ms):
        reach = f"the series ends {m.iso_time(points[-1][0])}" if points else "no points came"
        notes += (f"{reach}; a free plan hides the last 30 days of most metrics",)
    return m.OnchainMetric(
        metric=query.metric, asset=query.asset, unit=unit, points=points, notes=notes
    )


def parse_social(body: Any, query: m.SocialQuery, asset: m.AssetId, now_ms: int) -> m.Social:
    """Figures of the last whole day that any of them has.

    Raises:
        PlanRestricted: none came for a whole day.
    """
    days = {
        name: dict(parse_points(((body["data"].get(name) or {}).get("timeseriesData")) or ()))
        for name in SOCIAL
    }
    whole = [at for series in days.values() for at in series if at + DAY_MS <= now_ms]
    if not whole:
        raise e.PlanRestricted("no social figures of the last days; a free plan hides them")
    at = max(whole)
    notes = asset.notes + tuple(_messages(body.get("errors") or []))
    metrics = {
        name: m.SocialMetric(value=days[name].get(at), unit=unit)
        for name, (_, unit) in SOCIAL.items()
    }
    return m.Social(symbol=query.asset, timestamp=at, metrics=metrics, notes=notes)
