"""Whale Alert: large transfers, with the owners it knows. Key required.

There is no list by time: the newest height of a chain is asked first, and then the transactions of
the blocks of the last hour. Without a chain in the question Bitcoin and Ethereum are looked at. A
transaction is told by its inputs and outputs; what goes back to a sender counts as change.

Source: https://developer.whale-alert.io/documentation/ (Enterprise API), read 2026-11-23.
"""

import asyncio
from typing import Any

from coinmux import CHAINS, HTTP, Chain, EnvVar, ErrorTable, ProviderInfo, RateLimit, When, hookimpl
from coinmux import models as m

NETWORKS = {"bitcoin": "bitcoin", "ethereum": "ethereum", "polygon": "polygon", "tron": "tron"}
USUAL = (Chain.BITCOIN, Chain.ETHEREUM)
LOOK_BACK_S = 3_600
ROWS = 256


@hookimpl
def provider_info() -> ProviderInfo:
    """The host of the current API; keys of the old one do not fit."""
    return ProviderInfo(
        name="whalealert",
        title="Whale Alert",
        category="whale",
        base_url="https://leviathan.whale-alert.io",
        env=(
            EnvVar(
                "WHALEALERT_API_KEY",
                aliases=("WHALE_ALERT_API_KEY",),
                send_as="query:api_key",
                description="Large transfers of Bitcoin, Ethereum, Polygon and Tron with owners.",
                signup_url="https://developer.whale-alert.io",
            ),
        ),
        rate_limits=(RateLimit(requests=1_000, per_s=60),),
        priority=40,
        chains=NETWORKS,
        errors=ErrorTable(
            message=("error", "message"),
            plan=(When(status=(403,)),),
            not_offered=(When(status=(404, 422)),),
        ),
        homepage="https://whale-alert.io",
        terms_url="https://whale-alert.io/terms.html",
        docs_url="https://developer.whale-alert.io/documentation/",
        docs_read="2026-11-23",
        notes="Paid plans only. Looks back one hour.",
    )


@hookimpl
async def fetch_large_transfers(query: m.LargeTransfersQuery, http: HTTP) -> m.LargeTransfers:
    """Two requests a chain."""
    chains = USUAL if query.chain is None else (query.chain,)
    answers = await asyncio.gather(*(_of_chain(chain, query, http) for chain in chains))
    transfers = [one for some in answers for one in some]
    transfers.sort(key=lambda one: -one.timestamp)
    return m.LargeTransfers(transfers=tuple(transfers[: query.limit]))


async def _of_chain(
    chain: Chain, query: m.LargeTransfersQuery, http: HTTP
) -> list[m.LargeTransfer]:
    name = NETWORKS[chain]
    status = await http.get_json(f"/{name}/status")
    newest = int(status["end_height"])
    params = {
        "start_height": max(1, newest - blocks_back(chain)),
        "min_value": round(query.min_usd),
        "symbol": query.asset,
        "transaction_type": "transfer",
        "order": "desc",
        "limit": ROWS,
    }
    body = await http.get_json(f"/{name}/transactions", params, empty_ok=True)
    return parse_transfers(body, chain, query)


def blocks_back(chain: Chain) -> int:
    """Blocks of an hour."""
    return round(LOOK_BACK_S / CHAINS[chain].block_s)


def parse_transfers(body: Any, chain: Chain, query: m.LargeTransfersQuery) -> list[m.LargeTransfer]:
    """One for each transfer in a transaction that is large enough, of the asset asked."""

    def transfers(row: Any) -> list[m.LargeTransfer]:
        parts = row["sub_transactions"]
        return m.read_rows(parts, lambda part: _transfer(row, part, chain), kind="transfers")

    found = m.read_rows(body["transactions"], transfers, kind="transactions")
    return [
        one
        for some in found
        for one in some
        # Without a price, it is the source that found the transaction large enough.
        if (one.amount_usd is None or one.amount_usd >= query.min_usd)
        and query.asset in (None, one.asset)
    ]


def _transfer(row: Any, part: Any, chain: Chain) -> m.LargeTransfer | None:
    """One transfer; None for what is none, such as a mint, or coins sent to oneself."""
    kind = m.clean_text(part["transaction_type"])
    if not kind:
        raise ValueError("a transaction of no kind")
    if kind != "transfer":
        return None
    senders = {one.get("address") for one in part["inputs"]} - {None, ""}
    outputs = [one for one in part["outputs"] if one.get("address") not in senders]
    if not outputs:
        return None
    amount = sum(m.number(one["amount"]) for one in outputs)
    price = m.read_field("amount_usd", m.price_or_none, m.optional(part, "unit_price_usd"))
    return m.LargeTransfer(
        chain=str(chain),
        hash=m.optional(row, "hash"),
        timestamp=m.seconds_ms(row["timestamp"]),
        asset=part["symbol"].upper(),
        amount=amount,
        amount_usd=None if price is None else amount * price,
        sender=_largest(part["inputs"]),
        to=_largest(outputs),
    )


def _largest(sides: list[Any]) -> m.Party | None:
    if not sides:
        return None
    one = max(sides, key=lambda side: m.number(side["amount"]))
    address = m.read_field("address", m.clean_text, one.get("address"))
    return m.Party(address=address, owner=m.read_field("owner", m.clean_text, one.get("owner")))
