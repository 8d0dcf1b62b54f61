"""BscScan: the explorer of BNB Smart Chain, served by Etherscan's API. Key required.

Its own API was retired on 15 August 2025 and its keys with it: the variable takes a key of
Etherscan's, whose free plan leaves this chain out. That refusal is of the plan, not of the key.

Source: https://docs.etherscan.io/v2-migration and https://docs.etherscan.io/supported-chains, read
2026-11-23.
"""

from __future__ import annotations

from coinmux import (
    CHAINS,
    HTTP,
    Balance,
    BalanceQuery,
    Chain,
    ChainHead,
    ChainHeadQuery,
    EnvVar,
    Gas,
    GasQuery,
    ProviderInfo,
    Query,
    RateLimit,
    Reply,
    TokenBalances,
    TokenBalancesQuery,
    Transactions,
    TransactionsQuery,
    explorer_balance,
    explorer_chain_head,
    explorer_error,
    explorer_gas,
    explorer_tokens,
    explorer_transactions,
    hookimpl,
)

CHAIN_NAMES = ("bsc",)


@hookimpl
def provider_info() -> ProviderInfo:
    """One address for all chains."""
    return ProviderInfo(
        name="bscscan",
        title="BscScan",
        category="blockchain",
        base_url="https://api.etherscan.io/v2/api",
        env=(
            EnvVar(
                "BSCSCAN_API_KEY",
                aliases=("ETHERSCAN_API_KEY",),
                send_as="query:apikey",
                description="Gas, blocks, balances and transactions of BNB Smart Chain.",
                signup_url="https://etherscan.io/apis",
            ),
        ),
        rate_limits=(RateLimit(requests=3, per_s=1), RateLimit(requests=100_000, per_s=86_400)),
        priority=55,
        chains={chain: str(CHAINS[Chain(chain)].evm_id) for chain in CHAIN_NAMES},
        homepage="https://bscscan.com",
        terms_url="https://etherscan.io/terms",
        docs_url="https://docs.etherscan.io/etherscan-v2",
        docs_read="2026-11-23",
        seen="documented",
        notes="Takes a key of Etherscan's, of a paid plan: the free one leaves this chain out.",
    )


@hookimpl
def map_error(reply: Reply, query: Query) -> Exception | None:
    """Key, rate and plan are told inside a 200."""
    return explorer_error(reply, query)


@hookimpl
async def fetch_gas(query: GasQuery, http: HTTP) -> Gas:
    """One request."""
    return await explorer_gas(query, http)


@hookimpl
async def fetch_chain_head(query: ChainHeadQuery, http: HTTP) -> ChainHead:
    """One request."""
    return await explorer_chain_head(query, http)


@hookimpl
async def fetch_balance(query: BalanceQuery, http: HTTP) -> Balance:
    """One request."""
    return await explorer_balance(query, http)


@hookimpl
async def fetch_transactions(query: TransactionsQuery, http: HTTP) -> Transactions:
    """One request."""
    return await explorer_transactions(query, http)


@hookimpl
async def fetch_token_balances(query: TokenBalancesQuery, http: HTTP) -> TokenBalances:
    """One request."""
    return await explorer_tokens(query, http)
