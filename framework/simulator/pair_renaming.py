"""One sample playing other pairs: whole strings that name the sample's pair, renamed. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from coinmux.framework.reference.assets import AssetTable
from coinmux.framework.reference.symbols import Symbol, SymbolStyle
from coinmux.framework.simulator.price_model import PAIRS

if TYPE_CHECKING:
    from coinmux.framework.plugins.provider_info import ProviderInfo

#: Letters before base and quote in Kraken's older names: XXBTZUSD is XBT/USD.
_LEGACY = (("X", "Z"), ("X", "X"), ("X", ""), ("", "Z"))
_SEPARATORS = ("", "-", "_", "/", ":", ".")


class Renaming:
    """Strings -> strings. Only whole strings are renamed, and the parts of one between colons or,
    where it is no number, dots (`market.btcusdt.depth`).

    Attributes:
        words: what becomes what; empty where nothing is renamed.
        fold: whether case is ignored in looking up.
    """

    __slots__ = ("_fold", "words")

    def __init__(self, words: Mapping[str, str], *, fold: bool = False) -> None:
        self.words = {old.lower() if fold else old: new for old, new in words.items() if old != new}
        self._fold = fold

    @classmethod
    def of(cls, info: ProviderInfo, pair: Symbol, other: Symbol) -> Renaming:
        """From one pair to another in the source's spelling, and in every common one.

        Whole strings equal to the base, the quote or, for sources that know coins by ids, the
        base's id are renamed too.
        """
        style = info.symbols if info.symbols is not None else SymbolStyle()
        table = AssetTable.shipped()
        words: dict[str, str] = {}
        for asset, new in ((pair.base, other.base), (pair.quote, other.quote)):
            _add(words, asset, new)
            _add(words, style.aliases.get(asset, asset), style.aliases.get(new, new))
        ids = (table.id_for(info.name, pair.base), table.id_for(info.name, other.base))
        for old_name, new_name in (ids, (table.name(pair.base), table.name(other.base))):
            if old_name and new_name:
                words.setdefault(old_name, new_name)
        # In the source's own spelling first: it may be one that no separator makes.
        _add(words, style.native(pair), style.native(other))
        plain = SymbolStyle()
        for spelled in (style, SymbolStyle(style.separator, aliases=style.aliases), plain):
            for separator in (style.separator, *_SEPARATORS):
                one = SymbolStyle(separator, aliases=spelled.aliases)
                _add(words, one.native(pair), one.native(other))
        old_base, old_quote = (style.aliases.get(a, a) for a in (pair.base, pair.quote))
        for before_base, before_quote in _LEGACY:
            legacy = before_base + old_base + before_quote + old_quote
            words.setdefault(legacy, style.native(other))
        return cls(words)

    def text(self, text: str) -> str:
        """One string renamed, or as it was."""
        words = self.words
        new = words.get(text.lower() if self._fold else text)
        if new is not None:
            return new
        if ":" in text:
            return ":".join(words.get(part, part) for part in text.split(":"))
        if "." in text and text[0].isalpha():
            return ".".join(words.get(part, part) for part in text.split("."))
        return text

    def value(self, value: Any) -> Any:
        """A JSON value with its strings and keys renamed; a new one."""
        return renamed(value, self.text) if self.words else value

    def parts(self, parts: Sequence[str]) -> tuple[str, ...]:
        """Parts of a path, renamed."""
        return tuple(self.text(part) for part in parts)


def _add(words: dict[str, str], old: str, new: str) -> None:
    words.setdefault(old, new)
    words.setdefault(old.lower(), new.lower())


def renamed(value: Any, text: Callable[[str], str]) -> Any:
    """A JSON value with each string and key through `text`."""
    if type(value) is str:
        return text(value)
    if type(value) is dict:
        return {text(key): renamed(item, text) for key, item in value.items()}
    if type(value) is list:
        return [renamed(item, text) for item in value]
    return value


def playable(info: ProviderInfo, pair: Symbol) -> list[Symbol]:
    """The pairs a sample of `pair` can play, itself left out."""
    if pair not in PAIRS:
        return []
    table = AssetTable.shipped()
    by_id = info.symbols is None
    return [
        other
        for other in PAIRS
        if other != pair
        and (info.quotes is None or other.quote in info.quotes)
        and (not by_id or table.id_for(info.name, other.base) is not None)
    ]
