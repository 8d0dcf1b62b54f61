"""Etherscan: one explorer API for five EVM chains, chosen by number. Key required.

The free plan leaves out Base and Optimism, and lists of tokens on every chain; a refusal of a chain
concerns that chain alone. BNB Smart Chain is served by `bscscan`, as its own API was.

Source: https://docs.etherscan.io/etherscan-v2 and https://docs.etherscan.io/supported-chains, read
2026-11-23.
"""

from coinmux import (
    CHAINS,
    HTTP,
    Chain,
    EnvVar,
    ProviderInfo,
    RateLimit,
    Reply,
    explorer_balance,
    explorer_chain_head,
    explorer_error,
    explorer_gas,
    explorer_tokens,
    explorer_transactions,
    hookimpl,
)
from coinmux import models as m

CHAIN_NAMES = ("ethereum", "polygon", "arbitrum", "base", "optimism")


@hookimpl
def provider_info() -> ProviderInfo:
    """One address for all chains."""
    return ProviderInfo(
        name="etherscan",
        title="Etherscan",
        category="blockchain",
        base_url="https://api.etherscan.io/v2/api",
        env=(
            EnvVar(
                "ETHERSCAN_API_KEY",
                send_as="query:apikey",
                description="Gas, blocks, balances and transactions of five chains by Etherscan.",
                signup_url="https://etherscan.io/apis",
            ),
        ),
        rate_limits=(RateLimit(requests=3, per_s=1), RateLimit(requests=100_000, per_s=86_400)),
        priority=50,
        chains={chain: str(CHAINS[Chain(chain)].evm_id) for chain in CHAIN_NAMES},
        homepage="https://etherscan.io",
        terms_url="https://etherscan.io/terms",
        docs_url="https://docs.etherscan.io/etherscan-v2",
        docs_read="2026-11-23",
        seen="recorded",
        notes="Free: not Base and Optimism, no token lists.",
    )


@hookimpl
def map_error(reply: Reply, query: m.Query) -> Exception | None:
    """Key, rate and plan are told inside a 200."""
    return explorer_error(reply, query)


@hookimpl
async def fetch_gas(query: m.GasQuery, http: HTTP) -> m.Gas:
    """One request."""
    return await explorer_gas(query, http)


@hookimpl
async def fetch_chain_head(query: m.ChainHeadQuery, http: HTTP) -> m.ChainHead:
    """One request."""
    return await explorer_chain_head(query, http)


@hookimpl
async def fetch_balance(query: m.BalanceQuery, http: HTTP) -> m.Balance:
    """One request."""
    return await explorer_balance(query, http)


@hookimpl
async def fetch_transactions(query: m.TransactionsQuery, http: HTTP) -> m.Transactions:
    """One request."""
    return await explorer_transactions(query, http)


@hookimpl
async def fetch_token_balances(query: m.TokenBalancesQuery, http: HTTP) -> m.TokenBalances:
    """One request."""
    return await explorer_tokens(query, http)
