"""Glassnode: figures derived from chains, over time. Key required.

Times go and come in seconds; a point without a value is left out. Metrics of several parts are not
offered. Its hash rate is in hashes a second and becomes terahashes, as other sources have it.

Source: https://docs.glassnode.com/basic-api/endpoints and https://docs.glassnode.com/basic-api/api,
read 2026-11-23.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from coinmux import (
    HTTP,
    METRICS,
    EnvVar,
    ErrorTable,
    MetricForm,
    ProviderInfo,
    RateLimit,
    UsageHeader,
    When,
    common_metrics,
    hookimpl,
)
from coinmux import errors as e
from coinmux import models as m


class Metric(NamedTuple):
    """One of theirs: its path, the currency to ask for, the factor to our unit."""

    path: str
    currency: str | None = None
    factor: float = 1.0


#: First parts of their paths.
CATEGORIES = (
    "addresses|bridges|blockchain|breakdowns|defi|derivatives|distribution|entities|eth2|fees"
    "|indicators|institutions|lightning|macro|market|mempool|mining|options|protocols|signals"
    "|supply|transactions|treasuries"
)
BY_PATH = MetricForm(
    rf"(?:{CATEGORIES})/[a-z0-9_]+", "<category>/<metric>", "a path of Glassnode's: market/mvrv"
)
#: Ours -> theirs.
PATHS: Mapping[str, Metric] = {
    "active_addresses": Metric("addresses/active_count"),
    "new_addresses": Metric("addresses/new_non_zero_count"),
    "transaction_count": Metric("transactions/count"),
    "transfer_volume_usd": Metric("transactions/transfers_volume_sum", "usd"),
    "hash_rate": Metric("mining/hash_rate_mean", None, 1e-12),
    "difficulty": Metric("mining/difficulty_latest"),
    "fees_usd": Metric("fees/volume_sum", "usd"),
    "miner_revenue_usd": Metric("mining/revenue_sum", "usd"),
    "market_cap_usd": Metric("market/marketcap_usd"),
    "realized_cap_usd": Metric("market/marketcap_realized_usd"),
    "mvrv": Metric("market/mvrv"),
    "nupl": Metric("indicators/net_unrealized_profit_loss"),
    "sopr": Metric("indicators/sopr"),
    "exchange_inflow": Metric("transactions/transfers_volume_to_exchanges_sum"),
    "exchange_outflow": Metric("transactions/transfers_volume_from_exchanges_sum"),
    "exchange_netflow": Metric("transactions/transfers_volume_exchanges_net"),
    "exchange_balance": Metric("distribution/balance_exchanges"),
    "supply": Metric("supply/current"),
}
INTERVALS = {"1h": "1h", "1d": "24h", "1w": "1w", "1M": "1month"}


@hookimpl
def provider_info() -> ProviderInfo:
    """One host."""
    return ProviderInfo(
        name="glassnode",
        title="Glassnode",
        category="sentiment",
        base_url="https://api.glassnode.com/v1",
        env=(
            EnvVar(
                "GLASSNODE_API_KEY",
                send_as="header:X-Api-Key",
                description="On-chain figures such as MVRV, SOPR and exchange flows.",
                signup_url="https://studio.glassnode.com/settings/api",
            ),
        ),
        rate_limits=(RateLimit(requests=600, per_s=60),),
        usage=(UsageHeader("x-rate-limit-remaining", 60, "remaining"),),
        priority=40,
        metrics=common_metrics(PATHS),
        metric_forms=(BY_PATH,),
        errors=ErrorTable(
            message="error",
            unknown_symbol=(When(status=(400,), says=("asset",), about="asset"),),
            # A 403 is of the plan, for this metric, asset or interval.
            plan_variant=(When(status=(403,), is_json=True),),
            not_offered=(When(status=(400, 404)),),
        ),
        homepage="https://glassnode.com",
        terms_url="https://glassnode.com/terms-and-conditions",
        docs_url="https://docs.glassnode.com/basic-api/endpoints",
        docs_read="2026-11-23",
        notes="API access is a paid addition to a plan. Other metrics by their path: market/mvrv.",
    )


@hookimpl
async def fetch_onchain_metric(query: m.OnchainMetricQuery, http: HTTP) -> m.OnchainMetric:
    """One request."""
    metric = metric_of(query)
    params = {
        "a": query.asset,
        "i": INTERVALS[query.interval],
        "s": None if query.start is None else query.start // 1000,
        "u": None if query.end is None else query.end // 1000,
        "c": metric.currency,
    }
    body = await http.get_json(f"/metrics/{metric.path}", params, empty_ok=True)
    return parse_metric(body, query)


def metric_of(query: m.OnchainMetricQuery) -> Metric:
    """Theirs for one of our names, or for a path of their own.

    Raises:
        NotOffered: it has neither, or not by that interval.
    """
    if query.interval not in INTERVALS:
        raise e.NotOffered(f"no figures by {query.interval}")
    known = PATHS.get(query.metric)
    if known is None and not BY_PATH.fits(query.metric):
        raise e.NotOffered(f"no metric {query.metric}")
    return known or Metric(query.metric)


def parse_metric(body: Any, query: m.OnchainMetricQuery) -> m.OnchainMetric:
    """Points of seconds and a value, oldest first.

    Raises:
        NotOffered: a metric of several parts, which have no one value.
    """
    metric = metric_of(query)
    if any(isinstance(point, dict) and "o" in point for point in body):
        raise e.NotOffered("a metric of several parts")
    points = m.read_points(body, lambda point: (m.seconds_ms(point["t"]), point.get("v")))
    return m.OnchainMetric(
        metric=query.metric,
        asset=query.asset,
        unit=METRICS[query.metric].unit if query.metric in PATHS else None,
        points=tuple((at_ms, value * metric.factor) for at_ms, value in points),
    )
