"""Glassnode: its samples, its units, and what it refuses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinmux import NotOffered, OnchainMetricQuery
from coinmux.plugins.providers import glassnode
from tests.plugins.channel_replay import play_channels
from tests.plugins.sample_replay import recording, samples


@pytest.mark.parametrize("sample", samples("glassnode"))
async def test_samples(sample):
    """Each sample's requests are made as written and come to its outcome."""
    await play_channels("glassnode", sample)


@given(st.integers(1_231_006_505, 4_102_444_800), st.floats(0, 1e30))
def test_seconds_and_hashes_become_ours(seconds, hashes):
    """Milliseconds, and terahashes a second as other sources have them."""
    query = OnchainMetricQuery(metric="hash_rate", asset="BTC")
    ((at_ms, value),) = glassnode.parse_metric([{"t": seconds, "v": hashes}], query).points
    assert at_ms == seconds * 1000
    assert value == hashes * 1e-12


@pytest.mark.parametrize(
    "query",
    [{"metric": "mvrv", "interval": "5m"}, {"metric": "nothing_of_ours"}, {"metric": "a/b/c"}],
)
def test_what_it_has_not(query):
    """Neither guessed at nor asked."""
    with pytest.raises(NotOffered):
        glassnode.metric_of(OnchainMetricQuery(asset="BTC", **query))


def test_the_recorded_series():
    """An answer of 2022, of the same shape."""
    body = recording("glassnode", "metric_market_price_usd_close")["response"]["body"]
    query = OnchainMetricQuery(metric="market/price_usd_close", asset="BTC")
    metric = glassnode.parse_metric(body, query)
    assert metric.points[0] == (body[0]["t"] * 1000, body[0]["v"])
    assert metric.unit is None
