"""Prices of several markets in the words of UDF, for a list of markets beside a chart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coinmux.framework.errors import CoinmuxError
from coinmux.framework.models.market import TickerQuery
from coinmux.framework.routing.options import RequestOptions
from coinmux.server.udf.symbols import ROUTED, exchanges, market_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from coinmux.framework.cache.answer import Answer
    from coinmux.framework.gateway import Gateway
    from coinmux.framework.models.market import Ticker

    Ask = Callable[[TickerQuery, RequestOptions], Awaitable[Answer[Ticker]]]

#: Markets of one question, each of which may cost a call of a source.
MOST_QUOTES = 50


async def quote_of(
    gateway: Gateway, ticker: str, ask: Ask
) -> tuple[dict[str, Any], CoinmuxError | None]:
    """The quote of one market as the list has it, or its place there and why it has none.

    Args:
        ask: asks sources; its error is returned.
    """
    try:
        market = market_of(gateway, ticker)
        query = TickerQuery(symbol=market.symbol)
        answer = await ask(query, RequestOptions(provider=market.provider))
    except CoinmuxError as error:
        return {"s": "error", "n": ticker[:60], "v": {}}, error
    now = answer.data
    change, percent = None, now.change_percent
    if now.open is not None:
        change = now.last - now.open
        percent = change / now.open * 100 if percent is None else percent
    figures = {
        "lp": now.last,
        "ch": change,
        "chp": percent,
        "bid": now.bid,
        "ask": now.ask,
        "volume": now.volume_base,
        "open_price": now.open,
        "high_price": now.high,
        "low_price": now.low,
    }
    value: dict[str, Any] = {name: one for name, one in figures.items() if one is not None}
    value |= {
        "short_name": str(market.symbol),
        "exchange": ROUTED if market.provider is None else exchanges(gateway)[market.provider],
        "description": f"{market.symbol}, by {answer.provider}",
    }
    return {"s": "ok", "n": market.ticker, "v": value}, None
