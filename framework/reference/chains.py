"""The blockchains coinmux knows by name, with their constants."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from coinmux.framework.errors import UnknownChain
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
        posts_data: a rollup whose fees have a part for data on layer 1 besides gas (OP Stack).
    """

    asset: str
    decimals: int
    evm_id: int | None
    block_s: float
    posts_data: bool = False


CHAINS: dict[Chain, ChainFacts] = {
    Chain.BITCOIN: ChainFacts("BTC", 8, None, 600),
    Chain.ETHEREUM: ChainFacts("ETH", 18, 1, 12),
    Chain.BSC: ChainFacts("BNB", 18, 56, 0.75),
    Chain.POLYGON: ChainFacts("POL", 18, 137, 2),
    Chain.ARBITRUM: ChainFacts("ETH", 18, 42161, 0.25),
    Chain.BASE: ChainFacts("ETH", 18, 8453, 2, posts_data=True),
    Chain.OPTIMISM: ChainFacts("ETH", 18, 10, 2, posts_data=True),
    Chain.TRON: ChainFacts("TRX", 6, None, 3),
}
