"""An exchange's module `simulated_socket`, and what it and REST are told of the market."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from coinmux.framework.reference.symbols import SymbolStyle
from coinmux.framework.simulator.price_model import PAIRS
from coinmux.framework.simulator.sockets.channel import Channel
from coinmux.framework.simulator.sockets.live_market import LiveMarket
from coinmux.framework.simulator.sockets.speech import BookNow, Follow, SimulatedSocket

if TYPE_CHECKING:
    from coinmux.framework.reference.symbols import Symbol
    from coinmux.framework.simulator.price_model import PriceModel
    from coinmux.framework.simulator.providers import SimulatedProvider

#: Trades that REST can tell.
_PAST_TRADES = 1_000


class ExchangeEnd:
    """One exchange with sockets.

    Args:
        provider: one whose package has a module `simulated_socket`.
        market: where prices come from.

    Attributes:
        pairs: the exchange's spelling in REST -> the pair.
    """

    def __init__(self, provider: SimulatedProvider, market: PriceModel) -> None:
        info = provider.info
        style = info.symbols if info.symbols is not None else SymbolStyle()
        self.name = info.name
        self.sockets = frozenset(info.sockets)
        self.pairs: Mapping[str, Symbol] = {
            style.native(pair): pair
            for pair in PAIRS
            if info.quotes is None or pair.quote in info.quotes
        }
        self._module = importlib.import_module(f"{provider.package}.simulated_socket")
        self._make: Callable[[str, Mapping[str, Symbol]], SimulatedSocket] = self._module.Socket
        self._rest_book = getattr(self._module, "rest_book", None)
        self._rest_trades = getattr(self._module, "rest_trades", None)
        self._rest_address = getattr(self._module, "rest_address", None)
        self._price_model = market
        self._markets: dict[Symbol, LiveMarket] = {}

    def connect(self, socket: str) -> SimulatedSocket:
        """The exchange's end of a new connection."""
        return self._make(socket, self.pairs)

    def market(self, pair: Symbol) -> LiveMarket:
        """The market of a pair."""
        found = self._markets.get(pair)
        if found is None:
            found = self._markets[pair] = LiveMarket(self._price_model, self.name, pair)
        return found

    def another(self, pair: Symbol) -> LiveMarket:
        """The market of another pair."""
        return self.market(next(one for one in self.pairs.values() if one != pair))

    def rest_answer(
        self, path: str, segments: Sequence[str], params: Mapping[str, str], now_ms: int
    ) -> Any:
        """What REST says of a book or of trades, as the feed does; None for another request."""
        if self._rest_address is not None and (body := self._rest_address(path)) is not None:
            return body
        if self._rest_book is None and self._rest_trades is None:
            return None
        words = [*params.values(), *segments]
        pair = next((self.pairs[word] for word in words if word in self.pairs), None)
        if pair is None:
            return None
        market = self.market(pair)
        if self._rest_book is not None:
            whole = Channel(Follow("", "order_book", pair), market, now_ms).rows(now_ms)[0]
            assert isinstance(whole, BookNow)
            body = self._rest_book(path, params, whole)
            if body is not None:
                return body
        if self._rest_trades is not None:
            trades = market.trades(market.newest(now_ms).id - _PAST_TRADES, now_ms)
            return self._rest_trades(path, params, trades)
        return None


def has_sockets(provider: SimulatedProvider) -> bool:
    """Whether a provider's package says how its sockets speak."""
    if not provider.info.sockets or provider.package is None:
        return False
    return importlib.util.find_spec(f"{provider.package}.simulated_socket") is not None
