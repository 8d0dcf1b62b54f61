"""Blockchain.com: two fees, the newest block, balances keyed by address."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinmux import (
    BadStatus,
    BalanceQuery,
    GasQuery,
    OnchainMetricQuery,
    RateLimit,
    Reply,
    UnknownSymbol,
)
from coinmux.plugins.providers import blockchain_info
from tests.plugins.channel_replay import ask_channels, play_channels
from tests.plugins.sample_replay import mapped_reply, recording, samples

ADDRESS = "1BoatSLRHtKNngkdXEeobR76b53LETtpyT"
CASES = [f"balance_blockchain_info_multiaddr{end}" for end in ("", "_3", "_5")]


@pytest.mark.parametrize("sample", samples("blockchain_info"))
async def test_samples(sample):
    """Each sample's requests are made as written and come to its outcome."""
    await play_channels("blockchain_info", sample)


@pytest.mark.parametrize("case", CASES)
def test_recorded_addresses(case):
    """Every recorded address comes out with its satoshis; the members are those of `balance`."""
    rows = recording("blockchain_info", case)["response"]["body"]["addresses"]
    body = {row["address"]: row for row in rows}
    for row in rows:
        query = BalanceQuery(chain="bitcoin", address=row["address"])
        balance = blockchain_info.parse_balance(body, query)
        assert balance.raw == str(row["final_balance"])
        assert balance.notes == (blockchain_info.UNCONFIRMED,)


@given(st.integers(0, 21 * 10**14))
def test_satoshis_are_exact(satoshis):
    """No satoshi passes through a float, and the amount is the nearest one."""
    query = BalanceQuery(chain="bitcoin", address=ADDRESS)
    balance = blockchain_info.parse_balance({ADDRESS: {"final_balance": satoshis}}, query)
    assert (balance.raw, balance.amount) == (str(satoshis), float(Fraction(satoshis, 10**8)))


def test_bech32_in_capitals_is_asked_for_in_lower_case():
    """BC1… and bc1… are one address; the answer is keyed by the latter."""
    address = "BC1QAR0SRRR7XFKVY5L643LYDNW9RE59GTZZWF5MDQ"
    query = BalanceQuery(chain="bitcoin", address=address)
    balance = blockchain_info.parse_balance({address.lower(): {"final_balance": 5}}, query)
    assert (balance.address, balance.raw) == (address.lower(), "5")


def test_another_addresss_balance_is_refused():
    """An answer without the address asked for is none."""
    query = BalanceQuery(chain="bitcoin", address=ADDRESS)
    with pytest.raises(KeyError):
        blockchain_info.parse_balance({"1Other": {"final_balance": 5}}, query)


async def test_the_code_goes_along_as_a_parameter():
    """`BLOCKCHAIN_API_CODE` is sent with every request once it is set."""
    body = {"limits": {"min": 2, "max": 21}, "regular": 5, "priority": 8}
    wanted = {
        "method": "GET",
        "path": "/mempool/fees",
        "params": {"api_code": "made-up"},
        "host": "api",
        "channel": None,
        "json": None,
    }
    exchange = {"request": wanted, "response": {"status": 200, "headers": {}, "body": body}}
    values = {"BLOCKCHAIN_API_CODE": "made-up"}
    gas, _ = await ask_channels("blockchain_info", "gas", {"chain": "bitcoin"}, [exchange], values)
    assert gas.standard == 5.0


def test_the_vendors_pace_is_kept():
    """One request every ten seconds, as the vendor asks."""
    assert blockchain_info.provider_info().rate_limits == (RateLimit(requests=1, per_s=10),)


@pytest.mark.parametrize("status", [400, 404])
@pytest.mark.parametrize("body", [{"error": "not-found-or-invalid-arg"}, "Checksum does not match"])
def test_only_a_bad_address_is_the_callers_fault(status, body):
    """Words about the address are no failure of the source, unless no address was asked for."""
    reply = Reply(status, body, isinstance(body, dict), {})
    query = BalanceQuery(chain="bitcoin", address=ADDRESS)
    assert isinstance(mapped_reply("blockchain_info", reply, query), UnknownSymbol)
    assert type(mapped_reply("blockchain_info", reply, GasQuery(chain="bitcoin"))) is BadStatus


def test_a_recorded_chart():
    """Seconds become milliseconds, oldest first; the range is cut."""
    body = recording("blockchain_info", "metric_charts_total_bitcoins")["response"]["body"]
    query = OnchainMetricQuery(metric="supply", asset="BTC")
    whole = blockchain_info.parse_chart(body, query)
    assert whole.points[0] == (1_231_006_505_000, 50.0)
    assert whole.unit == "BTC"
    second = whole.points[1][0]
    cut = blockchain_info.parse_chart(
        body, query.model_copy(update={"start": second, "end": second})
    )
    assert cut.points == (whole.points[1],)
