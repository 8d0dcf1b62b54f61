"""Blockchair: Bitcoin's blocks, fees, balances, transactions and large transfers. Key optional.

Without a key 1,440 requests a day. Every answer is an envelope whose `context` repeats the status;
a 402 means that the limit is reached. Times are UTC, written without a zone. A transaction of an
address is told by how it changed the balance, a large transfer by all its outputs, change included.

Source: https://blockchair.com/api/docs, read 2026-11-23.
"""

from typing import Any

from coinmux import (
    CHAINS,
    HTTP,
    Chain,
    EnvVar,
    ErrorTable,
    ProviderInfo,
    RateLimit,
    When,
    hookimpl,
    segment,
)
from coinmux import errors as e
from coinmux import models as m

SATOSHI = CHAINS[Chain.BITCOIN].decimals
CHANGE = "what a transaction sends in all, change included"


@hookimpl
def provider_info() -> ProviderInfo:
    """Bitcoin alone; its other chains have other sources here."""
    return ProviderInfo(
        name="blockchair",
        title="Blockchair",
        category="blockchain",
        base_url="https://api.blockchair.com",
        env=(
            EnvVar(
                "BLOCKCHAIR_API_KEY",
                required=False,
                send_as="query:key",
                description="Raises Blockchair's limit of 1,440 requests a day.",
                signup_url="https://blockchair.com/api/plans",
            ),
        ),
        rate_limits=(RateLimit(requests=30, per_s=60), RateLimit(requests=1_440, per_s=86_400)),
        priority=70,
        chains={"bitcoin": "bitcoin"},
        errors=ErrorTable(
            code="context.code",
            message="context.error",
            ok=(200,),
            unknown_symbol=(When(codes=(404,), about="address"),),
            quota=(402,),
            rate_limited=(429, 430, 434, 435),
        ),
        homepage="https://blockchair.com",
        terms_url="https://blockchair.com/terms",
        docs_url="https://blockchair.com/api/docs",
        docs_read="2026-11-23",
        notes="Large transfers count all outputs of a transaction, change included.",
    )


@hookimpl
async def fetch_chain_head(query: m.ChainHeadQuery, http: HTTP) -> m.ChainHead:
    """One request."""
    data = (await http.get_json("/bitcoin/stats"))["data"]
    return m.ChainHead(
        chain=query.chain,
        height=data["best_block_height"],
        hash=m.optional(data, "best_block_hash"),
        timestamp=m.read_field("timestamp", moment, m.optional(data, "best_block_time")),
    )


@hookimpl
async def fetch_gas(query: m.GasQuery, http: HTTP) -> m.Gas:
    """One request; one price, for the next blocks."""
    data = (await http.get_json("/bitcoin/stats"))["data"]
    price = data["suggested_transaction_fee_per_byte_sat"]
    return m.Gas(chain=query.chain, unit="sat/vB", standard=price)


@hookimpl
async def fetch_balance(query: m.BalanceQuery, http: HTTP) -> m.Balance:
    """One request."""
    held = await _address(query, http, {"limit": 0})
    return m.Balance.native(query, held["address"]["balance"])


@hookimpl
async def fetch_transactions(query: m.TransactionsQuery, http: HTTP) -> m.Transactions:
    """One request, for the latest."""
    if query.cursor is not None:
        raise e.NotOffered("only the latest transactions are offered")
    held = await _address(query, http, {"limit": query.limit, "transaction_details": "true"})
    return parse_transactions(held["transactions"], query)


def parse_transactions(rows: Any, query: m.TransactionsQuery) -> m.Transactions:
    """Newest first; a change of balance may be negative. Block -1 is none yet."""
    found = m.read_rows(
        rows[: query.limit], lambda row: _transaction(row, query.chain), kind="transactions"
    )
    return m.Transactions(
        chain=query.chain,
        address=query.address,
        transactions=found,
        notes=("amounts are changes of the balance",) if rows else (),
    )


def _transaction(row: Any, chain: Chain) -> m.Transaction:
    height = m.read_field("height", m.whole_number, m.optional(row, "block_id"))
    return m.transaction(
        chain,
        hash=row["hash"],
        height=None if height is None or height < 0 else height,
        timestamp=m.read_field("timestamp", moment, m.optional(row, "time")),
        raw=m.optional(row, "balance_change"),
    )


async def _address(
    query: m.BalanceQuery | m.TransactionsQuery, http: HTTP, params: dict[str, str | int]
) -> Any:
    """What is known of the address.

    Raises:
        OtherSubject: the answer is about another one.
    """
    path = f"/bitcoin/dashboards/address/{segment(query.address)}"
    (address, held), *_ = (await http.get_json(path, params))["data"].items()
    query.confirm(address)
    return held


@hookimpl
async def fetch_large_transfers(query: m.LargeTransfersQuery, http: HTTP) -> m.LargeTransfers:
    """One request."""
    if query.chain not in (None, Chain.BITCOIN) or query.asset not in (None, "BTC"):
        raise e.NotOffered("only Bitcoin's transfers")
    params: dict[str, str | int] = {
        "q": f"output_total_usd({round(query.min_usd)}..)",
        "s": "time(desc)",
        "limit": min(query.limit, 100),
    }
    body = await http.get_json("/bitcoin/transactions", params, weight=2, empty_ok=True)
    return parse_transfers(body["data"] or ())


def parse_transfers(rows: Any) -> m.LargeTransfers:
    """By the sum of outputs in satoshi, and its worth at the time."""
    transfers = m.read_rows(rows, _transfer, kind="transfers")
    transfers.sort(key=lambda one: -one.timestamp)
    return m.LargeTransfers(transfers=tuple(transfers), notes=(CHANGE,) if transfers else ())


def _transfer(row: Any) -> m.LargeTransfer:
    return m.LargeTransfer(
        chain=str(Chain.BITCOIN),
        hash=m.optional(row, "hash"),
        timestamp=moment(row["time"]),
        asset="BTC",
        amount=m.scaled(row["output_total"], SATOSHI),
        amount_usd=m.optional(row, "output_total_usd"),
    )


def moment(text: Any) -> int:
    """Unix ms of a UTC time written `YYYY-MM-DD hh:mm:ss`."""
    if not isinstance(text, str) or len(text) != 19:
        raise ValueError(f"takes YYYY-MM-DD hh:mm:ss, not {str(text)[:40]!r}")
    return m.iso_ms(f"{text.replace(' ', 'T')}+00:00")
