"""Which source lists which pairs: the lists at hand, and what a caller may have meant by a pair."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coinmux.framework.models.market import Markets
from coinmux.framework.reference.symbols import QUOTES, Symbol
from coinmux.framework.reference.tickers import cuts_of, looks_like
from coinmux.framework.sources.market_list import MarketList
from coinmux.framework.suggest import near

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from coinmux.framework.cache.answer import FetchResult
    from coinmux.framework.clock import Clock
    from coinmux.framework.models.base import Query
    from coinmux.framework.reference.assets import AssetTable
    from coinmux.framework.sources.source import Source

#: An older list is dropped; it is read again every hour.
KEPT_S = 86_400.0
#: At most so many suggestions.
_MOST = 3
_DOLLARS = ("USDT", "USD", "USDC")
#: Names of coins that are compared to a name nobody knows.
_COMPARED = 2_000


class MarketDirectory:
    """The lists of all sources; a container of the pairs that are traded somewhere now.

    The lists themselves are with their sources, where routing reads them.
    """

    def __init__(self, table: AssetTable, clock: Clock) -> None:
        self._table = table
        self._clock = clock
        self._sources: Mapping[str, Source] = {}

    def use(self, sources: Mapping[str, Source]) -> None:
        """Keep the lists of these sources from now on."""
        self._sources = sources

    def on_stored(self, fetched: FetchResult) -> None:
        """Keep the list that a request brought."""
        if isinstance(fetched.data, Markets):
            self.keep(fetched.provider, fetched.data)

    def keep(self, name: str, markets: Markets) -> None:
        """Route by this list of the source from now on."""
        source = self._sources.get(name)
        if source is not None:
            source.listed = MarketList.of(
                markets.markets, self._clock.monotonic(), left_out=markets.rows_left_out
            )

    def drop_old(self) -> None:
        """Forget the lists that could not be read again for a day."""
        now = self._clock.monotonic()
        for source in self._sources.values():
            if source.listed is not None and now - source.listed.read_at > KEPT_S:
                source.listed = None

    def __contains__(self, pair: object) -> bool:
        """Whether a source trades the pair now, as far as lists are at hand."""
        return any(
            pair in source.listed.active
            for source in self._sources.values()
            if source.listed is not None
        )

    def _lists(self) -> Iterable[MarketList]:
        return (one.listed for one in self._sources.values() if one.listed is not None)

    def suggest(self, query: Query) -> list[str]:
        """Pairs or tickers that may have been meant by one nobody lists, the likeliest first."""
        values = query.__dict__
        if type(values.get("symbol")) is Symbol:
            return self.pairs_like(values["symbol"])
        asset = values.get("asset")
        bases = self._bases(looks_like(asset)) if asset else []
        return [one for one in bases if one != asset][:_MOST]

    def pairs_like(self, symbol: Symbol) -> list[str]:
        """Pairs of similar names, the likeliest first.

        Where lists are at hand, each is in one of them; else its coin is of the shipped table.
        """
        base, quote = looks_like(symbol.base), looks_like(symbol.quote)
        bases = self._bases(base)
        quotes = [quote] if quote in QUOTES else _spelled_like(quote, QUOTES)
        wanted = [
            f"{base}/{quote}",
            *(f"{left}/{right}" for left, right in cuts_of(base + quote) if right != quote),
            f"{quote}/{base}",
            *(f"{one}/{right}" for right in quotes for one in bases[:1]),
            *(f"{base}/{dollar}" for dollar in _DOLLARS if quote in _DOLLARS),
            *(f"{one}/{right}" for one in bases[1:] for right in quotes[:1]),
            *(f"{one}/{dollar}" for one in bases[:1] for dollar in _DOLLARS),
        ]
        known = any(True for _ in self._lists())
        found = [
            pair
            for pair in dict.fromkeys(wanted)
            if pair != symbol and (pair in self if known else self._is_likely(pair))
        ]
        return found[:_MOST]

    def _is_likely(self, pair: str) -> bool:
        base, _, quote = pair.partition("/")
        return base != quote and base in self._table.symbols and quote in QUOTES

    def _bases(self, base: str) -> list[str]:
        """Tickers that a ticker may stand for: itself, the coin of that name, those spelled so."""
        if base in self._table.symbols:
            return [base]
        named = self._table.tickers_named(base)
        spelled = {pair.partition("/")[0] for one in self._lists() for pair in one.active}
        if base in spelled:
            return [base, *named]
        alike = [one for one in spelled if one[:1] == base[:1] and abs(len(one) - len(base)) < 2]
        names = [*self._table.symbols, *alike[:_COMPARED]]
        return [*named, *_spelled_like(base, names)]


def _spelled_like(name: str, known: Iterable[str]) -> list[str]:
    """Names spelled nearly so; those of the same letters first, as two are easily swapped."""
    lower = {one.lower(): one for one in known}
    letters = sorted(name.lower())
    return [lower[one] for one in sorted(near(name, lower), key=lambda one: sorted(one) != letters)]
