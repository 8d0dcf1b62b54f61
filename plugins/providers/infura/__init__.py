"""Infura (MetaMask Developer): nodes of six EVM chains over JSON-RPC. Key required.

The key is a segment of the path, and where the account demands it a secret goes along as HTTP Basic
authentication. The free plan's credits are counted by method and end at midnight UTC.

Source: https://docs.metamask.io/services/reference/ and
https://docs.metamask.io/services/get-started/pricing/, read 2026-11-23.
"""

import base64
from collections.abc import Awaitable, Callable
from typing import Any

from coinmux import (
    CHAINS,
    HTTP,
    Chain,
    EnvVar,
    ProviderInfo,
    RateLimit,
    Reply,
    evm_balance,
    evm_chain_head,
    evm_gas,
    hookimpl,
    rpc_error,
    segment,
)
from coinmux import models as m

KEY = "INFURA_API_KEY"
SECRET = "INFURA_API_KEY_SECRET"  # noqa: S105 - the variable's name
#: Chain -> network, the first label of its host.
NETWORKS = {
    "ethereum": "mainnet",
    "bsc": "bsc-mainnet",
    "polygon": "polygon-mainnet",
    "arbitrum": "arbitrum-mainnet",
    "base": "base-mainnet",
    "optimism": "optimism-mainnet",
}


@hookimpl
def provider_info() -> ProviderInfo:
    """One host a chain."""
    return ProviderInfo(
        name="infura",
        title="Infura",
        category="blockchain",
        base_url="https://mainnet.infura.io",
        hosts={chain: f"https://{network}.infura.io" for chain, network in NETWORKS.items()},
        env=(
            EnvVar(
                KEY,
                aliases=("INFURA_PROJECT_ID", "INFURA_ID"),
                description="Gas, newest blocks and balances from Infura's nodes.",
                signup_url="https://developer.metamask.io",
            ),
            EnvVar(
                SECRET,
                required=False,
                description="The key's secret, where the account demands one.",
                signup_url="https://developer.metamask.io",
            ),
        ),
        rate_limits=(RateLimit(requests=6, per_s=1), RateLimit(requests=37_000, per_s=86_400)),
        priority=40,
        chains={chain: str(CHAINS[Chain(chain)].evm_id) for chain in NETWORKS},
        homepage="https://www.infura.io",
        terms_url="https://consensys.io/terms-of-use",
        docs_url="https://docs.metamask.io/services/reference/",
        docs_read="2026-11-23",
        notes="Free: 500 credits a second and 3 million a day; limits here take 80 credits a call.",
    )


@hookimpl
def map_error(reply: Reply, query: m.Query) -> Exception | None:
    """An error object, with HTTP 200 or not; a refused key is a 401 in plain text."""
    return rpc_error(reply)


@hookimpl
async def fetch_gas(query: m.GasQuery, http: HTTP) -> m.Gas:
    """One request."""
    return await evm_gas(query, _post(query.chain, http))


@hookimpl
async def fetch_chain_head(query: m.ChainHeadQuery, http: HTTP) -> m.ChainHead:
    """One request."""
    return await evm_chain_head(query, _post(query.chain, http))


@hookimpl
async def fetch_balance(query: m.BalanceQuery, http: HTTP) -> m.Balance:
    """One request."""
    return await evm_balance(query, _post(query.chain, http))


def _post(chain: Chain, http: HTTP) -> Callable[[dict[str, Any]], Awaitable[Any]]:
    path = f"/v3/{segment(http.setting(KEY))}"
    secret = http.setting(SECRET)
    headers = None
    if secret is not None:
        headers = {"Authorization": "Basic " + base64.b64encode(f":{secret}".encode()).decode()}
    return lambda request: http.post_json(path, request, headers=headers, host=str(chain))
