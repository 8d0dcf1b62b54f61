"""Addresses by chain: how they are written, whether their checksum is right, which are the same.

EVM addresses are hexadecimal, and capitals in them are a checksum (EIP-55). Bitcoin's are base58,
where case matters, or bech32, where it does not. TRON's are base58.
"""

from __future__ import annotations

import re
from typing import Any

from coinmux.framework.errors import InvalidRequest, OtherSubject
from coinmux.framework.reference.chains import CHAINS, Chain
from coinmux.framework.reference.checksums import base58check_decode, eip55, segwit_decode

_EVM = re.compile(r"0[xX][0-9a-fA-F]{40}")
#: Bech32 in one case, and base58 without 0OIl.
_BECH32 = re.compile(r"bc1[02-9ac-hj-np-z]{8,87}|BC1[02-9AC-HJ-NP-Z]{8,87}")
_BASE58 = re.compile(r"[13][1-9A-HJ-NP-Za-km-z]{25,34}")
_TRON = re.compile(r"T[1-9A-HJ-NP-Za-km-z]{33}")
#: First bytes of what base58 stands for: of a key and of a script on Bitcoin, of TRON.
_BITCOIN_VERSIONS, _TRON_VERSIONS = b"\x00\x05", b"\x41"
_HASH_BYTES = 20


def _form(chain: Chain, address: str) -> str | None:
    """The address as it is compared, if it has the form of one on `chain`; else None."""
    if CHAINS[chain].evm_id is not None:
        return address.lower() if _EVM.fullmatch(address) else None
    if chain is Chain.TRON:
        return address if _TRON.fullmatch(address) else None
    if _BECH32.fullmatch(address):
        return address.lower()
    return address if _BASE58.fullmatch(address) else None


def _fault(chain: Chain, address: str) -> str | None:
    """What is wrong with the checksum of an address of the right form; None if it is right."""
    if CHAINS[chain].evm_id is not None:
        digits = address[2:]
        if digits in (digits.lower(), digits.upper(), eip55(digits)):
            return None
        return (
            "its capitals do not fit its digits (EIP-55), so a letter is wrong; "
            "the right address all in lower case will do"
        )
    if chain is Chain.BITCOIN and _BECH32.fullmatch(address):
        try:
            segwit_decode("bc", address)
        except ValueError:
            return "its bech32 checksum is wrong, so a letter is wrong or missing"
        return None
    versions = _TRON_VERSIONS if chain is Chain.TRON else _BITCOIN_VERSIONS
    try:
        payload = base58check_decode(address)
    except ValueError:
        return "its Base58Check checksum is wrong, so a letter or its case is wrong"
    if payload[0] not in versions or len(payload) != 1 + _HASH_BYTES:
        return "it is an address of something else"
    return None


def _hint(chain: Chain) -> str:
    if CHAINS[chain].evm_id is not None:
        return "0x and 40 hexadecimal digits"
    return "an address beginning with " + ("T" if chain is Chain.TRON else "1, 3 or bc1")


def check_address(chain: Chain, address: str) -> str:
    """`address`, if it is one on `chain`; EVM and bech32 addresses in lower case.

    Raises:
        InvalidRequest: `address` has another form, or its checksum is wrong.
    """
    form = _form(chain, address)
    if form is None:
        hint = _hint(chain)
        raise InvalidRequest(
            f"not an address on {chain}: it takes {hint}",
            errors=[{"name": "address", "message": f"takes {hint}"}],
        )
    fault = _fault(chain, address)
    if fault is not None:
        raise InvalidRequest(
            f"address {address} is mistyped: {fault}",
            errors=[{"name": "address", "message": fault}],
        )
    return form


def address_or_none(chain: Chain, value: Any) -> str | None:
    """A source's address as we write it; None for anything else, such as the word GENESIS."""
    return _form(chain, value) if isinstance(value, str) else None


def confirm_address(chain: Chain, asked: str, answered: object) -> None:
    """Check that an answer is about the requested address, in the way `chain` compares them.

    Raises:
        OtherSubject: the answer is about another address, or about none.
    """
    if address_or_none(chain, answered) != address_or_none(chain, asked):
        raise OtherSubject(f"asked for {asked}, the answer is about {str(answered)[:50]!r}")
