"""mempool.space: Bitcoin fees, newest block and address balances. No key.

Limits are not published; 429 as an HTML page, then a ban when it goes on. About one request a
second is fine. Only the JSON endpoints are asked: block height and hash alone come as plain text.

Source: https://mempool.space/docs/api/rest, read 2026-11-23.
"""

from typing import Any

from coinmux import HTTP, ErrorTable, ProviderInfo, RateLimit, When, hookimpl, segment
from coinmux import models as m

#: Words of the plain-text 400 for an address whose checksum is wrong.
BAD_ADDRESS = ("address", "base58", "bech32", "checksum")


@hookimpl
def provider_info() -> ProviderInfo:
    """mempool.space, keyless."""
    return ProviderInfo(
        name="mempool_space",
        title="mempool.space",
        category="blockchain",
        base_url="https://mempool.space/api",
        rate_limits=(RateLimit(requests=10, per_s=10),),
        priority=10,
        chains={"bitcoin": "bitcoin"},
        errors=ErrorTable(
            # A wrong checksum comes as plain text.
            unknown_symbol=(When(status=(400,), says=BAD_ADDRESS, about="address"),),
        ),
        homepage="https://mempool.space",
        terms_url="https://mempool.space/terms-of-service",
        docs_url="https://mempool.space/docs/api/rest",
        docs_read="2026-11-23",
        notes="Balances count confirmed outputs only.",
    )


@hookimpl
async def fetch_gas(query: m.GasQuery, http: HTTP) -> m.Gas:
    """One request."""
    return parse_gas(await http.get_json("/v1/fees/recommended"), query)


def parse_gas(body: Any, query: m.GasQuery) -> m.Gas:
    """Fees to be in within an hour, half an hour, and the next block."""
    return m.Gas(
        chain=query.chain,
        unit="sat/vB",
        slow=m.optional(body, "hourFee"),
        standard=body["halfHourFee"],
        fast=m.optional(body, "fastestFee"),
    )


@hookimpl
async def fetch_chain_head(query: m.ChainHeadQuery, http: HTTP) -> m.ChainHead:
    """One request; fifteen blocks come, newest first."""
    return parse_chain_head(await http.get_json("/v1/blocks"), query)


def parse_chain_head(body: Any, query: m.ChainHeadQuery) -> m.ChainHead:
    """The highest block; its own time is in seconds."""
    blocks = m.read_rows(
        body, lambda block: (m.block_height(block["height"]), block), kind="blocks"
    )
    height, newest = max(blocks, key=lambda block: block[0])
    return m.ChainHead(
        chain=query.chain,
        height=height,
        hash=m.optional(newest, "id"),
        timestamp=m.read_field("timestamp", m.seconds_ms, m.optional(newest, "timestamp")),
    )


@hookimpl
async def fetch_balance(query: m.BalanceQuery, http: HTTP) -> m.Balance:
    """One request."""
    return parse_balance(await http.get_json(f"/address/{segment(query.address)}"), query)


def parse_balance(body: Any, query: m.BalanceQuery) -> m.Balance:
    """Confirmed outputs received less those spent.

    Raises:
        Implausible: the answer is about another address.
    """
    query.confirm(body["address"])
    stats = body["chain_stats"]
    received, spent = (m.whole_number(stats[name]) for name in ("funded_txo_sum", "spent_txo_sum"))
    return m.Balance.native(query, received - spent)
