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
        # One account may make 3 requests a second and 100,000 a day, over all its keys. As most
        # accounts have one key for both, this source takes a third of it and `etherscan` the rest.
        rate_limits=(RateLimit(requests=1, per_s=1), RateLimit(requests=34_000, per_s=86_400)),
        priority=55,
        chains={chain: str(CHAINS[Chain(chain)].evm_id) for chain in CHAIN_NAMES},
        homepage="https://bscscan.com",
        terms_url="https://etherscan.io/terms",
        docs_url="https://docs.etherscan.io/etherscan-v2",
        docs_read="2026-11-23",
        seen="documented",
        notes="Takes a key of Etherscan's, of a paid plan: the free one leaves this chain out. "
        "A third of an account's limits; etherscan has the rest.",
    )
