"""Public EVM nodes over JSON-RPC: gas, newest block and balances of six chains. No key.

Each node is a channel with a health of its own, so that one that is down costs nothing. Limits are
unpublished: 429, or HTTP 200 with an error object. Chains without a node in reach right now are
reported as busy. On rollups gas is the price of execution alone, without the share for data.

Source: https://ethereum.org/developers/docs/apis/json-rpc, https://chainlist.org and, for the
base fee of 0 on BNB Smart Chain, BEP-226; read 2026-11-23.
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from coinmux import (
    CHAINS,
    HTTP,
    Chain,
    Channel,
    ProviderInfo,
    RateLimit,
    Reply,
    evm_balance,
    evm_chain_head,
    evm_gas,
    hookimpl,
    rpc_error,
)
from coinmux import errors as e
from coinmux import models as m

T = TypeVar("T")

#: Chain -> nodes, best first. Three at most: one question may cause four calls (`faults.md` S10).
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
def map_error(reply: Reply, query: m.Query) -> Exception | None:
    """An error object, mostly with HTTP 200; a refusing status speaks for itself."""
    return None if reply.status in (401, 403, 429) else rpc_error(reply)


@hookimpl
async def fetch_gas(query: m.GasQuery, http: HTTP) -> m.Gas:
    """One request; one more for each node that fails."""
    return await _first(query, http, evm_gas)


@hookimpl
async def fetch_chain_head(query: m.ChainHeadQuery, http: HTTP) -> m.ChainHead:
    """One request; one more for each node that fails."""
    return await _first(query, http, evm_chain_head)


@hookimpl
async def fetch_balance(query: m.BalanceQuery, http: HTTP) -> m.Balance:
    """One request; one more for each node that fails."""
    return await _first(query, http, evm_balance)


async def _first(query: Any, http: HTTP, ask: Callable[..., Awaitable[T]]) -> T:
    """One question to the chain's nodes, one after another until one has an answer.

    Raises:
        ProviderBusy: none of them may be asked now.
        BadStatus: every node wants a key; the nodes are off then, not the source.
    """
    nodes = http.channels(str(query.chain))
    if not nodes:
        raise e.ProviderBusy(f"no node of {query.chain} may be asked now")

    async def call(node: HTTP) -> T:
        return await ask(query, lambda request: node.post_json("", request))

    asked: Awaitable[T] = http.first_of(nodes, call)
    try:
        return await asked
    except e.AuthRefused as error:
        raise e.BadStatus(f"no node of {query.chain} answers without a key") from error
