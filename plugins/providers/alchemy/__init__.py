"""Alchemy: nodes of six EVM chains, token balances, transfers and prices. Key required.

The key is a segment of the path. Transactions are the transfers of the chain's own coin from and to
the address: they have no fee and no outcome, and two requests are needed. Token balances come
without symbol and decimals. Prices are in US dollars, by ticker.

Source: https://www.alchemy.com/docs/reference/api-overview, read 2026-11-23.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from coinmux import (
    CHAINS,
    HTTP,
    Chain,
    EnvVar,
    ProviderInfo,
    RateLimit,
    Reply,
    evm_balance,
    evm_chain_head,
    evm_gas,
    hookimpl,
    quantity,
    rpc_error,
    rpc_request,
    rpc_result,
    segment,
)
from coinmux import errors as e
from coinmux import models as m

KEY = "ALCHEMY_API_KEY"
API = "api"
MONTH_S = 2_592_000
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
        rate_limits=(RateLimit(requests=100, per_s=10), RateLimit(requests=600_000, per_s=MONTH_S)),
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
def map_error(reply: Reply, query: m.Query) -> Exception | None:
    """A JSON-RPC error object, or that of the price API, also inside a 200."""
    if reply.status == 401:
        return e.AuthRefused(f"{KEY} is refused")
    if isinstance(query, m.TickerQuery) and isinstance(reply.body, dict):
        rows = reply.body.get("data")
        row = rows[0] if isinstance(rows, list) and rows and isinstance(rows[0], dict) else {}
        said = str(row.get("error") or reply.body.get("error") or "")
        if "not found" in said.lower():
            return e.UnknownSymbol(query.symbol, "Alchemy knows no token of that ticker")
    return rpc_error(reply)


@hookimpl
async def fetch_ticker(query: m.TickerQuery, http: HTTP) -> m.Ticker:
    """One request."""
    path = f"/prices/v1/{segment(http.setting(KEY))}/tokens/by-symbol"
    return parse_ticker(await http.get_json(path, {"symbols": query.symbol.base}, host=API), query)


def parse_ticker(body: Any, query: m.TickerQuery) -> m.Ticker:
    """The dollar price of a ticker's token, which the answer does not tell more of.

    Raises:
        UnknownSymbol: no token of that ticker, or none with a price in dollars.
    """
    row = next(iter(body["data"] or ()), None)
    if row is None:
        raise e.UnknownSymbol(query.symbol, "Alchemy knows no token of that ticker")
    m.confirm(query.symbol.base, row["symbol"])
    prices = m.read_rows(row["prices"] or (), _dollars, kind="prices")
    if not prices:
        raise e.UnknownSymbol(query.symbol, "Alchemy has no price in dollars for that ticker")
    return m.Ticker(
        symbol=query.symbol,
        last=prices[0][0],
        timestamp=m.read_field("timestamp", m.iso_ms, prices[0][1]),
        notes=(
            f"Alchemy finds {query.symbol.base} by its ticker and does not say which coin it is",
        ),
    )


def _dollars(price: Any) -> tuple[float, Any] | None:
    """A price in dollars, and its time as sent; None for another currency and for no price."""
    if price["currency"].lower() != "usd":
        return None
    value = m.price_or_none(price["value"])
    return None if value is None else (value, m.optional(price, "lastUpdatedAt"))


@hookimpl
async def fetch_gas(query: m.GasQuery, http: HTTP) -> m.Gas:
    """One request."""
    return await evm_gas(query, _post(query.chain, http))


@hookimpl
async def fetch_chain_head(query: m.ChainHeadQuery, http: HTTP) -> m.ChainHead:
    """One request."""
    return await evm_chain_head(query, _post(query.chain, http))


@hookimpl
async def fetch_balance(query: m.BalanceQuery, http: HTTP) -> m.Balance:
    """One request."""
    return await evm_balance(query, _post(query.chain, http))


@hookimpl
async def fetch_token_balances(query: m.TokenBalancesQuery, http: HTTP) -> m.TokenBalances:
    """One request."""
    request = rpc_request("alchemy_getTokenBalances", [query.address, "erc20"])
    result = rpc_result(await _post(query.chain, http)(request))
    return parse_token_balances(result, query)


def parse_token_balances(result: Any, query: m.TokenBalancesQuery) -> m.TokenBalances:
    """Raw balances in hexadecimal; tokens of which nothing is left are dropped."""
    query.confirm(result["address"])
    tokens = m.read_rows(
        result["tokenBalances"], lambda row: _token(row, query.chain), kind="tokens"
    )
    more = result.get("pageKey") is not None
    return m.TokenBalances(
        chain=query.chain,
        address=query.address,
        tokens=[token for token in tokens if token.raw != "0"],
        notes=("the first page of tokens; there are more",) if more else (),
    )


def _token(row: Any, chain: Chain) -> m.TokenBalance:
    """One token; of a contract that reverts, the balance is not known.

    Raises:
        SchemaMismatch: it has none.
    """
    if row.get("tokenBalance") is None:
        raise e.SchemaMismatch(f"no balance: {m.clean_text(str(row.get('error')))}")
    return m.token_balance(
        chain, contract=row["contractAddress"], raw=quantity(row["tokenBalance"])
    )


@hookimpl
async def fetch_transactions(query: m.TransactionsQuery, http: HTTP) -> m.Transactions:
    """Two requests at once: transfers from the address, and to it."""
    if query.cursor is not None:
        raise e.NotOffered("only the latest transfers are offered")
    post = _post(query.chain, http)
    answers = await asyncio.gather(
        *(post(transfers_request(query, side)) for side in ("fromAddress", "toAddress"))
    )
    return parse_transactions([rpc_result(answer) for answer in answers], query)


def transfers_request(query: m.TransactionsQuery, side: str) -> dict[str, Any]:
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


def parse_transactions(results: list[Any], query: m.TransactionsQuery) -> m.Transactions:
    """Both sides as one list, newest first; a transfer to oneself stands in it once."""
    rows = [row for result in results for row in result["transfers"]]
    found = m.read_rows(rows, lambda row: _transaction(row, query), kind="transactions")
    once = {one.hash: one for one in found}
    return m.Transactions(
        chain=query.chain,
        address=query.address,
        transactions=m.newest_first(once.values())[: query.limit],
    )


def _transaction(row: Any, query: m.TransactionsQuery) -> m.Transaction:
    sender, to = (m.address_or_none(query.chain, row.get(name)) for name in ("from", "to"))
    if query.address not in (sender, to):
        raise e.Implausible(f"{row['hash']} is not of {query.address}")
    when = m.optional(row, "metadata", "blockTimestamp")
    return m.transaction(
        query.chain,
        hash=row["hash"],
        height=m.read_field("height", quantity, m.optional(row, "blockNum")),
        timestamp=m.read_field("timestamp", m.iso_ms, when),
        sender=sender,
        to=to,
        raw=m.read_field("raw", quantity, m.optional(row, "rawContract", "value")),
    )


def _post(chain: Chain, http: HTTP) -> Callable[[dict[str, Any]], Awaitable[Any]]:
    path = f"/v2/{segment(http.setting(KEY))}"
    return lambda request: http.post_json(path, request, host=str(chain))
