"""mempool.space: fees in sat/vB, the highest block, confirmed satoshis."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinmux import (
    BadStatus,
    BalanceQuery,
    ChainHeadQuery,
    GasQuery,
    Implausible,
    UnknownSymbol,
)
from coinmux.plugins.providers import mempool_space
from tests.plugins.channel_replay import play_channels
from tests.plugins.sample_replay import mapped, recording, samples

ADDRESS = "1BoatSLRHtKNngkdXEeobR76b53LETtpyT"
BALANCE = BalanceQuery(chain="bitcoin", address=ADDRESS)


@pytest.mark.parametrize("sample", samples("mempool_space"))
async def test_samples(sample):
    """Each sample's requests are made as written and come to its outcome."""
    await play_channels("mempool_space", sample)


def test_the_documented_fees():
    """An hour, half an hour and the next block are slow, standard and fast."""
    body = recording("mempool_space", "gas_fees_recommended")["response"]["body"]
    gas = mempool_space.parse_gas(body, GasQuery(chain="bitcoin"))
    assert (gas.slow, gas.standard, gas.fast, gas.unit) == (14.0, 14.0, 15.0, "sat/vB")


@given(st.integers(0, 21 * 10**14), st.integers(0, 21 * 10**14))
def test_satoshis_are_exact(received, kept):
    """No satoshi passes through a float, and the amount is the nearest one."""
    kept = min(kept, received)
    stats = {"funded_txo_sum": received, "spent_txo_sum": received - kept}
    balance = mempool_space.parse_balance({"address": ADDRESS, "chain_stats": stats}, BALANCE)
    assert balance.raw == str(kept)
    assert balance.amount == float(Fraction(kept, 10**8))


def test_more_spent_than_received_is_impossible():
    """A negative balance is refused."""
    stats = {"funded_txo_sum": 1, "spent_txo_sum": 2}
    with pytest.raises(Implausible):
        mempool_space.parse_balance({"address": ADDRESS, "chain_stats": stats}, BALANCE)


def test_blocks_in_any_order():
    """The head is the highest block, wherever it stands."""
    blocks = [
        {"id": f"{height:064x}", "height": height, "timestamp": 1_764_000_000 + height}
        for height in (7, 9, 8)
    ]
    head = mempool_space.parse_chain_head(blocks, ChainHeadQuery(chain="bitcoin"))
    assert (head.height, head.timestamp) == (9, 1_764_000_009_000)


@pytest.mark.parametrize(
    ("status", "text", "is_unknown"),
    [
        (400, "Invalid Bitcoin address", True),
        (400, "invalid base58 checksum", True),
        (400, "Bad Request", False),
        (404, "Block not found", False),
        (503, "address index is syncing", False),
    ],
)
def test_only_a_bad_address_is_the_callers_fault(status, text, is_unknown):
    """A 400 about the address is no failure of the source; anything else is."""
    error = mapped("mempool_space", status, text, BALANCE, is_json=False)
    assert isinstance(error, UnknownSymbol) is is_unknown
    assert (
        type(mapped("mempool_space", 400, text, GasQuery(chain="bitcoin"), is_json=False))
        is BadStatus
    )
