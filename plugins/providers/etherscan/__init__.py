"""Etherscan: one explorer API for five EVM chains, chosen by number. Key required.

The free plan leaves out Base and Optimism, and lists of tokens on every chain; a refusal of a chain
concerns that chain alone. BNB Smart Chain is served by `bscscan`, as its own API was.

Source: https://docs.etherscan.io/etherscan-v2 and https://docs.etherscan.io/supported-chains, read
2026-11-23.
"""

from coinmux import (
    CHAINS,
    Chain,
    EnvVar,
    ProviderInfo,
    RateLimit,
    explorer_balance,
    explorer_chain_head,
    explorer_error,
    explorer_gas,
    explorer_tokens,
    explorer_transactions,
    hookimpl,
)

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


map_error = explorer_error
fetch_gas = explorer_gas
fetch_chain_head = explorer_chain_head
fetch_balance = explorer_balance
fetch_transactions = explorer_transactions
fetch_token_balances = explorer_tokens
