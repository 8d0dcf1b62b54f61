"""Blockscout explorers: gas, blocks, balances, transactions, tokens, names. Key optional.

With `BLOCKSCOUT_API_KEY` (free plan: 100,000 credits a day, 5 requests a second) the multichain
PRO API is asked. Without it, the explorer of each chain: the vendor announced the end of their
keyless use for 1 July 2026, so they may answer 401 or 402, which means that the key is missing.
An address nobody has used is unknown to the explorers and reported as empty.

Source: https://docs.blockscout.com/devs/pro-api-responses-and-routes and
https://docs.blockscout.com/openapi.yaml, read 2026-11-23.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlencode

from coinmux import CHAINS, HTTP, Chain, EnvVar, ProviderInfo, RateLimit, Reply, hookimpl, segment
from coinmux import errors as e
from coinmux import models as m

KEY = "BLOCKSCOUT_API_KEY"
HOSTS = {
    "ethereum": "https://eth.blockscout.com",
    "base": "https://base.blockscout.com",
    "arbitrum": "https://arbitrum.blockscout.com",
    "optimism": "https://optimism.blockscout.com",
    "polygon": "https://polygon.blockscout.com",
}
#: Rows of a page; the API takes no other number.
PAGE = 50
ADDRESS_QUERIES = (m.BalanceQuery, m.TransactionsQuery, m.TokenBalancesQuery)
STATUS = {"ok": True, "error": False}
KINDS = {True: "contract", False: "account"}


class Unseen(e.BadStatus):
    """The explorer has never seen the address: to us an address that holds nothing."""


@hookimpl
def provider_info() -> ProviderInfo:
    """The PRO API, and five explorers for use without a key."""
    return ProviderInfo(
        name="blockscout",
        title="Blockscout",
        category="blockchain",
        base_url="https://api.blockscout.com",
        hosts=HOSTS,
        env=(
            EnvVar(
                KEY,
                required=False,
                send_as="header:Authorization=Bearer {}",
                description="Asks Blockscout's multichain PRO API instead of each explorer.",
                signup_url="https://dev.blockscout.com",
            ),
        ),
        rate_limits=(RateLimit(requests=5, per_s=1),),
        priority=60,
        chains={chain: str(CHAINS[Chain(chain)].evm_id) for chain in HOSTS},
        homepage="https://www.blockscout.com",
        terms_url="https://www.blockscout.com/terms-of-service",
        docs_url="https://docs.blockscout.com/devs/pro-api",
        docs_read="2026-11-23",
        seen="recorded",
        notes="Keyless use of the explorers was announced to end on 1 July 2026.",
    )


@hookimpl
def map_error(reply: Reply, query: m.Query) -> Exception | None:
    """A missing key, an address never seen, and the Etherscan-like status 0 inside a 200."""
    body: Mapping[str, Any] = reply.body if isinstance(reply.body, dict) else {}
    said = f"{body.get('message') or ''} {body.get('error') or ''}".strip()[:160]
    lower = said.lower()
    if reply.status in (401, 402):
        if "credit" in lower or "quota" in lower:
            return e.QuotaExhausted(said)
        return e.AuthRefused(f"a key is missing or refused; {KEY} takes one: {said}")
    if isinstance(query, m.EntityQuery) and reply.status == 404:
        return e.UnknownSymbol(query.address, "the explorer has never seen the address")
    if isinstance(query, ADDRESS_QUERIES):
        if reply.status == 404 and body.get("message") == "Not found":
            return Unseen("an address the explorer has never seen", status=404)
        if reply.status == 422 or "invalid address" in lower:
            return e.UnknownSymbol(query.address, "not an address to Blockscout")
    result = body.get("result")
    if reply.status == 200 and body.get("status") == "0" and not isinstance(result, list):
        if "limit" in lower or "limit" in str(result).lower():
            return e.RateLimited(said)
        return e.BadStatus(f"the answer is an error: {said}", status=200)
    return None


async def _get(
    http: HTTP,
    chain: Chain,
    path: str,
    params: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Any:
    """One GET: of the PRO API where there is a key, else of the chain's own explorer."""
    if http.has(KEY):
        return await http.get_json(f"/{CHAINS[chain].evm_id}{path}", params, headers=headers)
    return await http.get_json(path, params, headers=headers, host=str(chain))


async def _rows(
    http: HTTP, query: m.TransactionsQuery | m.TokenBalancesQuery, kind: str, params: dict[str, str]
) -> Any:
    """A page of what an address has; one never seen has nothing."""
    path = f"/api/v2/addresses/{segment(query.address)}/{kind}"
    try:
        return await _get(http, query.chain, path, params)
    except Unseen:
        return {"items": [], "next_page_params": None}


@hookimpl
async def fetch_gas(query: m.GasQuery, http: HTTP) -> m.Gas:
    """One request."""
    # The header asks for prices with their base fee; without it they are bare numbers.
    body = await _get(http, query.chain, "/api/v2/stats", headers={"updated-gas-oracle": "true"})
    return parse_gas(body, query)


def parse_gas(body: Any, query: m.GasQuery) -> m.Gas:
    """Prices in gwei, with the time they were made."""
    prices, updated = body["gas_prices"], body.get("gas_price_updated_at")
    told = {name: p if isinstance(p, dict) else {"price": p} for name, p in prices.items()}
    return m.Gas(
        chain=query.chain,
        timestamp=m.read_field("timestamp", m.iso_ms, updated),
        unit="gwei",
        slow=m.optional(told, "slow", "price"),
        standard=told["average"]["price"],
        fast=m.optional(told, "fast", "price"),
        base_fee=told["average"].get("base_fee"),
    )


@hookimpl
async def fetch_chain_head(query: m.ChainHeadQuery, http: HTTP) -> m.ChainHead:
    """One request; a few of the newest blocks come."""
    return parse_chain_head(await _get(http, query.chain, "/api/v2/main-page/blocks"), query)


def parse_chain_head(body: Any, query: m.ChainHeadQuery) -> m.ChainHead:
    """The highest block."""
    blocks = m.read_rows(
        body, lambda block: (m.block_height(block["height"]), block), kind="blocks"
    )
    height, newest = max(blocks, key=lambda block: block[0])
    return m.ChainHead(
        chain=query.chain,
        height=height,
        hash=m.optional(newest, "hash"),
        timestamp=m.read_field("timestamp", m.iso_ms, m.optional(newest, "timestamp")),
    )


@hookimpl
async def fetch_balance(query: m.BalanceQuery, http: HTTP) -> m.Balance:
    """One request of the Etherscan-like API, which knows unused addresses too."""
    params = {"module": "account", "action": "balance", "address": query.address}
    return parse_balance(await _get(http, query.chain, "/api", params), query)


def parse_balance(body: Any, query: m.BalanceQuery) -> m.Balance:
    """Wei as a decimal string."""
    return m.Balance.native(query, body["result"])


@hookimpl
async def fetch_transactions(query: m.TransactionsQuery, http: HTTP) -> m.Transactions:
    """One request."""
    body = await _rows(http, query, "transactions", page_params(query.cursor))
    return parse_transactions(body, query)


def page_params(cursor: str | None) -> dict[str, str]:
    """The parameters of the page that a cursor leads to, `next_page_params` as they were told.

    Raises:
        NotOffered: the cursor holds none.
    """
    params = dict(parse_qsl(cursor or ""))
    if cursor and "items_count" not in params:
        raise e.NotOffered("the cursor is of another source")
    return params


def parse_transactions(body: Any, query: m.TransactionsQuery) -> m.Transactions:
    """At most `query.limit` rows of a page of 50, with a cursor to where they end."""
    items, following = body["items"], body.get("next_page_params")
    if len(items) > query.limit:
        items, following = _cut(items, query.limit)
    given = {key: value for key, value in (following or {}).items() if value is not None}
    return m.Transactions(
        chain=query.chain,
        address=query.address,
        cursor=urlencode(given) or None,
        transactions=m.read_rows(
            items,
            lambda item: parse_transaction(item, query.chain),
            kind="transactions",
        ),
    )


def _cut(items: list[Any], limit: int) -> tuple[list[Any], dict[str, int] | None]:
    """At most `limit` rows, up to the last that says where it stands, and the page after it.

    A pending or damaged row does not say that, so it begins the next page; if none of the rows
    says it, there is no next page, which is reported.
    """
    for end in range(limit, 0, -1):
        last = items[end - 1] if isinstance(items[end - 1], dict) else {}
        height, place = last.get("block_number"), last.get("position")
        if type(height) is int and type(place) is int:
            return items[:end], {"block_number": height, "index": place, "items_count": end}
    m.field_left_out("cursor", "none of the transactions says where it stands in the chain")
    return items[:limit], None


def parse_transaction(item: Any, chain: Chain) -> m.Transaction:
    """One transaction; pending ones have no height, fee or outcome yet."""
    fee = m.optional(item, "fee")
    when = m.optional(item, "timestamp")
    actual = isinstance(fee, dict) and fee.get("type") == "actual"
    return m.transaction(
        chain,
        hash=item["hash"],
        height=m.optional(item, "block_number"),
        timestamp=m.read_field("timestamp", m.iso_ms, when),
        sender=m.optional(item, "from", "hash"),
        to=m.optional(item, "to", "hash"),
        raw=m.optional(item, "value"),
        fee_raw=fee.get("value") if actual else None,
        succeeded=m.read_word("succeeded", STATUS, m.optional(item, "status")),
    )


@hookimpl
async def fetch_entity(query: m.EntityQuery, http: HTTP) -> m.Entity:
    """One request."""
    path = f"/api/v2/addresses/{segment(query.address)}"
    return parse_entity(await _get(http, query.chain, path), query)


def parse_entity(body: Any, query: m.EntityQuery) -> m.Entity:
    """A contract's name, a domain, and what others tagged the address with.

    Raises:
        Implausible: it is about another address.
        UnknownSymbol: nobody has named it.
    """
    query.confirm(body["hash"])
    public, others = body.get("public_tags") or (), (body.get("metadata") or {}).get("tags") or ()
    tags = [*_tags(public, "display_name"), *_tags(others, "name")]
    name = body.get("name") or body.get("ens_domain_name") or (tags[0] if tags else None)
    if name is None:
        raise e.UnknownSymbol(query.address, "nobody has named the address there")
    return m.Entity(
        chain=query.chain,
        address=query.address,
        name=name,
        kind=m.read_field("kind", KINDS.__getitem__, m.optional(body, "is_contract")),
        labels=tuple(dict.fromkeys(tags)),
    )


def _tags(tags: Any, name: str) -> list[str]:
    """What each tag says; tags that cannot be read cost no name."""

    def one(tag: Any) -> str:
        text = m.clean_text(tag[name])
        if not text:
            raise ValueError("a tag without a name")
        return text

    return m.read_field("labels", partial(m.read_rows, one=one, kind="tags"), tags) or []


@hookimpl
async def fetch_token_balances(query: m.TokenBalancesQuery, http: HTTP) -> m.TokenBalances:
    """One request."""
    return parse_token_balances(await _rows(http, query, "tokens", {"type": "ERC-20"}), query)


def parse_token_balances(body: Any, query: m.TokenBalancesQuery) -> m.TokenBalances:
    """The first page of tokens, most valuable first."""
    more = body["next_page_params"] is not None
    return m.TokenBalances(
        chain=query.chain,
        address=query.address,
        tokens=m.read_rows(body["items"], lambda item: _token(item, query.chain), kind="tokens"),
        notes=(f"the {PAGE} most valuable tokens; there are more",) if more else (),
    )


def _token(item: Any, chain: Chain) -> m.TokenBalance:
    token = item["token"]
    balance = m.token_balance(
        chain,
        contract=token.get("address_hash") or token["address"],
        symbol=m.optional(token, "symbol"),
        name=m.optional(token, "name"),
        decimals=m.optional(token, "decimals"),
        raw=item["value"],
    )
    rate = m.read_field("value_usd", _rate, token.get("exchange_rate"))
    if rate is None or balance.amount is None:
        return balance
    return balance.model_copy(update={"value_usd": balance.amount * rate})


def _rate(value: Any) -> float:
    rate = m.number(value)
    if rate < 0:
        raise ValueError(f"a rate of {rate:g}")
    return rate
