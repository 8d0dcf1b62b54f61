"""TronScan: TRON's explorer: newest block, balances, tokens and transactions. Key required.

Balances are in sun, a millionth of a TRX, and times in milliseconds. Tokens have an endpoint of
their own: the account itself tells them by another name in each of its versions. Statuses mean
what they say, and bodies of errors have no form of their own.

Source: https://docs.tronscan.org/api-endpoints and https://docs.tronscan.org/getting-started/api-keys,
read 2026-11-23.
"""

from typing import Any

from coinmux import HTTP, Chain, EnvVar, ErrorTable, ProviderInfo, RateLimit, When, hookimpl
from coinmux import errors as e
from coinmux import models as m

#: Rows of a page, and how far pages reach; more is cut without a word.
PAGE, WINDOW = 50, 10_000
#: Which tokens of an account are listed.
TRC20 = 1
#: Kinds of contract that move TRX: a transfer of it, and a call of a smart contract. Amounts of
#: other kinds are of TRC-10 tokens, votes or staked TRX.
TRANSFER, CALL = 1, 31
MOST_KIND = 255


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
    row, *_ = body["data"]
    return m.ChainHead(
        chain=query.chain,
        height=row["number"],
        hash=m.optional(row, "hash"),
        timestamp=m.optional(row, "timestamp"),
    )


@hookimpl
async def fetch_balance(query: m.BalanceQuery, http: HTTP) -> m.Balance:
    """One request."""
    return m.Balance.native(query, (await _account(query, http))["balance"])


@hookimpl
async def fetch_token_balances(query: m.TokenBalancesQuery, http: HTTP) -> m.TokenBalances:
    """One request, of the first fifty TRC-20 tokens."""
    params: dict[str, str | int] = {
        "address": query.address,
        "start": 0,
        "limit": PAGE,
        "show": TRC20,
    }
    body = await http.get_json("/api/account/tokens", params, empty_ok=True)
    return parse_tokens(body, query)


def parse_tokens(body: Any, query: m.TokenBalancesQuery) -> m.TokenBalances:
    """TRC-20 tokens; TRX itself and TRC-10 tokens stand in the same list and are left out."""
    rows = body["data"]
    return m.TokenBalances(
        chain=query.chain,
        address=query.address,
        tokens=m.read_rows(rows, lambda row: _token(row, query.chain), kind="tokens"),
        notes=(f"the first {PAGE} tokens; there may be more",) if len(rows) >= PAGE else (),
    )


def _token(row: Any, chain: Chain) -> m.TokenBalance | None:
    """One token; None for one of another kind. Its worth is told in TRX, not in dollars."""
    kind = m.clean_text(row["tokenType"])
    if not kind:
        raise ValueError("a token of no kind")
    if kind != "trc20":
        return None
    return m.token_balance(
        chain,
        contract=row["tokenId"],
        symbol=m.optional(row, "tokenAbbr"),
        name=m.optional(row, "tokenName"),
        decimals=m.optional(row, "tokenDecimal"),
        raw=row["balance"],
    )


async def _account(query: m.BalanceQuery, http: HTTP) -> Any:
    """The account.

    Raises:
        Implausible: it is another one.
    """
    body = await http.get_json("/api/accountv2", {"address": query.address})
    query.confirm(body["address"])
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
        transactions=m.read_rows(
            rows, lambda row: _transaction(row, query.chain), kind="transactions"
        ),
    )


def _transaction(row: Any, chain: Chain) -> m.Transaction:
    return m.transaction(
        chain,
        hash=row["hash"],
        height=m.optional(row, "block"),
        timestamp=m.optional(row, "timestamp"),
        sender=m.optional(row, "ownerAddress"),
        to=m.optional(row, "toAddress"),
        raw=_sun(row),
        fee_raw=m.optional(row, "cost", "fee"),
        succeeded=m.read_field("succeeded", _succeeded, m.optional(row, "contractRet")),
    )


def _succeeded(outcome: Any) -> bool:
    if not isinstance(outcome, str):
        raise ValueError("the outcome of a contract is a word")
    return outcome == "SUCCESS"


def _sun(row: Any) -> Any:
    """What moved in TRX, by the kind of contract; None where the amount is of something else."""
    kind = m.read_field("raw", _kind, m.optional(row, "contractType"))
    if kind == TRANSFER:
        told = _of(row.get("contractData"), "amount")
        return m.optional(row, "amount") if told is None else told
    if kind == CALL:
        told = _of(row.get("contractData"), "call_value")
        return _of(row.get("trigger_info"), "call_value") if told is None else told
    return None


def _kind(value: Any) -> int:
    kind = m.whole_number(value)
    if not 0 <= kind <= MOST_KIND:
        raise ValueError(f"{kind} is no kind of contract")
    return kind


def _of(held: Any, name: str) -> Any:
    return held.get(name) if isinstance(held, dict) else None
