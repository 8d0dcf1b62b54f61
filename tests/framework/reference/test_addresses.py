"""Addresses: what is refused before any source is asked, and which two are the same."""

import pytest

from coinmux import (
    BalanceQuery,
    Chain,
    EntityQuery,
    InvalidRequest,
    OtherSubject,
    TransactionsQuery,
)
from coinmux.framework.reference.addresses import (
    address_or_none,
    check_address,
    confirm_address,
)

VITALIK = "0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045"
GENESIS = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"
SEGWIT = "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"
TAPROOT = "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0"
TETHER = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"
EVM = [chain for chain in Chain if chain not in (Chain.BITCOIN, Chain.TRON)]


@pytest.mark.parametrize(
    ("chain", "address", "read"),
    [
        *((chain, VITALIK, VITALIK.lower()) for chain in EVM),
        ("ethereum", VITALIK.lower(), VITALIK.lower()),
        ("ethereum", "0x" + VITALIK[2:].upper(), VITALIK.lower()),
        ("ethereum", "0X" + VITALIK[2:].upper(), VITALIK.lower()),
        ("bitcoin", GENESIS, GENESIS),
        ("bitcoin", "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy", "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy"),
        ("bitcoin", SEGWIT, SEGWIT),
        ("bitcoin", SEGWIT.upper(), SEGWIT),
        ("bitcoin", TAPROOT, TAPROOT),
        ("tron", TETHER, TETHER),
    ],
)
def test_right_addresses(chain, address, read):
    """EVM and bech32 are lowered; base58 keeps its case."""
    assert BalanceQuery(chain=chain, address=address).address == read


@pytest.mark.parametrize(
    ("chain", "address", "says"),
    [
        *((chain, VITALIK[:-1] + "6", "EIP-55") for chain in EVM),
        ("ethereum", "0xD" + VITALIK[3:], "EIP-55"),
        ("ethereum", "0x" + VITALIK[2:].swapcase(), "EIP-55"),
        ("bitcoin", GENESIS[:-2] + "Nb", "Base58Check"),
        ("bitcoin", GENESIS.replace("zP", "Pz"), "Base58Check"),
        ("bitcoin", "1a" + GENESIS[2:], "Base58Check"),
        ("bitcoin", SEGWIT[:-1] + "p", "bech32"),
        ("bitcoin", TAPROOT[:-1] + "k", "bech32"),
        ("bitcoin", SEGWIT.upper()[:-1] + "P", "bech32"),
        ("tron", TETHER[:-1] + "s", "Base58Check"),
        ("tron", "TR7Nh" + TETHER[5:], "Base58Check"),
    ],
)
def test_a_wrong_checksum_is_the_callers(chain, address, says):
    """A slip of the pen is a 400 that names the field and what would do, not an empty balance."""
    with pytest.raises(InvalidRequest) as caught:
        TransactionsQuery(chain=chain, address=address)
    assert says in caught.value.detail
    assert caught.value.errors[0]["name"] == "address"


@pytest.mark.parametrize(
    ("chain", "address"),
    [
        ("ethereum", "0x123"),
        ("ethereum", SEGWIT),
        ("bitcoin", VITALIK),
        ("bitcoin", "bc1Qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"),
        ("bitcoin", TETHER),
        ("tron", GENESIS),
        ("tron", "t" + TETHER[1:]),
    ],
)
def test_addresses_of_another_form(chain, address):
    """Each chain says what its addresses look like."""
    with pytest.raises(InvalidRequest, match=f"not an address on {chain}"):
        EntityQuery(chain=chain, address=address)


@pytest.mark.parametrize(
    ("chain", "value", "read"),
    [
        ("ethereum", VITALIK, VITALIK.lower()),
        ("ethereum", "GENESIS", None),
        ("ethereum", "", None),
        ("ethereum", None, None),
        ("ethereum", 7, None),
        ("tron", TETHER, TETHER),
        ("tron", TETHER.lower(), None),
        ("bitcoin", SEGWIT.upper(), SEGWIT),
        ("bitcoin", GENESIS.lower(), None),
    ],
)
def test_addresses_of_sources(chain, value, read):
    """What is no address is none; of a source's address the checksum is not doubted."""
    assert address_or_none(Chain(chain), value) == read


@pytest.mark.parametrize(
    ("chain", "asked", "answered", "same"),
    [
        ("ethereum", VITALIK.lower(), VITALIK, True),
        ("ethereum", VITALIK.lower(), VITALIK[:-1] + "6", False),
        ("bitcoin", SEGWIT, SEGWIT.upper(), True),
        ("bitcoin", GENESIS, GENESIS, True),
        ("bitcoin", GENESIS, GENESIS.swapcase(), False),
        ("tron", TETHER, TETHER, True),
        ("tron", TETHER, TETHER[:-1] + TETHER[-1].upper(), False),
        ("tron", TETHER, None, False),
    ],
)
def test_which_addresses_are_the_same(chain, asked, answered, same):
    """Case is nothing in hexadecimal and bech32, and everything in base58."""
    asked = check_address(Chain(chain), asked)
    if same:
        confirm_address(Chain(chain), asked, answered)
    else:
        with pytest.raises(OtherSubject):
            confirm_address(Chain(chain), asked, answered)
