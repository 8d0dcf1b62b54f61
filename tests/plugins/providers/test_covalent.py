"""Covalent: its samples, exact amounts, and what its refusals mean."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinmux import AuthRefused, PlanRestricted, QuotaExhausted, RateLimited, TokenBalancesQuery
from coinmux.plugins.providers import covalent
from tests.plugins.channel_replay import play_channels
from tests.plugins.sample_replay import mapped, samples

ADDRESS = "0x" + "1" * 40
QUERY = TokenBalancesQuery(chain="ethereum", address=ADDRESS)


@pytest.mark.parametrize("sample", samples("covalent"))
async def test_samples(sample):
    """Each sample's requests are made as written and come to its outcome."""
    await play_channels("covalent", sample)


@given(st.integers(0, 2**200), st.integers(0, 36))
def test_token_amounts_are_exact(raw, decimals):
    """A string of any length, shifted by the token's own decimals; no price, no value."""
    row = {
        "contract_address": "0x" + "AB" * 20,
        "contract_ticker_symbol": "T",
        "contract_name": "T",
        "contract_decimals": decimals,
        "balance": str(raw),
        "quote_rate": None,
        "quote": 0,
    }
    (one,) = covalent.parse_token_balances({"items": [row]}, QUERY).tokens
    assert (one.raw, one.amount) == (str(raw), float(Fraction(raw, 10**decimals)))
    assert one.value_usd is None


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, "401", AuthRefused),
        (402, 402, QuotaExhausted),
        (403, "403", PlanRestricted),
        (200, 403, PlanRestricted),
        (429, "429", RateLimited),
    ],
)
def test_what_a_refusal_means(status, code, kind):
    """A 403 is of the plan: the key is refused by a 401, and stays in use."""
    body = {"data": None, "error": True, "error_message": "Forbidden", "error_code": code}
    assert type(mapped("covalent", status, body, QUERY)) is kind
