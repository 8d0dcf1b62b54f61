"""Covalent's GoldRush API: balances, tokens and transactions of six EVM chains. Key required.

Every answer is an envelope of `data` and `error`, whatever the status says. The chain's own coin
stands among the tokens under a placeholder address and is left out there.

Source: https://goldrush.dev/docs/api-reference and https://goldrush.dev/docs/error-handling, read
2026-11-23.
"""

from typing import Any

from coinmux import (
    HTTP,
    Chain,
    EnvVar,
    ErrorTable,
    ProviderInfo,
    RateLimit,
    When,
    hookimpl,
    segment,
)
from coinmux import errors as e
from coinmux import models as m

NETWORKS = {
    "ethereum": "eth-mainnet",
    "bsc": "bsc-mainnet",
    "polygon": "matic-mainnet",
    "arbitrum": "arbitrum-mainnet",
    "base": "base-mainnet",
    "optimism": "optimism-mainnet",
}
NATIVE = "0xeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"


@hookimpl
def provider_info() -> ProviderInfo:
    """One host for all chains."""
    return ProviderInfo(
        name="covalent",
        title="Covalent GoldRush",
        category="onchain",
        base_url="https://api.covalenthq.com/v1",
        env=(
            EnvVar(
                "COVALENT_API_KEY",
                aliases=("GOLDRUSH_API_KEY",),
                send_as="header:Authorization=Bearer {}",
                description="Balances, tokens with their value and transactions of six chains.",
                signup_url="https://goldrush.dev/platform",
            ),
        ),
        rate_limits=(RateLimit(requests=4, per_s=1), RateLimit(requests=25_000, per_s=2_592_000)),
        priority=65,
        chains=NETWORKS,
        errors=ErrorTable(
            marked=("error", True),
            code="error_code",
            message="error_message",
            unknown_symbol=(When(codes=(400,), says=("address",), about="address"),),
            quota=(402,),
            rate_limited=(429,),
            plan=(403, When(status=(403,), is_json=True)),
            auth=(401,),
            not_offered=(404, When(status=(404,), is_json=True)),
        ),
        homepage="https://goldrush.dev",
        terms_url="https://goldrush.dev/terms",
        docs_url="https://goldrush.dev/docs/api-reference",
        docs_read="2026-11-23",
        notes="The product is named GoldRush now. Free trial: 25,000 credits a month.",
    )


@hookimpl
async def fetch_chain_head(query: m.ChainHeadQuery, http: HTTP) -> m.ChainHead:
    """One request."""
    body = await http.get_json(f"/{NETWORKS[query.chain]}/block_v2/latest/")
    row, *_ = body["data"]["items"]
    return m.ChainHead(
        chain=query.chain,
        height=row["height"],
        hash=row.get("block_hash"),
        timestamp=m.read_field("timestamp", m.iso_ms, m.optional(row, "signed_at")),
    )


@hookimpl
async def fetch_balance(query: m.BalanceQuery, http: HTTP) -> m.Balance:
    """One request."""
    row, *_ = (await _data(query, http, "balances_native"))["items"]
    return m.Balance.native(query, row["balance"])


@hookimpl
async def fetch_token_balances(query: m.TokenBalancesQuery, http: HTTP) -> m.TokenBalances:
    """One request."""
    params = {"quote-currency": "USD", "no-spam": "true"}
    return parse_token_balances(await _data(query, http, "balances_v2", params), query)


def parse_token_balances(data: Any, query: m.TokenBalancesQuery) -> m.TokenBalances:
    """Raw balances as strings; a value only where there is a price."""
    return m.TokenBalances(
        chain=query.chain,
        address=query.address,
        tokens=m.read_rows(data["items"], lambda row: _token(row, query.chain), kind="tokens"),
    )


def _token(row: Any, chain: Chain) -> m.TokenBalance | None:
    """One token; None for the chain's own coin."""
    contract = row["contract_address"]
    if row.get("native_token") is True or contract.lower() == NATIVE:
        return None
    rate = m.read_field("value_usd", m.price_or_none, m.optional(row, "quote_rate"))
    return m.token_balance(
        chain,
        contract=contract,
        symbol=m.optional(row, "contract_ticker_symbol"),
        name=m.optional(row, "contract_name"),
        decimals=m.optional(row, "contract_decimals"),
        raw=row["balance"],
        value_usd=None if rate is None else row.get("quote"),
    )


@hookimpl
async def fetch_transactions(query: m.TransactionsQuery, http: HTTP) -> m.Transactions:
    """One request, for the latest; no further pages."""
    if query.cursor is not None:
        raise e.NotOffered("only the latest transactions are offered")
    data = await _data(query, http, "transactions_v3", {"no-logs": "true"})
    return parse_transactions(data, query)


def parse_transactions(data: Any, query: m.TransactionsQuery) -> m.Transactions:
    """Newest first, at most as many as asked."""
    found = m.read_rows(
        data["items"], lambda row: _transaction(row, query.chain), kind="transactions"
    )
    return m.Transactions(
        chain=query.chain,
        address=query.address,
        transactions=m.newest_first(found)[: query.limit],
    )


def _transaction(row: Any, chain: Chain) -> m.Transaction:
    """One transaction; a pending one has no block, time or fee yet."""
    gas = m.gas_fee(row.get("gas_spent"), row.get("gas_price"))
    told = m.read_field("fee_raw", m.whole_number, row.get("fees_paid"))
    when = m.optional(row, "block_signed_at")
    return m.transaction(
        chain,
        hash=row["tx_hash"],
        height=m.optional(row, "block_height"),
        timestamp=m.read_field("timestamp", m.iso_ms, when),
        sender=m.optional(row, "from_address"),
        to=m.optional(row, "to_address"),
        raw=m.optional(row, "value"),
        fee_raw=m.charged_fee(chain, gas, told=told),
        succeeded=row.get("successful"),
    )


async def _data(
    query: m.BalanceQuery | m.TokenBalancesQuery | m.TransactionsQuery,
    http: HTTP,
    kind: str,
    params: dict[str, str] | None = None,
) -> Any:
    """The `data` of an answer about the address.

    Raises:
        Implausible: it is about another one.
    """
    path = f"/{NETWORKS[query.chain]}/address/{segment(query.address)}/{kind}/"
    data = (await http.get_json(path, params))["data"]
    query.confirm(data["address"])
    return data
