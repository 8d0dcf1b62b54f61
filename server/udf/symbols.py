"""Markets in the words of UDF: `BTC/USDT` of whoever can answer best, `KRAKEN:BTC/USD` of one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from coinmux.framework.errors import InvalidSymbol, UnknownProvider, UnknownSymbol
from coinmux.framework.suggest import near
from coinmux.server.udf.resolutions import INTRADAY, RESOLUTIONS

if TYPE_CHECKING:
    from coinmux.framework.gateway import Gateway
    from coinmux.framework.reference.symbols import Symbol
    from coinmux.framework.sources.source import Source

#: The exchange of a market that any source may answer.
ROUTED = "coinmux"
#: Figures that a price shows, and the most decimals a chart takes.
_FIGURES, _MOST_DECIMALS = 6, 14


class UdfMarket(NamedTuple):
    """A market as a chart asks for it.

    Attributes:
        provider: the only source that may answer; None for any.
    """

    symbol: Symbol
    provider: str | None

    @property
    def ticker(self) -> str:
        """What comes back in each later question."""
        if self.provider is None:
            return str(self.symbol)
        return f"{self.provider.upper()}:{self.symbol}"


def exchanges(gateway: Gateway) -> dict[str, str]:
    """Title of each source that has candles and is switched on, by name."""
    sources = (one for one in gateway.sources.values() if _has_candles(one))
    return {one.name: one.info.title for one in sorted(sources, key=lambda one: one.info.title)}


def _has_candles(source: Source) -> bool:
    return "candles" in source.fetch and source.feature.enabled


def market_of(gateway: Gateway, text: str) -> UdfMarket:
    """The market of a ticker.

    Raises:
        InvalidSymbol: it is no pair.
        UnknownProvider: no such source has candles, or it is switched off.
        UnknownSymbol: nobody lists the pair, as far as lists are at hand.
    """
    before, colon, pair = text.strip().rpartition(":")
    known = exchanges(gateway)
    name = before.strip().lower()
    if colon and name not in (*known, ROUTED):
        meant = near(name, known)
        raise UnknownProvider(
            f"no source of candles is called {before[:40]!r}", known=list(known), did_you_mean=meant
        )
    symbol = gateway.parse_symbol(pair)
    provider = name if name in known else None
    if _is_listed(gateway, symbol, provider) is False:
        meant = gateway.markets_known.pairs_like(symbol)
        where = "any source" if provider is None else known[provider]
        hint = f"; did you mean {meant[0]}?" if meant else ""
        raise UnknownSymbol(f"{symbol} is not traded at {where}{hint}", did_you_mean=meant)
    return UdfMarket(symbol, provider)


def _is_listed(gateway: Gateway, symbol: Symbol, provider: str | None) -> bool | None:
    """Whether the market is in a list; None where no list is at hand that would tell."""
    sources = [one for one in gateway.sources.values() if _has_candles(one)]
    lists = [
        one.listed
        for one in sources
        if one.listed is not None and (provider is None or one.name == provider)
    ]
    if any(symbol in one.active for one in lists):
        return True
    asked = 1 if provider is not None else len(sources)
    is_known = len(lists) == asked and all(one.is_whole for one in lists)
    return False if is_known else None


def described(
    gateway: Gateway, market: UdfMarket, price: float, *, has_volume: bool
) -> dict[str, Any]:
    """What a chart has to know of a market.

    Args:
        price: a price of it, from which the decimals follow.
        has_volume: whether its source tells volumes.
    """
    title = "coinmux" if market.provider is None else exchanges(gateway)[market.provider]
    return {
        "name": str(market.symbol),
        "ticker": market.ticker,
        "full_name": market.ticker,
        "description": _description(gateway, market.symbol),
        "type": "crypto",
        "session": "24x7",
        "timezone": "Etc/UTC",
        "exchange": title,
        "listed_exchange": title,
        "minmov": 1,
        "pricescale": 10 ** decimals_of(price),
        "format": "price",
        "has_intraday": True,
        "has_daily": True,
        "has_weekly_and_monthly": True,
        "intraday_multipliers": INTRADAY,
        "supported_resolutions": RESOLUTIONS,
        "volume_precision": 8,
        "data_status": "streaming",
        "visible_plots_set": "ohlcv" if has_volume else "ohlc",
        "currency_code": market.symbol.quote,
    }


def decimals_of(price: float) -> int:
    """Decimals that show a price to six figures, two at least."""
    before_point = math.floor(math.log10(price)) + 1 if price > 0 else 1
    return min(max(_FIGURES - before_point, 2), _MOST_DECIMALS)


def listed(gateway: Gateway, pairs: list[str], provider: str | None) -> list[dict[str, Any]]:
    """Pairs as `search` answers them.

    Args:
        provider: the source they are of; None for any.
    """
    rows = []
    for pair in pairs:
        try:
            market = UdfMarket(gateway.parse_symbol(pair), provider)
        except InvalidSymbol:
            continue
        rows.append(
            {
                "symbol": pair,
                "full_name": market.ticker,
                "ticker": market.ticker,
                "description": _description(gateway, market.symbol),
                "exchange": ROUTED if provider is None else provider.upper(),
                "type": "crypto",
            }
        )
    return rows


def _description(gateway: Gateway, symbol: Symbol) -> str:
    """Both assets by name: `Bitcoin / Tether`."""
    return " / ".join(gateway.assets.name(one) or one for one in (symbol.base, symbol.quote))
