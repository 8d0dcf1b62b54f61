"""Trading pairs: our one spelling, and the spellings of sources.

A joined spelling (`BTCUSDT`) is never split by guessing: as input it is cut only where the base is
known, and an answer is compared with the spelling of the requested pair. What a source joins may be
the letters of another pair as well: `SymbolStyle.collides` tells.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from coinmux.framework.errors import Implausible, InvalidSymbol, OtherSubject, UnknownSymbol
from coinmux.framework.reference.assets import AssetTable
from coinmux.framework.reference.tickers import (
    QUOTES,
    TICKER_PATTERN,
    cuts_of,
    read_pair,
    split_pair,
)

__all__ = ["QUOTES", "Symbol", "SymbolStyle"]

#: Pairs of one source whose confirmed names are remembered.
_MOST_CONFIRMED = 1_024


class Symbol(str):
    """A trading pair, `BASE/QUOTE` in upper case: `BTC/USDT`.

    It is a string, so it compares, hashes and encodes as one.
    """

    __slots__ = ("base", "quote")

    base: str
    quote: str

    def __new__(cls, text: str) -> Self:
        pair = split_pair(text)
        if pair is None:
            raise InvalidSymbol(f"{text[:40]!r} is not a pair such as BTC/USDT")
        return cls.of(*pair)

    @classmethod
    def of(cls, base: str, quote: str) -> Self:
        """The pair of two assets that are known to be well-formed."""
        self = super().__new__(cls, f"{base}/{quote}")
        self.base = base
        self.quote = quote
        return self

    @classmethod
    def parse(
        cls,
        text: str,
        *,
        default_quote: str = "USDT",
        assets: Collection[str] | None = None,
        markets: Container[str] = (),
    ) -> Symbol:
        """Read a pair in any usual spelling and case: `BTC-USDT`, `btc_usdt`, `BTCUSDT` or `BTC`.

        Names that mean the same coin everywhere are read as ours: `XBT/USD` is BTC/USD.

        Args:
            default_quote: the quote of a bare asset.
            assets: known assets; they decide whether `BTCTUSD` is BTC/TUSD. The shipped table by
                default.
            markets: pairs that some source lists; they decide where the base is not known.

        Raises:
            InvalidSymbol: `text` is no pair, or it has several readings; `did_you_mean` has them.
        """
        if isinstance(text, Symbol):
            return text
        known = AssetTable.shipped().symbols if assets is None else assets
        return cls.of(*read_pair(text, default_quote, known, markets))

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
            "pattern": f"^{TICKER_PATTERN}/{TICKER_PATTERN}$",
            "examples": ["BTC/USDT"],
        }


@dataclass(frozen=True, slots=True)
class SymbolStyle:
    """How a source spells pairs, as data.

    Attributes:
        separator: the text between base and quote.
        case: the case of the whole pair.
        aliases: our asset name -> the source's, where they differ (`BTC` -> `XBT`).
        strangers: asset names that mean another coin at the source; pairs of them are refused. A
            name that is the source's for another asset of ours (`XBT`) is one by itself.
    """

    separator: str = ""
    case: Literal["upper", "lower"] = "upper"
    aliases: Mapping[str, str] = field(default_factory=dict)
    strangers: frozenset[str] = frozenset()
    _refused: frozenset[str] = field(init=False, repr=False, compare=False, default=frozenset())
    #: How answers named pairs that were confirmed, as each message of a feed names its own.
    _confirmed: dict[Symbol, str] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    def __post_init__(self) -> None:
        taken = frozenset(self.aliases.values()) - self.aliases.keys()
        object.__setattr__(self, "_refused", self.strangers | taken)

    def native(self, symbol: Symbol) -> str:
        """The source's spelling of `symbol`.

        Raises:
            UnknownSymbol: the source uses that name for another coin.
        """
        if self._refused and not self._refused.isdisjoint((symbol.base, symbol.quote)):
            name = symbol.base if symbol.base in self._refused else symbol.quote
            raise UnknownSymbol(symbol, f"{name} is another coin there")
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

    def collides(self, symbol: Symbol, assets: Container[str]) -> bool:
        """Whether the source's spelling of `symbol` is that of another pair too.

        Only joined spellings can be: BTCU/SDT is written as BTC/USDT is, ARB/USD as AR/BUSD is.

        Args:
            assets: known assets.
        """
        if self.separator:
            return False
        base = self.aliases.get(symbol.base, symbol.base)
        quote = self.aliases.get(symbol.quote, symbol.quote)
        others = [cut for cut in cuts_of(base + quote) if cut[1] != quote]
        return bool(others) and (
            symbol.quote not in QUOTES or any(self.asset(other) in assets for other, _ in others)
        )

    def confirm(self, symbol: Symbol, said: object) -> None:
        """Check that an answer names the requested pair, in any case.

        Raises:
            OtherSubject: the answer names another pair (`faults.md` E2).
            Implausible: it names none.
        """
        if said is None or said == "":
            raise Implausible(f"asked for {symbol}, the answer names no pair")
        if self._confirmed.get(symbol) == said:
            return
        if not isinstance(said, str) or said.upper() != self.native(symbol).upper():
            raise OtherSubject(f"asked for {symbol}, the answer is about {str(said)[:40]!r}")
        if len(self._confirmed) >= _MOST_CONFIRMED:
            self._confirmed.clear()
        self._confirmed[symbol] = said
