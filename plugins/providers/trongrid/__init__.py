"""TronGrid: TRON's own gateway: newest block, balances, tokens and transactions. Key optional.

Without a key its limit moves and a 403 of half a minute follows; with a free one 100,000 requests a
day. Balances are in sun, a millionth of a TRX. Transactions name addresses in hexadecimal, which
become base58 here; tokens come without symbol and decimals. An account nobody has used is answered
with nothing, which is an empty account to us.

Source: https://developers.tron.network/reference and https://developers.tron.network/docs/rate-limits,
read 2026-11-23.
"""

import re
from hashlib import sha256
from typing import Any

from coinmux import (
    CHAINS,
    HTTP,
    Chain,
    EnvVar,
    ErrorTable,
    ProviderInfo,
    RateLimit,
    Reply,
    When,
    hookimpl,
    segment,
)
from coinmux import models as m

#: Base58 without 0, O, I and l.
ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
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
        hash=body["blockID"],
        timestamp=header["timestamp"],
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
    held = [pair for row in account.get("trc20", ()) for pair in row.items()]
    return m.TokenBalances(
        chain=query.chain,
        address=query.address,
        tokens=tuple(m.TokenBalance(contract=name, raw=raw) for name, raw in held),
    )


async def _account(query: m.BalanceQuery | m.TokenBalancesQuery, http: HTTP) -> Any:
    """The account; nothing for one nobody has used.

    Raises:
        Implausible: it is another one.
    """
    body = await http.get_json(f"/v1/accounts/{segment(query.address)}")
    if body["success"] is True and not body["data"]:
        return {}
    (account,) = body["data"]
    m.confirm(query.address, base58(account["address"]))
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
    rows = [row for row in body["data"] if "raw_data" in row]
    return m.Transactions(
        chain=query.chain,
        address=query.address,
        cursor=body.get("meta", {}).get("fingerprint"),
        transactions=tuple(map(_transaction, rows)),
    )


def _transaction(row: Any) -> m.Transaction:
    facts = CHAINS[Chain.TRON]
    contract = row["raw_data"]["contract"][0]
    value = contract["parameter"]["value"]
    raw = value.get("amount" if contract["type"] == "TransferContract" else "call_value", 0)
    outcome = row["ret"][0]
    to = value.get("to_address") or value.get("contract_address")
    return m.Transaction(
        hash=row["txID"],
        height=row["blockNumber"],
        timestamp=row["block_timestamp"],
        sender=base58(value["owner_address"]),
        to=None if to is None else base58(to),
        asset=facts.asset,
        raw=raw,
        amount=m.scaled(raw, facts.decimals),
        fee_raw=outcome.get("fee"),
        succeeded=outcome["contractRet"] == "SUCCESS",
    )


def base58(text: Any) -> str:
    """An address as TRON writes it: base58 with a checksum; one in that form already stays.

    Raises:
        ValueError: it is neither that nor 21 bytes in hexadecimal beginning with 41.
    """
    if isinstance(text, str) and text.startswith("T") and len(text) == 34:
        return text
    if not (isinstance(text, str) and _HEX.fullmatch(text)):
        raise ValueError(f"no address of TRON: {str(text)[:50]!r}")
    raw = bytes.fromhex(text)
    value = int.from_bytes(raw + sha256(sha256(raw).digest()).digest()[:4], "big")
    digits = ""
    while value:
        value, place = divmod(value, 58)
        digits = ALPHABET[place] + digits
    return digits
