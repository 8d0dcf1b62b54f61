"""Rows about an address: what is null, what is refused, and fees of rollups."""

import pytest
from pydantic import ValidationError

from coinmux import CHAINS, Chain, Gas, TokenBalances
from coinmux.framework.models.chain_rows import (
    charged_fee,
    gas_fee,
    newest_first,
    token_balance,
    transaction,
    whole_number,
)
from coinmux.framework.reference.rows import collecting, read_rows

CONTRACT = "0x27b1fdb04752bbc536007a920d24acb045561c26"


@pytest.mark.parametrize(
    ("decimals", "raw", "amount", "told"),
    [
        (6, "5000000", 5.0, ()),
        ("6", 5_000_000, 5.0, ()),
        (77, "5", 5e-77, ()),
        (0, "5", 5.0, ()),
        (None, "5", None, ()),
        ("", "5", None, ()),
        (78, "5", None, ("decimals",)),
        (255, "5", None, ("decimals",)),
        (-1, "5", None, ("decimals",)),
        ("six", "5", None, ("decimals",)),
        (6.5, "5", None, ("decimals",)),
        (True, "5", None, ("decimals",)),
    ],
)
def test_a_token_without_decimals_has_no_amount(decimals, raw, amount, told):
    """Its raw balance is known all the same; nonsense is reported, nothing is guessed."""
    with collecting() as damage:
        token = token_balance(Chain.ETHEREUM, contract=CONTRACT, raw=raw, decimals=decimals)
    assert (token.raw, token.amount) == (str(raw), amount)
    assert tuple({name for name, _ in damage.fields}) == told


@pytest.mark.parametrize(
    "wrong",
    [{"contract": "0x12"}, {"contract": None}, {"raw": None}, {"raw": ""}, {"raw": "1.5"}],
)
def test_a_token_without_contract_or_balance_is_none(wrong):
    """Such a row is left out of a list."""
    whole = {"contract": CONTRACT, "raw": "5", "decimals": 6}
    rows = [whole, {**whole, **wrong}, whole]
    with collecting() as damage:
        read = read_rows(rows, lambda row: token_balance(Chain.ETHEREUM, **row), kind="tokens")
    assert (len(read), damage.rows_left_out) == (2, 1)
    assert not damage.fields


@pytest.mark.parametrize("symbol", [None, "", "USDC", 5, ["x"]])
def test_a_token_may_have_no_symbol(symbol):
    """Anybody can deploy a contract that says nothing, or nonsense."""
    token = token_balance(Chain.ETHEREUM, contract=CONTRACT, raw="5", symbol=symbol)
    assert token.symbol == (symbol if symbol == "USDC" else None)


def test_tokens_without_an_amount_are_said():
    """Once, however often the answer is read."""
    tokens = [
        token_balance(Chain.ETHEREUM, contract=CONTRACT, raw="5", decimals=decimals)
        for decimals in (6, None, "")
    ]
    answer = TokenBalances(chain="ethereum", address=CONTRACT, tokens=tokens, notes=("first",))
    said = "2 of the tokens have no amount, as their decimals are not told"
    assert answer.notes == ("first", said)
    again = TokenBalances.model_validate({**answer.model_dump(), "notes": answer.notes})
    assert again.notes == answer.notes


def test_parties_that_are_no_addresses_are_null():
    """A word stands where nobody sent it."""
    one = transaction(Chain.ETHEREUM, hash="0x1", raw="5", sender="GENESIS", to=CONTRACT.upper())
    assert (one.sender, one.to) == (None, CONTRACT)
    assert (one.raw, one.amount, one.asset) == ("5", 5e-18, "ETH")


@pytest.mark.parametrize("raw", [None, "", "1.5", "0x5", 1.5])
def test_a_transaction_may_have_no_amount(raw):
    """It is a transaction all the same."""
    one = transaction(Chain.TRON, hash="ab", raw=raw)
    assert (one.raw, one.amount, one.asset) == (None, None, "TRX")


@pytest.mark.parametrize("hash_of", [None, "", 5])
def test_a_transaction_has_a_hash(hash_of):
    """Without one it cannot be told apart."""
    with pytest.raises(ValidationError):
        transaction(Chain.TRON, hash=hash_of, raw="5")


def test_those_that_wait_for_a_block_come_first():
    """Then the newest."""
    rows = [(5, "a"), (None, "b"), (7, "c"), (6, "d"), (None, "e")]
    found = [transaction(Chain.BASE, hash=name, raw=0, height=height) for height, name in rows]
    assert [one.hash for one in newest_first(found)] == ["b", "e", "c", "d", "a"]


@pytest.mark.parametrize(
    ("used", "price", "fee"),
    [
        ("21000", "5", 105_000),
        (21_000, 5, 105_000),
        ("", "5", None),
        (None, 5, None),
        ("x", 5, None),
    ],
)
def test_the_fee_for_gas(used, price, fee):
    """Null where one of the two is not told."""
    assert gas_fee(used, price) == fee


@pytest.mark.parametrize("value", [True, 1.0, "1.0", "0x1", "", None, "\u0661", [1]])
def test_whole_numbers(value):
    """Integers and their digits alone."""
    with pytest.raises(ValueError, match="whole number"):
        whole_number(value)


#: Optimism, 0x5a23...: gas alone, and what was charged (a recorded answer of its explorer).
GAS, CHARGED = 53_403_000_000, 57_707_787_613_336


@pytest.mark.parametrize("chain", [chain for chain in Chain if CHAINS[chain].posts_data])
@pytest.mark.parametrize(
    ("gas", "more", "fee"),
    [
        (GAS, {}, None),
        (GAS, {"layer1": CHARGED - GAS}, CHARGED),
        (GAS, {"layer1": 0}, GAS),
        (GAS, {"told": CHARGED}, CHARGED),
        (GAS, {"told": GAS}, None),
        (GAS, {"told": GAS - 1}, None),
        (None, {"told": CHARGED}, None),
        (None, {"layer1": 5}, None),
        (0, {"told": 0}, 0),
    ],
)
def test_fees_of_rollups_are_as_charged_or_null(chain, gas, more, fee):
    """The part for data is added where it is told; a fee that equals the gas part lacks it."""
    assert charged_fee(chain, gas, **more) == fee


@pytest.mark.parametrize("chain", ["ethereum", "bsc", "polygon", "arbitrum"])
@pytest.mark.parametrize(
    ("gas", "more", "fee"),
    [(GAS, {}, GAS), (GAS, {"told": GAS}, GAS), (None, {"told": 5}, 5), (None, {}, None)],
)
def test_fees_of_other_chains(chain, gas, more, fee):
    """Gas is all of it; Arbitrum counts the part for data as gas."""
    assert charged_fee(Chain(chain), gas, **more) == fee


@pytest.mark.parametrize(
    ("slow", "standard", "fast", "read", "told"),
    [
        (1.0, 2.0, 3.0, (1.0, 2.0, 3.0), []),
        (2.0, 2.0, 2.0, (2.0, 2.0, 2.0), []),
        (1.0, 2.0, 1.9, (1.0, 2.0, None), ["fast"]),
        (2.1, 2.0, 2.05, (None, 2.0, 2.05), ["slow"]),
        (3.0, 2.0, 1.0, (None, 2.0, None), ["slow", "fast"]),
        (None, 2.0, None, (None, 2.0, None), []),
    ],
)
def test_prices_out_of_order_are_null(slow, standard, fast, read, told):
    """The standard price stands; a fast one below it would be no faster."""
    with collecting() as damage:
        gas = Gas(chain="ethereum", unit="gwei", slow=slow, standard=standard, fast=fast)
    assert (gas.slow, gas.standard, gas.fast) == read
    assert [name for name, _ in damage.fields] == told
