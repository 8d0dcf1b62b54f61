"""Nansen: flows by ticker, days of a token, and what a 403 means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinmux import (
    AuthRefused,
    NotOffered,
    OnchainMetricQuery,
    PlanRestricted,
    QuotaExhausted,
    UnknownSymbol,
)
from coinmux.plugins.providers import nansen
from tests.plugins.channel_replay import play_channels
from tests.plugins.sample_replay import ask, mapped, samples

NOW = 1_764_000_000_000
FLOW = OnchainMetricQuery(metric="smart_money_netflow_usd", asset="PEPE")


@pytest.mark.parametrize("sample", samples("nansen"))
async def test_samples(sample):
    """Each sample's requests are made as written and come to its outcome."""
    await play_channels("nansen", sample)


@given(st.lists(st.tuples(st.sampled_from(["PEPE", "pepe", "LINK"]), st.integers(-(10**9), 10**9))))
def test_flows_of_a_ticker_are_summed_over_chains(rows):
    """Dollars as they are; a ticker that is not there is unknown, not zero."""
    body = {"data": [{"token_symbol": name, "net_flow_24h_usd": usd} for name, usd in rows]}
    mine = [usd for name, usd in rows if name.upper() == "PEPE"]
    if not mine:
        with pytest.raises(UnknownSymbol):
            nansen.parse_netflow(body, FLOW, NOW)
    else:
        assert nansen.parse_netflow(body, FLOW, NOW).points == ((NOW, float(sum(mine))),)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, {"error": {"code": "UNAUTHORIZED", "message": "Invalid API key"}}, AuthRefused),
        (403, {"error": {"code": "FORBIDDEN", "message": "Insufficient tier"}}, PlanRestricted),
        (403, {"message": "Insufficient credits"}, QuotaExhausted),
        (402, {}, QuotaExhausted),
        (422, {"detail": []}, NotOffered),
        (200, {"data": []}, type(None)),
    ],
)
def test_what_a_refusal_means(status, body, kind):
    """The plan, the credits or the key."""
    assert type(mapped("nansen", status, body, FLOW)) is kind


@pytest.mark.parametrize(
    "query",
    [
        {"metric": "holder_count", "asset": "BTC"},
        {"metric": "holder_count", "asset": "LINK", "interval": "1h"},
        {"metric": "mvrv", "asset": "LINK"},
    ],
)
async def test_what_it_has_not_is_not_asked(query):
    """Nothing goes over the wire."""
    with pytest.raises(NotOffered):
        await ask("nansen", "onchain_metric", query, [])
