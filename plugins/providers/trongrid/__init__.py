"""TronGrid: TRON's own gateway: newest block, balances, tokens and transactions. Key optional.

Without a key its limit moves and a 403 of half a minute follows; with a free one 100,000 requests a
day. Balances are in sun, a millionth of a TRX. Transactions name addresses in hexadecimal, which
become base58 here; tokens come without symbol and decimals. An account nobody has used is answered
with nothing, which is an empty account to us.

Source: https://developers.tron.network/reference and https://developers.tron.network/docs/rate-limits,
read 2026-11-23.
"""

import re
from typing import Any

from coinmux import (
    HTTP,
    Chain,
    EnvVar,
    ErrorTable,
    ProviderInfo,
    RateLimit,
    Reply,
    When,
    base58check_encode,
    hookimpl,
    segment,
)
from coinmux import models as m

_SUSPENDED = re.compile(r"suspended for (\d{1,4}) ?s")
#: Where it does not say for how long.
SUSPENDED_S = 30.0
_HEX = re.compile(r"41[0-9a-fA-F]{40}")


@hookimpl
def provider_info() -> ProviderInfo:
    """One host."""
    return ProviderInfo(
        name="trongrid",
        title="TronGrid",
        category="blockchain",
        base_url="https://api.trongrid.io",
        env=(
            EnvVar(
                "TRONGRID_API_KEY",
                aliases=("TRON_PRO_API_KEY",),
                required=False,
                send_as="header:TRON-PRO-API-KEY",
                description="Raises TronGrid's limit to 15 requests a second.",
                signup_url="https://www.trongrid.io/dashboard",
            ),
        ),
        rate_limits=(RateLimit(requests=3, per_s=1), RateLimit(requests=100_000, per_s=86_400)),
        priority=40,
        chains={"tron": "tron"},
        errors=ErrorTable(
            code=("Error", "error"),
            unknown_symbol=(When(status=(200, 400), says=("address",), about="address"),),
            rate_limited=(When(says=("frequency limit", "allowed_rps")), When(status=(403, 429))),
            retry_after=_suspended_s,
            auth=(When(says=("apikey", "api key")),),
        ),
        homepage="https://www.trongrid.io",
        terms_url="https://www.trongrid.io/terms-of-service",
        docs_url="https://developers.tron.network/reference",
        docs_read="2026-11-23",
        notes="Tokens come without symbol and decimals.",
    )


def _suspended_s(reply: Reply) -> float:
    """How long it suspends the key for, by its own words."""
    found = _SUSPENDED.search(str(reply.body).lower())
    return float(found[1]) if found else SUSPENDED_S


@hookimpl
async def fetch_chain_head(query: m.ChainHeadQuery, http: HTTP) -> m.ChainHead:
    """One request."""
    body = await http.post_json("/wallet/getnowblock", {})
    header = body["block_header"]["raw_data"]
    return m.ChainHead(
        chain=query.chain,
        height=header["number"],
        hash=m.optional(body, "blockID"),
        timestamp=m.optional(header, "timestamp"),
    )


@hookimpl
async def fetch_balance(query: m.BalanceQuery, http: HTTP) -> m.Balance:
    """One request."""
    account = await _account(query, http)
    return m.Balance.native(query, account.get("balance", 0))


@hookimpl
async def fetch_token_balances(query: m.TokenBalancesQuery, http: HTTP) -> m.TokenBalances:
    """One request."""
    return parse_tokens(await _account(query, http), query)


def parse_tokens(account: Any, query: m.TokenBalancesQuery) -> m.TokenBalances:
    """TRC-20 tokens as one pair of contract and raw balance each."""
    return m.TokenBalances(
        chain=query.chain,
        address=query.address,
        tokens=m.read_rows(account.get("trc20") or (), _token, kind="tokens"),
    )


def _token(row: Any) -> m.TokenBalance:
    # One pair of contract and balance; whatever else a row may grow stands behind it.
    (contract, raw), *_ = row.items()
    return m.token_balance(Chain.TRON, contract=contract, raw=raw)


async def _account(query: m.BalanceQuery | m.TokenBalancesQuery, http: HTTP) -> Any:
    """The account; nothing for one nobody has used.

    Raises:
        Implausible: it is another one.
    """
    body = await http.get_json(f"/v1/accounts/{segment(query.address)}")
    if body["success"] is True and not body["data"]:
        return {}
    account, *_ = body["data"]
    query.confirm(base58(account["address"]))
    return account


@hookimpl
async def fetch_transactions(query: m.TransactionsQuery, http: HTTP) -> m.Transactions:
    """One request; the cursor is its fingerprint."""
    params: dict[str, str | int | None] = {
        "limit": query.limit,
        "order_by": "block_timestamp,desc",
        "fingerprint": query.cursor,
    }
    path = f"/v1/accounts/{segment(query.address)}/transactions"
    return parse_transactions(await http.get_json(path, params), query)


def parse_transactions(body: Any, query: m.TransactionsQuery) -> m.Transactions:
    """Newest first; internal ones, which have no contract of their own, are left out."""
    return m.Transactions(
        chain=query.chain,
        address=query.address,
        cursor=(body.get("meta") or {}).get("fingerprint"),
        transactions=m.read_rows(body["data"], _transaction, kind="transactions"),
    )


def _transaction(row: Any) -> m.Transaction | None:
    """One transaction; None for an internal one, which has no contract of its own."""
    if "raw_data" not in row:
        return None
    contract = m.optional(row, "raw_data", "contract", 0)
    value = m.optional(contract, "parameter", "value") or {}
    outcome = m.optional(row, "ret", 0) or {}
    said = outcome.get("contractRet")
    to = value.get("to_address") or value.get("contract_address")
    return m.transaction(
        Chain.TRON,
        hash=row["txID"],
        height=m.optional(row, "blockNumber"),
        timestamp=m.optional(row, "block_timestamp"),
        sender=m.read_field("from", base58, m.optional(value, "owner_address")),
        to=m.read_field("to", base58, to),
        raw=_sun(m.read_field("raw", m.clean_text, m.optional(contract, "type")), value),
        fee_raw=outcome.get("fee"),
        succeeded=m.read_field("succeeded", lambda word: m.clean_text(word) == "SUCCESS", said),
    )


def _sun(kind: Any, value: Any) -> Any:
    """What moved in TRX, by the kind of contract; None where the amount is of something else."""
    if kind == "TransferContract":
        return m.optional(value, "amount")
    # A call that moves none does not say so.
    return value.get("call_value", 0) if kind == "TriggerSmartContract" else None


def base58(text: Any) -> str:
    """An address as TRON writes it: base58 with a checksum; one in that form already stays.

    Raises:
        ValueError: it is neither that nor 21 bytes in hexadecimal beginning with 41.
    """
    if isinstance(text, str) and text.startswith("T") and len(text) == 34:
        return text
    if not (isinstance(text, str) and _HEX.fullmatch(text)):
        raise ValueError(f"no address of TRON: {str(text)[:50]!r}")
    return base58check_encode(bytes.fromhex(text))
