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
    hookimpl,
)
from coinmux import explorer_balance as fetch_balance
from coinmux import explorer_chain_head as fetch_chain_head
from coinmux import explorer_error as map_error
from coinmux import explorer_gas as fetch_gas
from coinmux import explorer_tokens as fetch_token_balances
from coinmux import explorer_transactions as fetch_transactions

#: The hooks: the explorer dialect's own, under their hook names.
__all__ = (
    "fetch_balance", "fetch_chain_head", "fetch_gas", "fetch_token_balances", "fetch_transactions",
    "map_error", "provider_info",
)  # fmt: skip

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
        # One account may make 3 requests a second and 100,000 a day, over all its keys. As most
        # accounts have one key for both, this source takes two thirds of it and `bscscan` the rest.
        rate_limits=(RateLimit(requests=2, per_s=1), RateLimit(requests=66_000, per_s=86_400)),
        priority=50,
        chains={chain: str(CHAINS[Chain(chain)].evm_id) for chain in CHAIN_NAMES},
        homepage="https://etherscan.io",
        terms_url="https://etherscan.io/terms",
        docs_url="https://docs.etherscan.io/etherscan-v2",
        docs_read="2026-11-23",
        seen="recorded",
        notes="Free: not Base and Optimism, no token lists. Two thirds of an account's limits; "
        "bscscan has the rest.",
    )
