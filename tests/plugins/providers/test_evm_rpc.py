"""Public EVM nodes: strict hexadecimal, exact wei, one node after another."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinmux import (
    CHAINS,
    HTTP,
    AuthRefused,
    BadStatus,
    Balance,
    BalanceQuery,
    Chain,
    ChainHeadQuery,
    Deadline,
    Empty,
    GasQuery,
    Implausible,
    ProviderBusy,
    RateLimited,
)
from coinmux.framework.dialects import evm_rpc as dialect
from coinmux.plugins.providers import evm_rpc
from tests.plugins.channel_replay import ChannelClient, ask_channels, bound, play_channels
from tests.plugins.sample_replay import ROOT, mapped, samples

EXAMPLES = ROOT.parent / "shared" / "providers" / "examples" / "evm_rpc"
ADDRESS = "0x50532e4be195d1de0c2e6dfa46d9ec0a4fee6861"
HEAD = ChainHeadQuery(chain="ethereum")
GAS = GasQuery(chain="ethereum")


@pytest.mark.parametrize("sample", samples("evm_rpc"))
async def test_samples(sample):
    """Each sample's requests are made as written and come to its outcome."""
    await play_channels("evm_rpc", sample)


def example(name):
    path = EXAMPLES / f"{name}.json"
    if not path.exists():
        pytest.skip(f"no examples beside this tree: {path.name}")
    return json.loads(path.read_text())["response"]["body"]


def test_a_recorded_balance():
    """A recorded `eth_getBalance` gives wei and ether."""
    body = example("eth_getBalance") | {"id": dialect.ID}
    query = BalanceQuery(chain="ethereum", address=ADDRESS)
    balance = Balance.native(query, dialect.quantity(dialect.rpc_result(body)))
    assert balance.raw == str(0x46DD54B7972BF800)
    assert balance.amount == float(Fraction(0x46DD54B7972BF800, 10**18))


@pytest.mark.parametrize("name", ["error_cloudflare_internal", "error_execution_reverted"])
def test_recorded_errors(name):
    """Recorded error objects are failures of the node."""
    error = mapped("evm_rpc", 200, example(name), HEAD)
    assert isinstance(error, BadStatus)


@given(st.integers(0, 2**256 - 1))
def test_wei_is_exact(wei):
    """No wei passes through a float, and the amount is the nearest one."""
    query = BalanceQuery(chain="bsc", address=ADDRESS)
    balance = Balance.native(query, dialect.quantity(hex(wei)))
    assert (balance.raw, balance.asset) == (str(wei), "BNB")
    assert balance.amount == float(Fraction(wei, 10**18))


@given(st.integers(0, 10**15))
def test_gwei_is_correctly_rounded(wei):
    """A gas price in gwei is the float nearest to its wei."""
    assert dialect.gwei(wei) == float(Fraction(wei, 10**9))


@given(st.one_of(st.integers(), st.floats(), st.none(), st.text(max_size=12), st.booleans()))
def test_only_hexadecimal_is_a_quantity(value):
    """Numbers, decimal strings and words are refused, never guessed at."""
    if isinstance(value, str) and value.startswith("0x"):
        return
    with pytest.raises(ValueError, match="hexadecimal"):
        dialect.quantity(value)


@pytest.mark.parametrize("value", ["0x", "0xg", "0x-1", "0x1 ", " 0x1", "0X1", "0x" + "1" * 65])
def test_damaged_hexadecimal_is_refused(value):
    """Nearly right is wrong."""
    with pytest.raises(ValueError, match="hexadecimal"):
        dialect.quantity(value)


@given(
    st.integers(0, 10**13),
    st.lists(st.lists(st.integers(0, 10**13), min_size=3, max_size=3), min_size=1, max_size=5),
)
def test_prices_are_ordered_and_no_less_than_the_base_fee(base, tips):
    """Whatever the tips, slow <= standard <= fast, each the base fee or more."""
    result = {
        "baseFeePerGas": [hex(1)] * len(tips) + [hex(base)],
        "gasUsedRatio": [0.5] * len(tips),
        "reward": [[hex(tip) for tip in sorted(row)] for row in tips],
    }
    gas = dialect.fee_history(result, GAS)
    assert gas.base_fee == dialect.gwei(base)
    assert gas.base_fee <= gas.slow <= gas.standard <= gas.fast


def test_empty_blocks_do_not_lower_the_price():
    """A block nobody used says nothing about tips, unless all were empty."""
    row = [hex(3), hex(4), hex(5)]
    result = {
        "baseFeePerGas": [hex(0)] * 4,
        "gasUsedRatio": [0, 0.1, 0],
        "reward": [[hex(0)] * 3, row, [hex(0)] * 3],
    }
    assert dialect.fee_history(result, GAS).standard == 4e-9
    assert dialect.fee_history(result | {"gasUsedRatio": [0, 0, 0]}, GAS).standard == 0.0


@pytest.mark.parametrize("other", [2, "2", None, True, 1.5])
def test_an_answer_to_another_request_is_refused(other):
    """The id must be the request's."""
    with pytest.raises(Implausible):
        dialect.rpc_result({"jsonrpc": "2.0", "id": other, "result": "0x1"})


def test_a_null_result_is_empty():
    """A node that knows no block has no answer."""
    with pytest.raises(Empty):
        dialect.rpc_result({"jsonrpc": "2.0", "id": 1, "result": None})


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (200, {"code": -32005, "message": "limit exceeded"}, RateLimited),
        (200, {"code": -32000, "message": "Too Many Requests"}, RateLimited),
        (200, {"code": -32603, "message": "Internal error"}, BadStatus),
        (200, {"code": -32000, "message": "missing trie node"}, BadStatus),
        (200, {"code": 3, "message": "execution reverted"}, BadStatus),
        (200, {"code": -32000, "message": "invalid API key"}, AuthRefused),
        (400, {"code": -32600, "message": "invalid request"}, BadStatus),
        (200, "overloaded", BadStatus),
        (429, {"code": -32005, "message": "slow down"}, RateLimited),
        (401, {"code": -32000, "message": "key required"}, AuthRefused),
        (200, None, type(None)),
    ],
)
def test_error_objects(status, error, kind):
    """Codes and words become our errors; a refusing status speaks for itself."""
    body = {"jsonrpc": "2.0", "id": 1, "error": error}
    assert type(mapped("evm_rpc", status, body, HEAD)) is kind


def test_each_chain_has_nodes_and_few_enough():
    """Every chain offered has its channels, three at most, tagged with its name."""
    info = evm_rpc.provider_info()
    for chain, chain_id in info.chains.items():
        nodes = [channel for channel in info.channels if chain in channel.tags]
        assert 1 <= len(nodes) <= 3
        assert CHAINS[Chain(chain)].evm_id == int(chain_id)


async def test_a_misread_node_is_passed_over():
    """A node whose answer makes no sense does not keep the next one from answering."""

    def exchange(channel, result):
        wanted = {
            "method": "POST",
            "path": "",
            "params": {},
            "host": None,
            "channel": channel,
            "json": {
                "jsonrpc": "2.0",
                "id": 1,
                "method": "eth_getBalance",
                "params": [ADDRESS, "latest"],
            },
        }
        body = {"jsonrpc": "2.0", "id": 1, "result": result}
        return {"request": wanted, "response": {"status": 200, "headers": {}, "body": body}}

    balance, client = await ask_channels(
        "evm_rpc",
        "balance",
        {"chain": "base", "address": ADDRESS},
        [exchange("base_official", 12), exchange("base_publicnode", "0xc")],
    )
    assert balance.raw == "12"
    assert not client.left


class NoChannels:
    """A desk at which every channel is off."""

    def available(self, provider, names):
        return []


async def test_no_node_in_reach_is_nobodys_fault():
    """With all nodes of a chain off, the source itself is not blamed."""
    source, clock = bound("evm_rpc")
    client = ChannelClient(source, [])
    http = HTTP(source, client, Deadline.after(clock, 4), HEAD, NoChannels())
    with pytest.raises(ProviderBusy):
        await evm_rpc.fetch_chain_head(query=HEAD, http=http)
