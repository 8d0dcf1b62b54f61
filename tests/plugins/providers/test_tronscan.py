"""Tronscan: its samples, its units, and what it refuses."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinmux import NotOffered, TokenBalancesQuery, TransactionsQuery
from coinmux.framework.reference.rows import collecting
from coinmux.plugins.providers import tronscan
from tests.plugins.channel_replay import play_channels
from tests.plugins.sample_replay import ask, samples

OWNER = "TJQQLsfYvwK1gJyET4C7hvPdJ2YyNcAUbL"
TOKENS = TokenBalancesQuery(chain="tron", address=OWNER)


@pytest.mark.parametrize("sample", samples("tronscan"))
async def test_samples(sample):
    """Each sample's requests are made as written and come to its outcome."""
    await play_channels("tronscan", sample)


def token(raw, decimals, **changes):
    held = {
        "tokenId": "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t",
        "tokenAbbr": "T",
        "tokenName": "T",
        "balance": raw,
        "tokenDecimal": decimals,
        "tokenType": "trc20",
    }
    return {**held, **changes}


@given(st.integers(0, 10**18), st.integers(0, 18))
def test_token_amounts_are_exact(raw, decimals):
    """Whole numbers as text, shifted by the token's own decimals."""
    (one,) = tronscan.parse_tokens({"data": [token(str(raw), decimals)]}, TOKENS).tokens
    assert (one.raw, one.amount) == (str(raw), float(Fraction(raw, 10**decimals)))


def test_tokens_of_other_kinds_stand_in_the_same_list():
    """TRX and TRC-10 tokens are no tokens by contract, and no damage."""
    rows = [token("5", 6, tokenType="trc10", tokenId="_"), token("7", 6)]
    with collecting() as damage:
        answer = tronscan.parse_tokens({"data": rows}, TOKENS)
    assert [one.raw for one in answer.tokens] == ["7"]
    assert not damage


@pytest.mark.parametrize(
    ("row", "raw"),
    [
        ({"contractType": 1, "contractData": {"amount": 5}, "amount": "6"}, "5"),
        ({"contractType": 1, "amount": "6"}, "6"),
        ({"contractType": 1}, None),
        ({"contractType": 2, "contractData": {"amount": 5}, "amount": "6"}, None),
        ({"contractType": 31, "trigger_info": {"call_value": 9}, "amount": "6"}, "9"),
        ({"contractType": 31, "contractData": {"call_value": 8}}, "8"),
        ({"contractType": 31, "amount": "6"}, None),
        ({"contractType": 54, "amount": "6"}, None),
        ({"amount": "6"}, None),
    ],
)
def test_an_amount_is_in_trx_only_where_the_contract_says_so(row, raw):
    """The unit of a TRC-10 transfer is that token's, of a vote the vote's."""
    whole = {"hash": "ab", "ownerAddress": OWNER, "toAddress": "", **row}
    body = {"data": [whole]}
    query = TransactionsQuery(chain="tron", address=OWNER)
    (one,) = tronscan.parse_transactions(body, query, 0, 25).transactions
    assert (one.raw, one.asset, one.to) == (raw, "TRX", None)
    assert one.amount == (None if raw is None else int(raw) / 1e6)


@pytest.mark.parametrize("cursor", ["x", "-1", "10000", "٣"])
async def test_cursors_of_others(cursor):
    """Neither asked nor guessed at."""
    query = {
        "chain": "tron", "address": "TJQQLsfYvwK1gJyET4C7hvPdJ2YyNcAUbL", "cursor": cursor,
    }  # fmt: skip
    with pytest.raises(NotOffered):
        await ask("tronscan", "transactions", query, [])
