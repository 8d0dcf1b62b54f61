"""Whalealert: its samples, its units, and what it refuses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinmux import Chain, LargeTransfersQuery
from coinmux.plugins.providers import whalealert
from tests.plugins.channel_replay import play_channels
from tests.plugins.sample_replay import samples


@pytest.mark.parametrize("sample", samples("whalealert"))
async def test_samples(sample):
    """Each sample's requests are made as written and come to its outcome."""
    await play_channels("whalealert", sample)


def part(**changes):
    """A transaction of one transfer of 10 coins at 100 dollars, of which 4 come back."""
    held = {
        "symbol": "btc",
        "unit_price_usd": 100.0,
        "transaction_type": "transfer",
        "inputs": [{"amount": "10", "address": "a"}],
        "outputs": [{"amount": "4", "address": "a"}, {"amount": "6", "address": "b"}],
    }
    row = {"hash": "h", "timestamp": 1_764_000_000, "sub_transactions": [{**held, **changes}]}
    return {"transactions": [row]}


@given(st.floats(0, 2_000))
def test_what_comes_back_is_change(min_usd):
    """It is no part of what was transferred, nor of what makes it large."""
    query = LargeTransfersQuery(min_usd=min_usd)
    found = list(whalealert.parse_transfers(part(), Chain.BITCOIN, query))
    assert [(one.amount, one.amount_usd) for one in found] == [(6.0, 600.0)] * (min_usd <= 600)


@pytest.mark.parametrize(("changes", "asset"), [({"transaction_type": "mint"}, None), ({}, "ETH")])
def test_mints_and_other_assets_are_left_out(changes, asset):
    """Only transfers, only of what was asked."""
    query = LargeTransfersQuery(min_usd=1, asset=asset)
    assert not list(whalealert.parse_transfers(part(**changes), Chain.BITCOIN, query))


def test_an_hour_in_blocks():
    """By the chain's own pace."""
    assert whalealert.blocks_back(Chain.BITCOIN) == 6
    assert whalealert.blocks_back(Chain.ETHEREUM) == 300
