"""Trongrid: its samples, its units, and what it refuses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinmux import BalanceQuery, ChainHeadQuery, RateLimited
from coinmux.plugins.providers import trongrid
from tests.plugins.channel_replay import play_channels
from tests.plugins.sample_replay import mapped, samples


@pytest.mark.parametrize("sample", samples("trongrid"))
async def test_samples(sample):
    """Each sample's requests are made as written and come to its outcome."""
    await play_channels("trongrid", sample)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("41a614f803b6fd780986a42c78ec9c7f77e6ded13c", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"),
        ("TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"),
    ],
)
def test_addresses_in_base58(text, address):
    """The contract of Tether, in both forms."""
    assert trongrid.base58(text) == address


@given(st.binary(min_size=20, max_size=20))
def test_every_account_has_34_letters(account):
    """Beginning with T, of letters of base58 alone."""
    address = trongrid.base58("41" + account.hex())
    assert (address[0], len(address)) == ("T", 34)
    assert BalanceQuery(chain="tron", address=address).address == address


@pytest.mark.parametrize("text", ["", "42" + "0" * 40, "41", None, 7, "Txyz"])
def test_what_is_no_address(text):
    """Other versions and lengths are not guessed at."""
    with pytest.raises(ValueError, match="address"):
        trongrid.base58(text)


def test_a_suspension_says_for_how_long():
    """A capital E, with HTTP 403, and the seconds in words."""
    body = {"Error": "The key exceeds the frequency limit(15), and the query server is "
            "suspended for 27 s"}  # fmt: skip
    error = mapped("trongrid", 403, body, ChainHeadQuery(chain="tron"))
    assert (type(error), error.retry_after_s) == (RateLimited, 27)
