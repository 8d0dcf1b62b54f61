"""What the chart shows: one market's candles, its ticker, and indicators of the same candles."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coinmux.framework.dispatch.decision_log import DecisionTrail
from coinmux.framework.errors import CoinmuxError
from coinmux.framework.indicators.result import IndicatorResult
from coinmux.framework.models.candles import CANDLE_COLUMNS, CandlesQuery
from coinmux.framework.models.market import TickerQuery
from coinmux.server.asgi.query_params import QueryReader
from coinmux.server.pages.indicator_asks import read_indicators
from coinmux.server.pages.kept_answers import Outcome
from coinmux.server.pages.parts import Shown, failed, part, title_of

if TYPE_CHECKING:
    from coinmux.framework.indicators.candle_history import CandleHistory
    from coinmux.server.pages.indicator_asks import IndicatorAsk
    from coinmux.server.pages.kept_answers import Problem
    from coinmux.server.pages.questions import PageQuestions

#: Seconds between two looks of the chart.
EVERY_S = 5.0
LIMIT = 500
_CANDLES = QueryReader("candles", CandlesQuery)


@dataclass(frozen=True, slots=True)
class ChartAnswer:
    """Candles and indicators of one fetch.

    Attributes:
        indicators: in the order asked; the problem document of one that could not be computed.
    """

    candles: Shown
    indicators: tuple[Shown | Problem, ...]

    @property
    def fetched_at(self) -> float:
        """When the candles were fetched, in monotonic seconds."""
        return self.candles.fetched_at

    @property
    def size(self) -> int:
        """Bytes it takes, roughly."""
        series = (one.size for one in self.indicators if isinstance(one, Shown))
        return self.candles.size + sum(series)


async def chart(
    questions: PageQuestions, values: Mapping[str, str], indicators: Sequence[str]
) -> dict[str, Any]:
    """Every part of the chart of one market.

    Args:
        values: `symbol`, `interval`, `limit` and `end` as they were written.
        indicators: each with its parameters, as it was written.
    """
    catalogue = questions.gateway.indicators.catalogue
    asked = read_indicators(catalogue, indicators)
    version, _ = catalogue.encoded()
    names = [one.name for one in asked]
    try:
        market = _CANDLES.build(
            {"symbol": "BTC/USDT", "limit": str(LIMIT), **values}, questions.gateway.parse_symbol
        )
    except CoinmuxError as error:
        nothing = failed(questions.problem(error))
        return {
            "symbol": None,
            "interval": None,
            "catalogue": version,
            "candles": nothing,
            "ticker": nothing,
            "indicators": [{"name": name, **nothing} for name in names],
        }
    query = market.query
    assert isinstance(query, CandlesQuery)
    async with asyncio.TaskGroup() as group:
        ticker = group.create_task(
            questions.answer("ticker", TickerQuery(symbol=query.symbol), EVERY_S, is_newest=True)
        )
        drawn = group.create_task(_drawn(questions, query, asked))
    found = drawn.result()
    places = itertools.count()
    return {
        "symbol": str(query.symbol),
        "interval": str(query.interval),
        "catalogue": version,
        "candles": part(_of_candles(found)),
        "ticker": part(ticker.result()),
        "indicators": [
            {
                "name": one.name,
                **(
                    failed(questions.problem(one.plan))
                    if isinstance(one.plan, CoinmuxError)
                    else part(_of_indicator(found, next(places)))
                ),
            }
            for one in asked
        ],
    }


async def _drawn(
    questions: PageQuestions, query: CandlesQuery, asked: Sequence[IndicatorAsk]
) -> Outcome[ChartAnswer]:
    """Candles and all indicators that can be computed, from one and the same fetch."""
    plans = [one.plan for one in asked if not isinstance(one.plan, CoinmuxError)]
    trail = DecisionTrail()

    async def ask() -> ChartAnswer:
        history, results = await questions.gateway.indicators.several(
            plans,
            query.symbol,
            query.interval,
            query.limit,
            ask=questions.options("candles", EVERY_S, is_newest=True),
            request_id=questions.request_id,
            trail=trail,
            end=query.end,
        )
        candles = _tail(questions, history, query.limit)
        shown = min(query.limit, len(history.candles))
        return ChartAnswer(
            candles, tuple(_series(questions, one, history, shown, candles) for one in results)
        )

    def older() -> ChartAnswer | None:
        """The same candles, asked for with other indicators."""
        found = questions.kept.last_where(lambda key: key[:2] == ("chart", query))
        return ChartAnswer(found.candles, ()) if isinstance(found, ChartAnswer) else None

    key = ("chart", query, tuple((plan.info.name, tuple(plan.values.items())) for plan in plans))
    return await questions.kept.get(key, EVERY_S, ask, questions.teller(trail), older)


def _tail(questions: PageQuestions, history: CandleHistory, limit: int) -> Shown:
    """The candles that are shown: the latest `limit`, without those that indicators warm up on."""
    candles = history.candles
    if len(candles) > limit:
        columns = {name: getattr(candles, name)[-limit:] for name in CANDLE_COLUMNS}
        candles = candles.model_copy(update=columns)
    fetched = history.answer.fetched
    return Shown(
        data=candles.encode(),
        meta=history.meta(),
        source=title_of(questions.gateway, fetched.provider),
        fetched_at=fetched.fetched_at,
    )


def _series(
    questions: PageQuestions,
    result: IndicatorResult | CoinmuxError,
    history: CandleHistory,
    count: int,
    candles: Shown,
) -> Shown | Problem:
    """The values of one indicator at the `count` candles that are shown, or what is wrong."""
    try:
        if isinstance(result, CoinmuxError):
            raise result
        routed = result.routed(history, count)
        return Shown(
            data=routed.encode(routed.head(), count),
            meta=routed.meta,
            source=candles.source,
            fetched_at=candles.fetched_at,
        )
    except CoinmuxError as error:
        return questions.problem(error)


def _of_candles(found: Outcome[ChartAnswer]) -> Outcome[Shown]:
    return Outcome(
        None if found.value is None else found.value.candles,
        found.problem,
        None if found.last is None else found.last.candles,
        found.is_kept,
    )


def _of_indicator(found: Outcome[ChartAnswer], place: int) -> Outcome[Shown]:
    """One indicator; `place` counts those that can be computed."""
    last = None
    if found.last is not None and place < len(found.last.indicators):
        known = found.last.indicators[place]
        last = known if isinstance(known, Shown) else None
    if found.value is None:
        return Outcome(None, found.problem, last)
    one = found.value.indicators[place]
    if isinstance(one, Shown):
        return Outcome(one, is_kept=found.is_kept)
    return Outcome(None, one)
