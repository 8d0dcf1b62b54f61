"""Public EVM nodes over JSON-RPC: gas, newest block and balances of six chains. No key.

Each node is a channel with a health of its own, so that one that is down costs nothing. Limits are
unpublished: 429, or HTTP 200 with an error object. Chains without a node in reach right now are
reported as busy. On rollups gas is the price of execution alone, without the share for data.

Source: https://ethereum.org/developers/docs/apis/json-rpc, https://chainlist.org and, for the
base fee of 0 on BNB Smart Chain, BEP-226; read 2026-11-23.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from framework import (
    CHAINS,
    HTTP,
    AuthRefused,
    BadStatus,
    Balance,
    BalanceQuery,
    Chain,
    ChainHead,
    ChainHeadQuery,
    Channel,
    Empty,
    Gas,
    GasQuery,
    Implausible,
    ProviderBusy,
    ProviderInfo,
    Query,
    RateLimit,
    RateLimited,
    Reply,
    SchemaMismatch,
    hookimpl,
    scaled,
)

T = TypeVar("T")

#: Chain -> nodes, best first. Three at most: one question may cause four calls (`faults.md` 3.10).
NODES = {
    "ethereum": {
        "publicnode": "https://ethereum-rpc.publicnode.com",
        "drpc": "https://eth.drpc.org",
        "merkle": "https://eth.merkle.io",
    },
    "bsc": {
        "bnbchain": "https://bsc-dataseed.bnbchain.org",
        "publicnode": "https://bsc-rpc.publicnode.com",
        "drpc": "https://bsc.drpc.org",
    },
    "polygon": {
        "publicnode": "https://polygon-bor-rpc.publicnode.com",
        "drpc": "https://polygon.drpc.org",
    },
    "arbitrum": {
        "offchain": "https://arb1.arbitrum.io/rpc",
        "publicnode": "https://arbitrum-one-rpc.publicnode.com",
    },
    "base": {
        "official": "https://mainnet.base.org",
        "publicnode": "https://base-rpc.publicnode.com",
    },
    "optimism": {
        "official": "https://mainnet.optimism.io",
        "publicnode": "https://optimism-rpc.publicnode.com",
    },
}
#: BEP-226: base fee 0, and empty blocks tell no price either, so the node's own minimum counts.
NO_BASE_FEE = {Chain.BSC}
GWEI = 9
ID = 1
LIMIT_CODES = {-32005, -32016, -32029, 429}
LIMIT_WORDS = ("rate limit", "too many requests", "limit exceeded", "request limit", "throttl")
KEY_WORDS = ("api key", "unauthorized", "authenticate")
_QUANTITY = re.compile(r"0x[0-9a-fA-F]{1,64}")


@hookimpl
def provider_info() -> ProviderInfo:
    """Fourteen nodes, each a channel tagged with its chain."""
    return ProviderInfo(
        name="evm_rpc",
        title="Public EVM nodes",
        category="blockchain",
        base_url=NODES["ethereum"]["publicnode"],
        channels=tuple(
            Channel(f"{chain}_{node}", url, frozenset({chain}))
            for chain, nodes in NODES.items()
            for node, url in nodes.items()
        ),
        rate_limits=(RateLimit(requests=20, per_s=1),),
        priority=10,
        chains={chain: str(CHAINS[Chain(chain)].evm_id) for chain in NODES},
        homepage="https://chainlist.org",
        docs_url="https://ethereum.org/developers/docs/apis/json-rpc",
        docs_read="2026-11-23",
        notes="Gas on rollups is the price of execution, without the share for data.",
    )


@hookimpl
def map_error(reply: Reply, query: Query) -> Exception | None:
    """An error object, mostly with HTTP 200; a refusing status speaks for itself."""
    body = reply.body
    error = body.get("error") if isinstance(body, dict) else None
    if not error or reply.status in (401, 403, 429):
        return None
    code = error.get("code") if isinstance(error, dict) else None
    said = str(error.get("message", "") if isinstance(error, dict) else error)[:160]
    detail, lower = f"JSON-RPC error {code}: {said}", said.lower()
    if code in LIMIT_CODES or any(words in lower for words in LIMIT_WORDS):
        return RateLimited(detail)
    if any(words in lower for words in KEY_WORDS):
        return AuthRefused(detail)
    return BadStatus(detail, status=reply.status)


@hookimpl
async def fetch_gas(query: GasQuery, http: HTTP) -> Gas:
    """One request; one more for each node that fails."""
    if query.chain in NO_BASE_FEE:
        return await _ask(query, http, "eth_gasPrice", [], parse_gas_price)
    return await _ask(query, http, "eth_feeHistory", ["0x5", "latest", [25, 50, 75]], parse_gas)


@hookimpl
async def fetch_chain_head(query: ChainHeadQuery, http: HTTP) -> ChainHead:
    """One request; one more for each node that fails."""
    return await _ask(query, http, "eth_getBlockByNumber", ["latest", False], parse_chain_head)


@hookimpl
async def fetch_balance(query: BalanceQuery, http: HTTP) -> Balance:
    """One request; one more for each node that fails."""
    return await _ask(query, http, "eth_getBalance", [query.address, "latest"], parse_balance)


async def _ask(
    query: Any, http: HTTP, method: str, params: list[Any], parse: Callable[[Any, Any], T]
) -> T:
    """One question to the chain's nodes, one after another until one has an answer.

    Raises:
        ProviderBusy: none of them may be asked now.
        BadStatus: every node wants a key; the nodes are off then, not the source.
    """
    nodes = http.channels(str(query.chain))
    if not nodes:
        raise ProviderBusy(f"no node of {query.chain} may be asked now")
    request = {"jsonrpc": "2.0", "id": ID, "method": method, "params": params}

    async def call(node: HTTP) -> T:
        body = await node.post_json("", request)
        try:
            return parse(result_of(body), query)
        except (KeyError, TypeError, IndexError, ValueError) as error:
            # Inside the call, so that the next node is asked and this one's health counts it.
            raise SchemaMismatch(f"{method}: {type(error).__name__}: {error}"[:200]) from error

    asked: Awaitable[T] = http.first_of(nodes, call)
    try:
        return await asked
    except AuthRefused as error:
        raise BadStatus(f"no node of {query.chain} answers without a key") from error


def result_of(body: Any) -> Any:
    """The result in a JSON-RPC envelope.

    Raises:
        Implausible: it answers another request.
        Empty: there is none.
    """
    if type(body["id"]) is bool or body["id"] not in (ID, str(ID)):
        raise Implausible(f"the answer is to request {str(body['id'])[:40]}, not {ID}")
    if body["result"] is None:
        raise Empty("the node knows no such block")
    return body["result"]


def quantity(value: Any) -> int:
    """A hexadecimal quantity; nothing else is guessed at.

    Raises:
        ValueError: no `0x`, no digits, more than 256 bits, a number or a decimal string.
    """
    if not (isinstance(value, str) and _QUANTITY.fullmatch(value)):
        raise ValueError(f"takes a hexadecimal quantity, not {str(value)[:40]!r}")
    return int(value, 16)


def gwei(wei: int) -> float:
    """Wei in gwei, correctly rounded."""
    return scaled(wei, GWEI)


def parse_gas(result: Any, query: GasQuery) -> Gas:
    """Base fee of the next block plus what the slower, middle and faster quarter paid on top.

    The median over the last five blocks; empty blocks count only where all are empty.
    """
    base = quantity(result["baseFeePerGas"][-1])
    rows = [
        [quantity(tip) for tip in tips]
        for tips, used in zip(result["reward"], result["gasUsedRatio"], strict=True)
        if used
    ] or [[0, 0, 0]]
    slow, standard, fast = (statistics.median_low(tips) for tips in zip(*rows, strict=True))
    return Gas(
        chain=query.chain,
        unit="gwei",
        slow=gwei(base + slow),
        standard=gwei(base + standard),
        fast=gwei(base + fast),
        base_fee=gwei(base),
    )


def parse_gas_price(result: Any, query: GasQuery) -> Gas:
    """The node's own suggestion."""
    return Gas(chain=query.chain, unit="gwei", standard=gwei(quantity(result)))


def parse_chain_head(result: Any, query: ChainHeadQuery) -> ChainHead:
    """The newest block; its own time is in seconds."""
    return ChainHead(
        chain=query.chain,
        height=quantity(result["number"]),
        hash=result["hash"],
        timestamp=quantity(result["timestamp"]) * 1000,
    )


def parse_balance(result: Any, query: BalanceQuery) -> Balance:
    """Wei, which may exceed 64 bits."""
    return Balance.native(query, quantity(result))
