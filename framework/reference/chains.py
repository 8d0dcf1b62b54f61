"""The blockchains coinmux knows by name, with what their addresses look like."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from coinmux.framework.errors import InvalidRequest, UnknownChain
from coinmux.framework.suggest import near


class Chain(StrEnum):
    """A blockchain, by the name used in paths and queries."""

    BITCOIN = "bitcoin"
    ETHEREUM = "ethereum"
    BSC = "bsc"
    POLYGON = "polygon"
    ARBITRUM = "arbitrum"
    BASE = "base"
    OPTIMISM = "optimism"
    TRON = "tron"

    @classmethod
    def parse(cls, text: str) -> Chain:
        """The chain of that name, in any case, or by its usual short name (`eth`, `bnb`, `btc`).

        Raises:
            UnknownChain: coinmux knows no such chain; the error lists the known ones.
        """
        name = text.strip().lower()
        try:
            return cls(_ALIASES.get(name, name))
        except ValueError:
            raise UnknownChain(
                f"{text[:40]!r} is no chain coinmux knows; known are {' '.join(cls)}",
                known=list(cls),
                did_you_mean=near(name, cls),
            ) from None


_ALIASES = {
    "btc": "bitcoin",
    "eth": "ethereum",
    "bnb": "bsc",
    "matic": "polygon",
    "arb": "arbitrum",
    "op": "optimism",
    "trx": "tron",
}


@dataclass(frozen=True, slots=True)
class ChainFacts:
    """Constants of a chain.

    Attributes:
        asset: its own coin.
        decimals: of that coin's smallest unit.
        evm_id: EIP-155 chain id; None if the chain is no EVM chain.
        block_s: target seconds between blocks.
    """

    asset: str
    decimals: int
    evm_id: int | None
    block_s: float


CHAINS: dict[Chain, ChainFacts] = {
    Chain.BITCOIN: ChainFacts("BTC", 8, None, 600),
    Chain.ETHEREUM: ChainFacts("ETH", 18, 1, 12),
    Chain.BSC: ChainFacts("BNB", 18, 56, 0.75),
    Chain.POLYGON: ChainFacts("POL", 18, 137, 2),
    Chain.ARBITRUM: ChainFacts("ETH", 18, 42161, 0.25),
    Chain.BASE: ChainFacts("ETH", 18, 8453, 2),
    Chain.OPTIMISM: ChainFacts("ETH", 18, 10, 2),
    Chain.TRON: ChainFacts("TRX", 6, None, 3),
}

_EVM_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
# BIP 173/350 (bech32, one case) and base58 without 0OIl.
_BITCOIN_ADDRESS = re.compile(
    r"(?:bc1[02-9ac-hj-np-z]{11,71}|BC1[02-9AC-HJ-NP-Z]{11,71}|[13][1-9A-HJ-NP-Za-km-z]{25,34})"
)
_TRON_ADDRESS = re.compile(r"T[1-9A-HJ-NP-Za-km-z]{33}")


def check_address(chain: Chain, address: str) -> str:
    """`address`, if it has the form of an address on `chain`; EVM addresses in lower case.

    Only the form is checked, not the checksum, which the source checks.

    Raises:
        InvalidRequest: `address` has another form.
    """
    if CHAINS[chain].evm_id is not None:
        if _EVM_ADDRESS.fullmatch(address):
            return address.lower()
        hint = "0x and 40 hexadecimal digits"
    elif chain is Chain.BITCOIN:
        if _BITCOIN_ADDRESS.fullmatch(address):
            return address
        hint = "an address beginning with 1, 3 or bc1"
    else:
        if _TRON_ADDRESS.fullmatch(address):
            return address
        hint = "an address beginning with T"
    raise InvalidRequest(
        f"not an address on {chain}: it takes {hint}",
        errors=[{"name": "address", "message": f"takes {hint}"}],
    )
