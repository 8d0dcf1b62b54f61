"""Etherscan: its samples, and what is particular to it."""

import json
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinmux import (
    AuthRefused,
    BadStatus,
    BalanceQuery,
    ChainHeadQuery,
    Implausible,
    Outcome,
    PlanRestricted,
    RateLimited,
    TransactionsQuery,
)
from coinmux.framework.dialects import etherscan as dialect
from coinmux.framework.dialects import evm_rpc
from tests.plugins.channel_replay import play_channels
from tests.plugins.sample_replay import RECORDINGS, mapped, recording, samples


@pytest.mark.parametrize("sample", samples("etherscan"))
async def test_samples(sample):
    """Each sample's requests are made as written and come to its outcome."""
    await play_channels("etherscan", sample)


ADDRESS = "0xa1e4380a3b1f749673e270229993ee55f35663b4"


def test_recorded_transactions():
    """V2 rows of an old account, its genesis row among them; amounts are exact."""
    body = recording("etherscan", "transactions_v2_api")["response"]["body"]
    query = TransactionsQuery(chain="ethereum", address=ADDRESS)
    page = dialect.explorer_rows(body["result"], query, 1)
    first = page.transactions[0]
    assert (first.raw, first.amount) == ("2000000000000000000000", 2000.0)
    assert first.timestamp == 1_438_269_973_000
    assert all(one.succeeded for one in page.transactions if one.height == 0)


def test_a_recorded_block():
    """The proxy's JSON-RPC envelope, numbers in hexadecimal."""
    body = recording("etherscan", "block_v2_api")["response"]["body"]
    head = evm_rpc.newest_block(evm_rpc.rpc_result(body), ChainHeadQuery(chain="arbitrum"))
    assert head.height == int(body["result"]["number"], 16)


@pytest.mark.parametrize(
    ("case", "kind"),
    [
        ("error_rate_limit", RateLimited),
        ("error_rate_limit_per_second", RateLimited),
        ("error_too_many_invalid_keys", RateLimited),
        ("error_invalid_key", AuthRefused),
        ("error_missing_invalid_key", AuthRefused),
        ("error_chain_not_on_free_plan", PlanRestricted),
        ("error_v1_deprecated", BadStatus),
        ("error_missing_chainid", BadStatus),
        ("error_jsonrpc", BadStatus),
        ("no_transactions", type(None)),
        ("txlist", type(None)),
        ("balance", type(None)),
    ],
)
def test_answers_that_are_errors(case, kind):
    """A chain outside the plan is no bad key, and an empty list is no error."""
    body = example("etherscan", case)
    query = BalanceQuery(chain="ethereum", address=ADDRESS)
    assert type(mapped("etherscan", 200, body, query)) is kind


def test_a_refused_chain_holds_nothing():
    """The next chain may be in the plan."""
    body = {"status": "0", "message": "NOTOK", "result": "not supported for this chain"}
    error = mapped("etherscan", 200, body, BalanceQuery(chain="base", address=ADDRESS))
    assert error.outcome is Outcome.NEUTRAL


@given(st.integers(0, 2**256 - 1))
def test_wei_are_exact(wei):
    """A decimal string of any length, and its correctly rounded amount."""
    row = {
        "hash": "0x1", "from": ADDRESS, "to": "", "blockNumber": "1", "timeStamp": "1763999411",
        "value": str(wei), "gasUsed": "21000", "gasPrice": "7", "isError": "0",
    }  # fmt: skip
    query = TransactionsQuery(chain="ethereum", address=ADDRESS)
    (one,) = dialect.explorer_rows([row], query, 1).transactions
    assert (one.raw, one.fee_raw) == (str(wei), "147000")
    assert one.amount == float(Fraction(wei, 10**18))


def test_rows_of_another_address_are_refused():
    """The answer must be about who was asked for."""
    body = recording("etherscan", "transactions_v2_api")["response"]["body"]
    query = TransactionsQuery(chain="ethereum", address="0x" + "1" * 40)
    with pytest.raises(Implausible):
        dialect.explorer_rows(body["result"], query, 1)


def example(name, case):
    path = RECORDINGS.parent / "providers" / "examples" / name / f"{case}.json"
    if not path.exists():
        pytest.skip(f"no examples beside this tree: {path.name}")
    held = json.loads(path.read_text())
    return held["response"]["body"] if "response" in held else held
