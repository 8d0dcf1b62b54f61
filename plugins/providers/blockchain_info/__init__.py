"""Blockchain.com explorer: Bitcoin fees, newest block, balances and charts. Key optional.

The vendor asks for one request every ten seconds; `BLOCKCHAIN_API_CODE` raises its limits. Answers
may carry `Retry-After` with a 200, which means nothing. Balances may count unconfirmed
transactions. The fee endpoint is the one the vendor's own wallet asks.

Source: https://www.blockchain.com/explorer/api/blockchain_api and the vendor's wallet client
(`FeeOptions`), read 2026-11-23.
"""

from typing import Any

from coinmux import (
    HTTP,
    EnvVar,
    ErrorTable,
    ProviderInfo,
    RateLimit,
    When,
    common_metrics,
    hookimpl,
)
from coinmux import errors as e
from coinmux import models as m

UNCONFIRMED = "blockchain_info may count unconfirmed transactions"
#: What the explorer says of an address it cannot read, as JSON or as plain text.
BAD_ADDRESS = ("not-found-or-invalid-arg", "invalid bitcoin address", "checksum", "item not found")


#: Ours -> its chart.
CHARTS = {
    "active_addresses": "n-unique-addresses",
    "transaction_count": "n-transactions",
    "transfer_volume_usd": "estimated-transaction-volume-usd",
    "hash_rate": "hash-rate",
    "difficulty": "difficulty",
    "fees_usd": "transaction-fees-usd",
    "miner_revenue_usd": "miners-revenue",
    "market_cap_usd": "market-cap",
    "supply": "total-bitcoins",
    "mempool_size_bytes": "mempool-size",
}
METRICS = common_metrics(CHARTS, assets={"BTC"})
DAY_MS = 86_400_000
USUAL_DAYS = 180


@hookimpl
def provider_info() -> ProviderInfo:
    """Blockchain.com's explorer and its API host."""
    return ProviderInfo(
        name="blockchain_info",
        title="Blockchain.com",
        category="blockchain",
        base_url="https://blockchain.info",
        hosts={"api": "https://api.blockchain.info"},
        env=(
            EnvVar(
                "BLOCKCHAIN_API_CODE",
                required=False,
                send_as="query:api_code",
                description="Raises the limits of the Blockchain.com explorer.",
                signup_url="https://api.blockchain.info/customer/signup",
            ),
        ),
        rate_limits=(RateLimit(requests=1, per_s=10),),
        priority=50,
        chains={"bitcoin": "bitcoin"},
        metrics=METRICS,
        errors=ErrorTable(
            message=("error", "message"),
            unknown_symbol=(When(status=(400, 404, 500), says=BAD_ADDRESS, about="address"),),
        ),
        homepage="https://www.blockchain.com/explorer",
        terms_url="https://www.blockchain.com/legal/terms",
        docs_url="https://www.blockchain.com/explorer/api/blockchain_api",
        docs_read="2026-11-23",
        notes="Balances may count unconfirmed transactions; the answer says so.",
    )


@hookimpl
async def fetch_gas(query: m.GasQuery, http: HTTP) -> m.Gas:
    """One request to the API host."""
    return parse_gas(await http.get_json("/mempool/fees", host="api"), query)


def parse_gas(body: Any, query: m.GasQuery) -> m.Gas:
    """The vendor tells two prices, regular and priority."""
    return m.Gas(
        chain=query.chain,
        unit="sat/vB",
        standard=body["regular"],
        fast=m.optional(body, "priority"),
    )


@hookimpl
async def fetch_chain_head(query: m.ChainHeadQuery, http: HTTP) -> m.ChainHead:
    """One request."""
    return parse_chain_head(await http.get_json("/latestblock"), query)


def parse_chain_head(body: Any, query: m.ChainHeadQuery) -> m.ChainHead:
    """The newest block; its own time is in seconds."""
    return m.ChainHead(
        chain=query.chain,
        height=body["height"],
        hash=m.optional(body, "hash"),
        timestamp=m.read_field("timestamp", m.seconds_ms, m.optional(body, "time")),
    )


@hookimpl
async def fetch_balance(query: m.BalanceQuery, http: HTTP) -> m.Balance:
    """One request."""
    return parse_balance(await http.get_json("/balance", {"active": query.address}), query)


def parse_balance(body: Any, query: m.BalanceQuery) -> m.Balance:
    """The balance of the address asked for; the answer is keyed by address."""
    balance = m.Balance.native(query, body[query.address]["final_balance"])
    return balance.model_copy(update={"notes": (UNCONFIRMED,)})


@hookimpl
async def fetch_onchain_metric(query: m.OnchainMetricQuery, http: HTTP) -> m.OnchainMetric:
    """One request, of days up to now."""
    if query.asset != "BTC" or query.interval != "1d" or query.metric not in CHARTS:
        raise e.NotOffered(f"no {query.metric} of {query.asset} by {query.interval}")
    chart = CHARTS[query.metric]
    now_ms = http.now_ms()
    days = USUAL_DAYS
    if query.start is not None:
        days = max(1, (now_ms - query.start) // DAY_MS + 1)
    params = {"timespan": f"{days}days", "sampled": "false", "format": "json"}
    return parse_chart(await http.get_json(f"/charts/{chart}", params, host="api"), query)


def parse_chart(body: Any, query: m.OnchainMetricQuery) -> m.OnchainMetric:
    """Points of seconds and a number, those in the range."""
    points = m.read_points(body["values"], lambda row: (m.seconds_ms(row["x"]), row.get("y")))
    return m.OnchainMetric(
        metric=query.metric,
        asset=query.asset,
        unit=unit if (unit := METRICS[query.metric].unit) != "coin" else query.asset,
        points=query.chosen(points),
    )
