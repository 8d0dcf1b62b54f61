"""Alchemy: nodes of six EVM chains, token balances, transfers and prices. Key required.

The key is a segment of the path. Transactions are the transfers of the chain's own coin from and to
the address: they have no fee and no outcome, and two requests are needed. Token balances come
without symbol and decimals. Prices are in US dollars, by ticker.

Source: https://www.alchemy.com/docs/reference/api-overview, read 2026-11-23.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from coinmux import (
    CHAINS,
    HTTP,
    AuthRefused,
    Balance,
    BalanceQuery,
    Chain,
    ChainHead,
    ChainHeadQuery,
    EnvVar,
    Gas,
    GasQuery,
    Implausible,
    NotOffered,
    ProviderInfo,
    Query,
    RateLimit,
    Reply,
    Ticker,
    TickerQuery,
    TokenBalance,
    TokenBalances,
    TokenBalancesQuery,
    Transaction,
    Transactions,
    TransactionsQuery,
    UnknownSymbol,
    evm_balance,
    evm_chain_head,
    evm_gas,
    hookimpl,
    iso_ms,
    quantity,
    rpc_error,
    rpc_request,
    rpc_result,
    scaled,
    segment,
)

KEY = "ALCHEMY_API_KEY"
API = "api"
#: Chain -> network, the first label of its host.
NETWORKS = {
    "ethereum": "eth-mainnet",
    "bsc": "bnb-mainnet",
    "polygon": "polygon-mainnet",
    "arbitrum": "arb-mainnet",
    "base": "base-mainnet",
    "optimism": "opt-mainnet",
}


@hookimpl
def provider_info() -> ProviderInfo:
    """One host a chain, and one for prices."""
    return ProviderInfo(
        name="alchemy",
        title="Alchemy",
        category="blockchain",
        base_url="https://api.g.alchemy.com",
        hosts={
            API: "https://api.g.alchemy.com",
            **{chain: f"https://{name}.g.alchemy.com" for chain, name in NETWORKS.items()},
        },
        env=(
            EnvVar(
                KEY,
                description="Gas, blocks, balances, tokens and transfers from Alchemy's nodes.",
                signup_url="https://dashboard.alchemy.com/signup",
            ),
        ),
        rate_limits=(RateLimit(requests=100, per_s=10),),
        priority=45,
        quotes=frozenset({"USD"}),
        chains={chain: str(CHAINS[Chain(chain)].evm_id) for chain in NETWORKS},
        homepage="https://www.alchemy.com",
        terms_url="https://www.alchemy.com/policies/terms",
        docs_url="https://www.alchemy.com/docs/reference/api-overview",
        docs_read="2026-11-23",
        notes="Free: 500 compute units a second over 10 s and 30 million a month; the limit here "
        "takes 50 units a call.",
    )


@hookimpl
def map_error(reply: Reply, query: Query) -> Exception | None:
    """A JSON-RPC error object, or that of the price API, also inside a 200."""
    if reply.status == 401:
        return AuthRefused(f"{KEY} is refused")
    if isinstance(query, TickerQuery) and isinstance(reply.body, dict):
        rows = reply.body.get("data")
        row = rows[0] if isinstance(rows, list) and rows and isinstance(rows[0], dict) else {}
        said = str(row.get("error") or reply.body.get("error") or "")
        if "not found" in said.lower():
            return UnknownSymbol(query.symbol, "Alchemy knows no token of that ticker")
    return rpc_error(reply)


@hookimpl
async def fetch_ticker(query: TickerQuery, http: HTTP) -> Ticker:
    """One request."""
    path = f"/prices/v1/{segment(http.setting(KEY))}/tokens/by-symbol"
    return parse_ticker(await http.get_json(path, {"symbols": query.symbol.base}, host=API), query)


def parse_ticker(body: Any, query: TickerQuery) -> Ticker:
    """The dollar price of a ticker's token."""
    (row,) = body["data"]
    if row["symbol"].upper() != query.symbol.base:
        raise Implausible(f"asked for {query.symbol.base}, the answer is about {row['symbol']}")
    price = {one["currency"].lower(): one for one in row["prices"]}["usd"]
    return Ticker(
        symbol=query.symbol, last=price["value"], timestamp=iso_ms(price["lastUpdatedAt"])
    )


@hookimpl
async def fetch_gas(query: GasQuery, http: HTTP) -> Gas:
    """One request."""
    return await evm_gas(query, _post(query.chain, http))


@hookimpl
async def fetch_chain_head(query: ChainHeadQuery, http: HTTP) -> ChainHead:
    """One request."""
    return await evm_chain_head(query, _post(query.chain, http))


@hookimpl
async def fetch_balance(query: BalanceQuery, http: HTTP) -> Balance:
    """One request."""
    return await evm_balance(query, _post(query.chain, http))


@hookimpl
async def fetch_token_balances(query: TokenBalancesQuery, http: HTTP) -> TokenBalances:
    """One request."""
    request = rpc_request("alchemy_getTokenBalances", [query.address, "erc20"])
    result = rpc_result(await _post(query.chain, http)(request))
    return parse_token_balances(result, query)


def parse_token_balances(result: Any, query: TokenBalancesQuery) -> TokenBalances:
    """Raw balances in hexadecimal; tokens of which nothing is left are dropped."""
    if result["address"].lower() != query.address:
        raise Implausible(f"asked for {query.address}, the answer is about {result['address']}")
    held = [
        (row["contractAddress"].lower(), quantity(row["tokenBalance"]))
        for row in result["tokenBalances"]
    ]
    more = result.get("pageKey") is not None
    return TokenBalances(
        chain=query.chain,
        address=query.address,
        tokens=tuple(TokenBalance(contract=name, raw=raw) for name, raw in held if raw),
        notes=("the first page of tokens; there are more",) if more else (),
    )


@hookimpl
async def fetch_transactions(query: TransactionsQuery, http: HTTP) -> Transactions:
    """Two requests at once: transfers from the address, and to it."""
    if query.cursor is not None:
        raise NotOffered("only the latest transfers are offered")
    post = _post(query.chain, http)
    answers = await asyncio.gather(
        *(post(transfers_request(query, side)) for side in ("fromAddress", "toAddress"))
    )
    return parse_transactions([rpc_result(answer) for answer in answers], query)


def transfers_request(query: TransactionsQuery, side: str) -> dict[str, Any]:
    """The latest transfers of the chain's own coin on one side."""
    parameters = {
        side: query.address,
        "category": ["external"],
        "order": "desc",
        "withMetadata": True,
        "excludeZeroValue": False,
        "maxCount": hex(query.limit),
    }
    return rpc_request("alchemy_getAssetTransfers", [parameters])


def parse_transactions(results: list[Any], query: TransactionsQuery) -> Transactions:
    """Both sides as one list, newest first; a transfer to oneself stands in it once."""
    rows = {row["hash"]: row for result in results for row in result["transfers"]}
    newest = sorted(rows.values(), key=lambda row: -quantity(row["blockNum"]))[: query.limit]
    return Transactions(
        chain=query.chain,
        address=query.address,
        transactions=tuple(_transaction(row, query) for row in newest),
    )


def _transaction(row: Any, query: TransactionsQuery) -> Transaction:
    facts = CHAINS[query.chain]
    parties = [row["from"], row["to"]]
    if query.address not in [str(party).lower() for party in parties]:
        raise Implausible(f"{row['hash']} is not of {query.address}")
    raw = quantity(row["rawContract"]["value"])
    return Transaction(
        hash=row["hash"],
        height=quantity(row["blockNum"]),
        timestamp=iso_ms(row["metadata"]["blockTimestamp"]),
        sender=row["from"].lower(),
        to=None if row["to"] is None else row["to"].lower(),
        asset=facts.asset,
        raw=raw,
        amount=scaled(raw, facts.decimals),
    )


def _post(chain: Chain, http: HTTP) -> Callable[[dict[str, Any]], Awaitable[Any]]:
    path = f"/v2/{segment(http.setting(KEY))}"
    return lambda request: http.post_json(path, request, host=str(chain))
