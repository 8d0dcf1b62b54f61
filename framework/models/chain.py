"""Queries for blockchains and their explorers, and their results."""

from __future__ import annotations

from typing import Annotated, Any, Generic, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from coinmux.framework.errors import Implausible
from coinmux.framework.models.base import Cut, Head, Query, R_co, Result
from coinmux.framework.reference.addresses import check_address, confirm_address
from coinmux.framework.reference.chains import CHAINS, Chain
from coinmux.framework.reference.rows import field_left_out
from coinmux.framework.reference.tickers import Asset
from coinmux.framework.reference.values import (
    Amount,
    CleanName,
    CleanText,
    Number,
    RawInteger,
    Timestamp,
)

#: No chain comes to so many blocks: the fastest here makes four a second.
HEIGHT_END = 10**12
#: Chains count coins in 256 bits at most.
_WORD = 2**256
#: Miners may set a block's time up to two hours ahead (Bitcoin Core, MAX_FUTURE_BLOCK_TIME).
_BITCOIN_AHEAD_MS = 7_200_000
#: A head is late if its block is this many seconds older than the newest. On slow chains one block
#: may take longer, so the time of two blocks is allowed.
_LAG_S = 30.0
_LAG_IN_BLOCKS = 2


def _chain(value: Any) -> Chain:
    if not isinstance(value, str):
        raise ValueError("a chain is named by a string")
    return Chain.parse(value)


ChainName = Annotated[Chain, BeforeValidator(_chain)]


def scaled(raw: str | int, decimals: int) -> float:
    """A raw integer in whole units: the decimal point is shifted exactly, then rounded once."""
    return float(f"{int(raw)}e-{decimals}")


class _AddressQuery(Query[R_co], Generic[R_co]):
    chain: ChainName
    address: str = Field(
        max_length=100,
        description="Checksums are checked: of base58, of bech32, and of capitals (EIP-55)",
    )

    @model_validator(mode="after")
    def _is_address(self) -> Self:
        object.__setattr__(self, "address", check_address(self.chain, self.address))
        return self

    def confirm(self, answered: object) -> None:
        """Check that an answer is about this address, in the way its chain compares them.

        Raises:
            OtherSubject: the answer is about another one.
        """
        confirm_address(self.chain, self.address, answered)


class GasQuery(Query["Gas"]):
    """The current price of a transaction."""

    chain: ChainName


class Gas(Result):
    """Prices for a slow, usual and fast transaction."""

    chain: Chain
    timestamp: Timestamp | None = None
    unit: Literal["gwei", "sat/vB"]
    slow: Amount | None = None
    standard: Amount
    fast: Amount | None = None
    base_fee: Amount | None = Field(default=None, description="EIP-1559 base fee, same unit")

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        if self.slow is not None and self.slow > self.standard:
            self._without("slow", f"{self.slow:g} is above the standard price")
        if self.fast is not None and self.fast < self.standard:
            self._without("fast", f"{self.fast:g} is below the standard price")
        expected = "sat/vB" if self.chain is Chain.BITCOIN else "gwei"
        if self.unit != expected:
            raise Implausible(f"gas on {self.chain} is counted in {expected}, not {self.unit}")
        return self

    def _without(self, name: str, reason: str) -> None:
        object.__setattr__(self, name, None)
        field_left_out(name, reason)

    def figure(self, query: Any) -> float | None:
        return self.standard

    def fingerprint(self) -> tuple[float | None, ...]:
        return (self.slow, self.standard, self.fast, self.base_fee)


class ChainHeadQuery(Query["ChainHead"]):
    """The newest block."""

    chain: ChainName


class ChainHead(Result):
    """The newest block a source knows."""

    chain: Chain
    height: int = Field(gt=0, lt=HEIGHT_END)
    hash: CleanName | None = None
    timestamp: Timestamp | None = Field(default=None, description="The block's own time, Unix ms")

    def ahead_ms(self) -> int:
        return _BITCOIN_AHEAD_MS if self.chain is Chain.BITCOIN else super().ahead_ms()

    def head(self) -> Head:
        patience_s = max(_LAG_S, _LAG_IN_BLOCKS * CHAINS[self.chain].block_s)
        return Head(self.chain, self.height, self.timestamp, patience_s)


class BalanceQuery(_AddressQuery["Balance"]):
    """The balance of an address in the chain's own coin."""


class Balance(Result):
    """The confirmed balance of an address in the chain's own coin."""

    chain: Chain
    address: CleanName
    asset: CleanName
    raw: RawInteger = Field(description="In the smallest unit (wei, satoshi)")
    decimals: int
    amount: Amount = Field(description="In whole units")

    @classmethod
    def native(cls, query: BalanceQuery, raw: int | str) -> Balance:
        """The balance in the chain's own coin, from an amount in its smallest unit.

        Raises:
            Implausible: the balance is negative, or more than any chain has coins.
        """
        if int(raw) >= _WORD:
            raise Implausible(f"no address holds {int(raw):.6g} of the smallest unit")
        facts = CHAINS[query.chain]
        return cls(
            chain=query.chain,
            address=query.address,
            asset=facts.asset,
            raw=raw,
            decimals=facts.decimals,
            amount=scaled(raw, facts.decimals),
        )


class TransactionsQuery(_AddressQuery["Transactions"]):
    """Transactions of an address, newest first."""

    limit: int = Field(default=25, ge=1, le=100)
    cursor: str | None = Field(
        default=None, max_length=2_000, description="From the page before, of the same source"
    )


class Transaction(Result):
    """One transaction."""

    hash: CleanName
    height: int | None = Field(default=None, ge=0, lt=HEIGHT_END)
    timestamp: Timestamp | None = None
    sender: CleanName | None = Field(default=None, serialization_alias="from")
    to: CleanName | None = None
    asset: CleanName
    raw: RawInteger | None = Field(
        default=None, description="In the smallest unit; null if the source does not tell it"
    )
    amount: Number | None = Field(default=None, description="In whole units")
    fee_raw: RawInteger | None = Field(
        default=None, description="As charged, data on layer 1 included; else null"
    )
    succeeded: bool | None = None


class Transactions(Result):
    """One page of transactions, newest first."""

    chain: Chain
    address: CleanName
    cursor: str | None = Field(
        default=None, description="Ask with it for the next page; null at the end"
    )
    transactions: tuple[Transaction, ...]

    cuts = (Cut("transactions", "limit"),)

    def is_empty(self) -> bool:
        return not self.transactions

    def data_length(self) -> int:
        return len(self.transactions)

    def encode(self) -> bytes:
        return self.__pydantic_serializer__.to_json(self, by_alias=True)


class TokenBalancesQuery(_AddressQuery["TokenBalances"]):
    """The token balances of an address."""


class TokenBalance(Result):
    """The balance of an address in one token."""

    contract: CleanName
    symbol: CleanText | None = None
    name: CleanText | None = None
    decimals: int | None = Field(default=None, ge=0, le=77)
    raw: RawInteger
    amount: Amount | None = None
    value_usd: Amount | None = None


class TokenBalances(Result):
    """The token balances of an address."""

    chain: Chain
    address: CleanName
    tokens: tuple[TokenBalance, ...]

    @model_validator(mode="after")
    def _tells_of_missing_amounts(self) -> Self:
        bare = sum(token.decimals is None for token in self.tokens)
        note = f"{bare} of the tokens have no amount, as their decimals are not told"
        if bare and note not in self.notes:
            object.__setattr__(self, "notes", (*self.notes, note))
        return self

    def is_empty(self) -> bool:
        return not self.tokens

    def data_length(self) -> int:
        return len(self.tokens)


class EntityQuery(_AddressQuery["Entity"]):
    """The owner of an address."""

    chain: ChainName = Chain.ETHEREUM


class Entity(Result):
    """The owner of an address, as far as the source knows."""

    chain: Chain
    address: CleanName
    name: CleanText | None = None
    kind: CleanText | None = None
    labels: tuple[CleanText, ...] = ()


class LargeTransfersQuery(Query["LargeTransfers"]):
    """Large transfers between addresses, newest first."""

    min_usd: float = Field(default=500_000, ge=0)
    asset: Asset | None = None
    chain: ChainName | None = None
    limit: int = Field(default=50, ge=1, le=100)


class Party(Result):
    """One end of a transfer."""

    address: CleanName | None = None
    owner: CleanText | None = None


class LargeTransfer(Result):
    """One large transfer."""

    chain: CleanName
    hash: CleanName | None = None
    timestamp: Timestamp
    asset: CleanName
    amount: Amount
    amount_usd: Amount | None = None
    sender: Party | None = Field(default=None, serialization_alias="from")
    to: Party | None = None


class LargeTransfers(Result):
    """Large transfers, newest first."""

    transfers: tuple[LargeTransfer, ...]

    cuts = (Cut("transfers", "limit"),)

    def is_empty(self) -> bool:
        return not self.transfers

    def data_length(self) -> int:
        return len(self.transfers)

    def encode(self) -> bytes:
        return self.__pydantic_serializer__.to_json(self, by_alias=True)
