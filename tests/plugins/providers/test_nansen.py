"""Nansen: flows by ticker, days of a token, and what a 403 means."""

import pytest

from coinmux import (
    AuthRefused,
    NotOffered,
    OnchainMetricQuery,
    PlanRestricted,
    QuotaExhausted,
    UnknownSymbol,
)
from coinmux.framework.reference.rows import collecting
from coinmux.plugins.providers import nansen
from tests.plugins.channel_replay import play_channels
from tests.plugins.sample_replay import ask, mapped, samples

NOW = 1_764_000_000_000
PEPE = "0x6982508145454ce325ddbe47a25d4ec3d2311933"
FLOW = OnchainMetricQuery(metric="smart_money_netflow_usd", asset="PEPE")


@pytest.mark.parametrize("sample", samples("nansen"))
async def test_samples(sample):
    """Each sample's requests are made as written and come to its outcome."""
    await play_channels("nansen", sample)


def flow(usd, *, ticker="PEPE", contract=PEPE, chain="ethereum"):
    return {
        "token_symbol": ticker,
        "net_flow_24h_usd": usd,
        "chain": chain,
        "token_address": contract,
    }


def test_the_flow_of_a_known_coin_is_that_of_its_contract():
    """Another token of the same ticker, on any chain, is not added."""
    body = {
        "data": [
            flow(5.0, contract="0x" + "b" * 40),
            flow(-3.5, contract=PEPE.upper().replace("0X", "0x")),
            flow(7.0, chain="solana", contract="Pepe1111111111111111111111111111111111111"),
            flow(8.0, chain="base"),
            flow(9.0, ticker="LINK"),
        ]
    }
    answer = nansen.parse_netflow(body, FLOW, NOW)
    assert answer.points == ((NOW, -3.5),)
    assert any(PEPE in note for note in answer.notes)


def test_a_ticker_of_several_tokens_is_unknown():
    """Where no contract is known here, two tokens of one ticker are not summed."""
    wanted = OnchainMetricQuery(metric="smart_money_netflow_usd", asset="CAT")
    one = flow(1.0, ticker="CAT", contract="0x" + "c" * 40)
    other = flow(2.0, ticker="cat", contract="Cat111", chain="solana")
    assert nansen.parse_netflow({"data": [one]}, wanted, NOW).points == ((NOW, 1.0),)
    with pytest.raises(UnknownSymbol):
        nansen.parse_netflow({"data": [one, other]}, wanted, NOW)
    with pytest.raises(UnknownSymbol):
        nansen.parse_netflow({"data": []}, wanted, NOW)


def test_flows_without_a_figure_or_a_ticker_cost_no_other():
    """A row that cannot be read is left out and counted."""
    rows = [flow(None), flow(1.0, ticker=None), flow(2.0), flow(3.0, ticker="X")]
    with collecting() as damage:
        answer = nansen.parse_netflow({"data": rows}, FLOW, NOW)
    assert answer.points == ((NOW, 2.0),)
    assert damage.rows_left_out == 2


def test_days_of_large_holders():
    """The group is asked for by name; a day without a value is left out."""
    wanted = OnchainMetricQuery(metric="top_100_holders_usd", asset="LINK")
    assert nansen.flows_question(wanted, NOW)["label"] == "top_100_holders"
    days = [
        {"date": "2025-11-23", "value_usd": 2.0, "holders_count": 100},
        {"date": "2025-11-21", "value_usd": 1.0, "holders_count": 100},
        {"date": "2025-11-22", "value_usd": None, "holders_count": 100},
        {"date": "2025-11-20"},
    ]
    answer = nansen.parse_flows({"data": days}, wanted)
    assert answer.points == ((1_763_683_200_000, 1.0), (1_763_856_000_000, 2.0))
    assert answer.unit == "usd"


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
        {"metric": "top_100_holders_usd", "asset": "BTC"},
        {"metric": "top_100_holders_usd", "asset": "LINK", "interval": "1h"},
        {"metric": "holder_count", "asset": "LINK"},
        {"metric": "mvrv", "asset": "LINK"},
    ],
)
async def test_what_it_has_not_is_not_asked(query):
    """Nothing goes over the wire."""
    with pytest.raises(NotOffered):
        await ask("nansen", "onchain_metric", query, [])
