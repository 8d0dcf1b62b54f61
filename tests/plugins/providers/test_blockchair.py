"""Blockchair: its samples, its units, and what it refuses."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinmux import NotOffered
from coinmux.plugins.providers import blockchair
from tests.plugins.channel_replay import play_channels
from tests.plugins.sample_replay import ask, samples


@pytest.mark.parametrize("sample", samples("blockchair"))
async def test_samples(sample):
    """Each sample's requests are made as written and come to its outcome."""
    await play_channels("blockchair", sample)


@given(st.integers(1, 21_000_000 * 10**8))
def test_satoshi_are_exact(satoshi):
    """Of outputs in coins, correctly rounded."""
    row = {"hash": "h", "time": "2025-11-24 15:45:12", "output_total": satoshi,
           "output_total_usd": 1.0}  # fmt: skip
    (one,) = blockchair.parse_transfers([row]).transfers
    assert one.amount == float(Fraction(satoshi, 10**8))
    assert one.timestamp == 1_763_999_112_000


@pytest.mark.parametrize("query", [{"chain": "ethereum"}, {"asset": "ETH"}])
async def test_only_bitcoin_is_asked_for(query):
    """Its other chains have other sources."""
    with pytest.raises(NotOffered):
        await ask("blockchair", "large_transfers", query, [])


@pytest.mark.parametrize("text", ["2025-11-24", "2025-11-24T15:45:12+00:00", None])
def test_times_of_another_form(text):
    """Documented is one."""
    with pytest.raises(ValueError, match="YYYY"):
        blockchair.moment(text)
