"""Which questions a source should be able to answer, so that to fail them is its own fault."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from coinmux.framework.reference.symbols import Symbol

if TYPE_CHECKING:
    from coinmux.framework.models.base import Query
    from coinmux.framework.plugins.provider_info import ProviderInfo
    from coinmux.framework.sources.market_list import MarketList

#: Questions and subjects remembered as answered, as hashes.
_MOST = 2_000
#: Fields that are no matter of defaults: they are judged one by one.
_SUBJECTS = frozenset({"symbol", "asset", "address", "protocol", "chain", "interval", "model"})
#: Intervals of a source that declares none.
_USUAL_INTERVALS = frozenset({"1m", "5m", "15m", "1h", "4h", "1d"})
#: The coin that every source of figures about coins knows.
_FIRST_COIN = "BTC"


class ProvenQuestions:
    """What one source answered, and what follows from that for other questions."""

    __slots__ = ("_answered",)

    def __init__(self) -> None:
        self._answered: dict[int, None] = {}

    def remember(self, capability: str, query: Query) -> None:
        """The source answered `query`: it should be able to do so again."""
        answered = self._answered
        key = hash((capability, query))
        if key in answered:
            return
        for new in (key, hash(query.subject())):
            if len(answered) >= _MOST:
                del answered[next(iter(answered))]
            answered[new] = None

    def should_answer(
        self, info: ProviderInfo, listed: MarketList | None, capability: str, query: Query
    ) -> bool:
        """Whether the source is sure to know the answer.

        It is if it answered the same before, or the question is plain: about a subject the source
        lists or answered about, and with nothing but defaults in the other fields.

        Args:
            listed: its list of markets, where it is at hand.
        """
        if hash((capability, query)) in self._answered:
            return True
        return self._is_plain(info, query) and self._knows_subject(info, listed, query)

    def _is_plain(self, info: ProviderInfo, query: Query) -> bool:
        values, fields = query.__dict__, type(query).model_fields
        interval = values.get("interval")
        return (
            query.needed_metric() is None
            and (interval is None or interval in (info.intervals or _USUAL_INTERVALS))
            and all(
                name in _SUBJECTS or value == fields[name].default for name, value in values.items()
            )
        )

    def _knows_subject(self, info: ProviderInfo, listed: MarketList | None, query: Query) -> bool:
        if hash(query.subject()) in self._answered:
            return True
        values = query.__dict__
        symbol = values.get("symbol")
        if type(symbol) is Symbol:
            return (listed is not None and symbol in listed.active) or symbol == sure_pair(info)
        if values.get("chain") is not None and info.chains is None:
            return False
        named = [values.get(name) for name in ("symbol", "address", "protocol")]
        return values.get("asset") in (None, _FIRST_COIN) and all(one is None for one in named)


def sure_pair(info: ProviderInfo) -> Symbol:
    """The pair that a source lists if it lists any; probes ask about it."""
    return _pair_of(info.quotes is None or "USDT" in info.quotes)


@lru_cache
def _pair_of(has_usdt: bool) -> Symbol:
    return Symbol.of(_FIRST_COIN, "USDT" if has_usdt else "USD")


def is_comparable(query: Query) -> bool:
    """Whether an answer must be as new, and as high, as those of other sources.

    That is so of the pair everybody trades. Another market may stand still at one source, and have
    a price of its own there.
    """
    symbol = query.__dict__.get("symbol")
    return type(symbol) is not Symbol or (
        symbol.base == _FIRST_COIN and symbol.quote in ("USDT", "USD")
    )
