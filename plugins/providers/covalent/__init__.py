"""Covalent's GoldRush API: balances, tokens and transactions of six EVM chains. Key required.

Every answer is an envelope of `data` and `error`, whatever the status says. The chain's own coin
stands among the tokens under a placeholder address and is left out there.

Source: https://goldrush.dev/docs/api-reference and https://goldrush.dev/docs/error-handling, read
2026-11-23.
"""

from typing import Any

from coinmux import (
    CHAINS,
    HTTP,
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
    (row,) = body["data"]["items"]
    return m.ChainHead(
        chain=query.chain,
        height=row["height"],
        hash=row.get("block_hash"),
        timestamp=m.iso_ms(row["signed_at"]),
    )


@hookimpl
async def fetch_balance(query: m.BalanceQuery, http: HTTP) -> m.Balance:
    """One request."""
    (row,) = (await _data(query, http, "balances_native"))["items"]
    return m.Balance.native(query, row["balance"])


@hookimpl
async def fetch_token_balances(query: m.TokenBalancesQuery, http: HTTP) -> m.TokenBalances:
    """One request."""
    params = {"quote-currency": "USD", "no-spam": "true"}
    return parse_token_balances(await _data(query, http, "balances_v2", params), query)


def parse_token_balances(data: Any, query: m.TokenBalancesQuery) -> m.TokenBalances:
    """Raw balances as strings; a value only where there is a price."""
    rows = (row for row in data["items"] if not _is_native(row))
    return m.TokenBalances(
        chain=query.chain, address=query.address, tokens=tuple(_token(row) for row in rows)
    )


def _is_native(row: Any) -> bool:
    return row.get("native_token") is True or row["contract_address"].lower() == NATIVE


def _token(row: Any) -> m.TokenBalance:
    raw, decimals = row["balance"], row["contract_decimals"]
    return m.TokenBalance(
        contract=row["contract_address"].lower(),
        symbol=row["contract_ticker_symbol"],
        name=row["contract_name"],
        decimals=decimals,
        raw=raw,
        amount=None if decimals is None else m.scaled(raw, decimals),
        value_usd=None if row["quote_rate"] is None else row["quote"],
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
    rows = sorted(data["items"], key=lambda row: -int(row["block_height"]))[: query.limit]
    return m.Transactions(
        chain=query.chain,
        address=query.address,
        transactions=tuple(_transaction(row, query) for row in rows),
    )


def _transaction(row: Any, query: m.TransactionsQuery) -> m.Transaction:
    facts = CHAINS[query.chain]
    to = row["to_address"]
    return m.Transaction(
        hash=row["tx_hash"],
        height=row["block_height"],
        timestamp=m.iso_ms(row["block_signed_at"]),
        sender=row["from_address"].lower(),
        to=None if to is None else to.lower(),
        asset=facts.asset,
        raw=row["value"],
        amount=m.scaled(row["value"], facts.decimals),
        fee_raw=row.get("fees_paid"),
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
    m.confirm(query.address, data["address"])
    return data
