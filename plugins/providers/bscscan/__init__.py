"""BscScan: the explorer of BNB Smart Chain, served by Etherscan's API. Key required.

Its own API was retired on 15 August 2025 and its keys with it: the variable takes a key of
Etherscan's, whose free plan leaves this chain out. That refusal is of the plan, not of the key.

Source: https://docs.etherscan.io/v2-migration and https://docs.etherscan.io/supported-chains, read
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


map_error = explorer_error
fetch_gas = explorer_gas
fetch_chain_head = explorer_chain_head
fetch_balance = explorer_balance
fetch_transactions = explorer_transactions
fetch_token_balances = explorer_tokens
