"""Moralis: its samples, exact amounts, and what its refusals mean."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinmux import TokenBalancesQuery
from coinmux.plugins.providers import moralis
from tests.plugins.channel_replay import play_channels
from tests.plugins.sample_replay import samples

ADDRESS = "0x" + "1" * 40
QUERY = TokenBalancesQuery(chain="ethereum", address=ADDRESS)


@pytest.mark.parametrize("sample", samples("moralis"))
async def test_samples(sample):
    """Each sample's requests are made as written and come to its outcome."""
    await play_channels("moralis", sample)


@given(st.integers(0, 2**200), st.integers(0, 36))
def test_token_amounts_are_exact(raw, decimals):
    """A string of any length, shifted by the token's own decimals; unknown ones shift nothing."""
    row = {"token_address": "0x" + "AB" * 20, "symbol": "T", "name": "T", "balance": str(raw)}
    (one,) = moralis.parse_token_balances({"result": [{**row, "decimals": decimals}]}, QUERY).tokens
    assert (one.raw, one.amount) == (str(raw), float(Fraction(raw, 10**decimals)))
    (one,) = moralis.parse_token_balances({"result": [{**row, "decimals": None}]}, QUERY).tokens
    assert one.amount is None
