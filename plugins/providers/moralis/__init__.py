"""Moralis: balances, tokens, transactions and labels of six EVM chains. Key required.

A used-up quota answers 401 like a refused key; only the words tell them apart. The newest block is
left out: it comes as a bare number without hash or time.

Source: https://docs.moralis.com/web3-data-api/evm/reference, read 2026-11-23.
"""

from decimal import Decimal
from typing import Any

from coinmux import (
    CHAINS,
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
    "ethereum": "eth",
    "bsc": "bsc",
    "polygon": "polygon",
    "arbitrum": "arbitrum",
    "base": "base",
    "optimism": "optimism",
}
TOKENS = 100
#: Compute units of a call.
BALANCE_CU, TOKENS_CU, HISTORY_CU, SEARCH_CU = 10, 100, 150, 100
OUTCOMES = {"1": True, "0": False}


@hookimpl
def provider_info() -> ProviderInfo:
    """One host for all chains."""
    return ProviderInfo(
        name="moralis",
        title="Moralis",
        category="onchain",
        base_url="https://deep-index.moralis.io/api/v2.2",
        env=(
            EnvVar(
                "MORALIS_API_KEY",
                send_as="header:X-API-Key",
                description="Balances, tokens with their value, transactions and labels.",
                signup_url="https://admin.moralis.com",
            ),
        ),
        # In compute units: 160 of the cheapest calls in four seconds, and the day's allowance.
        rate_limits=(
            RateLimit(requests=160 * BALANCE_CU, per_s=4),
            RateLimit(requests=40_000, per_s=86_400),
        ),
        priority=55,
        chains=NETWORKS,
        errors=ErrorTable(
            message="message",
            unknown_symbol=(When(status=(400,), says=("address",), about="address"),),
            quota=(When(status=(401, 403, 429), says=("usage has been consumed",)),),
            plan=(When(status=(401, 403), says=("upgrade", "plan")),),
        ),
        homepage="https://moralis.com",
        terms_url="https://moralis.com/terms",
        docs_url="https://docs.moralis.com/web3-data-api/evm/reference",
        docs_read="2026-11-23",
        notes="Free: 40,000 compute units a day; a balance takes 10, a list 100 or 150.",
    )


@hookimpl
async def fetch_balance(query: m.BalanceQuery, http: HTTP) -> m.Balance:
    """One request."""
    body = await http.get_json(f"/{segment(query.address)}/balance", _of(query), weight=BALANCE_CU)
    return m.Balance.native(query, body["balance"])


@hookimpl
async def fetch_token_balances(query: m.TokenBalancesQuery, http: HTTP) -> m.TokenBalances:
    """One request, for the first hundred."""
    params = {**_of(query), "exclude_spam": "true", "exclude_native": "true", "limit": str(TOKENS)}
    body = await http.get_json(
        f"/wallets/{segment(query.address)}/tokens", params, weight=TOKENS_CU
    )
    return parse_token_balances(body, query)


def parse_token_balances(body: Any, query: m.TokenBalancesQuery) -> m.TokenBalances:
    """Raw balances as strings, with a value in dollars where there is a price."""
    return m.TokenBalances(
        chain=query.chain,
        address=query.address,
        tokens=m.read_rows(body["result"], lambda row: _token(row, query.chain), kind="tokens"),
        notes=("the first page of tokens; there are more",) if body.get("cursor") else (),
    )


def _token(row: Any, chain: Chain) -> m.TokenBalance:
    return m.token_balance(
        chain,
        contract=row["token_address"],
        symbol=m.optional(row, "symbol"),
        name=m.optional(row, "name"),
        decimals=m.optional(row, "decimals"),
        raw=row["balance"],
        value_usd=row.get("usd_value"),
    )


@hookimpl
async def fetch_transactions(query: m.TransactionsQuery, http: HTTP) -> m.Transactions:
    """One request."""
    params = {**_of(query), "order": "DESC", "limit": str(query.limit)}
    if query.cursor is not None:
        params["cursor"] = query.cursor
    body = await http.get_json(
        f"/wallets/{segment(query.address)}/history", params, weight=HISTORY_CU
    )
    return parse_transactions(body, query)


def parse_transactions(body: Any, query: m.TransactionsQuery) -> m.Transactions:
    """Newest first, with the source's own cursor."""
    cursor = body.get("cursor")
    return m.Transactions(
        chain=query.chain,
        address=query.address,
        cursor=None if cursor == "" else cursor,
        transactions=m.read_rows(
            body["result"], lambda row: _transaction(row, query.chain), kind="transactions"
        ),
    )


def _transaction(row: Any, chain: Chain) -> m.Transaction:
    when = m.optional(row, "block_timestamp")
    return m.transaction(
        chain,
        hash=row["hash"],
        height=m.optional(row, "block_number"),
        timestamp=m.read_field("timestamp", m.iso_ms, when),
        sender=m.optional(row, "from_address"),
        to=m.optional(row, "to_address"),
        raw=m.optional(row, "value"),
        fee_raw=_fee(row, chain),
        succeeded=m.read_word("succeeded", OUTCOMES, m.optional(row, "receipt_status")),
    )


def _fee(row: Any, chain: Chain) -> int | None:
    """The fee as told, in whole coins, else gas times price where that is the whole fee."""
    gas = m.gas_fee(m.optional(row, "receipt_gas_used"), m.optional(row, "gas_price"))
    told = m.read_field("fee_raw", lambda text: _smallest(text, chain), row.get("transaction_fee"))
    return m.charged_fee(chain, gas, told=told)


def _smallest(text: Any, chain: Chain) -> int:
    """A decimal number of coins in the smallest unit.

    Raises:
        ValueError: it is none, or finer than that unit.
    """
    m.number(text)
    units = Decimal(str(text)).scaleb(CHAINS[chain].decimals)
    if units != units.to_integral_value():
        raise ValueError(f"{text} is finer than the smallest unit")
    return int(units)


@hookimpl
async def fetch_entity(query: m.EntityQuery, http: HTTP) -> m.Entity:
    """One request."""
    params: dict[str, str | int] = {"query": query.address, "limit": 5}
    body = await http.get_json("/entities/search", params, weight=SEARCH_CU)
    return parse_entity(body, query)


def parse_entity(body: Any, query: m.EntityQuery) -> m.Entity:
    """The label of just this address; a search finds similar ones too.

    Raises:
        UnknownSymbol: it has none.
    """
    found = m.read_rows(
        body["result"]["addresses"],
        lambda row: (
            m.address_or_none(query.chain, row["address"]),
            m.clean_text(row["primary_label"] or ""),
        ),
        kind="labels",
    )
    mine = [label for address, label in found if address == query.address]
    if not mine:
        raise e.UnknownSymbol(query.address, "Moralis has no label of that address")
    labels = tuple(dict.fromkeys(label for label in mine if label))
    if not labels:
        raise e.Implausible("an address without a label among labelled ones")
    return m.Entity(chain=query.chain, address=query.address, name=labels[0], labels=labels)


def _of(query: m.BalanceQuery | m.TokenBalancesQuery | m.TransactionsQuery) -> dict[str, str]:
    if query.chain not in NETWORKS:
        raise e.NotOffered(f"does not cover {query.chain}")
    return {"chain": NETWORKS[query.chain]}
