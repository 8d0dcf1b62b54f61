"""The API of Etherscan and similar explorers: one URL, `module` and `action`, two envelopes.

Most modules answer `{"status", "message", "result"}`; `proxy` answers in JSON-RPC. Errors about the
key, the rate and the plan come in the first envelope, with HTTP 200, from every module. Numbers are
decimal strings, times are seconds, and an empty string means no value.

The functions are hooks: a plugin for such an explorer names them `fetch_gas`, `map_error` etc.

Source: https://docs.etherscan.io/etherscan-v2 and
https://docs.etherscan.io/resources/common-error-messages, read 2026-11-23.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from coinmux.framework.dialects.evm_rpc import (
    gas_price,
    newest_block,
    quantity,
    rpc_error,
    rpc_result,
)
from coinmux.framework.errors import (
    AuthRefused,
    BadStatus,
    Implausible,
    NotOffered,
    PlanRestricted,
    QuotaExhausted,
    RateLimited,
    UnknownSymbol,
)
from coinmux.framework.models.chain import (
    Balance,
    ChainHead,
    Gas,
    TokenBalance,
    TokenBalances,
    Transaction,
    Transactions,
)
from coinmux.framework.models.chain_rows import (
    charged_fee,
    gas_fee,
    token_balance,
    transaction,
    whole_number,
)
from coinmux.framework.plugins.hookspecs import hookimpl
from coinmux.framework.reference.addresses import address_or_none
from coinmux.framework.reference.chains import CHAINS, Chain
from coinmux.framework.reference.rows import optional, read_field, read_rows, read_word
from coinmux.framework.reference.values import seconds_ms

if TYPE_CHECKING:
    from coinmux.framework.models.base import Query
    from coinmux.framework.models.chain import (
        BalanceQuery,
        ChainHeadQuery,
        GasQuery,
        TokenBalancesQuery,
        TransactionsQuery,
    )
    from coinmux.framework.plugins.provider_info import HTTPClient, Reply

#: Chains with a gas oracle; on the others, the node's own suggestion is requested.
ORACLES = frozenset({Chain.ETHEREUM, Chain.BSC, Chain.POLYGON})
TOKENS = 100
#: The API returns no row beyond this one: page times rows of a page must not exceed it.
_WINDOW = 10_000
#: "No transactions found", "No token found": an empty list, in words.
_NOTHING = re.compile(r"no [a-z ]+ found")
#: Who may take part in a transaction: the last is the contract it creates.
_PARTIES = ("from", "to", "contractAddress")
_OUTCOMES = {"0": True, "1": False}
#: What a rollup charges for data on layer 1, beside gas; in lists of its transactions.
_DATA_FEE = "L1FeesPaid"


@hookimpl
def explorer_error(reply: Reply, query: Query) -> Exception | None:
    """The error in a reply; None for an answer. An empty list is an answer, whatever its status."""
    body = reply.body
    if not isinstance(body, dict):
        return None
    result = body.get("result")
    if body.get("status") != "0" or isinstance(result, list):
        return rpc_error(reply)
    said = f"{body.get('message') or ''}: {result or ''}"
    lower = said.lower()
    if not result and _NOTHING.match(lower):
        return None
    if "daily rate limit" in lower:
        return QuotaExhausted(said)
    if "rate limit" in lower or "too many invalid api key" in lower:
        return RateLimited(said, retry_after_s=30 if "invalid" in lower else 1)
    if "not supported for this chain" in lower:
        return PlanRestricted(said, variant=True)
    if "api pro" in lower or "upgrade your api plan" in lower:
        return PlanRestricted(said)
    if "api key" in lower:
        return AuthRefused(said)
    if "invalid address" in lower:
        return UnknownSymbol(
            query.__dict__.get("address", ""), "the explorer says that it is no address"
        )
    return BadStatus(f"the answer is an error: {said}", status=reply.status)


@hookimpl
async def explorer_gas(query: GasQuery, http: HTTPClient) -> Gas:
    """One request."""
    if query.chain in ORACLES:
        body = await _ask(query.chain, http, "gastracker", "gasoracle")
        return gas_oracle(body["result"], query)
    return gas_price(rpc_result(await _ask(query.chain, http, "proxy", "eth_gasPrice")), query)


def gas_oracle(result: Any, query: GasQuery) -> Gas:
    """Prices in gwei, with fractions."""
    return Gas(
        chain=query.chain,
        unit="gwei",
        slow=optional(result, "SafeGasPrice"),
        standard=result["ProposeGasPrice"],
        fast=optional(result, "FastGasPrice"),
        base_fee=result.get("suggestBaseFee"),
    )


@hookimpl
async def explorer_chain_head(query: ChainHeadQuery, http: HTTPClient) -> ChainHead:
    """One request."""
    body = await _ask(
        query.chain, http, "proxy", "eth_getBlockByNumber", tag="latest", boolean="false"
    )
    return newest_block(rpc_result(body), query)


@hookimpl
async def explorer_balance(query: BalanceQuery, http: HTTPClient) -> Balance:
    """One request."""
    body = await _ask(query.chain, http, "account", "balance", address=query.address, tag="latest")
    return Balance.native(query, body["result"])


@hookimpl
async def explorer_transactions(query: TransactionsQuery, http: HTTPClient) -> Transactions:
    """One request; the cursor is the number of the next page."""
    page = query.cursor or "1"
    if not (page.isascii() and page.isdigit() and 0 < int(page) * query.limit <= _WINDOW):
        raise NotOffered("the cursor is of another source, or beyond its 10,000 rows")
    body = await _ask(
        query.chain, http, "account", "txlist", address=query.address, startblock=0,
        endblock=9_999_999_999, page=page, offset=query.limit, sort="desc", empty_ok=True,
    )  # fmt: skip
    return explorer_rows(body["result"], query, int(page))


def explorer_rows(rows: Any, query: TransactionsQuery, page: int) -> Transactions:
    """One page of transactions, newest first."""
    more = len(rows) == query.limit and (page + 1) * query.limit <= _WINDOW
    return Transactions(
        chain=query.chain,
        address=query.address,
        cursor=str(page + 1) if more else None,
        transactions=read_rows(rows, lambda row: _transaction(row, query), kind="transactions"),
    )


def _transaction(row: Any, query: TransactionsQuery) -> Transaction:
    """One transaction; an allocation of the first block has the word GENESIS as its sender."""
    parties = [address_or_none(query.chain, row.get(name)) for name in _PARTIES]
    if query.address not in parties:
        raise Implausible(f"{row['hash']} is not of {query.address}")
    return transaction(
        query.chain,
        hash=row["hash"],
        height=read_field("height", _integer, optional(row, "blockNumber")),
        timestamp=read_field("timestamp", _seconds, optional(row, "timeStamp")),
        sender=parties[0],
        to=parties[1],
        raw=optional(row, "value"),
        fee_raw=_fee(row, query.chain),
        succeeded=read_word("succeeded", _OUTCOMES, optional(row, "isError")),
    )


def _integer(value: Any) -> int:
    """A whole number in decimal; explorers that pass on what a node says write hexadecimal."""
    is_hexadecimal = isinstance(value, str) and value.startswith("0x")
    return quantity(value) if is_hexadecimal else whole_number(value)


def _seconds(value: Any) -> int:
    return seconds_ms(_integer(value))


def _fee(row: Any, chain: Chain) -> int | None:
    gas = gas_fee(optional(row, "gasUsed"), optional(row, "gasPrice"))
    return charged_fee(chain, gas, layer1=read_field("fee_raw", _integer, row.get(_DATA_FEE)))


@hookimpl
async def explorer_tokens(query: TokenBalancesQuery, http: HTTPClient) -> TokenBalances:
    """One request of a paid endpoint."""
    body = await _ask(
        query.chain, http, "account", "addresstokenbalance", address=query.address, page=1,
        offset=TOKENS, empty_ok=True,
    )  # fmt: skip
    rows = body["result"]
    return TokenBalances(
        chain=query.chain,
        address=query.address,
        tokens=read_rows(rows, lambda row: _token(row, query.chain), kind="tokens"),
        notes=("the first 100 tokens; there may be more",) if len(rows) == TOKENS else (),
    )


def _token(row: Any, chain: Chain) -> TokenBalance:
    return token_balance(
        chain,
        contract=row["TokenAddress"],
        symbol=optional(row, "TokenSymbol"),
        name=optional(row, "TokenName"),
        decimals=optional(row, "TokenDivisor"),
        raw=row["TokenQuantity"],
    )


async def _ask(
    chain: Chain, http: HTTPClient, module: str, action: str, *, empty_ok: bool = False, **more: Any
) -> Any:
    parameters = {"chainid": CHAINS[chain].evm_id, "module": module, "action": action, **more}
    body = await http.get_json("", parameters, empty_ok=empty_ok)
    # Null, "" and {} are a list of nothing, as `explorer_error` has let them pass.
    return {**body, "result": []} if empty_ok and not body.get("result") else body
