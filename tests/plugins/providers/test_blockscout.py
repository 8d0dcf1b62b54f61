"""Blockscout: the PRO API with a key, each explorer without; wei exact; pages and cursors."""

from __future__ import annotations

from fractions import Fraction
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinmux import (
    BalanceQuery,
    Chain,
    NotOffered,
    TokenBalancesQuery,
    TransactionsQuery,
)
from coinmux.framework.reference.rows import collecting
from coinmux.plugins.providers import blockscout
from tests.plugins.channel_replay import ask_channels, play_channels
from tests.plugins.sample_replay import recording, samples

ADDRESS = "0x9d25adbcffe28923e619f4af88ecde732c985b63"
KEY = "proapi_made_up"
TRANSACTIONS = [
    "transaction_transactions_0x1b3ace2628e40a360c8420ba7ff16bc10",
    "transaction_transactions_0x84f192deebcbed6ca2ca4058e60fd0e8c",
    "transaction_transactions_0x99f2657bb052a58fb88e8f38710d2d02f",
]


@pytest.mark.parametrize("sample", samples("blockscout"))
async def test_samples(sample):
    """Each sample's requests are made as written and come to its outcome."""
    await play_channels("blockscout", sample)


def test_a_recorded_balance():
    """An address nobody used holds nothing."""
    body = recording("blockscout", "balance_1_api")["response"]["body"]
    balance = blockscout.parse_balance(body, BalanceQuery(chain="ethereum", address=ADDRESS))
    assert (balance.raw, balance.amount) == ("0", 0.0)


@pytest.mark.parametrize("case", TRANSACTIONS)
def test_recorded_transactions(case):
    """Recorded transactions come out with exact value and fee, and lower-case addresses."""
    body = recording("blockscout", case)["response"]["body"]
    transaction = blockscout.parse_transaction(body, Chain.OPTIMISM)
    assert (transaction.raw, transaction.fee_raw) == (body["value"], body["fee"]["value"])
    assert transaction.sender == body["from"]["hash"].lower()
    assert transaction.height == body["block_number"]
    assert transaction.succeeded is True
    assert transaction.timestamp % 1000 == 0


def test_both_apis_of_the_vendor_agree():
    """A transaction read from the REST API is what the Etherscan-like API recorded of it."""
    rows = recording("blockscout", "transactions_10_api_3")["response"]["body"]["result"]
    by_hash = {row["hash"]: row for row in rows}
    body = recording("blockscout", TRANSACTIONS[2])["response"]["body"]
    transaction, row = blockscout.parse_transaction(body, Chain.OPTIMISM), by_hash[body["hash"]]
    assert transaction.height == int(row["blockNumber"])
    assert transaction.timestamp == int(row["timeStamp"]) * 1000
    assert (transaction.sender, transaction.to) == (row["from"], row["to"])
    assert (transaction.raw, transaction.succeeded) == (row["value"], row["isError"] == "0")


@given(st.integers(0, 2**256 - 1))
def test_wei_is_exact(wei):
    """No wei passes through a float, and the amount is the nearest one."""
    query = BalanceQuery(chain="polygon", address=ADDRESS)
    balance = blockscout.parse_balance({"result": str(wei)}, query)
    assert (balance.raw, balance.asset) == (str(wei), "POL")
    assert balance.amount == float(Fraction(wei, 10**18))


def exchange(path, body, *, host=None, params=None):
    wanted = {
        "method": "GET",
        "path": path,
        "params": params or {},
        "host": host,
        "channel": None,
        "json": None,
    }
    return {"request": wanted, "response": {"status": 200, "headers": {}, "body": body}}


async def test_with_a_key_the_pro_api_is_asked():
    """The key goes to the PRO API as a bearer, with the chain's number in the path."""
    block = {"height": 7, "hash": "0x" + "a" * 64, "timestamp": "2025-11-24T15:59:50.000000Z"}
    head, client = await ask_channels(
        "blockscout",
        "chain_head",
        {"chain": "base"},
        [exchange("/8453/api/v2/main-page/blocks", [block])],
        {"BLOCKSCOUT_API_KEY": KEY},
    )
    assert (head.height, head.timestamp) == (7, 1_763_999_990_000)
    assert f"Authorization: Bearer {KEY}\r\n" in client.heads[0]


async def test_without_a_key_none_is_sent():
    """The explorers get no authorization."""
    block = {"height": 7, "hash": "0x" + "a" * 64, "timestamp": "2025-11-24T15:59:50.000000Z"}
    _, client = await ask_channels(
        "blockscout",
        "chain_head",
        {"chain": "base"},
        [exchange("/api/v2/main-page/blocks", [block], host="base")],
    )
    assert "authorization" not in client.heads[0].lower()


def row(height, position):
    return {
        "hash": f"0x{height:064x}",
        "block_number": height,
        "position": position,
        "timestamp": "2025-11-24T15:00:00.000000Z",
        "from": {"hash": ADDRESS},
        "to": None,
        "value": "1",
        "fee": None,
        "status": "ok",
    }


@given(st.integers(1, 60), st.integers(1, 50))
def test_pages_meet_without_gap_or_overlap(count, limit):
    """Following cursors through a list of any length shows each row once, in order."""
    rows = [row(1000 - n // 3, 90 - n % 3) for n in range(count)]
    seen, cursor = [], None
    for _ in range(count + 1):
        query = TransactionsQuery(chain="base", address=ADDRESS, limit=limit, cursor=cursor)
        params = blockscout.page_params(cursor)
        at = (int(params["block_number"]), int(params["index"])) if params else (10**9, 0)
        rest = [r for r in rows if (r["block_number"], r["position"]) < at]
        page, last = rest[: blockscout.PAGE], rest[: blockscout.PAGE][-1:]
        more = len(rest) > len(page)
        following = {
            "block_number": last[0]["block_number"],
            "index": last[0]["position"],
            "inserted_at": None,
            "items_count": 50,
        }
        body = {"items": page, "next_page_params": following if more else None}
        result = blockscout.parse_transactions(body, query)
        assert len(result.transactions) <= limit
        seen += [t.hash for t in result.transactions]
        cursor = result.cursor
        if cursor is None:
            break
    assert seen == [r["hash"] for r in rows]


@pytest.mark.parametrize("cursor", ["eyJhIjoxfQ==", "page=2", "block_number=1&to=2", "x"])
def test_another_sources_cursor_is_not_taken(cursor):
    """A cursor made elsewhere is declined, so that its own source is asked."""
    with pytest.raises(NotOffered):
        blockscout.page_params(cursor)


def test_a_cursor_is_what_the_api_gave():
    """The members of `next_page_params` go out as they came, nulls left out."""
    given_params = {"block_number": 9, "index": 3, "value": "12", "inserted_at": None}
    query = TransactionsQuery(chain="base", address=ADDRESS, limit=50)
    body = {"items": [row(9, 3)], "next_page_params": given_params}
    cursor = blockscout.parse_transactions(body, query).cursor
    assert dict(parse_qsl(cursor)) == {"block_number": "9", "index": "3", "value": "12"}


def test_tokens_keep_their_units():
    """Amounts follow the token's decimals; without them there is neither amount nor value."""
    token = {"address_hash": "0xAB" + "0" * 38, "symbol": "T", "name": "T", "exchange_rate": "2.5"}
    items = [
        {"token": {**token, "decimals": "6"}, "value": "2500000"},
        {"token": {**token, "decimals": None}, "value": "7"},
    ]
    query = TokenBalancesQuery(chain="base", address=ADDRESS)
    result = blockscout.parse_token_balances({"items": items, "next_page_params": {"id": 1}}, query)
    first, second = result.tokens
    assert (first.contract, first.amount, first.value_usd) == ("0xab" + "0" * 38, 2.5, 6.25)
    assert (second.raw, second.amount, second.value_usd) == ("7", None, None)
    assert result.notes == (
        "the 50 most valuable tokens; there are more",
        "1 of the tokens have no amount, as their decimals are not told",
    )


@pytest.mark.parametrize("rate", ["-1", "x", [], {}])
def test_a_rate_that_is_none_costs_the_worth_alone(rate):
    """The amount stands; the worth is null, and that is reported."""
    token = {"address_hash": "0xab" + "0" * 38, "symbol": "T", "name": "T", "decimals": "6"}
    items = [{"token": {**token, "exchange_rate": rate}, "value": "2500000"}]
    query = TokenBalancesQuery(chain="base", address=ADDRESS)
    with collecting() as damage:
        body = {"items": items, "next_page_params": None}
        (one,) = blockscout.parse_token_balances(body, query).tokens
    assert (one.amount, one.value_usd) == (2.5, None)
    assert [name for name, _ in damage.fields] == ["value_usd"]
