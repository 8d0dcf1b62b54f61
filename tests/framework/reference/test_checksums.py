"""Keccak, EIP-55, Base58Check and bech32, by the vectors of those who define them."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinmux.framework.reference.checksums import (
    base58check_decode,
    base58check_encode,
    eip55,
    keccak_256,
    segwit_decode,
)


@pytest.mark.parametrize(
    ("data", "digest"),
    [
        (b"", "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"),
        (b"abc", "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"),
    ],
)
def test_published_digests(data, digest):
    """The digests of nothing and of abc."""
    assert keccak_256(data).hex() == digest


@given(st.binary(max_size=500))
def test_the_permutation_is_that_of_sha3(data):
    """With SHA-3's suffix it is SHA3-256, which the standard library has."""
    assert keccak_256(data, suffix=0x06) == hashlib.sha3_256(data).digest()


@pytest.mark.parametrize(
    "address",
    [
        "52908400098527886E0F7030069857D2E4169EE7",
        "8617E340B3D01FA5F11F306F4090FD50E238070D",
        "de709f2102306220921060314715629080e2fb77",
        "27b1fdb04752bbc536007a920d24acb045561c26",
        "5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "fB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "dbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
        "D1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    ],
)
def test_capitals_of_eip_55(address):
    """The examples of the proposal."""
    assert eip55(address.lower()) == address


@pytest.mark.parametrize(
    ("text", "payload"),
    [
        ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "0062e907b15cbf27d5425399ebf6f0fb50ebb88f18"),
        ("3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy", "05b472a266d0bd89c13706a4132ccfb16f7c3b9fcb"),
        ("TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", "41a614f803b6fd780986a42c78ec9c7f77e6ded13c"),
        ("1111111111111111111114oLvT2", "00" * 21),
    ],
)
def test_base58check_of_known_addresses(text, payload):
    """Genesis block, a script, Tether on TRON, and zeros, which are ones in base58."""
    assert base58check_decode(text).hex() == payload
    assert base58check_encode(bytes.fromhex(payload)) == text


@given(st.binary(min_size=1, max_size=40))
def test_base58check_round_trips(payload):
    """Every payload comes back, leading zeros too."""
    assert base58check_decode(base58check_encode(payload)) == payload


@given(st.binary(min_size=21, max_size=21), st.data())
def test_one_wrong_letter_is_noticed(payload, data):
    """Whatever letter is replaced by another."""
    text = base58check_encode(payload)
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.sampled_from("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"))
    if other != text[place]:
        with pytest.raises(ValueError, match="checksum"):
            base58check_decode(text[:place] + other + text[place + 1 :])


@pytest.mark.parametrize(
    ("text", "version", "program"),
    [
        (
            "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
            0,
            "751e76e8199196d454941c45d1b3a323f1433bd6",
        ),
        (
            "bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y",
            1,
            "751e76e8199196d454941c45d1b3a323f1433bd6751e76e8199196d454941c45d1b3a323f1433bd6",
        ),
        ("BC1SW50QGDZ25J", 16, "751e"),
        ("bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs", 2, "751e76e8199196d454941c45d1b3a323"),
        (
            "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
            1,
            "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
        ),
    ],
)
def test_segwit_addresses(text, version, program):
    """The valid addresses of BIP-350."""
    assert segwit_decode("bc", text) == (version, bytes.fromhex(program))


@pytest.mark.parametrize(
    "text",
    [
        "tc1qw508d6qejxtdg4y5r3zarvary0c5xw7kg3g4ty",
        "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5",
        "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd",
        "BC1S0XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ54WELL",
        "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh",
        "bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4",
        "BC130XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ7ZWS8R",
        "bc1pw5dgrnzv",
        "BC1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P",
        "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v07qwwzcrf",
        "bc1gmk9yu",
        "bc1qw508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
        "",
    ],
)
def test_what_is_no_segwit_address(text):
    """The invalid addresses of BIP-173 and BIP-350, and mixed case."""
    with pytest.raises(ValueError, match=r"bech32|segwit|substring|bits"):
        segwit_decode("bc", text)
