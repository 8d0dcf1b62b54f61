"""Nansen: what labelled wallets do with tokens. Key required.

`smart_money_netflow_usd` is the last 24 hours' net flow of smart money, one figure, found by
contract among the largest flows, by ticker for coins whose contract is not known here.
`top_100_holders_usd` is a daily series of a token whose contract on Ethereum is known here. Flows
are told of one group of holders; the count of all holders is not offered.

Source: https://docs.nansen.ai/api/smart-money/netflows and
https://docs.nansen.ai/api/token-god-mode/flows, read 2026-11-23.
"""

from typing import Any

from coinmux import (
    HTTP,
    EnvVar,
    ErrorTable,
    MetricInfo,
    ProviderInfo,
    RateLimit,
    When,
    hookimpl,
)
from coinmux import errors as e
from coinmux import models as m

NETFLOW = "smart_money_netflow_usd"
HOLDINGS = "top_100_holders_usd"
#: The group of holders whose flows are asked for; without one the source chooses.
GROUP = "top_100_holders"
HOME = "ethereum"
#: Ticker -> contract there.
TOKENS = {
    "AAVE": "0x7fc66500c84a76ad7e9c93437bfc5ac33e2ddae9",
    "LDO": "0x5a98fcbea516cf06857215779fd812ca3bef1b32",
    "LINK": "0x514910771af9ca656af840dff83e8264ecf986ca",
    "PEPE": "0x6982508145454ce325ddbe47a25d4ec3d2311933",
    "SHIB": "0x95ad61b0a150d79219dcf64e1e6cc01f0b64c4ce",
    "UNI": "0x1f9840a85d5af5bf1d1762f925bdaddc4201f984",
}
METRICS = {
    NETFLOW: MetricInfo("net flow of smart money in the last 24 hours", "usd"),
    HOLDINGS: MetricInfo("value that the hundred largest holders hold", "usd", frozenset(TOKENS)),
}
CHAINS = ("ethereum", "base", "bnb", "arbitrum", "solana")
ROWS = 100
DAY_MS = 86_400_000
USUAL_DAYS = 30


@hookimpl
def provider_info() -> ProviderInfo:
    """Every question is a POST."""
    return ProviderInfo(
        name="nansen",
        title="Nansen",
        category="onchain",
        base_url="https://api.nansen.ai/api/v1",
        env=(
            EnvVar(
                "NANSEN_API_KEY",
                send_as="header:apiKey",
                description="Flows of smart money, and what large holders of tokens hold.",
                signup_url="https://app.nansen.ai/api",
            ),
        ),
        rate_limits=(RateLimit(requests=20, per_s=1), RateLimit(requests=300, per_s=60)),
        priority=60,
        metrics=METRICS,
        errors=ErrorTable(
            message=("error.message", "error", "message", "detail"),
            # A 403 says in words whether it is the plan, the credits or the key.
            quota=(When(status=(403,), says=("credit",)),),
            plan=(When(status=(403,), is_json=True),),
            auth=(When(status=(403,), says=("key",)),),
            not_offered=(When(status=(422,)),),
        ),
        homepage="https://www.nansen.ai",
        terms_url="https://www.nansen.ai/terms",
        docs_url="https://docs.nansen.ai",
        docs_read="2026-11-23",
        notes="Daily series for a few Ethereum tokens; a 403 is of the plan or of credits.",
    )


@hookimpl
async def fetch_onchain_metric(query: m.OnchainMetricQuery, http: HTTP) -> m.OnchainMetric:
    """One request."""
    if query.metric == NETFLOW:
        body = await http.post_json("/smart-money/netflow", netflow_question(), empty_ok=True)
        return parse_netflow(body, query, http.now_ms())
    if query.metric != HOLDINGS or query.interval != "1d":
        raise e.NotOffered(f"no {query.metric} of {query.interval}")
    if query.asset not in TOKENS:
        raise e.NotOffered(f"the contract of {query.asset} is not known here")
    body = await http.post_json("/tgm/flows", flows_question(query, http.now_ms()))
    return parse_flows(body, query)


def netflow_question() -> dict[str, Any]:
    """The largest flows of the chains they follow most."""
    return {"chains": list(CHAINS), "pagination": {"page": 1, "per_page": ROWS}}


def flows_question(query: m.OnchainMetricQuery, now_ms: int) -> dict[str, Any]:
    """The days asked for, else the last thirty."""
    end = min(query.end or now_ms, now_ms)
    start = query.start if query.start is not None else end - USUAL_DAYS * DAY_MS
    return {
        "chain": HOME,
        "token_address": TOKENS[query.asset],
        "label": GROUP,
        "date": {"from": m.iso_time(start)[:10], "to": m.iso_time(end)[:10]},
        "pagination": {"page": 1, "per_page": 1_000},
    }


def parse_netflow(body: Any, query: m.OnchainMetricQuery, now_ms: int) -> m.OnchainMetric:
    """The flow of one token; the answer has no time of its own.

    Of a coin whose contract is known here only that token counts, whatever else has its ticker.

    Raises:
        UnknownSymbol: it is not among the largest flows, or several tokens have its ticker.
    """
    known = TOKENS.get(query.asset)
    flows = {
        token[1:]: flow
        for token, flow in m.read_rows(body["data"], _flow, kind="flows")
        if token[0] == query.asset and (known is None or token[1:] == (HOME, known))
    }
    if not flows:
        raise e.UnknownSymbol(query.asset, f"{query.asset} is not among the largest flows")
    if len(flows) > 1:
        raise e.UnknownSymbol(query.asset, f"{len(flows)} tokens have the ticker {query.asset}")
    ((chain, contract), flow) = flows.popitem()
    return m.OnchainMetric(
        metric=query.metric,
        asset=query.asset,
        unit=METRICS[query.metric].unit,
        points=((now_ms, flow),),
        notes=(
            "of the last 24 hours; the time is that of the answer",
            f"the token {contract} on {chain}",
        ),
    )


def _flow(row: Any) -> tuple[tuple[str, str, str], float]:
    """Ticker, chain and contract of a token, and its flow."""
    symbol, chain = row["token_symbol"].upper(), m.clean_text(row["chain"])
    token = symbol, chain, m.clean_text(row["token_address"]).lower()
    return token, m.number(row["net_flow_24h_usd"])


def parse_flows(body: Any, query: m.OnchainMetricQuery) -> m.OnchainMetric:
    """Days, oldest first; each begins at midnight UTC, one without a value is left out."""
    points = m.read_points(body["data"], _day, kind="days")
    return m.OnchainMetric(
        metric=query.metric,
        asset=query.asset,
        unit=METRICS[query.metric].unit,
        points=points,
        notes=("of the hundred largest holders",),
    )


def _day(row: Any) -> tuple[int, Any]:
    return m.iso_ms(f"{row['date'][:10]}T00:00:00+00:00"), row.get("value_usd")
