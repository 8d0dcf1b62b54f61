"""Trading pairs: our one spelling, and the spellings of sources.

A joined spelling (`BTCUSDT`) is never split by guessing: as input it is accepted only if exactly
one split is possible, and an answer is compared with the spelling of the requested pair.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from coinmux.framework.errors import Implausible, InvalidSymbol, OtherSubject, UnknownSymbol

_ASSET = re.compile(r"[A-Z0-9]{1,20}")
_PAIR = re.compile(r"([A-Z0-9]{1,20})[/_-]([A-Z0-9]{1,20})")

#: Known quote currencies; used only to split a joined spelling.
QUOTES = frozenset({
    "USDT", "USDC", "USD", "EUR", "GBP", "BTC", "ETH", "BNB", "DAI", "FDUSD", "TUSD", "BUSD",
    "PYUSD", "USDE", "USD1", "TRY", "JPY", "KRW", "AUD", "CAD", "CHF", "BRL", "MXN", "ZAR",
    "IDR", "INR", "NGN", "PLN", "RUB", "UAH", "SGD", "HKD", "VND", "EURC", "EURI",
})  # fmt: skip


class Symbol(str):
    """A trading pair, `BASE/QUOTE` in upper case: `BTC/USDT`.

    It is a string, so it compares, hashes and encodes as one.
    """

    __slots__ = ("base", "quote")

    base: str
    quote: str

    def __new__(cls, text: str) -> Self:
        match = _PAIR.fullmatch(text)
        if match is None or match[1] == match[2]:
            raise InvalidSymbol(f"{text[:40]!r} is not a pair such as BTC/USDT")
        return cls.of(match[1], match[2])

    @classmethod
    def of(cls, base: str, quote: str) -> Self:
        """The pair of two assets that are known to be well-formed."""
        self = super().__new__(cls, f"{base}/{quote}")
        self.base = base
        self.quote = quote
        return self

    @classmethod
    def parse(
        cls, text: str, *, default_quote: str = "USDT", assets: Collection[str] = ()
    ) -> Symbol:
        """Read a pair in any usual spelling and case: `BTC-USDT`, `btc_usdt`, `BTCUSDT` or `BTC`.

        Args:
            default_quote: the quote of a bare asset.
            assets: known assets; they decide whether `BTCTUSD` is BTC/TUSD.

        Raises:
            InvalidSymbol: `text` is no pair, or it can be split in more than one way.
        """
        if isinstance(text, Symbol):
            return text
        raw = text.strip().upper()
        if _PAIR.fullmatch(raw):
            return cls(raw)
        if not _ASSET.fullmatch(raw):
            raise InvalidSymbol(
                f"{text[:40]!r} is not a pair such as BTC/USDT", known=["BASE/QUOTE"]
            )
        if raw not in assets:
            splits = [(raw[:cut], raw[cut:]) for cut in range(1, len(raw)) if raw[cut:] in QUOTES]
            known = [split for split in splits if split[0] in assets or split[0] in QUOTES]
            choice = known or splits
            if len(choice) > 1:
                ways = [f"{base}/{quote}" for base, quote in choice]
                raise InvalidSymbol(
                    f"{raw} could be {' or '.join(ways)}: write it with a slash", known=ways
                )
            if choice:
                return cls("/".join(choice[0]))
        if raw == default_quote:
            raise InvalidSymbol(f"{raw} needs a quote other than itself, such as {raw}/USD")
        return cls.of(raw, default_quote)

    def join(self, separator: str = "") -> str:  # type: ignore[override]  # joins its own halves
        """Base and quote, with `separator` between them."""
        return f"{self.base}{separator}{self.quote}"

    def __getnewargs__(self) -> tuple[str]:
        return (str(self),)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        def read(value: Any) -> Symbol:
            if type(value) is cls:
                return value
            if not isinstance(value, str):
                raise ValueError("a pair such as BTC/USDT is a string")
            return cls(value)

        return core_schema.no_info_plain_validator_function(
            read, serialization=core_schema.to_string_ser_schema()
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {
            "type": "string",
            "pattern": "^[A-Z0-9]{1,20}/[A-Z0-9]{1,20}$",
            "examples": ["BTC/USDT"],
        }


@dataclass(frozen=True, slots=True)
class SymbolStyle:
    """How a source spells pairs, as data.

    Attributes:
        separator: the text between base and quote.
        case: the case of the whole pair.
        aliases: our asset name -> the source's, where they differ (`BTC` -> `XBT`).
        strangers: asset names that mean another coin at the source; pairs of them are refused.
    """

    separator: str = ""
    case: Literal["upper", "lower"] = "upper"
    aliases: Mapping[str, str] = field(default_factory=dict)
    strangers: frozenset[str] = frozenset()

    def native(self, symbol: Symbol) -> str:
        """The source's spelling of `symbol`.

        Raises:
            UnknownSymbol: the source uses that name for another coin.
        """
        if self.strangers and not self.strangers.isdisjoint((symbol.base, symbol.quote)):
            raise UnknownSymbol(symbol, f"{symbol.base} is another coin there")
        base = self.aliases.get(symbol.base, symbol.base)
        quote = self.aliases.get(symbol.quote, symbol.quote)
        text = f"{base}{self.separator}{quote}"
        return text if self.case == "upper" else text.lower()

    def asset(self, native: str) -> str:
        """Our name of an asset, from the source's name."""
        name = native.upper()
        for ours, theirs in self.aliases.items():
            if theirs == name:
                return ours
        return name

    def confirm(self, symbol: Symbol, said: object) -> None:
        """Check that an answer names the requested pair, in any case.

        Raises:
            OtherSubject: the answer names another pair (`faults.md` E2).
            Implausible: it names none.
        """
        if said is None or said == "":
            raise Implausible(f"asked for {symbol}, the answer names no pair")
        if not isinstance(said, str) or said.upper() != self.native(symbol).upper():
            raise OtherSubject(f"asked for {symbol}, the answer is about {str(said)[:40]!r}")
