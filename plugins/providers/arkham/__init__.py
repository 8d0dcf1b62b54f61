"""Arkham: who owns an address, and large transfers between those it knows. Key required.

Lists of transfers count as twenty of the usual requests. Owners are an entity (`Binance`) and a
label within it (`Hot Wallet`). An address nobody knows is answered with nulls.

Source: https://docs.intel.arkm.com, OpenAPI 1.1.0, read 2026-11-23.
"""

from functools import partial
from typing import Any

from coinmux import (
    CHAINS,
    HTTP,
    Chain,
    EnvVar,
    ErrorTable,
    ProviderInfo,
    RateLimit,
    UsageHeader,
    When,
    hookimpl,
    segment,
)
from coinmux import errors as e
from coinmux import models as m

NETWORKS = {
    "bitcoin": "bitcoin",
    "ethereum": "ethereum",
    "bsc": "bsc",
    "polygon": "polygon",
    "arbitrum": "arbitrum_one",
    "base": "base",
    "optimism": "optimism",
    "tron": "tron",
}
OURS = {theirs: ours for ours, theirs in NETWORKS.items()}
#: Names under which a transfer tells its transaction: EVM, then Bitcoin.
HASHES = ("transactionHash", "txid", "id")
HEAVY = 20
ROWS = 100
PERIOD_S = 2_592_000


@hookimpl
def provider_info() -> ProviderInfo:
    """No version in the path."""
    return ProviderInfo(
        name="arkham",
        title="Arkham",
        category="whale",
        base_url="https://api.arkm.com",
        env=(
            EnvVar(
                "ARKHAM_API_KEY",
                send_as="header:API-Key",
                description="Owners of addresses, and large transfers between them.",
                signup_url="https://intel.arkm.com/api",
            ),
        ),
        rate_limits=(RateLimit(requests=20, per_s=1), RateLimit(requests=10_000, per_s=PERIOD_S)),
        usage=(UsageHeader("x-intel-datapoints-usage", PERIOD_S, "used"),),
        priority=50,
        chains=NETWORKS,
        errors=ErrorTable(
            message="error",
            unknown_symbol=(When(status=(400, 404), about="address"),),
            quota=(When(says=("billing period",)),),
            plan=(When(status=(403,), is_json=True),),
        ),
        homepage="https://arkm.com",
        terms_url="https://arkm.com/terms",
        docs_url="https://docs.intel.arkm.com",
        docs_read="2026-11-23",
        notes="A trial has 10,000 labels; without a plan the API is paid.",
    )


@hookimpl
async def fetch_entity(query: m.EntityQuery, http: HTTP) -> m.Entity:
    """One request."""
    path = f"/intelligence/address_enriched/{segment(query.address)}"
    params = {"chain": NETWORKS[query.chain], "includeTags": "true"}
    return parse_entity(await http.get_json(path, params), query)


def parse_entity(body: Any, query: m.EntityQuery) -> m.Entity:
    """Entity, label and tags.

    Raises:
        Implausible: it is about another address.
        UnknownSymbol: nobody knows the owner.
    """
    query.confirm(body["address"])
    entity, label = body.get("arkhamEntity"), body.get("arkhamLabel")
    within = _name(label, "labels")
    name = _name(entity, "name") if entity else within
    tags = m.read_field("labels", _tags, body.get("populatedTags"))
    labels = [one for one in (within, *(tags or ())) if one]
    if not name and not labels:
        raise e.UnknownSymbol(query.address, "Arkham does not know the owner")
    return m.Entity(
        chain=query.chain,
        address=query.address,
        name=name,
        kind=m.optional(entity, "type") if entity else None,
        labels=tuple(dict.fromkeys(labels)),
    )


def _name(holder: Any, field: str) -> str | None:
    """The name of an entity or a label; null if there is none, which is reported."""
    if not holder:
        return None
    name = m.read_field(field, m.clean_text, m.optional(holder, "name"))
    if not name:
        m.field_left_out(field, "it has no name")
    return name or None


def _tags(tags: Any) -> list[str]:
    return m.read_rows(tags, _tag, kind="tags")


def _tag(tag: Any) -> str:
    text = m.clean_text(tag["label"])
    if not text:
        raise ValueError("a tag without a label")
    return text


@hookimpl
async def fetch_large_transfers(query: m.LargeTransfersQuery, http: HTTP) -> m.LargeTransfers:
    """One request, of the last day."""
    params = {
        "usdGte": round(query.min_usd),
        "chains": None if query.chain is None else NETWORKS[query.chain],
        "timeLast": "24h",
        "sortKey": "time",
        "sortDir": "desc",
        "limit": ROWS,
    }
    body = await http.get_json("/transfers", params, weight=HEAVY, empty_ok=True)
    return parse_transfers(body, query)


def parse_transfers(body: Any, query: m.LargeTransfersQuery) -> m.LargeTransfers:
    """Newest first; of an asset those of its ticker among the latest hundred."""
    rows = body["transfers"] or ()
    transfers = m.read_rows(rows, _transfer, kind="transfers")
    wanted = [one for one in transfers if query.asset in (None, one.asset)]
    wanted.sort(key=lambda one: -one.timestamp)
    return m.LargeTransfers(transfers=tuple(wanted[: query.limit]))


def _transfer(row: Any) -> m.LargeTransfer:
    """One transfer; rows of Bitcoin have other names, and no symbol for the chain's own coin."""
    theirs = row["chain"]
    ours = OURS.get(theirs)
    party = partial(_party, chain=None if ours is None else Chain(ours))
    symbol = row.get("tokenSymbol") or ("" if ours is None else CHAINS[Chain(ours)].asset)
    if not symbol:
        raise e.SchemaMismatch(f"a transfer on {m.clean_text(theirs)} without a symbol")
    return m.LargeTransfer(
        chain=ours or theirs,
        hash=next((row[name] for name in HASHES if row.get(name)), None),
        timestamp=m.iso_ms(row["blockTimestamp"]),
        asset=symbol.upper(),
        amount=row["unitValue"],
        amount_usd=m.optional(row, "historicalUSD"),
        sender=m.read_field("from", party, row.get("fromAddress")),
        to=m.read_field("to", party, row.get("toAddress")),
    )


def _party(side: Any, chain: Chain | None) -> m.Party:
    named = (side.get("arkhamEntity"), side.get("arkhamLabel"))
    owners = [one["name"] for one in named if one and one.get("name")]
    # As its chain writes it; of a chain unknown here, as it came.
    address = m.optional(side, "address")
    written = None if chain is None else m.address_or_none(chain, address)
    return m.Party(address=written or address, owner=owners[0] if owners else None)
