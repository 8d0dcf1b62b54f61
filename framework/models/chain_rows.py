"""Rows about an address, built from what sources tell: transactions, fees and tokens.

Whatever a source leaves out becomes null; a row without its hash, contract or balance cannot be
built, and `read_rows` leaves it out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from coinmux.framework.errors import Implausible
from coinmux.framework.models.chain import HEIGHT_END, TokenBalance, Transaction, scaled
from coinmux.framework.reference.addresses import address_or_none
from coinmux.framework.reference.chains import CHAINS, Chain
from coinmux.framework.reference.rows import read_field

_INTEGER = re.compile(r"-?\d{1,100}", re.ASCII)
#: What a contract may store of one address.
_WORD = 2**256
#: Contracts may say any number of an unsigned byte; 77 digits are what 256 bits hold.
_MOST_DECIMALS = 77


def whole_number(value: Any) -> int:
    """An integer from a JSON integer or its digits.

    Raises:
        ValueError: anything else.
    """
    if type(value) is int:
        return value
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        return int(value)
    raise ValueError(f"takes a whole number, not {str(value)[:40]!r}")


def block_height(value: Any) -> int:
    """The height of a block.

    Raises:
        ValueError: it is no whole number, or none that a chain has come to.
    """
    height = whole_number(value)
    if not 0 <= height < HEIGHT_END:
        raise ValueError(f"takes a height of a block, not {height}")
    return height


def _balance(value: Any) -> int:
    units = whole_number(value)
    if not 0 <= units < _WORD:
        raise Implausible(f"no token has a balance of {units:.6g}")
    return units


def _fee(value: Any) -> int:
    fee = whole_number(value)
    if fee < 0:
        raise ValueError(f"a fee of {fee}")
    return fee


def _decimals(value: Any) -> int:
    places = whole_number(value)
    if not 0 <= places <= _MOST_DECIMALS:
        raise ValueError(f"takes 0 to {_MOST_DECIMALS}, not {places}")
    return places


def token_balance(
    chain: Chain,
    *,
    contract: Any,
    raw: Any,
    decimals: Any = None,
    symbol: Any = None,
    name: Any = None,
    value_usd: Any = None,
) -> TokenBalance:
    """The balance of one token; without decimals it has no amount.

    What the source does not tell is null, an empty text too.

    Raises:
        ValueError: `contract` is no address on `chain`, or `raw` no whole number.
        Implausible: `raw` is below 0, or more than 256 bits hold.
    """
    place = address_or_none(chain, contract)
    if place is None:
        raise ValueError(f"contract: {str(contract)[:50]!r} is no address")
    units = _balance(raw)
    digits = read_field("decimals", _decimals, decimals)
    return TokenBalance(
        contract=place,
        raw=units,
        decimals=digits,
        amount=None if digits is None else scaled(units, digits),
        symbol=None if symbol == "" else symbol,
        name=None if name == "" else name,
        value_usd=value_usd,
    )


def transaction(
    chain: Chain,
    *,
    raw: Any,
    height: Any = None,
    sender: Any = None,
    to: Any = None,
    fee_raw: Any = None,
    **more: Any,
) -> Transaction:
    """One transaction in the chain's own coin; a party that is no address is null.

    Args:
        raw: the amount in the smallest unit; None where the source does not tell it.
        more: `hash`, and `timestamp` and `succeeded` where told.
    """
    facts = CHAINS[chain]
    units = read_field("raw", whole_number, raw)
    return Transaction(
        height=read_field("height", block_height, height),
        fee_raw=read_field("fee_raw", _fee, fee_raw),
        sender=address_or_none(chain, sender),
        to=address_or_none(chain, to),
        asset=facts.asset,
        raw=units,
        amount=None if units is None else scaled(units, facts.decimals),
        **more,
    )


def newest_first(transactions: Iterable[Transaction]) -> list[Transaction]:
    """By height; those that wait for a block come first."""
    return sorted(transactions, key=lambda one: (one.height is not None, -(one.height or 0)))


def gas_fee(used: Any, price: Any) -> int | None:
    """Gas used times its price; None if the source does not tell both."""
    gas = read_field("fee_raw", whole_number, used)
    each = read_field("fee_raw", whole_number, price)
    return None if gas is None or each is None else gas * each


def charged_fee(
    chain: Chain, gas: int | None, *, told: int | None = None, layer1: int | None = None
) -> int | None:
    """The fee that was charged; None where the source tells only a part of it.

    On a rollup that posts its data to layer 1, that data costs a part besides gas, often the
    larger one. What a source calls the fee may leave it out: then it equals the part for gas.

    Args:
        gas: gas used times its price.
        told: the fee as the source tells it.
        layer1: the part for data, where the source tells that.
    """
    if not CHAINS[chain].posts_data:
        return gas if told is None else told
    if gas is None:
        return None
    if layer1 is not None:
        return gas + layer1
    # Deposits from layer 1 pay nothing at all.
    return told if told is not None and (told > gas or told == gas == 0) else None
