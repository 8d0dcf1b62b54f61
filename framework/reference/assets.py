"""The coin that a ticker means, for sources that have their own ids for coins.

Tickers are not unique. The shipped table fixes the ids of the large coins. Any other ticker is
looked up in the source's own list: the largest coin of that ticker is chosen, and a note says so.
"""

from __future__ import annotations

import asyncio
import functools
import json
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any

from coinmux.framework.clock import wall_at
from coinmux.framework.errors import UnknownSymbol
from coinmux.framework.reference.rows import read_field
from coinmux.framework.reference.values import clean_text, rank_or_none

if TYPE_CHECKING:
    from coinmux.framework.clock import Clock

#: How long a choice among coins of one ticker is cached.
KEPT_S = 86_400.0
#: How many choices one directory caches; the least recently used is dropped first.
KEPT_MOST = 1_000


@dataclass(frozen=True, slots=True)
class AssetCandidate:
    """One entry of a source's own list of coins.

    Attributes:
        id: the source's id of the coin, as its requests take it; a whole number becomes its digits.
        symbol: its ticker, in any case.
        rank: by market capitalisation, 1 is the largest; None, "" and 0 if the source gives none.

    Raises:
        ValueError: the id or the ticker is no text, or is empty.
    """

    id: str
    symbol: str
    name: str
    rank: int | None = None

    def __post_init__(self) -> None:
        own_id: Any = self.id
        if type(own_id) is int:
            object.__setattr__(self, "id", str(own_id))
        if not all(isinstance(text, str) and text for text in (self.id, self.symbol)):
            raise ValueError("a coin without an id or a ticker")
        object.__setattr__(self, "rank", read_field("rank", rank_or_none, self.rank))
        object.__setattr__(self, "name", self.name if isinstance(self.name, str) else self.symbol)


@dataclass(frozen=True, slots=True)
class AssetId:
    """The coin a ticker was taken for.

    Attributes:
        id: the source's id of the coin.
        notes: how the coin was chosen, for `Result.notes`; empty for a coin of the shipped table.
    """

    id: str
    name: str
    notes: tuple[str, ...] = ()


Search = Callable[[str], Awaitable[Sequence[AssetCandidate]]]


class AssetTable:
    """The large coins and their ids. Immutable.

    Args:
        rows: `{"ticker", "name", "ids": {directory: id}}` each, and `also`, further names that
            sources have for the coin.
        borrows: source -> the source whose ids it uses.
    """

    __slots__ = ("_also", "_borrows", "_by_name", "_ids", "_names", "symbols")

    symbols: frozenset[str]

    def __init__(
        self, rows: Sequence[Mapping[str, Any]], borrows: Mapping[str, str] | None = None
    ) -> None:
        self._names = {row["ticker"]: row["name"] for row in rows}
        if len(self._names) != len(rows):
            raise ValueError("two assets of one ticker in the table")
        self._ids = {
            (directory, row["ticker"]): asset_id
            for row in rows
            for directory, asset_id in row["ids"].items()
            if asset_id is not None
        }
        self._also = {row["ticker"]: tuple(row.get("also", ())) for row in rows}
        self._by_name: dict[str, list[str]] = {}
        for ticker, name in self._names.items():
            self._by_name.setdefault(_folded(name), []).append(ticker)
        self._borrows = dict(borrows or {})
        self.symbols = frozenset(self._names)

    @classmethod
    def shipped(cls) -> AssetTable:
        """The table that comes with the package; read once."""
        return _shipped()

    def id_for(self, directory: str, ticker: str) -> str | None:
        """The coin's id at `directory` (a provider's name); None if the table has none."""
        return self._ids.get((self._borrows.get(directory, directory), ticker))

    def name(self, ticker: str) -> str | None:
        """The coin's name; None if the table does not have the coin."""
        return self._names.get(ticker)

    def may_be(self, ticker: str, name: str) -> bool:
        """Whether a coin that a source calls `name` may be the coin of `ticker`.

        Of a ticker outside the table it may. Words that say what every coin is (`Token`), and the
        ticker itself, do not count: `Tether USDt` is Tether, `Tokamak Network` is not Toncoin.
        """
        known = self._names.get(ticker)
        if known is None:
            return True
        names = (known, *self._also[ticker])
        return any(_is_same_name(ticker, ours, name) for ours in names)

    def tickers_named(self, name: str) -> list[str]:
        """Tickers of the coins of that name, in any case and without spaces: `bitcoin` -> BTC."""
        return list(self._by_name.get(_folded(name), ()))


_WORD = re.compile(r"[^\W_]+")
#: Words in names of coins that do not tell one from another.
_GENERIC = frozenset(
    {"token", "coin", "network", "protocol", "dao", "finance", "hub", "ecosystem", "the"}
)


def _is_same_name(ticker: str, ours: str, theirs: str) -> bool:
    mine, yours = (_WORD.findall(name.casefold()) for name in (ours, theirs))
    if "".join(mine) == "".join(yours):
        return True
    plain = _GENERIC | {ticker.casefold()}
    telling = [word for word in mine if word not in plain]
    return bool(telling) and telling == [word for word in yours if word not in plain]


def _folded(name: str) -> str:
    return "".join(char for char in name.casefold() if char.isalnum())


@functools.cache
def _shipped() -> AssetTable:
    text = (
        resources.files("coinmux.framework.reference")
        .joinpath("assets.json")
        .read_text(encoding="utf-8")
    )
    table = json.loads(text)
    return AssetTable(table["assets"], table["borrows"])


@dataclass(frozen=True, slots=True)
class _Choice:
    chosen: AssetId
    rank: int | None
    of: int
    made_at: float


class AssetDirectory:
    """One source's coins by ticker.

    Args:
        provider_key: the source's name, under which the table lists its ids.
    """

    __slots__ = ("_choices", "_clock", "_key", "_searches", "_table")

    def __init__(self, provider_key: str, table: AssetTable, clock: Clock) -> None:
        self._key = provider_key
        self._table = table
        self._clock = clock
        self._choices: OrderedDict[str, _Choice] = OrderedDict()
        self._searches: dict[str, asyncio.Future[AssetId]] = {}

    @property
    def known(self) -> frozenset[str]:
        """Tickers of the shipped table."""
        return self._table.symbols

    async def resolve(self, asset: str, search: Search) -> AssetId:
        """The coin of ticker `asset`: from the table, from a cached choice, or by `search`.

        Identical searches share one call. If the caller that makes the call is cancelled, the next
        caller makes it again. If the call fails, all its callers get the error, and nothing is
        cached.

        Args:
            asset: ticker, upper case.
            search: the source's own list for a ticker; entries of other tickers are left out.

        Raises:
            UnknownSymbol: the source lists no coin of that ticker, or only coins that have another
                name than the table's.
        """
        pinned = self._table.id_for(self._key, asset)
        if pinned is not None:
            return AssetId(pinned, self._table.name(asset) or asset)
        while True:
            known = self._recall(asset)
            if known is not None:
                return known
            running = self._searches.get(asset)
            if running is None:
                return await self._search(asset, search)
            await asyncio.wait([running])
            if not running.cancelled():
                return running.result()

    def choices(self) -> list[dict[str, Any]]:
        """The cached choices, latest first, for `GET /api/providers/{name}`."""
        now = self._clock.monotonic()
        return [
            {
                "asset": asset,
                "id": choice.chosen.id,
                "name": choice.chosen.name,
                "rank": choice.rank,
                "candidates": choice.of,
                "chosen_at": wall_at(self._clock, choice.made_at),
            }
            for asset, choice in sorted(
                self._choices.items(), key=lambda item: item[1].made_at, reverse=True
            )
            if now - choice.made_at < KEPT_S
        ]

    def _recall(self, asset: str) -> AssetId | None:
        choice = self._choices.get(asset)
        if choice is None:
            return None
        if self._clock.monotonic() - choice.made_at >= KEPT_S:
            del self._choices[asset]
            return None
        self._choices.move_to_end(asset)
        return choice.chosen

    async def _search(self, asset: str, search: Search) -> AssetId:
        running = self._searches[asset] = asyncio.get_running_loop().create_future()
        try:
            choice = self._choose(asset, await search(asset))
        except asyncio.CancelledError:
            running.cancel()
            raise
        except BaseException as error:
            running.set_exception(error)
            running.exception()  # marks the error as read, as no other caller may await it
            raise
        else:
            self._choices[asset] = choice
            if len(self._choices) > KEPT_MOST:
                self._choices.popitem(last=False)
            running.set_result(choice.chosen)
            return choice.chosen
        finally:
            del self._searches[asset]

    def _choose(self, asset: str, found: Sequence[AssetCandidate]) -> _Choice:
        exact = [candidate for candidate in found if candidate.symbol.upper() == asset]
        if not exact:
            raise UnknownSymbol(asset, f"{self._key} lists no coin of ticker {asset}")
        fitting = [one for one in exact if self._table.may_be(asset, one.name)]
        if not fitting:
            name = self._table.name(asset)
            raise UnknownSymbol(
                asset, f"{self._key} lists other coins of ticker {asset}, no {name}"
            )
        best = min(fitting, key=lambda one: (one.rank is None, one.rank or 0))
        rank = "unranked" if best.rank is None else f"rank {best.rank}"
        place = "first" if best.rank is None else "best"
        among = "the only one" if len(exact) == 1 else f"{place} of {len(exact)}"
        note = f"{asset} taken as {self._key} id {best.id[:80]!r} ({rank}, {among} of that ticker)"
        chosen = AssetId(best.id, clean_text(best.name), (clean_text(note),))
        return _Choice(chosen, best.rank, len(exact), self._clock.monotonic())
