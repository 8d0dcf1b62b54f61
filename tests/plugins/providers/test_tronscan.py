"""Tronscan: its samples, its units, and what it refuses."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinmux import NotOffered, TokenBalancesQuery
from coinmux.plugins.providers import tronscan
from tests.plugins.channel_replay import play_channels
from tests.plugins.sample_replay import ask, samples


@pytest.mark.parametrize("sample", samples("tronscan"))
async def test_samples(sample):
    """Each sample's requests are made as written and come to its outcome."""
    await play_channels("tronscan", sample)


@given(st.integers(0, 10**18), st.integers(0, 18))
def test_token_amounts_are_exact(raw, decimals):
    """Whole numbers as text, shifted by the token's own decimals."""
    row = {"tokenId": "T", "tokenAbbr": "T", "tokenName": "T", "balance": str(raw),
           "tokenDecimal": decimals}  # fmt: skip
    query = TokenBalancesQuery(chain="tron", address="TJQQLsfYvwK1gJyET4C7hvPdJ2YyNcAUbL")
    (one,) = tronscan.parse_tokens({"trc20token_balances": [row]}, query).tokens
    assert (one.raw, one.amount) == (str(raw), float(Fraction(raw, 10**decimals)))


@pytest.mark.parametrize("cursor", ["x", "-1", "10000", "٣"])
async def test_cursors_of_others(cursor):
    """Neither asked nor guessed at."""
    query = {
        "chain": "tron", "address": "TJQQLsfYvwK1gJyET4C7hvPdJ2YyNcAUbL", "cursor": cursor,
    }  # fmt: skip
    with pytest.raises(NotOffered):
        await ask("tronscan", "transactions", query, [])
