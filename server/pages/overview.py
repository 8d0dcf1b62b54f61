"""What the overview shows: markets with their lines, the whole market, headlines and the mood."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec

from coinmux.framework.errors import CoinmuxError, InvalidRequest
from coinmux.framework.models.candles import CandlesQuery
from coinmux.framework.models.market import GlobalStatsQuery, TickerQuery
from coinmux.framework.models.news import NewsQuery
from coinmux.framework.models.sentiment import FearGreedQuery
from coinmux.framework.reference.intervals import Interval
from coinmux.server.pages.parts import failed, part

if TYPE_CHECKING:
    from coinmux.framework.reference.symbols import Symbol
    from coinmux.server.pages.kept_answers import Outcome
    from coinmux.server.pages.parts import Shown
    from coinmux.server.pages.questions import PageQuestions

#: The pairs of a viewer who chose none, and how many one page shows.
PAIRS = ("BTC/USDT", "ETH/USDT", "SOL/USDT", "XRP/USDT", "BNB/USDT", "DOGE/USDT")
MOST_PAIRS = 12
#: Seconds between two looks of a page at each of its parts.
TICKER_EVERY_S = 10.0
GLOBAL_EVERY_S = 60.0
SLOW_EVERY_S = 120.0
#: The line beside a price: a day of hours.
_HOUR, _HOURS = Interval("1h"), 24
#: A line of a day that is as old as one of its candles is still worth seeing.
_LINE_OLD_S = 3_600.0
_HEADLINES = 12
_ROW_CLOSE = 4


async def overview(questions: PageQuestions, texts: list[str]) -> dict[str, Any]:
    """Every part of the overview.

    Args:
        texts: the pairs as the viewer wrote them.
    """
    async with asyncio.TaskGroup() as group:
        markets = [
            group.create_task(_market(questions, text, place)) for place, text in enumerate(texts)
        ]
        stats = group.create_task(
            questions.answer("global_stats", GlobalStatsQuery(), GLOBAL_EVERY_S)
        )
        news = group.create_task(
            questions.answer("news", NewsQuery(limit=_HEADLINES), SLOW_EVERY_S)
        )
        mood = group.create_task(questions.answer("fear_greed", FearGreedQuery(), SLOW_EVERY_S))
    return {
        "server_time": questions.gateway.clock.wall_ms(),
        "markets": {"pairs": [task.result() for task in markets]},
        "global": part(stats.result()),
        "news": part(news.result()),
        "mood": part(mood.result()),
    }


async def _market(questions: PageQuestions, text: str, place: int) -> dict[str, Any]:
    """One pair: its ticker and its line, or what is wrong with it."""
    try:
        if place >= MOST_PAIRS:
            message = f"takes up to {MOST_PAIRS} pairs, comma between"
            raise InvalidRequest(f"pairs {message}", errors=[{"name": "pairs", "message": message}])
        symbol = questions.gateway.parse_symbol(text)
    except CoinmuxError as error:
        return {"pair": text[:60], **failed(questions.problem(error)), "spark": None}
    async with asyncio.TaskGroup() as group:
        ticker = group.create_task(
            questions.answer("ticker", TickerQuery(symbol=symbol), TICKER_EVERY_S)
        )
        line = group.create_task(_line(questions, symbol))
    return {"pair": str(symbol), **part(ticker.result()), "spark": line.result()}


async def _line(questions: PageQuestions, symbol: Symbol) -> list[float] | None:
    """The closes of the last day, oldest first; None where they are not known."""
    query = CandlesQuery(symbol=symbol, interval=_HOUR, limit=_HOURS)
    found: Outcome[Shown] = await questions.answer("candles", query, SLOW_EVERY_S)
    value = found.value or found.last
    if value is None:
        return None
    age_s = questions.gateway.clock.monotonic() - value.fetched_at
    if found.value is None and age_s > _LINE_OLD_S:
        return None
    return [row[_ROW_CLOSE] for row in msgspec.json.decode(value.data)["rows"]]
