"""TronScan: TRON's explorer: newest block, balances, tokens and transactions. Key required.

Balances are in sun, a millionth of a TRX, and times in milliseconds. Statuses mean what they say,
and bodies of errors have no form of their own.

Source: https://docs.tronscan.org/api-endpoints and https://docs.tronscan.org/getting-started/api-keys,
read 2026-11-23.
"""

from typing import Any

from coinmux import CHAINS, HTTP, EnvVar, ErrorTable, ProviderInfo, RateLimit, When, hookimpl
from coinmux import errors as e
from coinmux import models as m

#: Rows of a page, and how far pages reach; more is cut without a word.
PAGE, WINDOW = 50, 10_000


@hookimpl
def provider_info() -> ProviderInfo:
    """One host; the older name of it is gone."""
    return ProviderInfo(
        name="tronscan",
        title="TronScan",
        category="blockchain",
        base_url="https://apilist.tronscanapi.com",
        env=(
            EnvVar(
                "TRONSCAN_API_KEY",
                send_as="header:TRON-PRO-API-KEY",
                description="Balances, tokens and transactions of TRON by its explorer.",
                signup_url="https://tronscan.org/#/myaccount/apiKeys",
            ),
        ),
        rate_limits=(RateLimit(requests=5, per_s=1), RateLimit(requests=100_000, per_s=86_400)),
        priority=45,
        chains={"tron": "tron"},
        errors=ErrorTable(
            message=("message", "Error"),
            unknown_symbol=(When(status=(400,), about="address"),),
            auth=(When(status=(403,), is_json=True),),
            not_offered=(When(status=(410,)),),
        ),
        homepage="https://tronscan.org",
        terms_url="https://tronscan.org/#/termsOfService",
        docs_url="https://docs.tronscan.org",
        docs_read="2026-11-23",
    )


@hookimpl
async def fetch_chain_head(query: m.ChainHeadQuery, http: HTTP) -> m.ChainHead:
    """One request."""
    body = await http.get_json("/api/block", {"sort": "-number", "limit": 1})
    (row,) = body["data"]
    return m.ChainHead(
        chain=query.chain, height=row["number"], hash=row["hash"], timestamp=row["timestamp"]
    )


@hookimpl
async def fetch_balance(query: m.BalanceQuery, http: HTTP) -> m.Balance:
    """One request."""
    return m.Balance.native(query, (await _account(query, http))["balance"])


@hookimpl
async def fetch_token_balances(query: m.TokenBalancesQuery, http: HTTP) -> m.TokenBalances:
    """One request."""
    return parse_tokens(await _account(query, http), query)


def parse_tokens(account: Any, query: m.TokenBalancesQuery) -> m.TokenBalances:
    """TRC-20 tokens; their worth is told in TRX, not in dollars."""
    return m.TokenBalances(
        chain=query.chain,
        address=query.address,
        tokens=tuple(_token(row) for row in account["trc20token_balances"]),
    )


def _token(row: Any) -> m.TokenBalance:
    raw, decimals = row["balance"], row["tokenDecimal"]
    return m.TokenBalance(
        contract=row["tokenId"],
        symbol=row["tokenAbbr"],
        name=row["tokenName"],
        decimals=decimals,
        raw=raw,
        amount=m.scaled(raw, decimals),
    )


async def _account(query: m.BalanceQuery | m.TokenBalancesQuery, http: HTTP) -> Any:
    """The account.

    Raises:
        Implausible: it is another one.
    """
    body = await http.get_json("/api/accountv2", {"address": query.address})
    m.confirm(query.address, body["address"])
    return body


@hookimpl
async def fetch_transactions(query: m.TransactionsQuery, http: HTTP) -> m.Transactions:
    """One request; the cursor is the row to begin with."""
    start = query.cursor or "0"
    limit = min(query.limit, PAGE)
    if not (start.isascii() and start.isdigit() and int(start) + limit <= WINDOW):
        raise e.NotOffered("the cursor is of another source, or beyond its 10,000 rows")
    params: dict[str, str | int] = {
        "sort": "-timestamp",
        "count": "true",
        "limit": limit,
        "start": start,
        "address": query.address,
    }
    body = await http.get_json("/api/transaction", params)
    return parse_transactions(body, query, int(start), limit)


def parse_transactions(
    body: Any, query: m.TransactionsQuery, start: int, limit: int
) -> m.Transactions:
    """One page, newest first."""
    rows = body["data"]
    following = start + limit
    more = len(rows) == limit and following + limit <= WINDOW
    return m.Transactions(
        chain=query.chain,
        address=query.address,
        cursor=str(following) if more else None,
        transactions=tuple(_transaction(row, query) for row in rows),
    )


def _transaction(row: Any, query: m.TransactionsQuery) -> m.Transaction:
    facts = CHAINS[query.chain]
    return m.Transaction(
        hash=row["hash"],
        height=row["block"],
        timestamp=row["timestamp"],
        sender=row["ownerAddress"],
        to=row["toAddress"] or None,
        asset=facts.asset,
        raw=row["amount"],
        amount=m.scaled(row["amount"], facts.decimals),
        fee_raw=row["cost"]["fee"],
        succeeded=row["contractRet"] == "SUCCESS",
    )
